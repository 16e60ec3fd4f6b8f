"""Find what is wrong with the sets as a whole: texts that repeat or leak, too few examples, different kinds.

Repeated texts are in scripts/ner_update/checks/duplicates.py.

    with TextIndex(folder) as index:
        ...                                                                       # add all texts, see scripts/ner_update/checks/text_index.py
        problems = [*missing_texts(assets, index.sizes(), raw_texts, has_base), *check_set(index, assets, spans, base_model)]

All of it streams: a pass over the index, and one problem after another, in the order in which texts were added.
"""

from collections import Counter
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from statistics import median_low

from ner_update.checks.duplicates import near_duplicates_and_leaks, repeated_texts
from ner_update.checks.text_index import TextIndex
from ner_update.data.records import Problem

# spaCy's own `debug data` calls a label with so many examples, or fewer, too small to learn (NEW_LABEL_THRESHOLD).
FEW_OF_A_LABEL = 50
# "Update an existing model: a few hundred to a few thousand examples. Train a new category: a few thousand to a million
# examples" (Advanced NLP with spaCy, course.spacy.io, chapter 4). What "a few" is at least, of annotated texts; for a new
# category also what `debug data` recommends (BLANK_MODEL_THRESHOLD).
FEW_FOR_AN_UPDATE, RANGE_OF_AN_UPDATE = 200, "a few hundred to a few thousand"
FEW_FOR_A_CATEGORY, RANGE_OF_A_CATEGORY = 2_000, "thousands to a million"
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
        yield Problem(
            where, None, "no annotated texts: put your examples of the new label here", kind="no_texts", level="error"
        )
    elif bare == texts:
        yield Problem(
            where, None, "no text has an entity: there is nothing to learn", kind="no_entities", level="error"
        )
    elif not bare:
        message = "every text has an entity: add texts without one, or the model will find one everywhere"
        yield Problem(where, None, message, kind="no_bare_texts")
    has_texts = bool(sizes.get("base", (0, 0))[0])
    if not has_texts and not has_base:
        message = "no base texts: add some to train a base pipeline on, or name an installed one in vars.base_model"
        yield Problem(str(assets / "base"), None, message, kind="no_texts", level="error")
    if not raw_texts:
        message = "no raw texts: with them the update forgets less, and annotate has something to match"
        where = str(assets / "raw.jsonl")
        if has_texts:
            yield Problem(where, None, message, kind="no_raw_texts", level="warning")
        else:
            yield Problem(where, None, message, kind="no_texts", level="error")


def few_examples(index: TextIndex, assets: Path, spans: dict[str, Counter], base_model: str) -> Iterator[Problem]:
    """Warn of each training set with too few texts, and of each label with too few spans."""
    sizes = index.sizes()
    category = (FEW_FOR_A_CATEGORY, RANGE_OF_A_CATEGORY, "to train a new category")
    ranges = {
        "annotated": category
        if base_model.startswith("blank:")
        else (FEW_FOR_AN_UPDATE, RANGE_OF_AN_UPDATE, "to update a pipeline")
    }
    if not base_model:
        ranges["base"] = category
    for name, (least, told, what) in ranges.items():
        texts = sizes.get(name, (0, 0))[0]
        if 0 < texts < least:
            message = f"{texts:,} texts: {what}, {told} are recommended: annotate {least - texts:,} more, at least"
            yield Problem(
                str(assets / name),
                None,
                message,
                kind="few_examples",
                repair=f"annotate {least - texts:,} more, at least",
            )
        for label, count in sorted(spans.get(name, Counter()).items()):
            if count <= FEW_OF_A_LABEL:
                message = f"label {label[:100]} has {count} span{'' if count == 1 else 's'}, and more than {FEW_OF_A_LABEL} are needed to learn it"
                yield Problem(str(assets / name), None, message, kind="few_examples", repair="annotate more of them")


def other_kind(index: TextIndex, assets: Path) -> Iterator[Problem]:
    """Warn if the annotated texts and those of the test set differ in length or in casing."""
    where = str(assets / "test")
    train, test = index.lengths("annotated"), index.lengths("test")
    n, m = train.total(), test.total()
    if not n or not m:
        return
    distance = _ks_distance(train, test)
    if distance > max(OTHER_LENGTH, KS_1_IN_1000 * sqrt((n + m) / (n * m))):
        message = f"test texts have {median_low(test.elements())} words (median), and annotated ones {median_low(train.elements())}: what is measured is another kind of text"
        yield Problem(where, None, message, kind="other_length", repair="take both sets from the same source")
    texts, lower, entities, capitalised = zip(index.casing("annotated"), index.casing("test"))
    for part, whole, what in (
        (lower, texts, "texts without a capital letter"),
        (capitalised, entities, "entities that begin with a capital letter"),
    ):
        shares = [a / b if b else 0 for a, b in zip(part, whole)]
        if all(whole) and _differ(shares, whole):
            message = f"{what}: {shares[1]:.0%} in the test set, and {shares[0]:.0%} of the annotated: what is measured is another kind of text"
            yield Problem(where, None, message, kind="other_casing", repair="take both sets from the same source")


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
