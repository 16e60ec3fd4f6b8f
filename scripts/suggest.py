"""Rank raw texts for annotation: those from which the next training would learn most come first, each with the reason.

A text's score is the sum of what there is to decide in it, as candidates.py counts it. When a text is chosen, its forms
count half from then on, so that the list is not fifty texts for one of them.
"""

from pathlib import Path

import typer

from ner_update.labelling.suggest import suggest
from ner_update.project.command import run


def main(
    assets: Path,
    pipeline: Path,
    output: Path,
    number: int = typer.Option(100, min=1, help="How many texts are suggested"),
    lang: str = "en",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    suggest(assets, pipeline, output, number, lang, told)


if __name__ == "__main__":
    run(main)
