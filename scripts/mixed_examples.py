"""Texts that hold entities of old and new labels side by side, as real ones do: training examples made by joining two texts.

Annotated texts of a new label seldom hold names of the old labels, and rehearsal texts hold hardly anything else. A component that
is trained on these two kinds alone learns to tell the kinds apart: one name in a text of the new kind turns all it finds there into
nothing, or turns the name into the new label. Joined texts teach it to decide for each span. Nothing in them is new annotation:
each half keeps what people, or the base pipeline, said of it.
"""

from itertools import islice
from typing import Iterable, Iterator

from spacy.language import Language
from spacy.tokens import Doc

from raw_texts import digest

# Key of Doc.spans: the entities of old labels that a rehearsal text holds. Shards do not keep it.
OLD = "old_entities"
# Rehearsal texts that are held in memory, to be joined with new ones.
HELD = 5_000
# Names in a list of names, at most.
NAMES = 3


def carriers(rehearsal: Iterable[Doc], most: int) -> list[Doc]:
    """RETURNS (list): The first rehearsal texts that hold an entity of an old label, `most` of them at most."""
    return list(islice((doc for doc in rehearsal if len(doc.spans[OLD])), most))


def mixed_examples(nlp: Language, new: Iterable[Doc], old: list[Doc]) -> Iterator[Doc]:
    """Join each new example with names of old labels, before it or after it: a whole rehearsal text, or a list of names
    as in an address or a signature. A hash of the text decides.

    nlp (Language): The base pipeline.
    new (Iterable): Annotated examples. old (list): What `carriers` gives, not empty.
    YIELDS (Doc): As many Docs as there are new examples.
    """
    for doc in new:
        number = int(digest(doc.text)[:16], 16)
        carrier = old[number // 4 % len(old)]
        if number & 1:
            carrier = list_of_names(nlp, [old[(number // 4 + step) % len(old)] for step in range(1 + number // 4 % NAMES)])
        yield Doc.from_docs([carrier, doc] if number & 2 else [doc, carrier])


def list_of_names(nlp: Language, docs: list[Doc]) -> Doc:
    """RETURNS (Doc): One entity of each text, with commas between them. Every token is outside of all new labels."""
    names = ", ".join(doc.spans[OLD][len(doc) % len(doc.spans[OLD])].text for doc in docs)
    made = nlp.make_doc(names)
    made.set_ents([], default="outside")
    return made
