"""Try many values of vars: each trial an experiment of DVC, run one after the other in its queue, and all of them in a table.

A trial is known by its commit and its values. So a sweep that was stopped asks again for what is finished, and goes on with
the rest. What chooses is the dev set; the test set is looked at for the chosen one alone.
"""

from pathlib import Path

import typer

from ner_update.experiments.sweep import try_all
from ner_update.project.command import run


def main(
    plan_file: Path,
    output: Path,
    part: str = typer.Option("", help="Only this part of a grid, such as 1/4, for this machine"),
):
    try_all(plan_file, output, part)


if __name__ == "__main__":
    run(main)
