"""The texts with the worst errors of the updated pipeline, and how many errors of each kind there are."""

from collections import Counter
from collections.abc import Iterator

from ner_update.evaluation.breakdowns import KINDS, aligned, either

ERRORS = KINDS[1:]
# Of each test set: this many of the worst texts, and more until each label has some texts for each kind of its errors, or
# until there are too many for a page.
WORST, OF_EACH, MOST = 50, 5, 300


def counted(metrics: dict) -> dict[str, set[str]]:
    """Get the labels that count in each test set with annotation, as in breakdowns.json.

    RETURNS (dict): What is annotated there, and in the base's texts the new labels, too. Any prediction of those is an
        error there.
    """
    sets = {"new": set(metrics["new_test"]["labels"])}
    if "base_test" in metrics:
        sets["base"] = set(metrics["base_test"]["labels"]) | set(metrics["labels"]["new"])
    return sets


def chosen(entities: list, labels: set[str]) -> set[tuple]:
    """Choose the entities that have one of the labels."""
    return {tuple(entity) for entity in entities if entity[2] in labels}


def described(kind: str, text: str, first: tuple | None, second: tuple | None) -> dict:
    """Put a pair of entities into words. `first` is what was there, `second` what came instead; one may be missing.

    RETURNS (dict): kind; label and other, the labels of the two; span and instead, their texts; empty where there is none.
    """
    label, other = (entity[2] if entity else "" for entity in (first, second))
    span, instead = (text[entity[0] : entity[1]] if entity else "" for entity in (first, second))
    return {"kind": kind, "label": label, "other": other, "span": span, "instead": instead}


def mistaken(rows: list[dict], metrics: dict) -> Iterator[dict]:
    """Find the annotated test texts in which the updated pipeline errs.

    YIELDS (dict): set, text, gold, updated and errors.
    """
    labels = counted(metrics)
    for row in (row for row in rows if row["set"] in labels):
        gold, said = (chosen(row[side], labels[row["set"]]) for side in ("gold", "updated"))
        pairs = (pair for pair in aligned(gold, said) if pair[0] != "correct")
        errors = [
            described(kind, row["text"], g, p) for kind, g, p in sorted(pairs, key=lambda pair: either(*pair[1:]))
        ]
        if errors:
            yield {
                "set": row["set"],
                "text": row["text"],
                "gold": sorted(gold),
                "updated": sorted(said),
                "errors": errors,
            }


def worst(texts: list[dict]) -> list[dict]:
    """Pick texts to show: most errors first, of as many the shorter text first.

    RETURNS (list): WORST texts of each test set, those of the new domain first, and then OF_EACH more for each kind of error of
        each label that has fewer among them, up to MOST.
    """
    ranked = sorted(texts, key=lambda row: (row["set"] != "new", -len(row["errors"]), len(row["text"]), row["text"]))
    picked: list[dict] = []
    taken: Counter = Counter()
    shown: Counter = Counter()
    for row in ranked:
        kinds = {(row["set"], error["label"] or error["other"], error["kind"]) for error in row["errors"]}
        if taken[row["set"]] < WORST or (taken[row["set"]] < MOST and any(shown[kind] < OF_EACH for kind in kinds)):
            picked.append(row)
            taken[row["set"]] += 1
            shown.update(kinds)
    return picked


def confused(matrix: dict[str, dict[str, int]]) -> list[tuple[str, str, int]]:
    """List the cells of a confusion matrix that are errors and not 0.

    RETURNS (list): Gold label, predicted label and number, the largest first.
    """
    cells = [(gold, said, n) for gold, row in matrix.items() for said, n in row.items() if n and gold != said]
    return sorted(cells, key=lambda cell: (-cell[2], cell))[:MOST]


def error_counts(texts: list[dict]) -> dict[str, dict[str, dict[str, int]]]:
    """Count the errors of each kind by test set and label.

    A spurious entity counts for the label it was given, any other for the one that it has.
    """
    found = Counter(
        (row["set"], error["label"] or error["other"], error["kind"]) for row in texts for error in row["errors"]
    )
    sets: dict = {}
    for name, label, _ in sorted(found, key=lambda key: (key[0] != "new", key[1])):
        sets.setdefault(name, {})[label] = {kind: found[name, label, kind] for kind in ERRORS}
    return sets
