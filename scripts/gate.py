"""Stop before packaging if the update learnt too little or forgot too much, and say which label lost what."""

import re
from pathlib import Path

import srsly
import typer
from wasabi import msg

from ner_update.evaluation.gate import FORM, TRY, below, figures, losses, misses
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing


def main(
    metrics: Path,
    differences: Path,
    report: Path = typer.Argument(help="File that says where the report is"),
    output: Path = typer.Argument(),
    breakdowns: Path | None = typer.Option(None, help="Where more figures are, for --gates"),
    min_gain: float = typer.Option(0.0, help="F of the new labels on the test set, in percent"),
    min_retention: float = typer.Option(0.0, help="Strict retention, or agreement where there is no gold, in percent"),
    max_mixed_loss: float = typer.Option(100.0, help="Points of F lost where names of old labels are in the same text"),
    gates: str = typer.Option("", help='More of them: "PATH at least NUMBER, PATH at most NUMBER"'),
):
    scores, rows = srsly.read_json(metrics), list(srsly.read_jsonl(differences))
    gain, share = scores["gain"]["f"], scores["retention"]["kept"]
    kept = share["percent"] if share else None
    known = dict(figures({**scores, **(srsly.read_json(breakdowns) if breakdowns else {})}))
    try:
        failed = list(below(gates, known))
    except ValueError as error:
        fail([error], f"{FORM}. The figures are those of {metrics}{f' and {breakdowns}' if breakdowns else ''}.")
    problems, learnt, forgot = [], False, False
    if not gain >= min_gain:
        problems, learnt = [f"The gain is F {gain}, less than min_gain {min_gain}: {min_gain - gain:.2f} too low"], True
    if share and not kept >= min_retention:
        how = scores["retention"]["measured"]
        problems.append(
            f"Retention is {kept} % ({how}), less than min_retention {min_retention}: {min_retention - kept:.2f} too low"
        )
        forgot = True
    mixed = scores.get("mixed_texts")
    if mixed and mixed["lost"] > max_mixed_loss:
        place = max(("before", "after"), key=lambda name: mixed[name]["lost"])
        row = mixed[place]
        problems.append(
            f"With names of old labels {place} the same texts F falls from {row['plain']['f']} to {row['mixed']['f']} (precision "
            f"{row['mixed']['p']}, recall {row['mixed']['r']}), by more than max_mixed_loss {max_mixed_loss}: {row['lost'] - max_mixed_loss:.2f} too much"
        )
        learnt = True
    for path, said in failed:
        problems.append(said)
        of_old = re.search(r"retention|agreement|base_test|\.old\.", path) or set(path.split(".")) & set(
            scores["labels"]["old"]
        )
        learnt, forgot = learnt or not of_old, forgot or bool(of_old)
    if problems:
        problems += (misses(scores, rows) if learnt else []) + (losses(scores, rows) if forgot else [])
        fail(problems, TRY.format(report=report.read_text(encoding="utf8").strip()))
    with replacing(output) as path:
        path.write_text("Gain, retention and all gates are what project.yml asks for.\n", encoding="utf8")
    retention = f"retention {kept} % (at least {min_retention})" if share else "nothing to retain"
    msg.good(f"Gain F {gain} (at least {min_gain}), {retention}{f', {gates}' if gates else ''}")


if __name__ == "__main__":
    run(main)
