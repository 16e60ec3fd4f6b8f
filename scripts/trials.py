"""How far do differences mean something? Train the update under several seeds, and give mean and spread."""

from pathlib import Path
from statistics import mean, stdev

import srsly
import typer
from wasabi import msg

from command import run
from outputs import fail, refuse_overlap, replacing
from update import Parts
from variant import Setting, Variant, results

FIGURES = {
    "gain_f": ("gain F", lambda row: row["gain"]["f"]),
    "unseen_r": ("recall, unseen", lambda row: row["unseen"]),
    "kept": ("kept, %", lambda row: row["kept"] and row["kept"]["percent"]),
}


def summary(rows: list[dict]) -> dict:
    """RETURNS (dict): For each figure that all rows have: mean, sd (of a sample, n - 1), and the rows' values."""
    made = {}
    for name, (_, read) in FIGURES.items():
        values = [read(row) for row in rows]
        if None not in values:
            made[name] = {"mean": round(mean(values), 2), "sd": round(stdev(values), 2), "values": values}
    return made


def main(
    config: Path,
    base: Path,
    corpus: Path,
    output: Path,
    silver: Path = typer.Option(..., help="JSONL of the raw texts that patterns matched"),
    vectors: Path = typer.Option(..., help="Pipeline folder with word vectors, as for the update"),
    encoder: str = typer.Option("", help="Hugging Face encoder, as for the update"),
    max_steps: int = typer.Option(3000, min=1, help="Training stops here at the latest, as for the update"),
    update_on: Parts = typer.Option("train+dev", help="As for the update"),
    seed: int = typer.Option(0, help="The first; the others follow it"),
    number: int = typer.Option(3, help="How many seeds"),
    gpu_id: int = -1,
    processes: int = typer.Option(1, min=1, help="How many processes share each step of the training, as for the update"),
    store: Path = typer.Option(Path("training/variants"), help="Keeps the figures of finished trainings"),
    resume: bool = typer.Option(False, envvar="RESUME", help="Go on from the checkpoint that an interruption kept"),
):
    refuse_overlap(output, config, base, corpus, silver, vectors, store)
    if number < 2:
        fail([f"{number} seed has no spread"], "Ask for two at least: python scripts/set_var.py trials 3")
    setting = Setting(config, base, corpus, silver, vectors, encoder, max_steps, update_on, gpu_id, processes, store, resume)
    found = results(setting, [Variant(seed + n, sample_seed=seed) for n in range(number)])
    figures = summary(found)
    measured = found[0]["kept"]["measured"] if found[0]["kept"] else "nothing: the base pipeline recognises no entities"
    with replacing(output) as path:
        srsly.write_json(path, {"seeds": [row["seed"] for row in found], "max_steps": max_steps, "kept": measured, "figures": figures})
    rows = [[f"seed {row['seed']}", *(f"{figure['values'][n]:.1f}" for figure in figures.values())] for n, row in enumerate(found)]
    rows += [[name, *(f"{figure[key]:.1f}" for figure in figures.values())] for name, key in (("mean", "mean"), ("SD", "sd"))]
    msg.table(rows, header=["", *(FIGURES[name][0] for name in figures)], divider=True, aligns=["l", *("r" for _ in figures)])
    msg.good(f"Wrote {output}. A difference between two updates below twice the SD may be chance")


if __name__ == "__main__":
    run(main)
