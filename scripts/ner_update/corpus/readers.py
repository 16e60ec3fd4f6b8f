"""Read corpora that are too large for memory.

One reader is a `spacy.Corpus.v1` that streams in another order each round, the other one takes a sample.

spaCy reads a training corpus into a list and shuffles that. With training.max_epochs = -1 it takes what a reader gives, round
after round, and shuffles nothing, so the reader has to.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from spacy import registry
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from spacy.vocab import Vocab

from ner_update.corpus.shards import DocShard, sample, shards_of

# Shards that are shuffled together, some 40,000 texts. They are arrays of numbers until they are wanted: 1 kB a text.
TOGETHER = 4


class StreamedCorpus(Corpus):
    """All Docs of a folder of shards, in an order that depends on the seed and on the round."""

    def __init__(self, path: Path, seed: int, **options: Any):
        super().__init__(path, **options)
        self._rng = random.Random(seed)

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """Read all Docs, shuffled: the order of the shards, and the Docs of TOGETHER shards at a time."""
        shards = list(map(Path, locs))
        self._rng.shuffle(shards)
        docs = (
            doc
            for first in range(0, len(shards), TOGETHER)
            for doc in self._mixed(shards[first : first + TOGETHER]).get_docs(vocab)
        )
        return islice(docs, self.limit or None)

    def _mixed(self, shards: list[Path]) -> DocShard:
        mixed = DocShard()
        rows: list = []
        for path in shards:
            shard = DocBin().from_disk(path)
            rows.extend(zip(shard.tokens, shard.spaces))
            mixed.strings |= shard.strings
        self._rng.shuffle(rows)
        for tokens, spaces in rows:
            mixed.take(tokens, spaces)
        return mixed


class SampledCorpus(Corpus):
    """So many Docs of a folder of shards, at even distances: `limit` of Corpus would take the first ones, all of a kind."""

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """Read `limit` Docs, or all if there are fewer."""
        return sample(shards_of(self.path), vocab, self.limit)


@registry.readers("ner_update.StreamedCorpus.v1")
def create_streamed(
    path: Path,
    seed: int = 0,
    gold_preproc: bool = False,
    max_length: int = 0,
    limit: int = 0,
    augmenter: Callable | None = None,
) -> StreamedCorpus:
    """Everything but `seed` is as spacy.Corpus.v1 has it."""
    return StreamedCorpus(
        path, seed, gold_preproc=gold_preproc, max_length=max_length, limit=limit, augmenter=augmenter
    )


@registry.readers("ner_update.SampledCorpus.v1")
def create_sampled(
    path: Path, gold_preproc: bool = False, max_length: int = 0, limit: int = 0, augmenter: Callable | None = None
) -> SampledCorpus:
    """As spacy.Corpus.v1, but for which texts `limit` takes."""
    return SampledCorpus(path, gold_preproc=gold_preproc, max_length=max_length, limit=limit, augmenter=augmenter)
