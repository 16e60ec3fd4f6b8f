"""Punctuation that some spans take in and others with the same name leave out: "Zune." here and "Zune" elsewhere.

A full stop or an exclamation mark may belong to a name ("U.S.", "Yahoo!"): what is annotated with it every time is right.
The first pass counts the surface forms (scripts/ner_update/checks/missed_mentions.py), the second one looks:

    doubtful = doubtful_forms(forms)                    # once, from the counts of all sets together
    findings = edge_findings(example, doubtful)         # for each example
"""

from collections import Counter
from collections.abc import Iterator

from ner_update.data.records import Example, Finding
from ner_update.data.validation import trimmed

# Not # and @: a hashtag is no slip.
EDGES = frozenset(".!?'\u2018\u2019-\u2013\u2014*\u2026/|~_,;:()[]\"\u201c\u201d")


def doubtful_forms(forms: Counter) -> frozenset[tuple[str, str]]:
    """Find forms with punctuation at an edge that are annotated without it at least as often.

    forms (Counter): How often each (lower-cased form, label) was annotated.
    RETURNS (frozenset): Those (form, label).
    """
    found = set()
    for (form, label), count in forms.items():
        left, right = without_edges(form, 0, len(form))
        if trimmed(form, 0, len(form)) != (0, len(form)):
            # A stray comma is wrong whatever others do, and check_record says so.
            continue
        if right - left < len(form) and forms.get((form[left:right], label), 0) >= count:
            found.add((form, label))
    return frozenset(found)


def edge_findings(example: Example, doubtful: frozenset[tuple[str, str]]) -> Iterator[Finding]:
    """Find each span of a doubtful form, and propose the one without the punctuation."""
    for start, end, label in example.entities if doubtful else ():
        if (example.text[start:end].lower(), label) in doubtful:
            left, right = without_edges(example.text, start, end)
            repair = f"use [{left}, {right}] {example.text[left:right]!r}"
            message = f"span [{start}, {end}] {label[:100]} {example.text[start:end]!r} begins or ends with punctuation, which other spans leave out: {repair}"
            yield Finding("edge_punctuation", message, (start, end, label), repair)


def without_edges(text: str, start: int, end: int) -> tuple[int, int]:
    """Strip the punctuation from the edges of a span.

    RETURNS (tuple): The span itself if all of it is punctuation.
    """
    left, right = start, end
    while left < right and text[left] in EDGES:
        left += 1
    while left < right and text[right - 1] in EDGES:
        right -= 1
    return (left, right) if left < right else (start, end)
