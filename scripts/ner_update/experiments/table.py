"""The trials of a sweep side by side, with intervals, and which of them is the best."""

import csv
from pathlib import Path

import numpy
from wasabi import msg

from ner_update.evaluation.scoring import f_score, interval, recall, resample, sentence
from ner_update.experiments.plan import Outcome, Plan
from ner_update.project.outputs import replacing


def precision(counts: numpy.ndarray) -> numpy.ndarray:
    """Precision of summed counts, in percent. counts (ndarray): Shape (..., 3). RETURNS (ndarray): Shape (...)."""
    return 100 * counts[..., 0] / numpy.maximum(counts[..., 0] + counts[..., 1], 1)


FIGURES = {"f": (f_score, "F"), "p": (precision, "points of precision"), "r": (recall, "points of recall")}


def figure(trial: dict, name: str) -> tuple[float | None, list[float]]:
    """Get f, p, r or kept of a trial on the dev set, and its 95 % interval. None where nothing can be kept."""
    if name == "kept":
        kept = trial["dev"]["kept"]
        return (kept["percent"], kept["interval"]) if kept else (None, [])
    counts = numpy.array(trial["dev"]["counts"]).reshape(-1, 3)
    score = FIGURES[name][0]
    return round(float(score(counts.sum(axis=0))), 2), interval(score(resample(len(counts), 0) @ counts))


def compared(before: dict, after: dict, metric: str) -> str:
    """Describe how what `variant.measured` gave of two pipelines on the same texts differs."""
    first, second = (numpy.array(row["counts"]).reshape(-1, 3) for row in (before, after))
    score, unit = FIGURES[metric]
    samples = resample(len(first), 0)
    difference = round(float(score(second.sum(axis=0)) - score(first.sum(axis=0))), 2)
    return sentence(difference, interval(score(samples @ second) - score(samples @ first)), unit)


def outcome(plan: Plan, trial: dict) -> Outcome | None:
    """Get what a search is told of a trial, or None if it failed."""
    if "failed" in trial:
        return None
    found = [(figure(trial, name)[0], limit) for name, limit in plan.limits.items()]
    lacking = sum(max(0.0, limit - value) for value, limit in found if value is not None)
    return Outcome(figure(trial, plan.metric)[0] or 0.0, lacking)


def ranked(plan: Plan, trials: list[dict]) -> list[dict]:
    """Sort the trials: the best first, then those below a limit, then those that failed. Equals keep their order."""

    def key(trial: dict) -> tuple:
        told = outcome(plan, trial)
        return (told is None, told is not None and told.lacking > 0, -told.value if told else 0.0)

    return sorted(trials, key=key)


def best(plan: Plan, trials: list[dict]) -> dict | None:
    """Find the trial with the highest metric of those that keep the limits, or None if none does."""
    first = ranked(plan, trials)[0]
    told = outcome(plan, first)
    return first if told and not told.lacking else None


def show(plan: Plan, committed: dict, trials: list[dict], output: Path) -> None:
    """Print the table, and write it as CSV.

    committed (dict): The trial of what is committed, one of `trials`. Each has name, vars (all that were tried, with their
        values), and either dev, what `variant.measured` gives, and seconds, or failed, the reason.
    """
    names = list(dict.fromkeys(["f", plan.metric, "kept"]))
    rows, lines = [], []
    for trial in ranked(plan, trials):
        told, tried = outcome(plan, trial), [trial["vars"][name] for name in plan.vars]
        row = {"experiment": trial["name"], **trial["vars"]}
        if told is None:
            lines.append([trial["name"], *tried, *("" for _ in names), f"failed: {trial['failed'][:80]}", ""])
            rows.append(row | {"says": f"failed: {trial['failed']}"})
            continue
        figures = {name: figure(trial, name) for name in names}
        says = "what is committed" if trial is committed else compared(committed["dev"], trial["dev"], plan.metric)
        says += f"; below a limit by {told.lacking:.1f}" if told.lacking else ""
        cells = [
            f"{value:.1f} ({limits[0]:.1f} to {limits[1]:.1f})" if value is not None else "-"
            for value, limits in figures.values()
        ]
        lines.append(
            [trial["name"], *tried, *cells, says, f"{trial['seconds']:.0f}" if trial["seconds"] is not None else "-"]
        )
        for name, (value, limits) in figures.items():
            row |= {
                name: value,
                f"{name}_low": limits[0] if limits else None,
                f"{name}_high": limits[1] if limits else None,
            }
        rows.append(row | {"says": says, "seconds": trial["seconds"]})
    header = [
        "experiment",
        *plan.vars,
        *("kept, dev" if name == "kept" else f"{name.upper()}, dev" for name in names),
        "against what is committed",
        "s",
    ]
    msg.table(lines, header=header, divider=True, max_col=100, aligns=["l", *("r" for _ in header[1:-2]), "l", "r"])
    fields = list(dict.fromkeys(key for row in rows for key in row))
    with replacing(output) as path, path.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
