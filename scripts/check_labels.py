"""Find labels that nothing could learn, or that look misspelt."""

from collections import Counter
from difflib import get_close_matches
from typing import Iterator

from records import Example, Problem

# A label this much rarer than one that is spelt almost the same is taken for a slip of the pen.
MISSPELT_RATIO = 20
# So many labels are names that stand in the place of a kind; to compare each with each would take hours.
MOST_LABELS = 500


class LabelCheck:
    """What each label of each set is held against. It goes to other processes.

    used (dict): How many spans of "base", "annotated" and "test" have each label.
    base (set): Labels that the base pipeline knows, or will learn from assets/base.
    installed (bool): Whether the base pipeline is an installed one.
    """

    def __init__(self, used: dict[str, Counter], base: set[str], installed: bool):
        new = used["annotated"]
        self.installed = installed
        self.allowed = {"base": base, "annotated": set(new), "test": set(new) | base}
        # With too many, the set as a whole is at fault, and not each of its spans.
        labels = set().union(*used.values())
        few = labels if len(labels) <= MOST_LABELS else set()
        self.hints = {name: {label: _hint(label, known) for label in few - known} for name, known in self.allowed.items()}
        self.meant = {label: meant for label in new if label in few and (meant := _meant(label, new, base))}

    def problems(self, name: str, file: str, line: int, example: Example) -> Iterator[Problem]:
        """YIELDS (Problem): Each span of an example with a label that nothing could learn, or that looks misspelt."""
        for start, end, label in example.entities:
            span = f"span [{start}, {end}] {example.text[start:end]!r}"
            if label in self.hints[name]:
                who = "the base pipeline" if self.installed and name == "base" else "any training text"
                yield Problem(file, line, f"{span} has label {label}, unknown to {who}: {self.hints[name][label]}", example.text)
            elif name == "annotated" and label in self.meant:
                yield Problem(file, line, f"{span} has label {label}, which looks like a misspelt {self.meant[label]}: mend it", example.text)


def check_number(labels: Counter) -> Iterator[Problem]:
    """Look at the labels of all sets together.

    labels (Counter): How many spans each file and label have.
    YIELDS (Problem): That there are too many.
    """
    different = {label for _, label in labels}
    if len(different) > MOST_LABELS:
        file, _ = Counter(file for file, _ in labels).most_common(1)[0]
        message = f"there are {len(different):,} labels, and no more than {MOST_LABELS} may be: a label is a kind, not a name"
        yield Problem(file, None, message)


def _hint(label: str, known: set[str]) -> str:
    near = get_close_matches(label, sorted(known), 1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"


def _meant(label: str, new: Counter, base: set[str]) -> str:
    near = [other for other in get_close_matches(label, sorted(set(new) | base), 3, cutoff=0.8) if other != label]
    return near[0] if near and label not in base and (near[0] in base or new[near[0]] >= MISSPELT_RATIO * new[label]) else ""
