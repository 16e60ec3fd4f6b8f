"""A batcher for configs/update.cfg: now and then a text goes round with made-up names in place of its entities.

A few hundred examples name a few hundred entities, and a recogniser learns those by heart (name regularity bias:
Ghaddar et al. 2021, arxiv.org/abs/2107.11610). Of a made-up name it knows neither the word nor its vector, and has to
look at the words around it. Other words are made up as well, so that an unknown word is no sign of an entity. An
augmenter would make them once, and they would be learnt by heart, too; a batcher makes others each time round.
Figures are in benchmarks/README.md.
"""

import random
from collections.abc import Callable, Iterable, Iterator

from spacy import registry
from spacy.tokens import Doc, Span
from spacy.training import Example

from ner_update.corpus.rewriting import in_the_case_of

Batcher = Callable[[Iterable[Example]], Iterator[list[Example]]]


@registry.batchers("ner_update.batch_with_made_up_names.v1")
def create_batcher(batcher: Batcher, share: float, others: float, seed: int) -> Batcher:
    """Make batches with another batcher, and make up names in them.

    share (float): How often a text with entities has made-up ones, 0 to 1. Texts without any stay as they are.
    others (float): Share of its capitalised words outside entities that are then made up; of all others a quarter of it.
    """
    # One for all rounds, so that each has other names.
    rng = random.Random(seed)

    def batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
        for batch in batcher(examples):
            yield [
                with_made_up_names(example.reference, others, rng)
                if example.reference.ents and rng.random() < share
                else example
                for example in batch
            ]

    return batches


def with_made_up_names(gold: Doc, others: float, rng: random.Random) -> Example:
    """Replace the words of the entities of a text. It keeps as many tokens, and its entities."""
    inside = {token.i for ent in gold.ents for token in ent}
    words = []
    for token in gold:
        # The first word of a text is capitalised whatever it is.
        share = 1.0 if token.i in inside else others if token.is_title and token.i else others / 4
        replaced = token.is_alpha and len(token) > 1 and rng.random() < share
        words.append(made_up(token.text, gold, rng) if replaced else token.text)
    text = Doc(gold.vocab, words=words, spaces=[bool(token.whitespace_) for token in gold])
    reference = text.copy()
    spans = [Span(reference, ent.start, ent.end, ent.label_) for ent in gold.ents]
    missing = [reference[token.i : token.i + 1] for token in gold if not token.ent_iob]
    reference.set_ents(spans, missing=missing, default="outside")
    return Example(text, reference)


def made_up(word: str, doc: Doc, rng: random.Random) -> str:
    """Join the first half of a word of the text and the second half of another, in the case of `word`."""
    known = [token.text for token in doc if token.is_alpha and len(token) > 2] or [word]
    return in_the_case_of(word, rng.choice(known), rng.choice(known))
