"""Stop before packaging if the update learnt too little or forgot too much, and say which label lost what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import srsly
from typer import Argument, Option
from wasabi import msg

from ner_update.project.outputs import fail, replacing
from ner_update.project.vars_model import read_gates

SHOWN = 3
TRY = (
    "What to try: more annotated texts, with and without the new label; more raw or base texts of the kind that got "
    "worse, and a larger vars.rehearsal_ratio; more steps (vars.update_max_steps). {report} shows the errors. Or ask for "
    "less in vars.min_gain, vars.min_retention, vars.max_mixed_loss or vars.gates, if this is good enough."
)
FORM = 'Write "PATH at least NUMBER" or "PATH at most NUMBER", with commas between several, or leave vars.gates empty'


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """What was measured, and what is asked for."""

    metrics: Path
    differences: Path
    report: Annotated[Path, Argument(help="File that says where the report is")]
    output: Path
    breakdowns: Annotated[Path | None, Option(help="Where more figures are, for --gates")] = None
    min_gain: Annotated[float, Option(help="F of the new labels on the test set, in percent")] = 0.0
    min_retention: Annotated[
        float, Option(help="Strict retention, or agreement where there is no gold, in percent")
    ] = 0.0
    max_mixed_loss: Annotated[float, Option(help="Points of F lost where names of old labels are in the same text")] = (
        100.0
    )
    gates: Annotated[str, Option(help='More of them: "PATH at least NUMBER, PATH at most NUMBER"')] = ""


def gate(settings: GateSettings) -> None:
    """Compare the figures with what is asked for, and write the output if all are good enough.

    RAISES (typer.Exit): After a message for each one that is not, or that cannot be read.
    """
    scores, rows = srsly.read_json(settings.metrics), list(srsly.read_jsonl(settings.differences))
    more = srsly.read_json(settings.breakdowns) if settings.breakdowns else {}
    try:
        failed = list(below(settings.gates, dict(figures({**scores, **more}))))
    except ValueError as error:
        others = f" and {settings.breakdowns}" if settings.breakdowns else ""
        fail([error], f"{FORM}. The figures are those of {settings.metrics}{others}.")
    problems, learnt, forgot = shortfalls(scores, settings, failed)
    if problems:
        problems += (misses(scores, rows) if learnt else []) + (losses(scores, rows) if forgot else [])
        fail(problems, TRY.format(report=settings.report.read_text(encoding="utf8").strip()))
    with replacing(settings.output) as path:
        path.write_text("Gain, retention and all gates are what project.yml asks for.\n", encoding="utf8")
    share = scores["retention"]["kept"]
    retention = f"retention {share['percent']} % (at least {settings.min_retention})" if share else "nothing to retain"
    gates = f", {settings.gates}" if settings.gates else ""
    msg.good(f"Gain F {scores['gain']['f']} (at least {settings.min_gain}), {retention}{gates}")


def shortfalls(scores: dict, settings: GateSettings, failed: list[tuple[str, str]]) -> tuple[list[str], bool, bool]:
    """Find the figures that are not good enough.

    failed (list): What `below` gives.
    RETURNS (tuple): A sentence for each; whether one is of the new labels, and whether one is of the old ones.
    """
    problems, learnt, forgot = [], False, False
    gain, share, mixed = scores["gain"]["f"], scores["retention"]["kept"], scores.get("mixed_texts")
    if not gain >= settings.min_gain:
        low = settings.min_gain - gain
        problems.append(f"The gain is F {gain}, less than min_gain {settings.min_gain}: {low:.2f} too low")
        learnt = True
    if share and not share["percent"] >= settings.min_retention:
        kept, how = share["percent"], scores["retention"]["measured"]
        low = settings.min_retention - kept
        problems.append(
            f"Retention is {kept} % ({how}), less than min_retention {settings.min_retention}: {low:.2f} too low"
        )
        forgot = True
    if mixed and mixed["lost"] > settings.max_mixed_loss:
        place = max(("before", "after"), key=lambda name: mixed[name]["lost"])
        row, high = mixed[place], mixed[place]["lost"] - settings.max_mixed_loss
        problems.append(
            f"With names of old labels {place} the same texts F falls from {row['plain']['f']} to {row['mixed']['f']} (precision "
            f"{row['mixed']['p']}, recall {row['mixed']['r']}), by more than max_mixed_loss {settings.max_mixed_loss}: {high:.2f} too much"
        )
        learnt = True
    for path, said in failed:
        problems.append(said)
        named = set(path.split(".")) & set(scores["labels"]["old"])
        of_old = bool(named or re.search(r"retention|agreement|base_test|\.old\.", path))
        learnt, forgot = learnt or not of_old, forgot or of_old
    return problems, learnt, forgot


def losses(metrics: dict, rows: list[dict]) -> list[str]:
    """Describe each old label that lost F, the largest loss first, and quote texts that show it."""
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
        lost += [
            f"lost {row['text'][s:e]!r} ({label}) in: {row['text']!r}"
            for s, e, label in sorted(gone)
            if row["set"] != "new"
        ]
    return said + lost[:SHOWN]


def misses(metrics: dict, rows: list[dict]) -> list[str]:
    """Describe each new label with its figures, and quote texts in which an entity of it was missed."""
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


def figures(found: object, path: str = "") -> Iterator[tuple[str, float | None]]:
    """Find all numbers below a value.

    YIELDS (tuple): The path of each, its keys and places joined by dots, and the number. None is one that could not be
        measured.
    """
    if isinstance(found, (dict, list)):
        for key, value in found.items() if isinstance(found, dict) else enumerate(found):
            yield from figures(value, f"{path}.{key}" if path else str(key))
    elif found is None or isinstance(found, (int, float)):
        yield path, found


def below(gates: str, known: dict[str, float | None]) -> Iterator[tuple[str, str]]:
    """Compare figures with what is asked for.

    gates (str): "PATH at least NUMBER, PATH at most NUMBER".
    known (dict): Figures by path.
    YIELDS (tuple): The path of each one that fails, and a sentence that says by how much.
    RAISES (ValueError): If one cannot be read, or names no figure.
    """
    for path, way, limit in read_gates(gates):
        if path not in known:
            close = get_close_matches(path, known, n=3, cutoff=0.5) or sorted(known)[:3]
            raise ValueError(f"vars.gates names {path!r}, but no figure has that path; near it are {', '.join(close)}")
        value = known[path]
        if value is None:
            yield (
                path,
                f"{path} could not be measured: the test set has nothing of the kind, and at {way} {limit:g} is asked for",
            )
        # NaN is neither: it fails.
        elif not (value >= limit if way == "least" else value <= limit):
            yield (
                path,
                f"{path} is {value:g}, at {way} {limit:g} is asked for: {abs(value - limit):.2f} too {'low' if value < limit else 'high'}",
            )
