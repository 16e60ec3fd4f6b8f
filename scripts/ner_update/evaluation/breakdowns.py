"""What kind of entity is found and what is not: by frequency in training, length, casing; kinds of error; confusion.

Gold and predicted entities are aligned here, in `aligned`. spaCy's own alignment is of tokens with tokens, which are the
same on both sides. nervaluate scores the same entities four times over, under four rules; its counts do not add up to the
gold entities in one table of kinds, and it names no pairs, of which the confusion matrix is made.
"""

from collections import Counter
from collections.abc import Callable, Iterable

import numpy
from spacy.tokens import Doc, Span

from ner_update.evaluation.scoring import Entities, count, entities, interval, paired, resample, sentence

Entity = tuple[int, int, str]
# Those of a gold entity, then the one of a prediction alone.
KINDS = ("correct", "boundary", "label", "boundary_and_label", "missed", "spurious")
NONE = "none"


def aligned(gold: Entities, predicted: Entities) -> Iterable[tuple[str, Entity | None, Entity | None]]:
    """Pair each gold entity with at most one predicted entity that overlaps it.

    That is the same one, one of the same place, one of the same label, any other; of several the one with the largest
    overlap.

    gold, predicted (set): Entities of one text. Those of a side do not overlap each other.
    YIELDS (tuple): One of KINDS, the gold entity, the predicted entity. "missed" has no predicted one, "spurious" no gold one.
    """

    def rank(pair: tuple[Entity, Entity]) -> tuple:
        (start, end, label), (s, e, other) = pair
        return (start, end) != (s, e), label != other, max(start, s) - min(end, e), start, s

    left, free = set(gold), set(predicted)
    overlapping = [(g, p) for g in gold for p in predicted if g[0] < p[1] and p[0] < g[1]]
    for g, p in sorted(overlapping, key=rank):
        if g in left and p in free:
            left.remove(g)
            free.remove(p)
            moved, renamed = g[:2] != p[:2], g[2] != p[2]
            yield (
                "boundary_and_label"
                if moved and renamed
                else "boundary"
                if moved
                else "label"
                if renamed
                else "correct",
                g,
                p,
            )
    yield from (("missed", g, None) for g in sorted(left))
    yield from (("spurious", None, p) for p in sorted(free))


def either(gold: Entity | None, predicted: Entity | None) -> Entity:
    """Get the entity of a pair: the gold one, or the predicted one if there is no gold one."""
    found = gold or predicted
    assert found
    return found


def errors(gold: list[Doc], base: list[Doc], updated: list[Doc], labels: list[str], seed: int) -> tuple[dict, dict]:
    """Count the kinds of error, and which label was taken for which.

    labels (list): The labels that count; the others are left out of gold and predictions.
    RETURNS (tuple): By label, and for "all": each kind with its number in base and updated, the difference with its 95 %
        interval, and a sentence; a spurious entity counts for the label it was given. Then the confusion matrix of each
        pipeline, by gold label and predicted label, either of which may be "none"; an entity with wrong boundaries counts
        for its labels.
    """
    samples, keys = resample(len(gold), seed), [*labels, "all"]
    table: dict[str, numpy.ndarray] = {}
    matrices: dict[str, dict] = {}
    for side, docs in (("base", base), ("updated", updated)):
        table[side] = numpy.zeros((len(gold), len(keys), len(KINDS)))
        cells: Counter = Counter()
        for n, (wanted, said) in enumerate(zip(gold, docs)):
            for kind, g, p in aligned(entities(wanted, labels), entities(said, labels)):
                row = keys.index(either(g, p)[2])
                table[side][n, [row, -1], KINDS.index(kind)] += 1
                cells[g[2] if g else NONE, p[2] if p else NONE] += 1
        matrices[side] = {g: {p: cells[g, p] for p in (*labels, NONE)} for g in (*labels, NONE)}
    kinds: dict[str, dict] = {}
    for k, key in enumerate(keys):
        kinds[key] = {}
        for n, kind in enumerate(KINDS):
            b, u = table["base"][:, k, n], table["updated"][:, k, n]
            limits = interval(samples @ (u - b))
            # Of errors fewer are better.
            sign = 1 if kind == "correct" else -1
            says = sentence(sign * (u - b).sum(), sorted(sign * limit for limit in limits), "entities", digits=0)
            kinds[key][kind] = {
                "base": int(b.sum()),
                "updated": int(u.sum()),
                "difference": int((u - b).sum()),
                "interval": limits,
                "says": says,
            }
    return kinds, matrices


def frequency(forms: Counter) -> Callable[[Span], str]:
    """Make a function that sorts entities into buckets by how often they occur in training.

    forms (Counter): How often a lower-cased text occurs in training with a label.
    RETURNS (Callable): Entity to bucket.
    """
    return lambda ent: "0" if not (n := forms[ent.text.lower(), ent.label_]) else "1-4" if n < 5 else "5+"


def length(ent: Span) -> str:
    """Get the bucket of an entity's number of tokens."""
    return str(len(ent)) if len(ent) < 3 else "3+"


def casing(ent: Span) -> str:
    """Get the bucket of how an entity is written."""
    text = ent.text
    return (
        "UPPER"
        if text.isupper()
        else "lower"
        if text.islower()
        else "Title"
        if text.istitle()
        else "mixed"
        if text.upper() != text.lower()
        else "no letters"
    )


def by_bucket(
    gold: list[Doc], base: list[Doc], updated: list[Doc], labels: list[str], bucket: Callable[[Span], str], seed: int
) -> dict:
    """Score both pipelines on entities of each kind. A prediction is of the kind that it is itself, right or wrong.

    bucket (Callable): Gives an entity's kind.
    RETURNS (dict): By kind and label, and for "all", what `paired` gives for recall. Kinds without a gold entity are left out.
    """
    samples = resample(len(gold), seed)
    sorts = [
        [{(e.start, e.end, e.label_): bucket(e) for e in doc.ents if e.label_ in labels} for doc in docs]
        for docs in (gold, base, updated)
    ]
    result: dict = {}
    for kind in sorted({kind for doc in sorts[0] for kind in doc.values()}):
        rows = result[kind] = {}
        for name, chosen in [*((label, [label]) for label in labels), ("all", labels)]:
            wanted, b, u = (
                [{e for e, k in doc.items() if k == kind and e[2] in chosen} for doc in docs] for docs in sorts
            )
            if any(wanted):
                rows[name] = paired(count(b, wanted), count(u, wanted), samples, by="r")
    return result


def seen_unseen(
    gold: list[Doc], base: list[Doc], updated: list[Doc], train: list[Doc], new: list[str], seed: int
) -> dict:
    """Recall on new-label entities whose lower-cased text does, or does not, occur as an entity in training.

    RETURNS (dict): seen and unseen, each with recall of updated (r) and base in percent and support; r is None without any.
    """
    known = {ent.text.lower() for doc in train for ent in doc.ents}
    found = by_bucket(gold, base, updated, new, lambda ent: "seen" if ent.text.lower() in known else "unseen", seed)
    rows: dict = {}
    for kind in ("seen", "unseen"):
        row = found.get(kind, {}).get("all")
        rows[kind] = (
            {"r": row["updated"]["r"], "support": row["updated"]["support"], "base_r": row["base"]["r"]}
            if row
            else {"r": None, "support": 0}
        )
        rows[kind] |= {key: row[key] for key in ("difference_r", "interval", "says")} if row else {}
    return rows


def break_down(
    gold: list[Doc], base: list[Doc], updated: list[Doc], labels: list[str], forms: Counter, seed: int
) -> dict:
    """Compute all breakdowns of one test set: frequency, length, casing, errors, confusion.

    Frequency is of the labels alone that occur in training: a published base comes without its texts.
    """
    trained = [label for label in labels if any(label == known for _, known in forms)]
    kinds, matrices = errors(gold, base, updated, labels, seed)
    return {
        "frequency": by_bucket(gold, base, updated, trained, frequency(forms), seed),
        "length": by_bucket(gold, base, updated, labels, length, seed),
        "casing": by_bucket(gold, base, updated, labels, casing, seed),
        "errors": kinds,
        "confusion": matrices,
    }
