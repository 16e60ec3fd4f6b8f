"""Find labels that nothing could learn, or that look misspelt."""

from collections import Counter
from difflib import get_close_matches
from typing import Iterator

from data_set import DataSet
from records import Problem

# A label this much rarer than one that is spelt almost the same is taken for a slip of the pen.
MISSPELT_RATIO = 20
# So many labels are names that stand in the place of a kind; to compare each with each would take hours.
MOST_LABELS = 500


def check_labels(sets: dict[str, DataSet], new: Counter, base: set[str], installed: bool) -> Iterator[Problem]:
    """Look at each span's label.

    sets (dict): The examples of "base", "annotated" and "test".
    new (Counter): How many spans of assets/annotated have each label.
    base (set): Labels that the base pipeline knows, or will learn from assets/base.
    installed (bool): Whether the base pipeline is an installed one.
    YIELDS (Problem): Each span with a label that nothing could learn, or that looks misspelt.
    """
    used: dict[str, str] = {}
    for data in sets.values():
        for file, _, example in data.examples:
            for _, _, label in example.entities:
                used.setdefault(label, file)
    if len(used) > MOST_LABELS:
        message = f"there are {len(used):,} labels, and no more than {MOST_LABELS} may be: a label is a kind, not a name"
        yield Problem(Counter(used.values()).most_common(1)[0][0], None, message)
        return
    allowed = {"base": base, "annotated": set(new), "test": set(new) | base}
    hints = {name: {label: _hint(label, known) for label in used if label not in known} for name, known in allowed.items()}
    meant = {label: _meant(label, new, base) for label in new}
    for name, data in sets.items():
        for file, line, example in data.examples:
            for start, end, label in example.entities:
                span = f"span [{start}, {end}] {example.text[start:end]!r}"
                if label not in allowed[name]:
                    who = "the base pipeline" if installed and name == "base" else "any training text"
                    yield Problem(file, line, f"{span} has label {label}, unknown to {who}: {hints[name][label]}", example.text)
                elif name == "annotated" and meant[label]:
                    message = f"{span} has label {label}, which looks like a misspelt {meant[label]}: mend it"
                    yield Problem(file, line, message, example.text)


def _hint(label: str, known: set[str]) -> str:
    near = get_close_matches(label, sorted(known), 1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"


def _meant(label: str, new: Counter, base: set[str]) -> str:
    near = [other for other in get_close_matches(label, sorted(set(new) | base), 3, cutoff=0.8) if other != label]
    return near[0] if near and label not in base and (near[0] in base or new[near[0]] >= MISSPELT_RATIO * new[label]) else ""
