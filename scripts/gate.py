"""Stop before packaging if the update learnt too little or forgot too much, and say which label lost what."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from command import run
from outputs import fail, replacing

SHOWN = 3
TRY = (
    "What to try: more annotated texts, with and without the new label; more raw or base texts of the kind that got "
    "worse, and a larger vars.rehearsal_ratio; more steps (vars.update_max_steps). {report} shows the errors. Or lower "
    "vars.min_gain or vars.min_retention, if this is good enough."
)


def losses(metrics: dict, rows: list[dict]) -> list[str]:
    """RETURNS (list): A sentence per old label that lost F, the largest loss first, and texts that show it."""
    said = []
    labels = metrics.get("base_test", {}).get("labels", {})
    for label, row in sorted(labels.items(), key=lambda pair: pair[1]["difference_f"]):
        if row["difference_f"] < 0:
            low, high = row["interval"]
            said.append(f"{label} fell from F {row['base']['f']} to {row['updated']['f']} ({low} to {high})")
    if not labels:
        rows_of = metrics["retention"].get("labels", {})
        for label, row in sorted(rows_of.items(), key=lambda pair: pair[1]["percent"]):
            if row["support"] and row["percent"] < 100:
                said.append(f"{label} agrees with the base by {row['percent']} % of {row['support']} entities")
    old = set(metrics["labels"]["old"]) | set(metrics["labels"]["taken_over"])
    lost = []
    for row in rows:
        gone = {tuple(e) for e in row["base"] if e[2] in old} - {tuple(e) for e in row["updated"]}
        lost += [f"lost {row['text'][s:e]!r} ({label}) in: {row['text']!r}" for s, e, label in sorted(gone) if row["set"] != "new"]
    return said + lost[:SHOWN]


def misses(metrics: dict, rows: list[dict]) -> list[str]:
    """RETURNS (list): A sentence per new label with its figures, and texts in which an entity of it was missed."""
    new = set(metrics["labels"]["new"])
    said = []
    for label, row in metrics["new_test"]["labels"].items():
        if label in new:
            p, r, f = (row["updated"][key] for key in "prf")
            said.append(f"{label} has F {f} (precision {p}, recall {r})")
    missed = []
    for row in (row for row in rows if row["set"] == "new"):
        gone = {tuple(e) for e in row["gold"] if e[2] in new} - {tuple(e) for e in row["updated"]}
        missed += [f"missed {row['text'][s:e]!r} ({label}) in: {row['text']!r}" for s, e, label in sorted(gone)]
    return said + missed[:SHOWN]


def main(
    metrics: Path,
    differences: Path,
    report: Path = typer.Argument(help="File that says where the report is"),
    output: Path = typer.Argument(),
    min_gain: float = typer.Option(0.0, help="F of the new labels on the test set, in percent"),
    min_retention: float = typer.Option(0.0, help="Strict retention, or agreement where there is no gold, in percent"),
):
    scores, rows = srsly.read_json(metrics), list(srsly.read_jsonl(differences))
    gain, share = scores["gain"]["f"], scores["retention"]["kept"]
    kept = share["percent"] if share else None
    problems = []
    if gain < min_gain:
        problems += [f"The gain is F {gain}, less than min_gain {min_gain}", *misses(scores, rows)]
    if share and kept < min_retention:
        how = scores["retention"]["measured"]
        problems += [f"Retention is {kept} % ({how}), less than min_retention {min_retention}", *losses(scores, rows)]
    if problems:
        fail(problems, TRY.format(report=report.read_text(encoding="utf8").strip()))
    with replacing(output) as path:
        path.write_text("Gain and retention are at least what project.yml asks for.\n", encoding="utf8")
    retention = f"retention {kept} % (at least {min_retention})" if share else "nothing to retain"
    msg.good(f"Gain F {gain} (at least {min_gain}), {retention}")


if __name__ == "__main__":
    run(main)
