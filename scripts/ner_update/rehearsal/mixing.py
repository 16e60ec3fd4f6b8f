"""Mix the new examples with texts of the base pipeline's own kind, so that the update learns where to stay silent.

The update trains a recogniser of the new labels alone. On rehearsal texts its gold is "no entity here" for all
that the base pipeline recognises. Two kinds are used:

- base texts, which people annotated with the old labels: every token is O;
- raw texts, which nobody annotated and which may well hold new entities, where base texts are few: only the tokens
  of entities that the base predicts are O, all others are missing, so that they teach nothing. Tokens that a pattern
  matched, or that spell an annotated new entity, are missing too.

Silver examples, raw texts in which patterns found something, may join the new examples of the training corpus. Nobody
looked at them, so they are never in dev or test, and a token is O in them only where the base finds an entity.

Both kinds are joined, too (scripts/ner_update/rehearsal/mixed_examples.py): each new example once more, with names of the old labels before or after it.

All of it goes shard by shard: memory stays flat, and one more file of examples adds a shard of them and changes no other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ner_update.corpus.shards import DocShard
from ner_update.corpus.training_corpus import KINDS, prefix
from ner_update.project.outputs import replacing
from ner_update.rehearsal.examples import Learnt, base_rehearsal, made_rehearsal, place, raw_rehearsal, silver_examples
from ner_update.rehearsal.mixed_examples import HELD, MADE, carriers, mixed_examples
from ner_update.rehearsal.raw_texts import RawTexts

# Rehearsal texts per new example below which retention falls. Raw texts fill up to here and no further: with more of
# them, whose new entities nobody marked, the gain falls (benchmarks/README.md).
FEW = 2


def sizes(new: int, ratio: float) -> tuple[int, int]:
    """Compute how many rehearsal texts are wanted for so many new examples.

    RETURNS (tuple): How many base texts; and up to how many raw texts fill up, where base texts are fewer.
    """
    return round(ratio * new), round(min(ratio, FEW) * new)


class Sources(NamedTuple):
    """Where texts come from.

    base (Path): Corpus of the base texts.
    raw (RawTexts): Raw texts, as the base pipeline reads them.
    silver (Path): JSONL of the entities that the patterns found, by text.
    """

    base: Path
    raw: RawTexts
    silver: Path


def mix(
    nlp: Language,
    new: Callable[[], Iterable[list[Doc]]],
    number: int,
    sources: Sources,
    learnt: Learnt,
    ratio: float,
    joining: int,
) -> Iterator[tuple[str, list[Doc]]]:
    """Put one part of the update's corpus together.

    nlp (Language): The base pipeline.
    new (Callable): Gives its annotated new examples, shard by shard.
    number (int): How many these are.
    sources (Sources): What may become rehearsal texts. Raw ones are read only if there are too few base texts.
    learnt (Learnt): What the training corpus teaches.
    ratio (float): Rehearsal texts per new example.
    joining (int): How many silver examples are wanted at most.
    YIELDS (tuple): One of KINDS, and examples of it; fewer rehearsal texts than wanted if that is all there are.
    """
    base, raw, silver = sources
    for docs in new():
        yield "gold", sorted(docs, key=place)
    joined: set[str] = set()
    for docs in silver_examples(nlp, raw, silver, joining, learnt) if joining else ():
        joined.update(doc.text for doc in docs)
        yield "silver", docs
    size, few = sizes(number, ratio)
    old: list[Doc] = []
    for docs in base_rehearsal(nlp, base, size, learnt):
        few -= len(docs)
        old += carriers(docs, HELD - len(old))
        yield "rehearsal", docs
    for docs in raw_rehearsal(nlp, raw, silver, few, learnt, frozenset(joined)):
        old += carriers(docs, HELD - len(old))
        yield "rehearsal", docs
    made = carriers(made_rehearsal(nlp, learnt), MADE) if ratio else []
    for docs in new() if old or made else ():
        yield "mixed", sorted(mixed_examples(nlp, docs, old, made), key=place)


def write_mix(mixed: Iterable[tuple[str, list[Doc]]], path: Path) -> dict[str, dict]:
    """Write a corpus of what `mix` gives: a folder of shards. Their names keep the kinds in order.

    RETURNS (dict): For each kind of example its texts and its spans by label.
    """
    texts: Counter = Counter()
    spans: dict[str, Counter] = {kind: Counter() for kind in KINDS}
    with replacing(path) as folder:
        folder.mkdir(parents=True)
        for kind, docs in mixed:
            shard = DocShard()
            for doc in docs:
                shard.add(doc)
                spans[kind].update(ent.label_ for ent in doc.ents)
            texts[kind] += len(docs)
            if docs:
                shard.complete(docs[0].vocab.strings).to_folder(folder, prefix(kind))
        if not texts.total():
            DocShard().to_folder(folder)
    return {kind: {"texts": texts[kind], "spans": dict(sorted(spans[kind].items()))} for kind in KINDS}
