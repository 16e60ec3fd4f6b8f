"""Would more data help? Train on 25, 50, 75 and 100 % of the new label's examples, and say what the last quarter brought."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument
from wasabi import msg

from ner_update.experiments.learning_curve import learning_curve
from ner_update.experiments.variant import VariantSettings
from ner_update.project.command import run
from ner_update.project.outputs import refuse_overlap


@dataclass(frozen=True, kw_only=True)
class Options(VariantSettings):
    output: Annotated[Path, Argument(help="Folder for the curve as JSON, CSV and SVG")]


def main(options: Options):
    refuse_overlap(
        options.output, options.config, options.base, options.corpus, options.silver, options.vectors, options.store
    )
    rows, last = learning_curve(options, options.output)
    for row in rows:
        kept = f", kept {row['kept']:5.1f} % ({row['kept_low']:.1f} to {row['kept_high']:.1f})" if "kept" in row else ""
        msg.text(
            f"{row['share']:3} %, {row['examples']:5} examples: gain F {row['f']:5.1f} ({row['f_low']:.1f} to {row['f_high']:.1f}){kept}"
        )
    msg.info(last["says"])
    msg.good(f"Wrote {options.output}")


if __name__ == "__main__":
    run(main)
