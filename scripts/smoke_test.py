"""Install the wheel into an empty environment, and check there that it finds what the evaluation says it finds."""

from pathlib import Path

import typer

from ner_update.packaging.smoke_test import smoke_test
from ner_update.project.command import run


def main(
    package: Path,
    corpus: Path,
    metrics: Path,
    output: Path,
    lock: list[Path] = typer.Option([Path("requirements/base.txt"), Path("requirements/transformer.txt")]),
):
    smoke_test(package, corpus, metrics, output, lock)


if __name__ == "__main__":
    run(main)
