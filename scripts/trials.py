"""How far do differences mean something? Train the update under several seeds, and give mean and spread."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import srsly
from typer import Argument, Option
from wasabi import msg

from ner_update.experiments.variant import Variant, VariantSettings, results
from ner_update.project.command import run
from ner_update.project.outputs import fail, refuse_overlap, replacing

FIGURES = {
    "gain_f": ("gain F", lambda row: row["gain"]["f"]),
    "unseen_r": ("recall, unseen", lambda row: row["unseen"]),
    "kept": ("kept, %", lambda row: row["kept"] and row["kept"]["percent"]),
}


def summary(rows: list[dict]) -> dict:
    """Compute mean, sd (of a sample, n - 1) and the rows' values, for each figure that all rows have."""
    made = {}
    for name, (_, read) in FIGURES.items():
        values = [read(row) for row in rows]
        if None not in values:
            made[name] = {"mean": round(mean(values), 2), "sd": round(stdev(values), 2), "values": values}
    return made


@dataclass(frozen=True, kw_only=True)
class Options(VariantSettings):
    output: Annotated[Path, Argument(help="JSON of the figures")]
    number: Annotated[int, Option(help="How many seeds")] = 3


def main(options: Options):
    if options.number < 2:
        fail([f"{options.number} seed has no spread"], "Ask for two at least: python scripts/set_var.py trials 3")
    refuse_overlap(
        options.output, options.config, options.base, options.corpus, options.silver, options.vectors, options.store
    )
    found = results(options, [Variant(options.seed + n, sample_seed=options.seed) for n in range(options.number)])
    figures = summary(found)
    measured = found[0]["kept"]["measured"] if found[0]["kept"] else "nothing: the base pipeline recognises no entities"
    with replacing(options.output) as path:
        srsly.write_json(
            path,
            {
                "seeds": [row["seed"] for row in found],
                "max_steps": options.max_steps,
                "kept": measured,
                "figures": figures,
            },
        )
    rows = [
        [f"seed {row['seed']}", *(f"{figure['values'][n]:.1f}" for figure in figures.values())]
        for n, row in enumerate(found)
    ]
    rows += [
        [name, *(f"{figure[key]:.1f}" for figure in figures.values())] for name, key in (("mean", "mean"), ("SD", "sd"))
    ]
    msg.table(
        rows, header=["", *(FIGURES[name][0] for name in figures)], divider=True, aligns=["l", *("r" for _ in figures)]
    )
    msg.good(f"Wrote {options.output}. A difference between two updates below twice the SD may be chance")


if __name__ == "__main__":
    run(main)
