"""Write down what no dep of a command shows: installed versions, what vars name outside the project, file names.

It runs every time, and its files change only when what they tell of does: so a base pipeline that was swapped for another
of the same name, another spaCy, or a file that was renamed inside a data folder (spaCy's engine looks at content alone)
rerun what depends on them, and nothing else does. It imports little, for it is what a run without changes costs.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import typer

from ner_update.project.command import run
from ner_update.project.fingerprints import FOLDERS, PACKAGES, of_named
from ner_update.project.outputs import replacing


def main(
    assets: Path,
    output: Path,
    base_model: str = typer.Option("", help="Name of an installed pipeline, or a folder"),
    vectors_from: str = typer.Option("", help="File of word vectors, or an encoder"),
    encoder: str = typer.Option("", help="Name or folder of a Hugging Face encoder"),
):
    made = {
        "versions": {"python": ".".join(map(str, sys.version_info[:2]))} | {name: version(name) for name in PACKAGES},
        "names": {
            folder: sorted(p.relative_to(assets).as_posix() for p in (assets / folder).rglob("*")) for folder in FOLDERS
        },
        "base_model": of_named(base_model),
        "vectors_from": of_named(vectors_from),
        "encoder": of_named(encoder),
    }
    for name, content in made.items():
        with replacing(output / f"{name}.json") as path:
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    run(main)
