"""Merge what people reviewed in an annotation tool into assets/annotated, once: the same again changes nothing.

A record is known by its text, and by its id. What stands there already with other spans is a conflict: all are listed, and
nothing is written. `--force` lets the reviewed one win over an earlier review, never over another file, which is somebody's own.
"""

from pathlib import Path

import typer

from ner_update.labelling.review import import_reviewed
from ner_update.project.command import run


def main(
    path: Path,
    assets: Path,
    sent: Path = typer.Option(..., help="Folder of what was sent to the tool"),
    name: str = typer.Option("reviewed.jsonl", help="File in assets/annotated that gets the reviewed records"),
    lang: str = "en",
    base_model: str = "",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
    force: bool = typer.Option(False, "--force", help="Replace what an earlier review said otherwise"),
):
    import_reviewed(path, assets, sent, name, lang, base_model, told, force)


if __name__ == "__main__":
    run(main)
