"""Write what DVC shows: a summary for `dvc metrics` and `dvc exp show`, and tables for `dvc plots`.

metrics.json is for programs, and DVC would give each of its figures a column. How the tables are drawn stands in dvc.yaml
and in .dvc/plots.
"""

import csv
from pathlib import Path

import srsly
import typer
from wasabi import msg

from ner_update.evaluation.plot_tables import (
    buckets,
    confusion,
    errors,
    labels,
    learning_curve,
    probes,
    seen_unseen,
    summary,
)
from ner_update.project.command import run
from ner_update.project.outputs import replacing


def main(
    metrics: Path,
    breakdowns: Path,
    output: Path,
    summed: Path = typer.Option(..., "--summary", help="JSON of the figures that DVC compares"),
    mix: Path = typer.Option(..., help="JSON of what the update was trained on"),
    distilled: Path = typer.Option(..., help="JSON of the raw texts that it was trained on as well"),
    base_log: Path = typer.Option(...),
    update_log: Path = typer.Option(...),
):
    scores, found = srsly.read_json(metrics), srsly.read_json(breakdowns)
    tables = {
        "learning_curve": learning_curve({"base": base_log, "updated": update_log}),
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
    with replacing(summed) as path:
        srsly.write_json(path, summary(scores, found, srsly.read_json(mix), srsly.read_json(distilled)))
    msg.good("Now `dvc plots show` makes a page, and `dvc metrics diff` tells what changed")


if __name__ == "__main__":
    run(main)
