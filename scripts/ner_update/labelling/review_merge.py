"""Find out which reviewed records are new, which stand already, and which contradict what stands.

A record is known by its text, and by its id.
"""

import json
from pathlib import Path

from ner_update.data.dataset import DataSet, LeftOut
from ner_update.data.grouping import group_key
from ner_update.data.records import DataError, Example, Problem

STANDS, IN_TEST = "stands already", "stands in the test set"


def merge(
    reviewed: DataSet, standing: DataSet, test: DataSet, target: Path, force: bool = False
) -> tuple[list[Example], dict[int, Example]]:
    """Find out what is new. What is not is left out of the reviewed set, and counted there.

    reviewed (DataSet): From read_reviewed.
    standing, test (DataSet): assets/annotated and assets/test.
    target (Path): The file that gets the new ones.
    force (bool): Whether they replace what stands in the target with other spans, or with another text by that id.
    RETURNS (tuple): New records, sorted by id and text, and records by the line of the target that they replace.
    RAISES (DataError): With every conflict.
    """
    places: dict[tuple[str, str], list[tuple[str, int, Example]]] = {}
    tested = {group_key(example) for _, _, example in test.examples}
    new, replaced, kept, conflicts = [], {}, [], []

    def note(place: tuple[str, int, Example]) -> None:
        for key in keys_of(place[2]):
            places.setdefault(key, []).append(place)

    for place in standing.examples:
        note(place)
    for place in reviewed.examples:
        file, line, example = place
        found = {(other, at): known for key in keys_of(example) for other, at, known in places.get(key, [])}
        if found and all(same(known, example) for known in found.values()):
            reviewed.leave_out(LeftOut(STANDS, len(example.entities)))
        elif group_key(example) in tested:
            reviewed.leave_out(LeftOut(IN_TEST, len(example.entities)))
        else:
            kept.append(place)
            ((other, at),) = [*found] if len(found) == 1 else [("", 0)]
            if force and other == str(target) and at not in replaced:
                replaced[at] = example
            elif found:
                conflicts += [
                    Problem(file, line, differ(example, known, f"{o}:{a}"), example.text)
                    for (o, a), known in found.items()
                ]
            else:
                new.append(example)
            note(place)
    reviewed.examples = kept
    if conflicts:
        raise DataError(conflicts)
    return sorted(new, key=lambda example: (example.id or "", example.text)), replaced


def keys_of(example: Example) -> list[tuple[str, str]]:
    """List what a record is known by."""
    return [("text", example.text), *([("id", example.id)] if example.id else [])]


def same(one: Example, other: Example) -> bool:
    """Check whether two records say the same of the same text."""
    return one.text == other.text and sorted(one.entities) == sorted(other.entities)


def differ(reviewed: Example, known: Example, where: str) -> str:
    """Describe how a reviewed record differs from one that is there already."""
    if reviewed.text != known.text:
        return f"the id {reviewed.id!r} stands at {where}, with another text: {known.text[:80]!r}"
    now, before = (json.dumps(sorted(example.entities), ensure_ascii=False) for example in (reviewed, known))
    return f"reviewed as {now}, but {where} has {before}"
