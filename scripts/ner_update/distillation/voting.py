"""What several pipelines find in a text, with how many votes, and an example of what most votes are for."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ner_update.pipeline.annotator import Annotator
from ner_update.pipeline.base import recognisers
from ner_update.rehearsal.raw_texts import RawReader

# Start and end in characters, label, and how many votes it has.
Voted = tuple[int, int, str, int]
# Texts that a recogniser reads at once.
TOGETHER = 32
# What the folder of a transformer is called, before its number; and how many votes it has, where an updated pipeline has one. It is one of a
# few and of another kind than they: benchmarks/README.md, "A transformer among the teachers".
TRANSFORMER = "transformer-"
VOTES = 2


def teachers_in(folder: Path) -> list[Path]:
    """List the folders of the teachers that are trained, each with its pipeline in "model"."""
    return sorted(path.parents[1] for path in folder.glob("*/model/meta.json"))


def votes_of(teacher: Path) -> int:
    """Get the number of votes of a teacher, by its folder."""
    return VOTES if teacher.name.startswith(TRANSFORMER) else 1


def agreed(votes: int, of: int) -> bool:
    """Check for more than half of the votes. Of entities that overlap, at most one can have so many."""
    return 2 * votes > of


class VotingReader(RawReader):
    """Reads shards with the new recognisers of several updated pipelines."""

    def __init__(self, folder: str, left_out: frozenset[str], gpu_id: int):
        """Load the teachers.

        folder (str): Where their pipelines are.
        """
        self.left_out = left_out
        teachers = teachers_in(Path(folder))
        self.votes, self.annotators = (
            list(map(votes_of, teachers)),
            [Annotator(str(path / "model"), gpu_id) for path in teachers],
        )
        for annotator in self.annotators:
            # The update puts its recogniser first, and what the others would find is not asked for.
            annotator.nlp.select_pipes(enable=recognisers(annotator.nlp)[:1])
            annotator.nlp.batch_size = TOGETHER

    def annotate(self, texts: list[str]) -> Iterator[list[Voted]]:  # type: ignore[override]  # Entities with their votes.
        """Collect, for each text, all entities that any of the teachers found, in order.

        YIELDS (list): Empty where they agree on no entity.
        """
        # A transformer fills up texts to the longest beside them.
        ordered = sorted(texts, key=len)
        read = {text: found for text, *found in zip(ordered, *(annotator(ordered) for annotator in self.annotators))}
        for text in texts:
            votes: Counter = Counter()
            for number, found in zip(self.votes, read[text]):
                votes.update(dict.fromkeys(found, number))
            known = any(agreed(number, sum(self.votes)) for number in votes.values())
            yield sorted((*entity, number) for entity, number in votes.items()) if known else []


def as_example(nlp: Language, text: str, found: list[Voted], of: int) -> Doc:
    """Annotate a text with what most votes are for. A token that is only in entities with fewer says nothing (missing), all others are outside.

    nlp (Language): Its tokenizer made the tokens that the voters read. of (int): Votes in all.
    """
    doc = nlp.make_doc(text)
    spans: list[tuple[Any, bool]] = [
        (doc.char_span(start, end, label), agreed(votes, of)) for start, end, label, votes in found
    ]
    sure = [span for span, known in spans if known]
    inside = {token.i for span in sure for token in span}
    doubtful = sorted({token.i for span, _ in spans for token in span} - inside)
    doc.set_ents(sure, missing=[Span(doc, n, n + 1) for n in doubtful], default="outside")
    return doc
