"""An augmenter for configs/update.cfg: copies of the annotated texts in which made-up names stand for the real ones.

A few hundred examples name a few hundred entities, and a recogniser learns those by heart (name regularity bias:
Ghaddar et al. 2021, arxiv.org/abs/2107.11610). In a copy it can know neither the names nor their vectors, and has to
look at the words around them. Other words are made up as well, so that an unknown word is no sign of an entity.
Figures are in benchmarks/README.md.
"""

import random
from hashlib import md5
from typing import Callable, Iterator

from spacy import registry
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example


@registry.augmenters("ner_update.made_up_names.v1")
def create_made_up_names(copies: int, others: float) -> Callable[[Language, Example], Iterator[Example]]:
    """Give each text with entities a number of such copies. Texts without any stay as they are.

    copies (int): How many copies of a text, beside the text itself.
    others (float): Share of the capitalised words outside entities that are made up; of all others a quarter of it.
    """

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        yield example
        if example.reference.ents:
            # Seeded by the text, so that one text's copies do not depend on which others there are.
            rng = random.Random(md5(example.text.encode("utf8")).hexdigest())
            for _ in range(copies):
                yield with_made_up_names(nlp, example.reference, others, rng)

    return augment


def with_made_up_names(nlp: Language, gold: Doc, others: float, rng: random.Random) -> Example:
    """RETURNS (Example): The text with as many tokens, and with its entities, but with other words in them."""
    inside = {token.i for ent in gold.ents for token in ent}
    words = []
    for token in gold:
        # The first word of a text is capitalised whatever it is.
        share = 1.0 if token.i in inside else others if token.is_title and token.i else others / 4
        replaced = token.is_alpha and len(token) > 1 and rng.random() < share
        words.append(made_up(token.text, gold, rng) if replaced else token.text)
    text = Doc(nlp.vocab, words=words, spaces=[bool(token.whitespace_) for token in gold])
    reference = text.copy()
    spans = [Span(reference, ent.start, ent.end, ent.label_) for ent in gold.ents]
    missing = [reference[token.i : token.i + 1] for token in gold if not token.ent_iob]
    reference.set_ents(spans, missing=missing, default="outside")
    return Example(text, reference)


def made_up(word: str, doc: Doc, rng: random.Random) -> str:
    """RETURNS (str): The first half of a word of the text and the second half of another, in the case of `word`."""
    known = [token.text for token in doc if token.is_alpha and len(token) > 2] or [word]
    first, second = rng.choice(known), rng.choice(known)
    made = (first[: (len(first) + 1) // 2] + second[len(second) // 2 :]).lower()
    return made.upper() if word.isupper() else made.capitalize() if word[0].isupper() else made
