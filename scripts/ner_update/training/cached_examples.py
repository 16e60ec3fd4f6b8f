"""Work out once, and not at each step of a training, what the gold annotation of a text says of its tokens.

spaCy's training loop makes a new Example of each text at each step, and its entity recogniser lines gold and tokens up anew for
each, twice of them to see whether there is any annotation at all. What it costs stands in benchmarks/README.md; what is learnt
is the same, byte for byte.
"""

from collections.abc import Iterable
from typing import Any

from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

# Where a Doc keeps its Example, so that both are forgotten together.
KEPT = "ner_update.kept_example"


class KeptExample(Example):
    """An Example whose Docs do not change any more."""

    def __init__(self, *docs: Any):
        super().__init__(*docs)
        self._ents_and_ner: tuple | None = None
        self._whole: list[Span] | None = None

    def get_aligned_ents_and_ner(self) -> tuple:
        """Align as spaCy does, once."""
        if self._ents_and_ner is None:
            self._ents_and_ner = super().get_aligned_ents_and_ner()
        return self._ents_and_ner

    def get_aligned_spans_x2y(self, x_spans: Iterable[Span], allow_overlap: bool = False) -> list[Span]:
        """Align as spaCy does, once for the whole text."""
        # Where a long text is cut is chance, and hardly ever asked for twice.
        if [(span.start, span.end) for span in x_spans] != [(0, len(self.x))]:
            return super().get_aligned_spans_x2y(x_spans, allow_overlap)
        if self._whole is None:
            self._whole = super().get_aligned_spans_x2y(x_spans, allow_overlap)
        return self._whole


def kept(example: Example) -> KeptExample:
    """Get the KeptExample of an Example, always the same one."""
    if KEPT not in example.x.user_data:
        example.x.user_data[KEPT] = KeptExample(example.x, example.y)
    return example.x.user_data[KEPT]


def update_with_kept_gold(
    nlp: Language,
    examples: list[Example],
    *,
    drop: float,
    losses: dict[str, float],
    exclude: list[str],
    annotates: list[str],
    sgd: Any,
) -> dict[str, float]:
    """`nlp.update` as spaCy's training loop calls it. A component that annotates while it is trained changes Docs: then it is spaCy's own."""
    if annotates:
        return Language.update(nlp, examples, drop=drop, losses=losses, exclude=exclude, annotates=annotates, sgd=sgd)
    same = [kept(example) for example in examples]
    for name, pipe in nlp.pipeline:
        if name not in exclude and hasattr(pipe, "update"):
            pipe.update(same, sgd=None, losses=losses, drop=drop)
    return losses
