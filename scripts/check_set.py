"""What can be wrong with the sets as a whole: texts that repeat or leak, too few examples, train and test of different kind.

    with TextIndex(folder) as index:
        ...                                                                       # add all texts, see scripts/text_index.py
        problems = [*missing_texts(assets, index.sizes(), raw_texts, has_base), *check_set(index, assets, spans, base_model)]

All of it streams: a pass over the index, and one problem after another, in the order in which texts were added.
"""

from collections import Counter
from difflib import SequenceMatcher
from math import sqrt
from pathlib import Path
from typing import Iterator

from group_key import near_key
from records import Problem
from text_index import Stored, TextIndex

# spaCy's own `debug data` calls a label with so many examples, or fewer, too small to learn (NEW_LABEL_THRESHOLD).
FEW_OF_A_LABEL = 50
# "Update an existing model: a few hundred to a few thousand examples. Train a new category: a few thousand to a million
# examples" (Advanced NLP with spaCy, course.spacy.io, chapter 4). What "a few" is at least, of annotated texts; for a new
# category also what `debug data` recommends (BLANK_MODEL_THRESHOLD).
FEW_FOR_AN_UPDATE, RANGE_OF_AN_UPDATE = 200, "a few hundred to a few thousand"
FEW_FOR_A_CATEGORY, RANGE_OF_A_CATEGORY = 2_000, "thousands to a million"
# Texts with this share of their words in common, in the same order, are nearly the same.
NEARLY = 0.9
# Of so many near duplicates in a set each is named. Nobody reads more, and to compare all texts of a set that is made of
# variants took a quarter of the check. Those that leak into the test set are all named.
MOST_NEAR = 1_000
# Train and test are of different kind from here on: the largest difference of the cumulated lengths (Kolmogorov and
# Smirnov), and the difference of two shares. It must also be no chance: 1.95 and 3.29 belong to a risk of 1 in 1,000.
OTHER_LENGTH, OTHER_CASING = 0.25, 0.25
KS_1_IN_1000, Z_1_IN_1000 = 1.95, 3.29


def check_set(index: TextIndex, assets: Path, spans: dict[str, Counter], base_model: str = "") -> Iterator[Problem]:
    """Look at all texts together.

    index (TextIndex): With the texts of "base", "annotated" and "test".
    assets (Path): Their folder, to be named where a set as a whole is meant.
    spans (dict): For each set how many spans have each label.
    base_model (str): vars.base_model: an installed pipeline, "blank:en" (or another language), or empty.
    YIELDS (Problem): Warnings, by kind and then in the order of the texts.
    """
    yield from repeated_texts(index)
    yield from near_duplicates_and_leaks(index)
    yield from few_examples(index, assets, spans, base_model)
    yield from other_kind(index, assets)


def missing_texts(assets: Path, sizes: dict[str, tuple[int, int]], raw_texts: int, has_base: bool) -> Iterator[Problem]:
    """Look for sets that lack what every run needs.

    sizes (dict): Texts of each set, and those without an entity: index.sizes().
    raw_texts (int): Texts of assets/raw.jsonl.
    has_base (bool): Whether vars.base_model names a pipeline.
    YIELDS (Problem): What is missing.
    """
    texts, bare = sizes.get("annotated", (0, 0))
    where = str(assets / "annotated")
    if not texts:
        yield Problem(where, None, "no annotated texts: put your examples of the new label here", kind="no_texts", level="error")
    elif bare == texts:
        yield Problem(where, None, "no text has an entity: there is nothing to learn", kind="no_entities", level="error")
    elif not bare:
        message = "every text has an entity: add texts without one, or the model will find one everywhere"
        yield Problem(where, None, message, kind="no_bare_texts")
    has_texts = bool(sizes.get("base", (0, 0))[0])
    if not has_texts and not has_base:
        message = "no base texts: add some to train a base pipeline on, or name an installed one in vars.base_model"
        yield Problem(str(assets / "base"), None, message, kind="no_texts", level="error")
    if not raw_texts:
        message = "no raw texts: with them the update forgets less, and annotate has something to match"
        kind, level = ("no_raw_texts", "warning") if has_texts else ("no_texts", "error")
        yield Problem(str(assets / "raw.jsonl"), None, message, kind=kind, level=level)


def repeated_texts(index: TextIndex) -> Iterator[Problem]:
    """YIELDS (Problem): A warning for each text that stands twice in a set, naming whether its spans differ."""
    for text, first, same in index.repeats():
        how, kind = ("the same", "repeated_text") if same else ("DIFFERENT", "conflicting_text")
        message = f"the text stands already at {_place(first)}, with {how} spans; the first one counts"
        yield _problem(text, kind, message, f"keep one of {_place(first)} and {_place(text)}")


def near_duplicates_and_leaks(index: TextIndex) -> Iterator[Problem]:
    """YIELDS (Problem): A warning for each text that is nearly the same as an earlier one of its set, and for each training
    text that stands in the test set, nearly stands there, or is of a document of which a test text is, too."""
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
                repair = "preprocess leaves it out of training" if left_out else "take one of them out (preprocess does not: their documents differ)"
                yield _problem(text, "leak", f"{said.format(_place(held))}: {repair}", repair)
    for text, first in index.variants():
        if not any(map(str.isalpha, text.text)):
            # All numbers are the same to the key.
            continue
        message = f"the text differs from {_place(first)} only in case, numbers, spaces or punctuation"
        yield _problem(text, "near_duplicate", message, "keep one of them, if neither teaches anything new")
    yield from sorted(_nearly_the_same(index, told), key=lambda problem: (problem.kind, problem.file, problem.line or 0))


def few_examples(index: TextIndex, assets: Path, spans: dict[str, Counter], base_model: str) -> Iterator[Problem]:
    """YIELDS (Problem): A warning for each training set with fewer texts, and for each label with fewer spans, than it takes."""
    sizes = index.sizes()
    category = (FEW_FOR_A_CATEGORY, RANGE_OF_A_CATEGORY, "to train a new category")
    ranges = {"annotated": category if base_model.startswith("blank:") else (FEW_FOR_AN_UPDATE, RANGE_OF_AN_UPDATE, "to update a pipeline")}
    if not base_model:
        ranges["base"] = category
    for name, (least, told, what) in ranges.items():
        texts = sizes.get(name, (0, 0))[0]
        if 0 < texts < least:
            message = f"{texts:,} texts: {what}, {told} are recommended: annotate {least - texts:,} more, at least"
            yield Problem(str(assets / name), None, message, kind="few_examples", repair=f"annotate {least - texts:,} more, at least")
        for label, count in sorted(spans.get(name, Counter()).items()):
            if count <= FEW_OF_A_LABEL:
                message = f"label {label[:100]} has {count} span{'' if count == 1 else 's'}, and more than {FEW_OF_A_LABEL} are needed to learn it"
                yield Problem(str(assets / name), None, message, kind="few_examples", repair="annotate more of them")


def other_kind(index: TextIndex, assets: Path) -> Iterator[Problem]:
    """YIELDS (Problem): A warning if the annotated texts and those of the test set differ in length or in casing."""
    where = str(assets / "test")
    train, test = index.lengths("annotated"), index.lengths("test")
    n, m = train.total(), test.total()
    if not n or not m:
        return
    distance = _ks_distance(train, test)
    if distance > max(OTHER_LENGTH, KS_1_IN_1000 * sqrt((n + m) / (n * m))):
        message = f"test texts have {_median(test)} words (median), and annotated ones {_median(train)}: what is measured is another kind of text"
        yield Problem(where, None, message, kind="other_length", repair="take both sets from the same source")
    texts, lower, entities, capitalised = zip(index.casing("annotated"), index.casing("test"))
    for part, whole, what in ((lower, texts, "texts without a capital letter"), (capitalised, entities, "entities that begin with a capital letter")):
        shares = [a / b if b else 0 for a, b in zip(part, whole)]
        if all(whole) and _differ(shares, whole):
            message = f"{what}: {shares[1]:.0%} in the test set, and {shares[0]:.0%} of the annotated: what is measured is another kind of text"
            yield Problem(where, None, message, kind="other_casing", repair="take both sets from the same source")


def similarity(one: str, other: str) -> float:
    """RETURNS (float): Share of the words of two texts that they have in common in the same order, 0 to 1; 0 if it is below
    NEARLY. Case, punctuation and the value of numbers do not count."""
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
            yield _near(text, held, "near_leak", f"of the test set, at {_place(held)}: {share:.0%} of their words are the same, in the same order")
    known = set()
    for text, first in index.neighbours(across=False):
        if text.number not in known and (share := similarity(text.text, first.text)):
            known.add(text.number)
            said = f"of the same set, at {_place(first)}: {share:.0%} of their words are the same, in the same order"
            if len(known) == MOST_NEAR:
                yield _near(text, first, "near_duplicate", f"{said}; {MOST_NEAR:,} such texts were found, and no more were looked for")
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


def _ks_distance(one: Counter, other: Counter) -> float:
    n, m, below, largest = one.total(), other.total(), [0, 0], 0.0
    for value in sorted({*one, *other}):
        below = [below[0] + one[value], below[1] + other[value]]
        largest = max(largest, abs(below[0] / n - below[1] / m))
    return largest


def _differ(shares: list[float], sizes: tuple[int, ...]) -> bool:
    pooled = sum(share * size for share, size in zip(shares, sizes)) / sum(sizes)
    error = sqrt(pooled * (1 - pooled) * sum(1 / size for size in sizes))
    return abs(shares[0] - shares[1]) > max(OTHER_CASING, Z_1_IN_1000 * error)


def _median(counts: Counter) -> int:
    half, seen = counts.total() / 2, 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= half:
            return value
    return 0


def _place(text: Stored) -> str:
    return f"{text.file}:{text.line}"


def _problem(text: Stored, kind: str, message: str, repair: str) -> Problem:
    return Problem(text.file, text.line, message, text.text, kind=kind, repair=repair)
