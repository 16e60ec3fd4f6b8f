"""Teach the base pipeline the new labels: train a recogniser for them, and put it in front of the base's own.

The new recogniser starts from a copy of the base's embedding layer (tok2vec), learns the new labels from the
annotated texts and silence from the rehearsal texts, gets its decision threshold from the dev set, and is placed
before the base's recognisers: spaCy's `ner` respects entities that are already set. They stay as they are, but for
a label that they knew already: then the new recogniser takes it over, and they never predict it again. See
benchmarks/README.md for what else was tried.
"""

import re
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Optional

import spacy
import srsly
import typer
from spacy.language import Language
from thinc.api import Config
from wasabi import msg

import encoder_optimizer  # noqa: F401  (configs name what it and the next register)
import made_up_names  # noqa: F401
from base_pipeline import recognisers
from command import run
from copy_embedding import embedding
from doc_shards import read_docs, sample
from outputs import fail, replacing, scratch
from spacy_training import read_config, trained
from threshold import silence, tune_threshold

NEW = "ner_new"
# Entities of new labels that it may find in rehearsal texts, as a share of those that the base finds there. Each
# percent costs about half a point of strict retention.
WRONG = 0.02


def update_config(config: Path, base: Language, vectors: bool) -> Config:
    """Fit the config of the new recogniser to the base pipeline.

    vectors (bool): Whether to use static vectors beside the hashed features.
    RETURNS (Config): With the base's language, and its kind of embedding layer if the config starts from a copy of it.
    """
    made = read_config(config)
    made["nlp"]["lang"] = base.lang
    model = made["components"][NEW]["model"]
    found = embedding(base)
    if found is not None and "after_init" in made["initialize"]:
        depth = min(model["tok2vec"]["encode"]["depth"], found[0]["encode"]["depth"])
        model["tok2vec"] |= {part: deepcopy(found[0][part]) for part in ("embed", "encode")}
        model["tok2vec"]["encode"]["depth"] = depth
    if vectors and "include_static_vectors" in model["tok2vec"].get("embed", {}):
        model["tok2vec"]["embed"]["include_static_vectors"] = True
    return made


def component_name(labels: list[str], taken: list[str]) -> str:
    """RETURNS (str): A name that says what the component finds and can be a folder: "ner_gadget"."""
    name = "ner_" + re.sub(r"[^a-z0-9]+", "_", "_".join(labels).lower()).strip("_")[:40]
    numbers = (f"{name}_{n}" for n in range(2, 1000))
    return name if name not in taken else next(free for free in numbers if free not in taken)


def put_in(base: Language, new: Language) -> str:
    """Place the new recogniser before those of the base pipeline, and let it take over the labels that they share.

    base (Language): Changed in place. A recogniser of which no label is left is removed.
    new (Language): The pipeline that holds the new recogniser.
    RETURNS (str): The new component's name.
    """
    labels = set(new.get_pipe(NEW).labels)
    old = recognisers(base)
    name = component_name(sorted(labels), base.component_names)
    base.add_pipe(NEW, source=new, name=name, **({"before": old[0]} if old else {}))
    for other in old:
        if set(base.get_pipe(other).labels) <= labels:
            base.remove_pipe(other)
        elif labels & set(base.get_pipe(other).labels):
            silence(base, other, labels)
    return name


def settings(
    config: Path, base: Language, folder: Path, corpus: Path, vectors: Optional[Path], encoder: str, max_steps: int, seed: int
) -> tuple[Config, dict[str, Any]]:
    """RETURNS (tuple): The config of the new recogniser, fitted to the base pipeline, which stands in `folder`; and the values
        that are set in it when it is used. The others are as `main` takes them.
    RAISES (typer.Exit): After a message, if the config trains a transformer, and that cannot be."""
    words = spacy.load(vectors).vocab.vectors if vectors and not len(base.vocab.vectors) else None
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "paths.base": str(folder),
        "paths.vectors": str(vectors) if words is not None and len(words) else None,
        "training.max_steps": max_steps,
        "system.seed": seed,
    }
    made = update_config(config, base, vectors=bool(overrides["paths.vectors"] or len(base.vocab.vectors)))
    if "encoder" in made["paths"]:
        if not encoder:
            fail([f"{config} trains a transformer, and none is named"], "Put a Hugging Face name or a folder in vars.encoder.")
        if find_spec("spacy_transformers") is None:
            fail(["spacy-transformers is not installed"], "Run: make transformer (it installs requirements-transformer.txt).")
        overrides["paths.encoder"] = encoder
    return made, overrides


def main(
    config: Path,
    base: Path,
    corpus: Path,
    output: Path,
    log: Path,
    threshold: Path,
    dev: Path = typer.Option(..., help="Annotated new examples, without rehearsal texts, for the threshold"),
    vectors: Path = typer.Option(None, help="Pipeline folder with word vectors, for a base that has none of its own"),
    encoder: str = typer.Option("", help="Hugging Face encoder, for a config that trains a transformer"),
    max_steps: int = typer.Option(2000, help="Training stops here at the latest"),
    seed: int = 0,
    gpu_id: int = -1,
    stream_over: int = typer.Option(0, help="A training corpus of more texts is streamed from the disk; 0 for never"),
    resume: bool = typer.Option(False, envvar="RESUME", help="Go on from the checkpoint that an interruption kept"),
):
    updated = spacy.load(base)
    made, overrides = settings(config, updated, base, corpus, vectors, encoder, max_steps, seed)
    with scratch(log.with_name("config")) as folder:
        filled = folder / config.name
        made.to_disk(filled)
        with trained(filled, log, overrides, gpu_id, resume, stream_over) as best, replacing(output) as path:
            new = spacy.load(best)
            examples, mixed = (list(sample(path, new.vocab, stream_over // 10)) for path in (dev, corpus / "dev.spacy"))
            texts = {doc.text for doc in read_docs(dev, new.vocab)}
            rehearsal = [doc for doc in mixed if doc.text not in texts]
            # Another copy of the base reads them: a recogniser keeps the labels of entities that were set before it.
            known = sum(len(doc.ents) for doc in spacy.load(base).pipe([doc.text for doc in rehearsal]))
            rows = tune_threshold(new, NEW, examples, rehearsal, WRONG * known)
            if overrides["paths.vectors"]:
                updated.vocab.vectors = new.vocab.vectors
            name = put_in(updated, new)
            updated.to_disk(path)
    with replacing(threshold) as path:
        srsly.write_jsonl(path, rows)
    msg.good(f"{output} has {', '.join(updated.pipe_names)}; {name} learnt {', '.join(updated.get_pipe(name).labels)}")


if __name__ == "__main__":
    run(main)
