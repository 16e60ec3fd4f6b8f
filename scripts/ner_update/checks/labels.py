"""Find labels that nothing could learn, or that look misspelt."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ner_update.data.records import Example, Finding, Problem

# A label this much rarer than one that is spelt almost the same is taken for a slip of the pen.
MISSPELT_RATIO = 20
# So many labels are names that stand in the place of a kind; to compare each with each would take hours.
MOST_LABELS = 500


@dataclass(frozen=True)
class WrongLabel:
    """What is wrong with a label in one of the sets, and which label is meant, if that can be guessed."""

    kind: str
    message: str
    meant: str
    repair: str


def wrong_labels(
    name: str, used: Iterable[str], new: Counter, base: set[str], installed: bool
) -> dict[str, WrongLabel]:
    """Find out, once, which labels of a set are wrong, from the counts of all sets.

    name (str): "base", "annotated" or "test".
    used (Iterable): The labels of all sets, MOST_LABELS at most: each unknown one is compared with all known ones.
    new (Counter): How many spans of assets/annotated have each label.
    base (set): Labels that the base pipeline knows, or will learn from assets/base.
    installed (bool): Whether the base pipeline is an installed one.
    RETURNS (dict): By label; a label that is right is not in it.
    """
    known = {"base": base, "annotated": set(new), "test": set(new) | base}[name]
    who = "the base pipeline" if installed and name == "base" else "any training text"
    found = {}
    for label in used:
        if label not in known:
            near = get_close_matches(label, sorted(known), 1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"
            repair = f"write {near[0]}" if near else "use a known label"
            found[label] = WrongLabel(
                "unknown_label", f"has label {label}, unknown to {who}: {hint}", near[0] if near else "", repair
            )
        elif name == "annotated" and (meant := _meant(label, new, base)):
            message = f"has label {label}, which looks like a misspelt {meant}: mend it"
            found[label] = WrongLabel("misspelt_label", message, meant, f"write {meant}")
    return found


def label_hints(counts: dict[str, Counter], base: set[str], installed: bool) -> dict[str, dict[str, str]]:
    """Find out what is meant by the labels that are wrong, for scripts/ner_update/checks/repair.py.

    counts (dict): For "base", "annotated" and "test" how many spans have each label.
    RETURNS (dict): For each set, for each label that is wrong there, the one that is meant; empty if that cannot be guessed.
    """
    used = list(dict.fromkeys(label for labels in counts.values() for label in labels))
    if len(used) > MOST_LABELS:
        return {}
    found = {name: wrong_labels(name, used, counts["annotated"], base, installed) for name in counts}
    return {name: {label: fault.meant for label, fault in wrong.items()} for name, wrong in found.items()}


def label_findings(example: Example, wrong: dict[str, WrongLabel]) -> Iterator[Finding]:
    """Find each span of an example whose label is among the wrong ones."""
    for start, end, label in example.entities if wrong else ():
        if label in wrong:
            fault = wrong[label]
            message = f"span [{start}, {end}] {example.text[start:end]!r} {fault.message}"
            yield Finding(fault.kind, message, (start, end, label), fault.repair)


def too_many(used: dict[str, str]) -> Problem:
    """Report that there are more than MOST_LABELS labels.

    used (dict): For each label a file that has it.
    """
    message = f"there are {len(used):,} labels, and no more than {MOST_LABELS} may be: a label is a kind, not a name"
    return Problem(Counter(used.values()).most_common(1)[0][0], None, message, level="error", kind="too_many_labels")


def _meant(label: str, new: Counter, base: set[str]) -> str:
    near = [other for other in get_close_matches(label, sorted(set(new) | base), 3, cutoff=0.8) if other != label]
    return (
        near[0]
        if near and label not in base and (near[0] in base or new[near[0]] >= MISSPELT_RATIO * new[label])
        else ""
    )
