"""Teach the base pipeline the new labels: train a recogniser for them, and put it in front of the base's own.

The new recogniser starts from a copy of the base's embedding layer (tok2vec), learns the new labels from the
annotated texts and silence from the rehearsal texts, gets its decision threshold from the dev set, and is placed
before the base's recogniser, which stays as it is: spaCy's `ner` respects entities that are already set. See
benchmarks/README.md for what else was tried.
"""

import re
from copy import deepcopy
from pathlib import Path

import spacy
import srsly
import typer
from spacy.tokens import DocBin
from spacy.util import load_config
from thinc.api import Config
from wasabi import msg

from base_pipeline import recognisers
from copy_embedding import embedding
from outputs import replacing, scratch
from spacy_training import trained
from threshold import tune_threshold

NEW = "ner_new"


def update_config(config: Path, base: Path) -> Config:
    """RETURNS (Config): The update's config, with the base pipeline's kind of embedding layer and its language."""
    nlp = spacy.load(base)
    made = load_config(config)
    made["nlp"]["lang"] = nlp.lang
    made["components"][NEW]["model"]["tok2vec"] = deepcopy(embedding(nlp)[0])
    return made


def component_name(labels: list[str], taken: list[str]) -> str:
    """RETURNS (str): A name that says what the component finds and can be a folder: "ner_gadget"."""
    name = "ner_" + re.sub(r"[^a-z0-9]+", "_", "_".join(labels).lower()).strip("_")[:40]
    numbers = (f"{name}_{n}" for n in range(2, 1000))
    return name if name not in taken else next(free for free in numbers if free not in taken)


def main(
    config: Path,
    base: Path,
    corpus: Path,
    output: Path,
    log: Path,
    threshold: Path,
    max_steps: int = typer.Option(2000, help="Training stops here at the latest"),
    seed: int = 0,
    gpu_id: int = -1,
):
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "paths.base": str(base),
        "training.max_steps": max_steps,
        "system.seed": seed,
    }
    with scratch(log.with_name("config")) as folder:
        filled = folder / config.name
        update_config(config, base).to_disk(filled)
        with trained(filled, log, overrides, gpu_id) as best, replacing(output) as path:
            new = spacy.load(best)
            dev = list(DocBin().from_disk(corpus / "dev.spacy").get_docs(new.vocab))
            rows = tune_threshold(new, NEW, dev)
            labels = list(new.get_pipe(NEW).labels)
            updated = spacy.load(base)
            name = component_name(labels, updated.component_names)
            updated.add_pipe(NEW, source=new, name=name, before=recognisers(updated)[0])
            updated.to_disk(path)
    with replacing(threshold) as path:
        srsly.write_jsonl(path, rows)
    msg.good(f"{output} now has {name} before {recognisers(updated)[1]}; it learnt {', '.join(labels)}")


if __name__ == "__main__":
    typer.run(main)
