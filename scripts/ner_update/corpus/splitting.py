"""Split the checked texts into train, dev and test corpora that share no text."""

from pathlib import Path

import numpy
from spacy.strings import StringStore
from spacy.tokens import DocBin

from ner_update.corpus.shards import DocShard

SPLITS = ("train", "dev", "test")
# The set that each corpus is made from. Where there is a test set, it is the test part of "new".
CORPORA = {"base": "base", "annotated": "new", "test": "new", "raw": "raw"}
LEFT_OUT = -1


def split_of(groups: numpy.ndarray, dev_size: float, test_size: float) -> numpy.ndarray:
    """Choose the split from a hash of the group.

    So adding, editing or reordering one example moves no other one (a seeded shuffle, as in scikit-learn's splitters,
    would move nearly all of them).

    groups (ndarray): (texts,), from check_texts.hash_of.
    dev_size, test_size (float): Shares of the whole, 0 to 1.
    RETURNS (ndarray): (texts,), places in SPLITS.
    """
    place = (groups >> numpy.uint64(32)) / 2**32
    return numpy.where(place < test_size, 2, numpy.where(place < test_size + dev_size, 1, 0)).astype("i1")


def assign(
    index: dict[str, numpy.ndarray], dev_size: float, test_size: float
) -> tuple[dict[str, numpy.ndarray], int, int]:
    """Give each text its split, and leave out what would occur twice, or on both sides.

    From every train and dev set is left out what a test set holds, from every train set what a dev set holds, from the
    raw texts what is annotated anywhere.

    index (dict): For each set what check_texts.INDEX names.
    RETURNS (tuple): For each set an array of places in SPLITS, or LEFT_OUT; how many texts another split or set holds; and how
        many stand twice.
    """
    given = len(index["test"]) > 0
    parts = {
        name: split_of(rows["group"], dev_size, 0 if given and name == "annotated" else test_size)
        for name, rows in index.items()
    }
    parts["test"][:] = 2
    repeated = 0
    for name, rows in index.items():
        _, first = numpy.unique(rows[["group", "text"]], return_index=True)
        again = numpy.ones(len(rows), bool)
        again[first] = False
        parts[name][again] = LEFT_OUT
        repeated += int(again.sum())

    def groups(*splits: int) -> numpy.ndarray:
        return numpy.concatenate(
            [index[name]["group"][numpy.isin(parts[name], splits)] for name in ("base", "annotated", "test")]
        )

    leaks = 0
    for sets, part, above in (
        *((CORPORA.keys() - {"raw"}, part, above) for part, above in ((1, (2,)), (0, (2, 1)))),
        ({"raw"}, None, (0, 1, 2)),
    ):
        taken = groups(*above)
        for name in sets:
            leak = numpy.isin(index[name]["group"], taken) & (
                parts[name] != LEFT_OUT if part is None else parts[name] == part
            )
            parts[name][leak] = LEFT_OUT
            leaks += int(leak.sum())
    return parts, leaks, repeated


def split_shard(output: Path, task: tuple[Path, str, numpy.ndarray]) -> None:
    """Write the Docs of one shard to those of the corpora that they belong to.

    output (Path): The folder of corpora.
    task (tuple): The shard, the name of the corpus, and the split of each Doc.
    """
    path, corpus, places = task
    docs = DocBin().from_disk(path)
    strings = StringStore(docs.strings)
    for place, split in enumerate(SPLITS):
        shard = DocShard()
        for number in numpy.flatnonzero(places == place):
            shard.take(docs.tokens[number], docs.spaces[number])
        if len(shard):
            shard.complete(strings).to_folder(output / corpus / f"{split}.spacy")
