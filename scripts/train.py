"""Put the base pipeline in its place: train it from random weights, or take an installed one."""

from pathlib import Path

import typer
from wasabi import msg

from ner_update.pipeline.base import BasePipelineError, entity_labels, load_base
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing
from ner_update.training.loop import trained


def main(
    config: Path,
    corpus: Path,
    output: Path,
    log: Path,
    lang: str = "en",
    base_model: str = typer.Option("", help="Installed package or folder to take instead of training"),
    base_model_version: str = typer.Option("", help="Version that it must have; empty for any"),
    max_steps: int = typer.Option(2000, min=1, help="Training stops here at the latest"),
    seed: int = 0,
    gpu_id: int = -1,
    stream_over: int = typer.Option(0, help="A training corpus of more texts is streamed from the disk; 0 for never"),
    processes: int = typer.Option(1, min=1, help="How many processes share each step of the training"),
    resume: bool = typer.Option(False, envvar="RESUME", help="Go on from the checkpoint that an interruption kept"),
):
    if base_model:
        try:
            nlp = load_base(base_model, base_model_version)
        except BasePipelineError as error:
            fail([error], "Nothing was written.")
        with replacing(output) as path, replacing(log) as rows:
            nlp.to_disk(path)
            rows.write_text("", encoding="utf8")
        name = f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
        msg.good(f"Took {name} as the base; it knows {', '.join(entity_labels(nlp))}")
        return
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "nlp.lang": lang,
        "training.max_steps": max_steps,
        "system.seed": seed,
    }
    with trained(config, log, overrides, gpu_id, resume, stream_over, processes) as best, replacing(output) as path:
        best.rename(path)
    msg.good(f"Trained the base pipeline; it stands in {output}")


if __name__ == "__main__":
    run(main)
