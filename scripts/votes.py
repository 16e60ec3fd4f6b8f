"""What several updated pipelines find in a text, by how many of them, and an example of what most of them agree on."""

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span

from annotator import Annotator
from base_pipeline import recognisers
from raw_texts import RawReader

# Start and end in characters, label, and how many pipelines found it.
Voted = tuple[int, int, str, int]


def teachers_in(folder: Path) -> list[Path]:
    """RETURNS (list): The pipelines that lie in a folder, each in one of its own."""
    return sorted(path.parent for path in folder.glob("*/model/meta.json"))


def agreed(votes: int, voters: int) -> bool:
    """RETURNS (bool): Whether more than half found it. Of entities that overlap, one at most can have so many votes."""
    return 2 * votes > voters


class VotingReader(RawReader):
    """Reads shards with the new recognisers of several updated pipelines."""

    def __init__(self, folder: str, left_out: frozenset[str], gpu_id: int):
        """folder (str): Where the pipelines lie."""
        self.left_out = left_out
        self.annotators = [Annotator(str(path), gpu_id) for path in teachers_in(Path(folder))]
        for annotator in self.annotators:
            # The update puts its recogniser first, and what the others would find is not asked for.
            annotator.nlp.select_pipes(enable=recognisers(annotator.nlp)[:1])

    def annotate(self, texts: list[str]) -> Iterator[list[Voted]]:
        """YIELDS (list): For each text all that any of them found, in order; nothing where they agree on no entity."""
        for found in zip(*(annotator(texts) for annotator in self.annotators)):
            votes = Counter(chain.from_iterable(found))
            known = any(agreed(number, len(self.annotators)) for number in votes.values())
            yield sorted((*entity, number) for entity, number in votes.items()) if known else []


def as_example(nlp: Language, text: str, found: list[Voted], voters: int) -> Doc:
    """Annotate a text with what most voters found. A token that only others found in an entity says nothing (missing), all others are
    outside.

    nlp (Language): Its tokenizer made the tokens that the voters read.
    """
    doc = nlp.make_doc(text)
    spans = [(doc.char_span(start, end, label), agreed(votes, voters)) for start, end, label, votes in found]
    sure = [span for span, known in spans if known]
    inside = {token.i for span in sure for token in span}
    doubtful = sorted({token.i for span, _ in spans for token in span} - inside)
    doc.set_ents(sure, missing=[Span(doc, n, n + 1) for n in doubtful], default="outside")
    return doc
