"""Score the checkpoints of a training on dev texts that are read once, and not at each look.

spaCy's own evaluation reads them anew each time, tokenises them twice, and scores the tokens as well. Entities get the same
scores; what it saves stands in benchmarks/README.md.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

# They give the same texts each time, unless an augmenter changes them.
STEADY = {"spacy.Corpus.v1", "ner_update.SampledCorpus.v1"}


@contextmanager
def dev_read_once(nlp: Language, predict: Callable[[list[Doc]], Iterable[Doc]]) -> Iterator[None]:
    """Let `nlp.evaluate` in the block keep the examples that it is given first. A config whose dev set is another each time is left alone.

    predict (Callable): As `nlp.pipe`.
    """
    dev = nlp.config["corpora"].get("dev", {})
    if (
        nlp.config["training"]["dev_corpus"] != "corpora.dev"
        or dev.get("@readers") not in STEADY
        or dev.get("augmenter")
    ):
        yield
        return
    kept: list[Example] = []

    def evaluate(examples: Iterable[Example]) -> dict[str, Any]:
        if not kept:
            kept.extend(examples)
        looked = [Example(example.x.copy(), example.y) for example in kept]
        for example, doc in zip(looked, predict([example.x for example in looked])):
            example.predicted = doc
        scored = (pipe.score(looked) for _, pipe in nlp.pipeline if hasattr(pipe, "score"))
        return {name: value for scores in scored for name, value in scores.items()}

    nlp.evaluate = evaluate  # type: ignore[assignment, method-assign]  # As long as the block.
    try:
        yield
    finally:
        del nlp.evaluate
