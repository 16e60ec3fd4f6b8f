"""Mend what a program can mend in a record. What only a person can decide is left as it is, and said.

    mended, done, left = repair(example, nlp.make_doc, {"GADGTE": "GADGET"})
    for file, line, before, after, done, left in repaired(records, make_doc, hints): ...          # a whole set, as it streams

The hints come from check_labels.label_hints. scripts/ner_update/checks/repaired_files.py writes files.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ner_update.data.offsets import Span, edited
from ner_update.data.records import ALWAYS_ERRORS, Example, check_alignment
from ner_update.data.validation import CARRIAGE_RETURN, check_record, trimmed

EDITS: list[tuple[re.Pattern, Callable[[re.Match], str], str]] = [
    (
        re.compile("[\ud800-\udbff][\udc00-\udfff]"),
        lambda m: m[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"),
        "joined halves of characters",
    ),
    (CARRIAGE_RETURN, lambda _: "\n", "wrote \\n for carriage returns"),
    (re.compile("[\0\ufeff]"), lambda _: "", "took out NUL and byte order marks"),
]
# Offsets that say nothing of where the entity stands.
HOPELESS = {"out_of_range", "empty_span", "reversed_span"}


class Repaired(NamedTuple):
    """What became of one record. `after` is None if it was left out; `left` says why, or is empty."""

    file: str
    line: int
    before: Any
    after: Any
    done: list[str]
    left: list[str]


def repair(
    record: Any, make_doc: Callable[[str], Doc], hints: dict[str, str]
) -> tuple[Any | None, list[str], list[str]]:
    """Mend a record.

    record (Example or RawText): It is not changed.
    make_doc (Callable): Makes a Doc of a text: nlp.make_doc of the pipeline that is to be updated.
    hints (dict): For each label that is wrong in this set the one that is meant; empty if that cannot be guessed.
    RETURNS (tuple): The mended record (the same object if nothing was wrong), or None if only a person can mend it; what
        was done; and what is wrong still.
    """
    text, spans, done = record.text, list(getattr(record, "entities", [])), []
    for pattern, new, what in EDITS:
        if pattern.search(text):
            text, spans = edited(text, spans, pattern, new)
            done.append(what)
    mended = record.model_copy(update={"text": text})
    if isinstance(record, Example):
        broken = [finding.message for finding in check_record(record) if finding.kind in HOPELESS]
        broken += [
            f"label {label[:100]} is unknown, and like none that is known"
            for label in {s[2]: 0 for s in spans}
            if hints.get(label) == ""
        ]
        if broken:
            return None, [], broken
        spans = _labels(spans, hints, done)
        spans = _edges(text, spans, done)
        spans = _unique(spans, done)
        # A text that cannot be used whatever its spans are may also be one that no tokenizer should see.
        if not any(
            finding.kind in ALWAYS_ERRORS for finding in check_record(mended.model_copy(update={"entities": []}))
        ):
            spans = _aligned(make_doc(text), spans, done)
        spans = _apart(_unique(spans, done), done)
        mended = mended.model_copy(update={"entities": spans})
    left = [finding.message for finding in check_record(mended) if finding.kind in ALWAYS_ERRORS]
    if not left and isinstance(record, Example):
        left = [finding.message for finding in check_alignment(mended, make_doc(text))]
    if left:
        return None, done, left
    return (mended if done else record), list(dict.fromkeys(done)), []


def repaired(
    records: Iterable[tuple[str, int, Any]], make_doc: Callable[[str], Doc], hints: dict[str, str]
) -> Iterator[Repaired]:
    """Mend the records of one set, one after another. A text that stands again with the same spans is left out.

    records (Iterable): File, line and record, in the order of the set.
    YIELDS (Repaired): What became of each.
    """
    known: dict[int, tuple[str, int]] = {}
    for file, line, record in records:
        mended, done, left = repair(record, make_doc, hints)
        if isinstance(mended, Example):
            # A hash in the place of the text: of a million texts it takes little.
            first = known.setdefault(hash((mended.text, tuple(sorted(mended.entities)))), (file, line))
            if first != (file, line):
                yield Repaired(
                    file, line, record, None, [*done, f"took it out: it stands already at {first[0]}:{first[1]}"], []
                )
                continue
        yield Repaired(file, line, record, mended, done, left)


def _labels(spans: list[Span], hints: dict[str, str], done: list[str]) -> list[Span]:
    for label in dict.fromkeys(label for _, _, label in spans if label in hints):
        done.append(f"wrote {hints[label]} for {label}")
    return [(start, end, hints.get(label, label)) for start, end, label in spans]


def _edges(text: str, spans: list[Span], done: list[str]) -> list[Span]:
    made = []
    for start, end, label in spans:
        left, right = trimmed(text, start, end)
        # Of nothing but punctuation nothing would be left; what it is, only a person knows.
        made.append((left, right, label) if left < right else (start, end, label))
        if made[-1][:2] != (start, end):
            done.append(f"cut the edges of {_named(text, start, end, label)}: {text[left:right]!r}")
    return made


def _aligned(doc: Doc, spans: list[Span], done: list[str]) -> list[Span]:
    # As many bytes as characters, and 1 where a span is: to look at all others for each would take for ever.
    text, made = doc.text, []
    covered = bytearray(len(text))
    fits = {span for span in spans if span[0] < span[1] and doc.char_span(*span[:2]) is not None}
    for start, end, _ in fits:
        covered[start:end] = b"\1" * (end - start)
    for span in spans:
        # Where nothing but white space is marked, what was meant only a person knows.
        if span in fits or not text[span[0] : span[1]].strip():
            made.append(span)
            continue
        start, end, label = span
        offers = [doc.char_span(start, end, label, alignment_mode=mode) for mode in ("expand", "contract")]
        offered = [(offer.start_char, offer.end_char, label) for offer in offers if offer is not None and len(offer)]
        free = [offer for offer in offered if covered.find(1, offer[0], offer[1]) < 0]
        made += (free or offered or [span])[:1]
        covered[made[-1][0] : made[-1][1]] = b"\1" * (made[-1][1] - made[-1][0])
        if made[-1] != span:
            how = "widened" if made[-1][1] - made[-1][0] > end - start else "narrowed"
            done.append(f"{how} {_named(text, *span)} to whole tokens: {text[made[-1][0] : made[-1][1]]!r}")
    return made


def _unique(spans: list[Span], done: list[str]) -> list[Span]:
    made = list(dict.fromkeys(spans))
    if len(made) < len(spans):
        done.append("merged spans that stood twice")
    return made


def _apart(spans: list[Span], done: list[str]) -> list[Span]:
    """Of spans that overlap keep the longest, and of those the first."""
    kept: set[Span] = set()
    taken = bytearray(max((end for _, end, _ in spans), default=0))
    for start, end, label in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        # Where a span overlaps one that is no shorter, one of its ends lies in that.
        if start < end and (taken[start] or taken[end - 1]):
            done.append(f"took out span [{start}, {end}] {label}: a longer one overlaps it")
        else:
            taken[start:end] = b"\1" * (end - start)
            kept.add((start, end, label))
    return [span for span in spans if span in kept]


def _named(text: str, start: int, end: int, label: str) -> str:
    return f"span [{start}, {end}] {label} {text[start:end]!r}"
