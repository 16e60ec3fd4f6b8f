"""Make training examples that hold entities of old and new labels in one text, as real texts do, by joining two texts.

Annotated texts of a new label seldom hold names of the old labels, and rehearsal texts hold hardly anything else. A component that
is trained on these two kinds alone learns to tell the kinds apart: one name in a text of the new kind turns all it finds there into
nothing, or is taken for the new label. Joined texts teach it to decide span by span. Nothing in them is new annotation: each half
keeps what people, or the base pipeline, said of it.
"""

import random
import re
from collections.abc import Iterable, Iterator
from itertools import islice, product
from pathlib import Path

import srsly
from spacy.language import Language
from spacy.tokens import Doc

from ner_update.rehearsal.raw_texts import digest

# Key of Doc.spans: the entities of old labels that a rehearsal text holds. Shards do not keep it.
OLD = "old_entities"
# Rehearsal texts that are held in memory, to be joined with new ones; and sentences that are made.
HELD = 5_000
MADE = 2_000
# Names in a list of names, at most.
NAMES = 3
# Share of the joined texts that have such a list.
LISTS = 0.3
# Each new example is joined so often: with one text each, a few hundred examples would meet a few hundred names.
TIMES = 3
CONFIG = Path(__file__).parents[3] / "configs/mixed_texts.yml"


def made_sentences(lang: str, config: Path = CONFIG) -> list[str]:
    """Fill the sentences of a language with names, the same ones each time.

    RETURNS (list): MADE sentences with people, places and organisations.
    """
    train, rng = srsly.read_yaml(config)["train"], random.Random(0)
    names, sentences = train["names"], train["sentences"].get(lang, train["sentences"]["xx"])

    def name(found: re.Match) -> str:
        parts = ("person_first", "person_last") if found[1] == "person" else (found[1],)
        return " ".join(rng.choice(names[part]) for part in parts)

    return [re.sub(r"\{(\w+)\}", name, rng.choice(sentences)) for _ in range(MADE)]


def carriers(rehearsal: Iterable[Doc], most: int) -> list[Doc]:
    """Choose the first rehearsal texts that hold a name of an old label, at most `most` of them."""
    return list(islice((doc for doc in rehearsal if names_of(doc)), most))


def names_of(doc: Doc) -> list[str]:
    """List the entities of old labels that begin as a name does: no numbers, nor words in lower case."""
    return [span.text for span in doc.spans[OLD] if span.text[0].isalpha() and not span.text[0].islower()]


def mixed_examples(nlp: Language, new: Iterable[Doc], old: list[Doc], made: list[Doc]) -> Iterator[Doc]:
    """Join each new example with names of old labels, before it or after it.

    The names are a whole rehearsal text or made sentence, or a list of names from them, as in an address or a
    signature. A hash of the text decides.

    nlp (Language): The base pipeline.
    new (Iterable): Annotated examples. old, made (list): Rehearsal texts and made sentences, as `carriers` gives them.
    YIELDS (Doc): TIMES as many Docs as there are new examples; none if there is nothing to join with them.
    """
    groups = [group for group in (old, made) if group]
    for doc, time in product(new if groups else (), range(TIMES)):
        rng = random.Random(f"{digest(doc.text)}{time}")
        group = rng.choice(groups)
        carrier = rng.choice(group)
        if rng.random() < LISTS:
            carrier = nlp.make_doc(
                ", ".join(rng.choice(names_of(rng.choice(group))) for _ in range(rng.randint(1, NAMES)))
            )
            carrier.set_ents([], default="outside")
        yield Doc.from_docs([carrier, doc] if rng.random() < 0.5 else [doc, carrier])
