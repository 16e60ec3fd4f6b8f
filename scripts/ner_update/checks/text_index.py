"""What the checks of whole sets need to know of each text, in a temporary database: a million texts, and memory stays flat.

    with TextIndex(folder) as index:                            # folder: where a temporary file may lie
        index.add("annotated", file, [(line, facts(example, group_key(example))), ...])
        for problem in check_set(index, ...):                   # scripts/ner_update/checks/dataset.py

`facts` runs in worker processes: it is pure, and what it returns is a tuple of numbers and strings. `add` and the queries
belong to one process; the order in which texts are added is the order in which problems come. Only records without an
error should be added. Sets are called "base", "annotated" and "test".
"""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from spacy.strings import hash_string  # type: ignore[attr-defined]  # Not in its stub.

from ner_update.data.grouping import near_key
from ner_update.data.records import Example

# So many words at the beginning of two texts, or at their end, must be the same for them to be compared word by word.
EDGE = 4
# A text is compared with so many of those that share that beginning (or end) and stand next to it in the order of the
# alphabet: with a common beginning, to compare each with each would take for ever (Hernandez and Stolfo 1995, the sorted
# neighbourhood method).
NEIGHBOURS = 8
# Of a longer text beginning and end are kept.
LONGEST_KEPT = 2_000
COLUMNS = (
    "side",
    "file",
    "line",
    "text_hash",
    "near_hash",
    "doc_hash",
    "spans_hash",
    "first_hash",
    "last_hash",
    "words",
    "lower",
    "entities",
    "capitalised",
)
INSERT = f"INSERT INTO texts ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
SELECT = """SELECT t.number, t.side, files.name, t.line, t.doc_hash, bodies.text FROM texts t
    JOIN files ON files.number = t.file JOIN bodies ON bodies.number = t.number"""
SIDES = ("base", "annotated", "test")
TEST = SIDES.index("test")
Facts = tuple


class Stored(NamedTuple):
    """A text as the index knows it: `text` of a long one is its beginning and its end."""

    number: int
    side: str
    file: str
    line: int
    doc_hash: int | None
    text: str


def facts(example: Example, key: str) -> Facts:
    """Sum up an example: microseconds, whatever comes of it.

    key (str): group_key(example).
    RETURNS (tuple): All COLUMNS of a row but side, file and line; and the text, or the ends of a long one.
    """
    text, entities = example.text, example.entities
    named = "doc" in example.meta
    near = near_key(text) if named else key
    # Partition and not split: of a long text only its ends are looked at.
    first, last = near.split(" ", EDGE), near.rsplit(" ", EDGE)
    enough = len(first) > EDGE
    capitalised = 0
    for start, _, _ in entities:
        capitalised += not text[start : start + 1].islower()
    kept = text if len(text) <= LONGEST_KEPT else f"{text[: LONGEST_KEPT // 2]} ... {text[-LONGEST_KEPT // 2 :]}"
    return (
        _hash(text),
        _hash(near),
        _hash(key) if named else None,
        _hash(repr(sorted(entities))) if entities else 0,
        _hash(" ".join(first[:EDGE])) if enough else None,
        _hash(" ".join(last[1:])) if enough else None,
        near.count(" ") + 1,
        text.islower(),
        len(entities),
        capitalised,
        kept if kept.isascii() else _storable(kept),
    )


class TextIndex:
    """Facts of the texts of all sets, in a temporary SQLite file that is gone when the block ends.

    folder (Path): Where the file may lie: as large as the texts. None: where the system keeps such files.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = tempfile.TemporaryDirectory(prefix=".index.", dir=folder)
        self._base = sqlite3.connect(Path(self._folder.name) / "texts.sqlite")
        # If the process ends the file is of no use: nothing need be safe on the disk.
        for setting in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
            "temp_store = FILE",
            "cache_size = -65536",
        ):
            self._base.execute(f"PRAGMA {setting}")
        self._base.execute(f"PRAGMA temp_store_directory = '{str(self._folder.name).replace(chr(39), chr(39) * 2)}'")
        # What is sorted is narrow, and the texts lie elsewhere.
        self._base.execute(f"CREATE TABLE texts (number INTEGER PRIMARY KEY, {', '.join(COLUMNS)})")
        self._base.execute("CREATE TABLE bodies (number INTEGER PRIMARY KEY, text TEXT)")
        self._base.execute("CREATE TABLE files (number INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        self._base.create_function("backwards", 1, lambda text: text[::-1], deterministic=True)
        self._files: dict[str, int] = {}

    def __enter__(self) -> "TextIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self._base.execute("PRAGMA temp_store_directory = ''")
        self._base.close()
        self._folder.cleanup()

    def add(self, side: str, file: str, rows: Iterable[tuple[int, Facts]]) -> None:
        """Add what is known of texts of one file.

        side (str): "base", "annotated" or "test".
        rows (Iterable): For each text its line and its facts.
        """
        if file not in self._files:
            self._files[file] = len(self._files)
            self._base.execute("INSERT INTO files VALUES (?, ?)", (self._files[file], _storable(file)))
        side_number, number = SIDES.index(side), self._files[file]
        # Both tables count their rows, from 1 on.
        rows = list(rows)
        self._base.executemany(INSERT, [(side_number, number, line, *known[:-1]) for line, known in rows])
        self._base.executemany("INSERT INTO bodies (text) VALUES (?)", [known[-1:] for _, known in rows])

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Count the texts of each set, and those without an entity."""
        return {
            SIDES[side]: (n, bare)
            for side, n, bare in self._base.execute("SELECT side, COUNT(*), SUM(entities = 0) FROM texts GROUP BY side")
        }

    def lengths(self, side: str) -> Counter:
        """Count how many texts of a set have how many words."""
        return Counter(
            dict(
                self._base.execute(
                    "SELECT words, COUNT(*) FROM texts WHERE side = ? GROUP BY words", (SIDES.index(side),)
                )
            )
        )

    def casing(self, side: str) -> tuple[int, int, int, int]:
        """Count what tells the casing of a set.

        RETURNS (tuple): The texts, those without a capital letter, the entities, and those that do not begin with a
            small letter.
        """
        query = "SELECT COUNT(*), SUM(lower), SUM(entities), SUM(capitalised) FROM texts WHERE side = ?"
        texts, lower, entities, capitalised = self._base.execute(query, (SIDES.index(side),)).fetchone()
        return texts or 0, lower or 0, entities or 0, capitalised or 0

    def repeats(self) -> Iterator[tuple[Stored, Stored, bool]]:
        """Find each text that occurs in its set before.

        YIELDS (tuple): The text, the first one, and whether their spans are the same.
        """
        query = """
            WITH again AS (SELECT MIN(number) AS first, side, text_hash FROM texts GROUP BY side, text_hash HAVING COUNT(*) > 1)
            SELECT a.number, again.first, a.spans_hash = b.spans_hash FROM texts a JOIN again USING (side, text_hash)
            JOIN texts b ON b.number = again.first WHERE a.number <> again.first ORDER BY a.number"""
        for number, first, same in self._base.execute(query):
            yield self._stored(number), self._stored(first), bool(same)

    def variants(self) -> Iterator[tuple[Stored, Stored]]:
        """Find each text that differs from an earlier one of its set only in case, numbers, spaces and punctuation.

        Texts that are exactly the same are among repeats().

        YIELDS (tuple): The text and the earlier one.
        """
        query = """
            WITH again AS (SELECT MIN(number) AS first, side, near_hash FROM texts GROUP BY side, near_hash HAVING MIN(text_hash) <> MAX(text_hash)),
            other AS (SELECT MIN(number) AS number, first FROM texts JOIN again USING (side, near_hash) GROUP BY first, text_hash)
            SELECT number, first FROM other WHERE number <> first ORDER BY number"""
        for number, first in self._base.execute(query):
            yield self._stored(number), self._stored(first)

    def shared(self, column: str) -> Iterator[tuple[Stored, Stored]]:
        """Find what is in a training set and in the test set.

        column (str): "text_hash", "near_hash" or "doc_hash".
        YIELDS (tuple): Each training text ("base" or "annotated") with the same value as a test text, and the first such one.
        """
        assert column in COLUMNS
        query = f"""
            WITH held AS (SELECT MIN(number) AS first, {column} FROM texts WHERE side = {TEST} AND {column} IS NOT NULL GROUP BY {column})
            SELECT a.number, held.first FROM texts a JOIN held USING ({column}) WHERE a.side <> {TEST} ORDER BY a.number"""
        for number, first in self._base.execute(query):
            yield self._stored(number), self._stored(first)

    def neighbours(self, across: bool) -> Iterator[tuple[Stored, Stored]]:
        """Find texts that may differ in a few words.

        An edit in one place leaves the beginning or the end of a text as it was. Of texts with the same near key in a
        set one comes.

        across (bool): Whether to find those of which one is in the test set, or else those of the same set.
        YIELDS (tuple): The later one first. Each pair may come twice.
        """
        self._base.execute("""CREATE TABLE IF NOT EXISTS once AS SELECT MIN(number) AS number, side, first_hash, last_hash FROM texts
            WHERE first_hash IS NOT NULL GROUP BY side, near_hash""")
        for column in ("first_hash", "last_hash"):
            self._base.execute(f"CREATE INDEX IF NOT EXISTS once_{column} ON once ({column}, side)")
        wanted = f"MAX(side) = {TEST} AND MIN(side) < {TEST}" if across else "COUNT(*) > COUNT(DISTINCT side)"
        for column, order in (("first_hash", "bodies.text"), ("last_hash", "backwards(bodies.text)")):
            query = f"{SELECT} JOIN once ON once.number = t.number WHERE once.{column} = ? ORDER BY {order}, t.number"
            # One beginning after the other, for who asks may soon have enough.
            for shared in self._base.execute(f"SELECT {column} FROM once GROUP BY {column} HAVING {wanted}"):
                before: list[Stored] = []
                for stored in map(_stored, self._base.execute(query, shared)):
                    for other in before:
                        sides = {stored.side, other.side}
                        if len(sides) == 2 and "test" in sides if across else len(sides) == 1:
                            yield (stored, other) if stored.number > other.number else (other, stored)
                    before = [*before, stored][-NEIGHBOURS:]

    def _stored(self, number: int) -> Stored:
        return _stored(self._base.execute(f"{SELECT} WHERE t.number = ?", (number,)).fetchone())


def _stored(row: Iterable) -> Stored:
    number, side, *others = row
    return Stored(number, SIDES[side], *others)


def _hash(text: str) -> int:
    try:
        value = hash_string(text)
    except UnicodeEncodeError:
        value = hash_string(_storable(text))
    # SQLite has whole numbers of 64 bits with a sign.
    return value if value < 1 << 63 else value - (1 << 64)


def _storable(text: str) -> str:
    return text.encode("utf8", "backslashreplace").decode("utf8")
