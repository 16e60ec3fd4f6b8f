"""Teach the base pipeline the new labels: train a recogniser for them, and put it in front of the base's own.

The new recogniser starts from a copy of the base's embedding layer (tok2vec), learns the new labels from the
annotated texts and silence from the rehearsal texts, and gets its number of steps and its decision threshold from the dev set.
With these it is trained once more, on the texts of the dev set as well (scripts/both_parts.py), and placed
before the base's recognisers: spaCy's `ner` respects entities that are already set. They stay as they are, but for
a label that they knew already: then the new recogniser takes it over, and they never predict it again. See
benchmarks/README.md for what else was tried.
"""

import re
import shutil
from pathlib import Path
from typing import Literal

import spacy
import srsly
import typer
from spacy.language import Language
from wasabi import msg

from base_pipeline import recognisers
from both_parts import keep, trained_on_both
from command import run
from doc_shards import count_texts, read_docs, sample
from outputs import replacing, scratch
from spacy_training import trained
from text_context import take_openblas
from threshold import STEPS, silence, tune_threshold
from training_corpus import training_corpus
from update_settings import NEW, settings

# Entities of new labels that it may find in rehearsal texts, as a share of those that the base finds there. Each
# percent costs about half a point of strict retention.
WRONG = 0.02
Parts = Literal["train", "train+dev"]


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
    take_openblas(base)
    return name


def tuned(new: Language, base: Path, dev: Path, mixed: Path, most: int, steps: list[float] = STEPS) -> list[dict]:
    """Give the new recogniser its threshold, in place.

    base (Path): The base pipeline. dev, mixed (Path): Annotated new examples, and the same with rehearsal texts.
    most (int): So many texts of each are read at most; 0: all. steps (list): As tune_threshold takes them.
    RETURNS (list): What tune_threshold gives.
    """
    examples, texts = list(sample(dev, new.vocab, most)), {doc.text for doc in read_docs(dev, new.vocab)}
    rehearsal = [doc for doc in sample(mixed, new.vocab, most) if doc.text not in texts]
    # Another copy of the base reads them: a recogniser keeps the labels of entities that were set before it.
    known = sum(len(doc.ents) for doc in spacy.load(base).pipe([doc.text for doc in rehearsal]))
    return tune_threshold(new, NEW, examples, rehearsal, WRONG * known, steps)


def main(
    config: Path,
    base: Path,
    corpus: Path,
    output: Path,
    log: Path,
    threshold: Path,
    dev: Path = typer.Option(..., help="Annotated new examples, without rehearsal texts, for the threshold"),
    distilled: Path = typer.Option(None, help="Corpus of raw texts as several recognisers read them, to train on as well"),
    vectors: Path = typer.Option(None, help="Pipeline folder with word vectors, for a base that has none of its own"),
    encoder: str = typer.Option("", help="Hugging Face encoder, for a config that trains a transformer"),
    max_steps: int = typer.Option(2000, min=1, help="Training stops here at the latest"),
    update_on: Parts = typer.Option("train+dev", help="Whether to train once more, on the dev texts as well"),
    seed: int = 0,
    gpu_id: int = -1,
    stream_over: int = typer.Option(0, help="A training corpus of more texts is streamed from the disk, and trained on once; 0 for never"),
    processes: int = typer.Option(1, min=1, help="How many processes share each step of the training"),
    resume: bool = typer.Option(False, envvar="RESUME", help="Go on from the checkpoint that an interruption kept"),
    # A teacher chooses no threshold.
    as_trained: bool = False,
):
    updated = spacy.load(base)
    made, overrides = settings(config, updated, base, corpus, vectors, encoder, max_steps, seed)
    how = {"gpu_id": gpu_id, "resume": resume, "stream_over": stream_over, "processes": processes}
    first = log.with_name("first_training")
    if not resume:
        shutil.rmtree(first, ignore_errors=True)
    with scratch(log.with_name("config")) as folder:
        filled = folder / config.name
        made.to_disk(filled)
        overrides["paths.train"] = str(training_corpus(corpus, ("train",), distilled, folder))
        # A sixth more of very many brings little.
        twice = update_on == "train+dev" and not 0 < stream_over < count_texts(Path(overrides["paths.train"]))
        if twice and first.exists():
            rows = list(srsly.read_jsonl(first / "threshold.jsonl"))
            with replacing(log) as path:
                shutil.copy(first / "log.jsonl", path)
        else:
            with trained(filled, log, overrides, **how) as best:
                new = spacy.load(best)
            rows = tuned(new, base, dev, corpus / "dev.spacy", stream_over // 10, [0.0] if as_trained else STEPS)
        if twice:
            keep(first, log, rows)
            both = training_corpus(corpus, ("train", "dev"), distilled, folder)
            new = trained_on_both(filled, both, first, overrides, how, NEW)
        with replacing(output) as path:
            if overrides["paths.vectors"]:
                updated.vocab.vectors = new.vocab.vectors
            name = put_in(updated, new)
            updated.to_disk(path)
    with replacing(threshold) as path:
        srsly.write_jsonl(path, rows)
    shutil.rmtree(first, ignore_errors=True)
    msg.good(f"{output} has {', '.join(updated.pipe_names)}; {name} learnt {', '.join(updated.get_pipe(name).labels)}")


if __name__ == "__main__":
    run(main)
