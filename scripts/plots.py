"""Write what DVC shows: a summary for `dvc metrics` and `dvc exp show`, and tables for `dvc plots`.

metrics.json is for programs, and DVC would give each of its figures a column. How the tables are drawn stands in dvc.yaml
and in .dvc/plots.
"""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from ner_update.evaluation.plot_tables import summary, write_tables
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
    write_tables(scores, found, {"base": base_log, "updated": update_log}, output)
    with replacing(summed) as path:
        srsly.write_json(path, summary(scores, found, srsly.read_json(mix), srsly.read_json(distilled)))
    msg.good("Now `dvc plots show` makes a page, and `dvc metrics diff` tells what changed")


if __name__ == "__main__":
    run(main)
