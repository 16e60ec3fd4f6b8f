"""Run spaCy's training loop inside a command.

It brings the faster arithmetic, leaves nothing half-written behind, and keeps what was learnt so far when somebody
interrupts it.
"""

import shutil
from collections.abc import Iterator, Mapping
from configparser import Error as NotAConfig
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

import srsly
from catalogue import RegistryError
from spacy.cli._util import setup_gpu, show_validation_error
from spacy.schemas import ConfigSchemaInit, ConfigSchemaNlp, ConfigSchemaTraining
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from thinc.api import Config
from wasabi import msg

from ner_update.corpus import readers as streamed_corpus  # noqa: F401  (configs name what it and the next register)
from ner_update.corpus.shards import count_texts
from ner_update.pipeline import text_context  # noqa: F401
from ner_update.pipeline.compute import take_gpu, use_openblas
from ner_update.project.outputs import fail, replacing, scratch
from ner_update.training.cached_examples import update_with_kept_gold
from ner_update.training.checkpoints import joined, keeping
from ner_update.training.data_parallel import together

SECTIONS = {"nlp": ConfigSchemaNlp, "training": ConfigSchemaTraining, "initialize": ConfigSchemaInit}
# Under these names the readers of a config are replaced.
STREAMED = {
    "corpora.train.@readers": "ner_update.StreamedCorpus.v1",
    "corpora.dev.@readers": "ner_update.SampledCorpus.v1",
}
ADVICE = "Mend the config. It can name only functions that spaCy, an installed package or this project registers."


@contextmanager
def trained(
    config: Path,
    log: Path,
    overrides: dict[str, Any],
    gpu_id: int = -1,
    resume: bool = False,
    stream_over: int = 0,
    processes: int = 1,
) -> Iterator[Path]:
    """Train with a config and lend the best checkpoint.

    config (Path): Complete training config, with paths.log among its variables.
    log (Path): Gets one JSON line per evaluation: step, losses and scores. The learning curve is drawn from it.
    overrides (dict): Config values such as {"paths.train": "corpus/new/train.spacy"}.
    gpu_id (int): Number of the GPU, or -1 for the CPU.
    resume (bool): Go on from the checkpoint that an interruption kept, if there is one, for the steps that were left:
        with its weights, but a fresh optimizer and the texts in another order. So the result is not, byte for byte,
        that of a training that nobody interrupted.
    stream_over (int): A training corpus of more texts is streamed, and of the dev corpus a tenth as many are evaluated at most.
        0: none is.
    processes (int): So many share each step (scripts/ner_update/training/data_parallel.py).
    YIELDS (Path): Folder of the best checkpoint, gone afterwards: move or load it inside the block.
    RAISES (OSError): ENODEV, if there is no such GPU.
    """
    if gpu_id < 0:
        use_openblas(torch_on_all=True)
    else:
        take_gpu(gpu_id)
    setup_gpu(gpu_id)
    kept = log.with_name("interrupted")
    done = srsly.read_json(kept / "step.json")["step"] if resume and kept.exists() else 0
    earlier = list(srsly.read_jsonl(kept / "log.jsonl")) if done and (kept / "log.jsonl").exists() else []
    with scratch(log.with_name("checkpoints")) as folder, replacing(log) as rows:
        given = read_config(config, overrides)
        settings = given["training"]
        # A short training is looked at ten times as well: without a look there is no checkpoint but the untrained one.
        often = min(settings["eval_frequency"], max(1, settings["max_steps"] // 10))
        changed = {
            **overrides,
            "paths.log": str(rows),
            "training.eval_frequency": often,
            "training.max_steps": max(often, settings["max_steps"] - done),
        }
        try:
            streamed = 0 < stream_over < count_texts(Path(overrides["paths.train"])) and can_stream(given)
            if streamed:
                changed |= STREAMED | {
                    "corpora.train.seed": overrides["system.seed"],
                    "corpora.dev.limit": stream_over // 10,
                }
            with show_validation_error(config, hint_fill=False):
                nlp = init_nlp(load_config(config, overrides=changed, interpolate=False), use_gpu=gpu_id)
            if streamed:
                # Not before: of a corpus that it is told to stream, spaCy takes labels from the first 100 texts alone.
                nlp.config["training"]["max_epochs"] = -1
            if done:
                msg.info(f"Going on after step {done}, from {kept / 'model-last'}")
                # Settings are this run's: fewer steps are left.
                now = nlp.config.copy()
                nlp.from_disk(kept / "model-last")
                nlp.config = now
            # What is streamed is seen once or twice, and would only fill the memory.
            learn = type(nlp).update if streamed else update_with_kept_gold
            with (
                together(nlp, processes, learn) as team,
                keeping(nlp, folder / "model-last", kept, done, lambda: joined(earlier, rows, done), team.update),
            ):
                train(nlp, folder, use_gpu=gpu_id)
        except RegistryError as error:
            fail([f"{config.name} names what is not there: {str(error).partition(chr(10))[0]}"], ADVICE)
        if done:
            srsly.write_jsonl(rows, joined(earlier, rows, done))
        yield folder / "model-best"
    shutil.rmtree(kept, ignore_errors=True)


def read_config(config: Path, overrides: Mapping[str, Any] = MappingProxyType({})) -> Config:
    """Read a training config.

    RAISES (typer.Exit): After a message, if it is none, or has a misspelt setting.
    """
    try:
        given = load_config(config, overrides=dict(overrides))
        given["training"]
    except (NotAConfig, ValueError, KeyError) as error:
        fail([f"{config.name} is no training config: {' '.join(str(error).split())}"], ADVICE)
    if unknown := list(unknown_settings(given)):
        fail(
            [f"{config.name} has a setting that does not exist: {setting}" for setting in unknown], "Mend its spelling."
        )
    return given


def can_stream(config: Config) -> bool:
    """Check that a config reads corpora in spaCy's own way, and counts no epochs: a streamed corpus has no end."""
    readers = {config["corpora"][name].get("@readers") for name in ("train", "dev")}
    if readers == {"spacy.Corpus.v1"} and config["training"]["max_epochs"] < 1:
        return True
    msg.warn(
        "A training corpus as large as this one is streamed, but the config has max_epochs, or a reader of its own: all of it goes into memory"
    )
    return False


def unknown_settings(config: Config) -> Iterator[str]:
    """Find each setting that spaCy would ignore, such as a misspelt one, and name the nearest that it knows."""
    for section, schema in SECTIONS.items():
        known = sorted(schema.model_fields)  # type: ignore[attr-defined]  # Of pydantic 2.
        for name in sorted({*config.get(section, {})} - {*known}):
            near = get_close_matches(name, known, 1)
            yield f"{section}.{name}" + (f" (did you mean {near[0]}?)" if near else "")
