"""Ways to teach a pipeline a text: this project's, the same without rehearsal, and the published one, which forgets."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.pipeline import Tok2Vec
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import fix_random_seed, load_model_from_config, registry
from thinc.api import Optimizer

from ner_update.corpus.shards import read_docs
from ner_update.pipeline.base import entity_labels, recognisers
from ner_update.training.loop import read_config
from ner_update.update import augmentation as made_up_names  # noqa: F401
from ner_update.update import copy_embedding  # noqa: F401  (configs name what it and the next registers)
from ner_update.update import optimizer as encoder_optimizer  # noqa: F401
from ner_update.update.config import fitted
from ner_update.update.recipe import put_in
from ner_update.update.settings import UpdateSettings


@dataclass
class Project:
    """Where everything stands, and what the corpora hold.

    config, base, corpus, vectors, encoder, seed: As the command `update` takes them.
    base_config (Path): The config that `train` begins with.
    updated (Path): The finished pipeline.
    others (int): New texts in a batch, beside the one that is shown.
    """

    config: Path
    base_config: Path
    base: Path
    updated: Path
    corpus: Path
    vectors: Path | None
    encoder: str
    seed: int
    others: int
    new: list[str] = field(init=False)
    old: list[str] = field(init=False)

    def __post_init__(self) -> None:
        nlp = spacy.load(self.base)
        self.new = sorted({ent.label_ for doc in self.docs("new/train.spacy", nlp) for ent in doc.ents})
        self.old = [label for label in entity_labels(nlp) if label not in self.new]

    def docs(self, name: str, nlp: Language) -> list[Doc]:
        return list(read_docs(self.corpus / name, nlp.vocab))

    def reference(self, base: Language) -> tuple[list[Doc], str]:
        """Get the test texts with the old labels.

        RETURNS (tuple): The texts, none if the base knows none, and by whom they are annotated.
        """
        annotated = self.docs("base/test.spacy", base)
        if not self.old or any(ent.label_ in self.old for doc in annotated for ent in doc.ents):
            return annotated if self.old else [], "annotated by people"
        return list(base.pipe([doc.text for doc in self.docs("raw/test.spacy", base)])), "as the base itself reads them"


@dataclass
class Beginning:
    """A pipeline before the first update: which of its components learn, and which labels those know."""

    nlp: Language
    trained: list[str]
    labels: list[str]
    components: list[dict]


@dataclass
class Way:
    name: str
    short: str
    nlp: Language
    trained: list[str]
    batches: Callable[[random.Random], list[Doc]]
    batch: str
    config: Path


def begin(project: Project, start: str) -> Beginning:
    """Load, source or initialise the pipeline.

    start (str): "updated": the finished one. "sourced": the base with a new recogniser, as `update` begins. "random": the
        base's config with random weights, as `train` begins, for old and new labels at once.
    """
    if start == "random":
        return initialised(project)
    base = spacy.load(project.base)
    if start == "updated":
        nlp, made = spacy.load(project.updated), "trained by `update`"
    else:
        nlp, made = sourced(project), "embedding and encoder copied from the base, the rest random"
    trained = [name for name in recognisers(nlp) if name not in base.pipe_names]
    rows = [
        {"component": name, "from": made if name in trained else "sourced from the base", "learns": name in trained}
        for name in nlp.pipe_names
    ]
    return Beginning(nlp, trained, sorted({label for name in trained for label in nlp.pipe_labels[name]}), rows)


def sourced(project: Project) -> Language:
    """Copy the base, and put a new recogniser that has not learnt anything in front of its own."""
    base = spacy.load(project.base)
    corpus = project.corpus / "update"
    how = UpdateSettings(
        config=project.config, base=project.base, corpus=corpus, dev=corpus, vectors=project.vectors, encoder=project.encoder, max_steps=1, seed=project.seed
    )  # fmt: skip
    made, overrides = fitted(how, base)
    new = init_nlp(made.from_str(made.to_str(), overrides=overrides, interpolate=False))
    if len(new.vocab.vectors):
        base.vocab.vectors = new.vocab.vectors
    put_in(base, new)
    return base


def initialised(project: Project) -> Beginning:
    config = read_config(project.base_config, {"nlp.lang": spacy.load(project.base).lang})
    fix_random_seed(project.seed)
    nlp = load_model_from_config(config, auto_fill=True)
    docs = [*project.docs("base/train.spacy", nlp), *project.docs("new/train.spacy", nlp)]
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in docs])
    rows = [{"component": name, "from": "random (nlp.initialize)", "learns": True} for name in nlp.pipe_names]
    return Beginning(nlp, nlp.pipe_names, entity_labels(nlp), rows)


def optimizer_of(config: Path) -> tuple[Optimizer, float, str]:
    """Make a fresh optimizer from a training config.

    RETURNS (tuple): The optimizer, the dropout, and both in words.
    """
    training = read_config(config)["training"]
    made = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
    name = training["optimizer"]["@optimizers"].partition(".v")[0]
    return made, training["dropout"], f"{name}, learning rate {float(made.learn_rate):g}, dropout {training['dropout']}"


def ways(project: Project, beginning: Beginning, start: str, gold: Doc) -> Iterator[Way]:
    """Prepare the training that is shown, then those that it is compared with, each with its own pipeline.

    The same text is in each of their batches, with others that each of them would have in training.
    """

    def drawn(docs: list[Doc], number: int) -> Callable[[random.Random], list[Doc]]:
        return lambda rng: [gold, *rng.sample(docs, min(number, len(docs)))]

    new, mixed = (project.docs(f"{name}/train.spacy", beginning.nlp) for name in ("new", "update"))
    few, begun = project.others, beginning
    if start == "random":
        pool = [*project.docs("base/train.spacy", beginning.nlp), *new]
        yield Way(
            "all from random weights",
            "random",
            begun.nlp,
            begun.trained,
            drawn(pool, few),
            f"the text, and {few} others of old and new labels",
            project.base_config,
        )
        return
    # Of these as many are new ones as in the other batches.
    many = round(few * len(mixed) / max(1, len(new)))
    named = f"the text, and {many} of those that `update` trains on: new ones and rehearsal"
    yield Way(
        "this project: own recogniser, rehearsal",
        "this project",
        begun.nlp,
        begun.trained,
        drawn(mixed, many),
        named,
        project.config,
    )
    begun = begin(project, start)
    alone = f"the text, and {few} other new ones"
    yield Way(
        "own recogniser, without rehearsal",
        "without rehearsal",
        begun.nlp,
        begun.trained,
        drawn(new, few),
        alone,
        project.config,
    )
    if project.old:
        base = spacy.load(project.base)
        name = recognisers(base)[0]
        # Weights of a new label are random.
        fix_random_seed(project.seed)
        recogniser: Any = base.get_pipe(name)
        for label in begun.labels:
            recogniser.add_label(label)
        layers = list(recogniser.model.walk())
        heard = [
            other
            for other, pipe in base.pipeline
            if isinstance(pipe, Tok2Vec) and any(node in pipe.listeners for node in layers)
        ]
        yield Way(
            "naive: the base's own recogniser", "naive", base, [*heard, name], drawn(new, few), alone, project.config
        )
