"""Make the base pipeline: train it from random weights, or take an installed one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option
from wasabi import msg

from ner_update.pipeline.base import BasePipelineError, entity_labels, load_base
from ner_update.project.outputs import fail, replacing
from ner_update.training.loop import trained


@dataclass(frozen=True, kw_only=True)
class BaseSettings:
    """What the base pipeline is made from, and how."""

    config: Path
    corpus: Path
    output: Path
    log: Path
    lang: str = "en"
    base_model: Annotated[str, Option(help="Installed package or folder to take instead of training")] = ""
    base_model_version: Annotated[str, Option(help="Version that it must have; empty for any")] = ""
    max_steps: Annotated[int, Option(min=1, help="Training stops here at the latest")] = 2000
    seed: int = 0
    gpu_id: int = -1
    stream_over: Annotated[
        int, Option(help="A training corpus of more texts is streamed from the disk; 0 for never")
    ] = 0
    processes: Annotated[int, Option(min=1, help="How many processes share each step of the training")] = 1
    resume: Annotated[bool, Option(envvar="RESUME", help="Go on from the checkpoint that an interruption kept")] = False


def make_base(settings: BaseSettings) -> None:
    """Write the base pipeline, and the log of its training.

    RAISES (typer.Exit): After a message, if the pipeline to take cannot be used, or the config is none.
    """
    output, log = settings.output, settings.log
    if settings.base_model:
        try:
            nlp = load_base(settings.base_model, settings.base_model_version)
        except BasePipelineError as error:
            fail([error], "Nothing was written.")
        with replacing(output) as path, replacing(log) as rows:
            nlp.to_disk(path)
            rows.write_text("", encoding="utf8")
        name = f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
        msg.good(f"Took {name} as the base; it knows {', '.join(entity_labels(nlp))}")
        return
    overrides = {
        "paths.train": str(settings.corpus / "train.spacy"),
        "paths.dev": str(settings.corpus / "dev.spacy"),
        "nlp.lang": settings.lang,
        "training.max_steps": settings.max_steps,
        "system.seed": settings.seed,
    }
    how = {name: getattr(settings, name) for name in ("gpu_id", "resume", "stream_over", "processes")}
    with trained(settings.config, log, overrides, **how) as best, replacing(output) as path:
        best.rename(path)
    msg.good(f"Trained the base pipeline; it stands in {output}")
