"""Take a trial of a sweep: its vars, its dvc.lock, and what it trained.

Trials leave the dev set out of the training, for it compares them; where vars.update_on has it in, the update alone is
trained once more by the next run.
"""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from ner_update.experiments.git_dvc import CommandFailed
from ner_update.experiments.take import PROJECT, take
from ner_update.project.command import run
from ner_update.project.outputs import fail


def main(
    name: str = typer.Argument("", help="An experiment of the sweep. The best, if none is named"),
    sweep: Path = typer.Option(Path("training/sweep"), help="What the sweep wrote"),
):
    if not (sweep / "best.json").exists():
        fail([f"{sweep / 'best.json'} is missing"], "Run the sweep first: python -m spacy project run sweep")
    best = srsly.read_json(sweep / "best.json")
    if best is None and not name:
        fail(
            ["No trial kept the limits, so none is the best"],
            f"Name the one that you want: {sweep / 'results.csv'} lists them.",
        )
    try:
        files = take(name or best["name"])
    except CommandFailed as error:
        fail(
            [str(error)],
            "Nothing was changed. Outputs that DVC's cache lacks are kept by `dvc commit -f`, or given up by `dvc checkout --force`.",
        )
    msg.good(
        f"{name or best['name']} is in the workspace: {', '.join(files)}, and its outputs"
        if files
        else "It is what is committed"
    )
    twice = srsly.read_yaml(PROJECT)["vars"]["update_on"] == "train+dev"
    trains = "the update is trained once more, on the dev texts as well; then" if twice else "nothing is trained;"
    msg.text(f"Now: dvc repro ({trains} gate, package and smoke test), and commit.")


if __name__ == "__main__":
    run(main)
