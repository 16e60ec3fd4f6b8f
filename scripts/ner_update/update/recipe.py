"""The recipe of the update: train an NER component for the new labels, and put it before the base pipeline's own.

The new component starts from a copy of the base's embedding layer (tok2vec). It learns the new labels from the annotated texts, and
from the rehearsal texts where not to predict them. Its number of steps and its decision threshold are found on the dev set. With
these it is trained once more, on the texts of the dev set as well (ner_update/update/retraining.py), and placed before the base's NER
components: spaCy's `ner` respects entities that are already set. They stay as they are, but for a label that they knew already: the
new component takes it over, and they never predict it again. See benchmarks/README.md for what else was tried.
"""

import re
import shutil
from pathlib import Path

import spacy
import srsly
from spacy.language import Language
from wasabi import msg

from ner_update.corpus.shards import count_texts, sample, shards_of
from ner_update.corpus.training_corpus import shards_with, training_corpus
from ner_update.pipeline.base import recognisers
from ner_update.pipeline.text_context import take_openblas
from ner_update.project.outputs import replacing, scratch
from ner_update.training.loop import trained
from ner_update.update.config import NEW, fitted
from ner_update.update.retraining import keep, trained_on_both
from ner_update.update.settings import UpdateSettings
from ner_update.update.threshold import STEPS, silence, too_many, tune_threshold

# Entities of new labels that it may find in rehearsal texts, as a share of those that the base finds there. Each
# percent costs about half a point of strict retention.
WRONG = 0.02


def component_name(labels: list[str], taken: list[str]) -> str:
    """Make a name that says what the component finds and can be a folder: "ner_gadget"."""
    name = "ner_" + re.sub(r"[^a-z0-9]+", "_", "_".join(labels).lower()).strip("_")[:40]
    numbers = (f"{name}_{n}" for n in range(2, 1000))
    return name if name not in taken else next(free for free in numbers if free not in taken)


def put_in(base: Language, new: Language) -> str:
    """Place the new recogniser before those of the base pipeline, and let it take over the labels that they share.

    base (Language): Changed in place. A recogniser of which no label is left is removed.
    new (Language): The pipeline that holds the new recogniser.
    RETURNS (str): The new component's name.
    """
    labels = {*new.pipe_labels[NEW]}
    old = recognisers(base)
    name = component_name(sorted(labels), base.component_names)
    base.add_pipe(NEW, source=new, name=name, before=old[0] if old else None)
    for other in old:
        if {*base.pipe_labels[other]} <= labels:
            base.remove_pipe(other)
        elif labels & {*base.pipe_labels[other]}:
            silence(base, other, labels)
    take_openblas(base)
    return name


def tuned(new: Language, base: Path, dev: Path, mixed: Path, most: int, steps: list[float] = STEPS) -> list[dict]:
    """Give the new component its threshold, in place, and say so where it finds more in rehearsal texts than retention allows.

    base (Path): The base pipeline. dev, mixed (Path): Annotated new examples, and the update's dev corpus with rehearsal texts.
    most (int): How many texts of each are read at most; 0: all. steps (list): As tune_threshold takes them.
    RETURNS (list): What tune_threshold gives.
    """
    examples = list(sample(shards_of(dev), new.vocab, most))
    rehearsal = list(sample(shards_with("rehearsal", mixed), new.vocab, most))
    # Another copy of the base reads them: a component keeps the labels of entities that were set before it.
    known = sum(len(doc.ents) for doc in spacy.load(base).pipe([doc.text for doc in rehearsal]))
    rows = tune_threshold(new, NEW, examples, rehearsal, WRONG * known, steps)
    chosen, fewest = next(row for row in rows if row["chosen"]), min(rows, key=lambda row: row["wrong"])
    if len(rows) > 1 and too_many(chosen["wrong"], WRONG * known):
        msg.warn(
            f"The update finds {chosen['wrong']} new entities in {len(rehearsal)} rehearsal texts of the dev set, where the base finds "
            f"{known}; for retention it should be {WRONG * known:.0f} at most. A higher threshold would cost too much: {fewest['wrong']} "
            f"at dev F {fewest['f']} instead of {chosen['f']}. vars.min_retention decides whether that is good enough."
        )
    return rows


def train_update(settings: UpdateSettings, output: Path, log: Path, threshold: Path) -> tuple[Language, str]:
    """Train an update of the base pipeline.

    output (Path): Folder for the updated pipeline.
    log (Path): Gets one JSON line per evaluation of the first training. threshold (Path): Gets the rows of `tune_threshold`.
    RETURNS (tuple): The updated pipeline, and the name of its new component.
    RAISES (typer.Exit): After a message, if the config cannot be used.
    """
    updated = spacy.load(settings.base)
    config, overrides = fitted(settings, updated)
    first = log.with_name("first_training")
    if not settings.resume:
        shutil.rmtree(first, ignore_errors=True)
    with scratch(log.with_name("config")) as folder:
        filled = folder / settings.config.name
        config.to_disk(filled)
        overrides["paths.train"] = str(training_corpus(settings.corpus, ("train",), settings.distilled, folder))
        # A sixth more of very many brings little.
        twice = settings.update_on == "train+dev" and not 0 < settings.stream_over < count_texts(
            Path(overrides["paths.train"])
        )
        if twice and first.exists():
            rows = list(srsly.read_jsonl(first / "threshold.jsonl"))
            with replacing(log) as path:
                shutil.copy(first / "log.jsonl", path)
        else:
            with trained(filled, log, overrides, **settings.training) as best:
                new = spacy.load(best)
            steps = [0.0] if settings.as_trained else STEPS
            rows = tuned(
                new, settings.base, settings.dev, settings.corpus / "dev.spacy", settings.stream_over // 10, steps
            )
        if twice:
            keep(first, log, rows)
            both = training_corpus(settings.corpus, ("train", "dev"), settings.distilled, folder)
            new = trained_on_both(filled, both, first, overrides, settings.training, NEW)
        with replacing(output) as path:
            if overrides["paths.vectors"]:
                updated.vocab.vectors = new.vocab.vectors
            name = put_in(updated, new)
            updated.to_disk(path)
    with replacing(threshold) as path:
        srsly.write_jsonl(path, rows)
    shutil.rmtree(first, ignore_errors=True)
    return updated, name
