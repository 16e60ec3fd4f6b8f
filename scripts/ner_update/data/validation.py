"""What can be wrong with a record by itself, before any tokenizer looks at it."""

import re
from collections.abc import Iterator
from typing import Any

from ner_update.data.offsets import Span, edited
from ner_update.data.records import Finding

# spaCy refuses longer texts (nlp.max_length).
LONGEST_TEXT = 1_000_000
# Over a "word" of brackets or emoji spaCy's tokenizer takes time with the square of its length: 4 seconds for this one.
LONGEST_WORD = 5_000
LONGEST_LABEL = 100
# Most texts hold none of these, and one look tells.
ODD = re.compile("[\0\r\ufeff\ud800-\udfff]")
CARRIAGE_RETURN = re.compile("\r\n?")
# No name begins or ends with one of these. That a full stop or an exclamation mark may belong to it, edge_forms.py knows.
STRAY = frozenset(",;:\u3001\uff0c\uff1b\uff1a")
PAIRS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "\u00ab": "\u00bb",
    "\u2039": "\u203a",
    '"': '"',
}
EDGES = STRAY | PAIRS.keys() | set(PAIRS.values())


def check_record(record: Any, longest: int = LONGEST_TEXT) -> Iterator[Finding]:
    """Look at a record by itself: its text, its labels, its spans.

    record (Example or RawText): An Example, or a RawText, which has no spans.
    longest (int): nlp.max_length.
    YIELDS (Finding): What is wrong with it.
    """
    text, entities = record.text, getattr(record, "entities", [])
    # Millions of texts pass here, and nearly all of them hold nothing to look at more closely.
    if not text.isprintable() or len(text) > min(LONGEST_WORD, longest) or not text.strip():
        yield from _check_text(text, entities, longest)
    if not entities:
        return
    for label in {label: None for _, _, label in entities}:
        if not label.strip():
            yield Finding("no_label", "a span has no label")
        elif len(label) > LONGEST_LABEL or not label.isprintable():
            message = f"a label must be one line of at most {LONGEST_LABEL} printable characters, not {label[:20]!r}"
            yield Finding("bad_label", message)
    inside = []
    for start, end, label in entities:
        if start < 0 or end > len(text):
            message = (
                f"span [{start}, {end}] {label[:LONGEST_LABEL]} is out of range: the text has {len(text)} characters"
            )
            yield Finding("out_of_range", message, (start, end, label))
        elif start >= end:
            kind = "empty_span" if start == end else "reversed_span"
            message = f"span [{start}, {end}] {label[:LONGEST_LABEL]} is empty or reversed: the end must be greater than the start"
            yield Finding(kind, message, (start, end, label))
        else:
            inside.append((start, end, label[:LONGEST_LABEL]))
            if text[start] in EDGES or text[end - 1] in EDGES or text[start].isspace() or text[end - 1].isspace():
                yield from _check_edges(text, start, end, label)
    if len(inside) > 1:
        yield from _check_overlaps(text, inside)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Strip white space and stray punctuation from the edges of a span.

    A bracket or a quotation mark whose counterpart is in the span belongs to it.

    RETURNS (tuple): start == end: nothing is left.
    """
    most = end - start if end - start <= 2 * LONGEST_LABEL else LONGEST_LABEL
    for _ in range(most):
        if start == end:
            break
        if text[start].isspace() or text[start] in STRAY or (text[start] in EDGES and _lonely(text, start, end, start)):
            start += 1
        elif (
            text[end - 1].isspace()
            or text[end - 1] in STRAY
            or (text[end - 1] in EDGES and _lonely(text, start, end, end - 1))
        ):
            end -= 1
        else:
            break
    return start, end


def _check_edges(text: str, start: int, end: int, label: str) -> Iterator[Finding]:
    first, last = text[start], text[end - 1]
    white = first.isspace() or last.isspace()
    left, right = trimmed(text, start, end)
    if (left, right) != (start, end):
        repair = f"use [{left}, {right}] {text[left:right]!r}" if left < right else "take it out, or mark it again"
        what = "white space" if white else "punctuation"
        message = (
            f"span [{start}, {end}] {label[:LONGEST_LABEL]} {text[start:end]!r} begins or ends with {what}: {repair}"
        )
        yield Finding("edge_whitespace" if white else "edge_punctuation", message, (start, end, label), repair)


def _lonely(text: str, start: int, end: int, at: int) -> bool:
    """Check whether the counterpart of a bracket or quotation mark is missing in the span."""
    if text[at] == '"' and at > start and text[at - 1].isdigit():
        # An inch.
        return False
    opening = {char for pair in PAIRS.items() if text[at] in pair for char in pair}
    return sum(text.count(char, start, end) for char in opening) % 2 == 1


def _check_overlaps(text: str, inside: list[Span]) -> Iterator[Finding]:
    # Each against the one that reaches furthest so far: with all pairs, a long list of spans would take for ever.
    last = before = None
    for start, end, label in sorted(inside, key=lambda span: (span[0], -span[1], span[2])):
        if before == (start, end, label):
            message = f"span [{start}, {end}] {label} {text[start:end]!r} stands twice: keep one of them"
            yield Finding("duplicate_span", message, before, "keep one of them")
        elif last and start < last[1]:
            other = f"[{last[0]}, {last[1]}] {last[2]} {text[last[0] : last[1]]!r}"
            message = f"span [{start}, {end}] {label} {text[start:end]!r} overlaps {other}: keep one of them"
            yield Finding("overlap", message, (start, end, label), "keep one of them")
        if last is None or end > last[1]:
            last = (start, end, label)
        before = (start, end, label)


def _check_text(text: str, entities: list[Span], longest: int) -> Iterator[Finding]:
    if not text.strip():
        yield Finding("empty_text", "the text is empty")
    if odd := ODD.search(text):
        yield from _check_odd(text, entities, odd)
    if len(text) > longest:
        yield Finding(
            "too_long", f"the text has {len(text):,} characters, and spaCy takes {longest:,}: cut it into several"
        )
    for word in re.finditer(r"\S+", text) if len(text) > LONGEST_WORD else ():
        if word.end() - word.start() > LONGEST_WORD:
            where = f"from {word.start()} on ({word[0][:20]!r})"
            yield Finding(
                "long_word",
                f"more than {LONGEST_WORD:,} characters without a space, {where}: cut them, or take them out",
            )


def _check_odd(text: str, entities: list[Span], first: re.Match) -> Iterator[Finding]:
    if any("\ud800" <= char <= "\udfff" for char in text):
        yield Finding("lone_surrogate", "the text holds half of a surrogate pair: save the file as UTF-8 again")
    if "\0" in text:
        yield Finding("nul", "the text holds a NUL character: take it out")
    if "\ufeff" in text:
        message = f"the text holds a byte order mark (U+FEFF), at {text.index(chr(0xFEFF))}: take it out, and move the spans after it"
        yield Finding("byte_order_mark", message)
    if "\r" in text:
        after = edited(text, entities, CARRIAGE_RETURN, lambda match: "\n")[1]
        moved = [f"[{start}, {end}]" for start, end, _ in after[:5]] if after != entities else []
        spans = f"; its spans are {', '.join(moved)} then{', ...' if len(after) > 5 else ''}" if moved else ""
        count = text.count("\r")
        repair = f"write \\n instead{spans}"
        yield Finding(
            "crlf", f"the text holds {count} carriage return{'s' if count > 1 else ''}: {repair}", None, repair
        )
