"""The raw texts of a part of the corpus, of which few are wanted: the first ones in the order of a hash.

They stay in their shards. Workers read them, and the base pipeline reads no more of them than it takes.
"""

from collections.abc import Callable
from hashlib import md5
from itertools import chain
from pathlib import Path
from typing import Any

from ner_update.corpus.shards import read_texts, shards_of
from ner_update.parallel.engines import each_of, gpu_of_worker
from ner_update.pipeline.annotator import Annotator

# For each text that is wanted so many are read at first; each next time so many times as many.
SPARE = 8
# Of a text in a shard, about: so it is guessed how many there are.
BYTES = 100


def digest(text: str) -> str:
    """Get the key that texts are sorted by, where that must depend on nothing but themselves."""
    return md5(text.encode("utf8")).hexdigest()


class RawReader:
    """Reads shards with a pipeline."""

    def __init__(self, pipeline: str, left_out: frozenset[str], gpu_id: int):
        self.annotate, self.left_out = Annotator(pipeline, gpu_id), left_out

    def __call__(self, task: tuple[Path, float, float]) -> list[tuple[str, list]]:
        """Read a shard.

        task (tuple): The shard, and where the hashes of the wanted texts begin and end, as shares of all hashes.
        RETURNS (list): Text and entities of each in which the pipeline finds some.
        """
        shard, low, high = task
        texts = [
            text
            for text in read_texts(shard)
            if low <= int(digest(text)[:8], 16) / 2**32 < high and text not in self.left_out
        ]
        return [(text, entities) for text, entities in zip(texts, self.annotate(texts)) if entities]


class Finder:
    """Looks which of some texts stand in shards."""

    def __init__(self, texts: frozenset[str]):
        self.texts = texts

    def __call__(self, shard: Path) -> list[str]:
        return [text for text in read_texts(shard) if text in self.texts]


class RawTexts:
    """The raw texts of a part."""

    def __init__(self, path: Path, base: Path, engine: str = "local", workers: int = 0, gpu_id: int = -1):
        """Find the shards of a corpus.

        path (Path): The corpus.
        base (Path): The pipeline that reads them.
        engine, workers: As `engines.each` takes them.
        """
        self.shards, self.base, self.gpu_id = shards_of(path), base, gpu_id
        self.how: dict[str, Any] = {"engine": engine, "workers": workers}

    def recognised(
        self, number: int, left_out: frozenset[str] = frozenset(), reader: type[RawReader] = RawReader
    ) -> list[tuple[str, list]]:
        """Find texts with entities.

        number (int): How many are wanted. reader (type): Who reads them.
        RETURNS (list): Text and entities, as the reader gives them, of the first ones in which it finds some.
        """
        found: list[tuple[str, list]] = []
        size = sum(shard.stat().st_size for shard in self.shards)
        low, high = 0.0, SPARE * number * BYTES / max(1, size)
        while low < 1 and len(found) < number:
            tasks = [(shard, low, high) for shard in self.shards]
            arguments = (str(self.base), left_out, gpu_of_worker(self.how["engine"], self.gpu_id))
            found += chain.from_iterable(each_of(reader, arguments, tasks, gpu=self.gpu_id >= 0, **self.how))
            low, high = high, SPARE * high
        return sorted(found, key=lambda row: digest(row[0]))[:number]

    def first_of(self, candidates: Callable[[int], list[str]], number: int) -> list[str]:
        """Choose those of some texts that are among these.

        candidates (Callable): Called with a number, gives so many texts; with a larger one the same and more.
        RETURNS (list): The first ones, `number` of them at most.
        """
        if number < 1:
            return []
        tried = SPARE * number
        while True:
            texts = candidates(tried)
            here = set(chain.from_iterable(each_of(Finder, (frozenset(texts),), self.shards, **self.how)))
            chosen = [text for text in texts if text in here][:number]
            if len(chosen) == number or len(texts) < tried:
                return chosen
            tried *= SPARE
