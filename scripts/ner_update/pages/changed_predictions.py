"""The texts in which predictions of the old labels changed by the update: what was lost, what appeared, what it is called now."""

from collections import Counter
from collections.abc import Iterator

from ner_update.evaluation.breakdowns import aligned, either
from ner_update.pages.error_examples import chosen, counted, described

# What befell an entity that the base predicted, and what the update alone predicts.
CHANGES = ("lost", "to a new label", "other boundaries", "another old label", "appeared")
# Where there is annotation: whether the change was for the better.
JUDGED = ("mended", "broken", "wrong before and after", "not annotated")
SHOWN = 200


def change(before: tuple | None, after: tuple | None, new: set[str]) -> str:
    """Classify a change.

    RETURNS (str): One of CHANGES.
    """
    if not before:
        return "appeared"
    if not after:
        return "lost"
    return "to a new label" if after[2] in new else "other boundaries" if before[2] == after[2] else "another old label"


def judged(before: tuple | None, after: tuple | None, gold: set[tuple] | None) -> str:
    """Compare a change with the annotation. To say nothing is right where what the other pipeline says is wrong.

    gold (set): None where the label is not annotated.
    RETURNS (str): One of JUDGED.
    """
    if gold is None:
        return "not annotated"
    was = before in gold if before else after not in gold
    now = after in gold if after else before not in gold
    return "wrong before and after" if was == now else "mended" if now else "broken"


def changed(rows: list[dict], metrics: dict) -> Iterator[dict]:
    """Compare the base's predictions of old labels with all that the updated pipeline says in the same text.

    YIELDS (dict): set, text, gold (None where nothing is annotated), base (old labels), updated, and changes of each text that
        has any, raw texts included.
    """
    old, new, annotated = set(metrics["labels"]["old"]), set(metrics["labels"]["new"]), counted(metrics)
    for row in rows:
        before, after = chosen(row["base"], old), chosen(row["updated"], old | new)
        labels = annotated.get(row["set"], set())
        gold = chosen(row["gold"], labels) if labels else None
        found = []
        for kind, was, now in aligned(before, after):
            # A new label where the base said nothing is what the update is for.
            if kind != "correct" and (was or (now and now[2] in old)):
                known = gold if either(was, now)[2] in labels else None
                found.append(
                    (
                        either(was, now),
                        {**described(change(was, now, new), row["text"], was, now), "judged": judged(was, now, known)},
                    )
                )
        if found:
            changes = [entry for _, entry in sorted(found, key=lambda pair: pair[0])]
            yield {
                "set": row["set"],
                "text": row["text"],
                "gold": sorted(gold) if gold is not None else None,
                "base": sorted(before),
                "updated": sorted(after),
                "changes": changes,
            }


def first(texts: list[dict]) -> list[dict]:
    """Choose SHOWN texts: first those in which most was broken, then those with most changes, then the shorter ones."""

    def rank(row: dict) -> tuple:
        broken = sum(entry["judged"] == "broken" for entry in row["changes"])
        return -broken, -len(row["changes"]), len(row["text"]), row["set"], row["text"]

    return sorted(texts, key=rank)[:SHOWN]


def change_counts(texts: list[dict]) -> dict[str, dict[str, dict[str, int]]]:
    """Count the changes of each kind by test set and label, and those that were for the better."""
    sets: dict = {}
    for row in texts:
        for entry in row["changes"]:
            cells = sets.setdefault(row["set"], {}).setdefault(entry["label"] or entry["other"], Counter())
            cells.update([entry["kind"], entry["judged"]])
    return {
        name: {label: {key: sets[name][label][key] for key in (*CHANGES, *JUDGED)} for label in sorted(sets[name])}
        for name in sorted(sets, key=("new", "base", "raw").index)
    }
