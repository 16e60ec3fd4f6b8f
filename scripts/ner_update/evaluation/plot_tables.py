"""Write what DVC shows: a summary for `dvc metrics` and `dvc exp show`, and tables for `dvc plots`.

metrics.json is for programs, and DVC would give each of its figures a column. How the tables are drawn stands in dvc.yaml
and in .dvc/plots.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import srsly

from ner_update.project.outputs import replacing

SIDES = ("base", "updated")
TEST_SETS = {"new_test": "new texts", "base_test": "base texts"}
WORDS = {"frequency": "in training", "length": "tokens", "casing": "written"}


def write_tables(scores: dict, found: dict, logs: dict[str, Path], output: Path) -> None:
    """Write a folder with a CSV file for each plot.

    scores (dict): training/metrics.json. found (dict): training/breakdowns.json.
    logs (dict): The logs of the trainings, by side.
    """
    tables = {
        "learning_curve": learning_curve(logs),
        "labels": labels(scores),
        "seen_unseen": seen_unseen(scores),
        "buckets": buckets(found, scores["labels"]["new"]),
        "errors": errors(found),
        "confusion": confusion(found),
        "probes": probes(found),
    }
    with replacing(output) as folder:
        folder.mkdir()
        for name, table in tables.items():
            # DVC writes them into a script of its page as they are, and a label may hold anything.
            rows = [{key: str(value).replace("<", "‹") for key, value in row.items()} for row in table]
            with (folder / f"{name}.csv").open("w", encoding="utf8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]) if rows else ["what"], lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


def summary(metrics: dict, found: dict, mix: dict, distilled: dict) -> dict:
    """Choose a dozen figures of the updated pipeline.

    RETURNS (dict): Those of the new labels, but for retention and agreement; how many texts of each kind it was trained
        on; and how many teachers of each kind had read the distilled ones.
    """
    kept, new = metrics["retention"], metrics["labels"]["new"]
    # Without gold for the old labels there is no retention, and agreement stands for it.
    retention = {name: kept[name]["percent"] for name in ("strict", "plain") if name in kept and "plain" in kept}
    errors = [found["errors"]["new_test"][label] for label in new if label in found["errors"]["new_test"]]
    teachers = Counter(row.get("encoder", Path(row["config"]).stem) for row in distilled["teachers"])
    figures = {
        "gain": {name: metrics["gain"][name] for name in "fpr"},
        "retention": retention,
        "agreement": {name: metrics["agreement"][name]["kept"]["percent"] for name in ("new_test", "raw_test")},
        "recall": {name: row["r"] for name, row in metrics["seen_unseen"].items() if row["support"]},
        "mixed_texts": {place: metrics["mixed_texts"][place]["lost"] for place in ("before", "after")}
        if "mixed_texts" in metrics
        else {},
        "errors": {kind: sum(row[kind]["updated"] for row in errors) for kind in ("missed", "spurious", "boundary")},
        "texts": {kind: row["texts"] for kind, row in {**mix["train"], "distilled": distilled}.items()},
        "teachers": dict(teachers),
        "drop": {probe: row["new"]["updated"]["drop"] for probe, row in found["probes"].items() if "new" in row},
    }
    return {name: row for name, row in figures.items() if row}


def learning_curve(logs: dict[str, Path]) -> Iterable[dict]:
    """Make a row for each evaluation in training. A base that was not trained here has none."""
    for side, log in logs.items():
        for row in srsly.read_jsonl(log) if log.stat().st_size else ():
            yield {"pipeline": side, "step": row["step"], "score": round(100 * row["score"], 2)}


def labels(metrics: dict) -> Iterable[dict]:
    """List F, precision and recall of each label in each test set."""
    for test, name in TEST_SETS.items():
        for label, row in metrics.get(test, {}).get("labels", {}).items():
            for side in SIDES:
                yield {
                    "what": f"{label}, {name} ({row[side]['support']})",
                    "pipeline": side,
                    **{key: row[side][key] for key in "fpr"},
                    "says": row["says"],
                }


def seen_unseen(metrics: dict) -> Iterable[dict]:
    """List recall on entities that occur in training, and on others."""
    for kind, row in metrics["seen_unseen"].items():
        if row["support"]:
            for side, recall in zip(SIDES, (row["base_r"], row["r"])):
                yield {"what": f"{kind} ({row['support']})", "pipeline": side, "r": recall, "says": row["says"]}


def buckets(found: dict, new: list[str]) -> Iterable[dict]:
    """List recall by kind of entity: each new label in the new texts, and all old ones in the base texts."""
    for part, words in WORDS.items():
        for test, name in TEST_SETS.items():
            for kind, rows in found[part].get(test, {}).items():
                for label in new if test == "new_test" else ["all"]:
                    for side in SIDES if label in rows else ():
                        row = rows[label]
                        what = f"{label}, {kind} {words}, {name} ({row[side]['support']})"
                        yield {"what": what, "pipeline": side, "r": row[side]["r"], "says": row["says"]}


def errors(found: dict) -> Iterable[dict]:
    """Count the errors of each kind, all labels together."""
    for test, name in TEST_SETS.items():
        for kind, row in found["errors"].get(test, {}).get("all", {}).items():
            for side in SIDES if kind != "correct" else ():
                yield {
                    "what": f"{kind.replace('_', ' ')}, {name}",
                    "pipeline": side,
                    "entities": row[side],
                    "says": row["says"],
                }


def confusion(found: dict) -> Iterable[dict]:
    """Count how often a gold label was given which label."""
    for test, name in TEST_SETS.items():
        for side, matrix in found["confusion"].get(test, {}).items():
            for gold, row in matrix.items():
                for predicted, number in row.items():
                    yield {"panel": f"{side}, {name}", "gold": gold, "predicted": predicted, "entities": number}


def probes(found: dict) -> Iterable[dict]:
    """List by how much F drops on rewritten texts."""
    for probe, parts in found["probes"].items():
        for name, row in parts.items():
            for side in SIDES:
                yield {
                    "what": f"{probe.replace('_', ' ')}, {name} labels",
                    "pipeline": side,
                    "drop": row[side]["drop"],
                    "says": row[side]["says"],
                }
