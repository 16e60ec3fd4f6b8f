"""Let several teachers read raw texts, and keep what most of them agree on, for the update to learn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument
from wasabi import msg

from ner_update.distillation.corpus import DistilSettings, distil
from ner_update.project.command import run


@dataclass(frozen=True, kw_only=True)
class Options(DistilSettings):
    output: Annotated[Path, Argument(help="The corpus; empty without teachers")]
    table: Annotated[Path, Argument(help="JSON of what it holds")]


def main(options: Options):
    made = distil(options, options.output, options.table)
    if not options.votes:
        msg.info("No teachers (vars.teachers is 0): the update learns from annotated texts alone")
        return
    if not made["texts"]:
        msg.warn("They agree on no entity in the raw texts; add texts of the new kind to assets/raw.jsonl")
    short = " (all there are)" if made["texts"] < made["wanted"] else ""
    entities = sum(made["spans"].values())
    msg.good(f"{made['texts']} texts{short} with {entities} entities with more than half of {options.votes} votes")


if __name__ == "__main__":
    run(main)
