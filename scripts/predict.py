"""Annotate any number of raw texts with a pipeline: a folder of shards in, a folder of shards with entities out.

Each shard is annotated by itself, and noted when it is finished: the same command again goes on with those that are not, or whose
texts, or pipeline, have changed. A shard that fails is listed with the reason, and does not stop the others. What comes out
has the same bytes whatever the number of workers, and whether Ray does the work or not.
"""

import typer

from ner_update.prediction.predict import predict_folder
from ner_update.project.command import run


def main(
    source: str,
    target: str,
    pipeline: str = typer.Option("training/updated/model-best", help="Path of a pipeline, or name of an installed one"),
    engine: str = "local",
    workers: int = typer.Option(0, min=0, help="Processes, or actors of Ray; 0 for all cores"),
    tries: int = typer.Option(3, min=1, help="How often a shard is begun that fails"),
    gpu_id: int = -1,
):
    predict_folder(source, target, pipeline, engine, workers, tries, gpu_id)


if __name__ == "__main__":
    run(main)
