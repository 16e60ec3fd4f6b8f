"""Put the base pipeline in its place: train it from random weights, or take an installed one."""

from pathlib import Path

import typer
from spacy.cli.train import train as spacy_train
from wasabi import msg

from base_pipeline import BasePipelineError, entity_labels, load_base
from outputs import fail, replacing


def train(config: Path, output: Path, train: Path, dev: Path, *, lang: str, seed: int, gpu_id: int = -1) -> None:
    """Run `spacy train` and keep its best checkpoint.

    config (Path): Complete training config with a [paths] block of train, dev and log.
    output (Path): Folder that gets model-best/ and log.jsonl (one line per evaluation).
    train, dev (Path): Corpora, as .spacy files.
    lang (str): Language code of the new pipeline.
    seed (int): Of weights, shuffling and dropout.
    gpu_id (int): Number of the GPU, or -1 for the CPU.
    """
    with replacing(output / "model-best") as path, replacing(output / "log.jsonl") as log:
        path.mkdir()
        overrides = {
            "paths.train": str(train),
            "paths.dev": str(dev),
            "paths.log": str(log),
            "system.seed": seed,
            "nlp.lang": lang,
        }
        spacy_train(config, path, use_gpu=gpu_id, overrides=overrides)
        (path / "model-best").rename(path.with_name("kept"))


if __name__ == "__main__":
    typer.run(train)
