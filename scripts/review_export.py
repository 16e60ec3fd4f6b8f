"""Write pre-annotated texts as tasks for an annotation tool, where people review them; review_import.py takes them back."""

from pathlib import Path

import typer

from ner_update.labelling.review_export import export
from ner_update.project.command import run


def main(
    source: Path,
    output: Path,
    assets: Path,
    tool: str = typer.Option("label_studio", help="label_studio, prodigy or doccano"),
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    export(source, output, assets, tool, told)


if __name__ == "__main__":
    run(main)
