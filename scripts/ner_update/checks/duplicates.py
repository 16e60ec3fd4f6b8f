"""Texts that stand twice in a set, nearly so, or in training and in the test set. All of it streams, as scripts/ner_update/checks/dataset.py says."""

from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

from ner_update.checks.text_index import Stored, TextIndex
from ner_update.data.grouping import near_key
from ner_update.data.records import Problem

# Texts with this share of their words in common, in the same order, are nearly the same.
NEARLY = 0.9
# Of so many near duplicates in a set each is named. Nobody reads more, and to compare all texts of a set that is made of
# variants took a quarter of the check. Those that leak into the test set are all named.
MOST_NEAR = 1_000


def repeated_texts(index: TextIndex) -> Iterator[Problem]:
    """Warn of each text that occurs twice in a set, and say whether its spans differ."""
    for text, first, same in index.repeats():
        how, kind = ("the same", "repeated_text") if same else ("DIFFERENT", "conflicting_text")
        message = f"the text stands already at {_place(first)}, with {how} spans; the first one counts"
        yield _problem(text, kind, message, f"keep one of {_place(first)} and {_place(text)}")


def near_duplicates_and_leaks(index: TextIndex) -> Iterator[Problem]:
    """Warn of near duplicates within a set, and of training texts that leak into the test set.

    A training text leaks if it, or nearly it, is in the test set, or if it is from the same document as a test text.
    """
    told: set[int] = set()
    how = {
        "text_hash": "the text is also in the test set, at {}",
        "near_hash": "the text differs from one of the test set, at {}, only in case, numbers, spaces or punctuation",
        "doc_hash": "the text is of the same document (meta.doc) as one of the test set, at {}",
    }
    for column, said in how.items():
        for text, held in index.shared(column):
            if text.number not in told:
                told.add(text.number)
                left_out = text.doc_hash == held.doc_hash
                repair = (
                    "preprocess leaves it out of training"
                    if left_out
                    else "take one of them out (preprocess does not: their documents differ)"
                )
                yield _problem(text, "leak", f"{said.format(_place(held))}: {repair}", repair)
    for text, first in index.variants():
        if not any(map(str.isalpha, text.text)):
            # All numbers are the same to the key.
            continue
        message = f"the text differs from {_place(first)} only in case, numbers, spaces or punctuation"
        yield _problem(text, "near_duplicate", message, "keep one of them, if neither teaches anything new")
    yield from sorted(
        _nearly_the_same(index, told), key=lambda problem: (problem.kind, problem.file, problem.line or 0)
    )


def similarity(one: str, other: str) -> float:
    """Compute the share of words that two texts have in common in the same order.

    Case, punctuation and the value of numbers do not count.

    RETURNS (float): 0 to 1; 0 if it is below NEARLY.
    """
    a, b = near_key(one).split(" "), near_key(other).split(" ")
    total = len(a) + len(b)
    if 2 * min(len(a), len(b)) < NEARLY * total:
        return 0.0
    # An edit in one place, which most are, leaves the same words before and after it: this takes no table of all pairs.
    before = _same(zip(a, b))
    after = min(_same(zip(reversed(a), reversed(b))), min(len(a), len(b)) - before)
    if 2 * (before + after) >= NEARLY * total:
        return 2 * (before + after) / total
    if 2 * (Counter(a) & Counter(b)).total() < NEARLY * total:
        return 0.0
    ratio = SequenceMatcher(None, a, b, autojunk=False).ratio()
    return ratio if ratio >= NEARLY else 0.0


def _nearly_the_same(index: TextIndex, told: set[int]) -> Iterator[Problem]:
    known = set(told)
    for later, earlier in index.neighbours(across=True):
        text, held = (later, earlier) if earlier.side == "test" else (earlier, later)
        if text.number not in known and (share := similarity(text.text, held.text)):
            known.add(text.number)
            yield _near(
                text,
                held,
                "near_leak",
                f"of the test set, at {_place(held)}: {share:.0%} of their words are the same, in the same order",
            )
    known = set()
    for text, first in index.neighbours(across=False):
        if text.number not in known and (share := similarity(text.text, first.text)):
            known.add(text.number)
            said = f"of the same set, at {_place(first)}: {share:.0%} of their words are the same, in the same order"
            if len(known) == MOST_NEAR:
                yield _near(
                    text,
                    first,
                    "near_duplicate",
                    f"{said}; {MOST_NEAR:,} such texts were found, and no more were looked for",
                )
                return
            yield _near(text, first, "near_duplicate", said)


def _near(text: Stored, other: Stored, kind: str, said: str) -> Problem:
    return _problem(text, kind, f"the text is nearly one {said}", f"keep one of {_place(other)} and {_place(text)}")


def _same(pairs: Iterator[tuple[str, str]]) -> int:
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _place(text: Stored) -> str:
    return f"{text.file}:{text.line}"


def _problem(text: Stored, kind: str, message: str, repair: str) -> Problem:
    return Problem(text.file, text.line, message, text.text, kind=kind, repair=repair)
