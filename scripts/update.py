"""Update the base pipeline: train an NER component for the new labels, and put it before the base's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument
from wasabi import msg

from ner_update.project.command import run
from ner_update.update.recipe import train_update
from ner_update.update.settings import UpdateSettings


@dataclass(frozen=True, kw_only=True)
class Options(UpdateSettings):
    output: Annotated[Path, Argument(help="Folder for the updated pipeline")]
    log: Annotated[Path, Argument(help="Gets one JSON line per evaluation")]
    threshold: Annotated[Path, Argument(help="Gets one JSON line per threshold")]


def main(options: Options):
    updated, name = train_update(UpdateSettings.of(options), options.output, options.log, options.threshold)
    msg.good(
        f"{options.output} has {', '.join(updated.pipe_names)}; {name} learnt {', '.join(updated.pipe_labels[name])}"
    )


if __name__ == "__main__":
    run(main)
