"""What can be wrong with a record by itself, before any tokenizer looks at it."""

import re
from typing import Iterator

from pydantic import BaseModel

# spaCy refuses longer texts (nlp.max_length).
LONGEST_TEXT = 1_000_000
# Over a "word" of brackets or emoji spaCy's tokenizer takes time with the square of its length: 4 seconds for this one.
LONGEST_WORD = 5_000
LONGEST_LABEL = 100
SURROGATE = re.compile("[\ud800-\udfff]")


def check_record(record: BaseModel) -> Iterator[str]:
    """YIELDS (str): What is wrong with a record by itself: its text, its labels, its spans."""
    yield from _check_text(record.text)
    entities = getattr(record, "entities", [])
    for label in {label: None for _, _, label in entities}:
        if not label.strip():
            yield "a span has no label"
        elif len(label) > LONGEST_LABEL or not label.isprintable():
            yield f"a label must be one line of at most {LONGEST_LABEL} printable characters, not {label[:20]!r}"
    inside = []
    for start, end, label in entities:
        name = f"span [{start}, {end}] {label[:LONGEST_LABEL]}"
        if start < 0 or end > len(record.text):
            yield f"{name} is out of range: the text has {len(record.text)} characters"
        elif start >= end:
            yield f"{name} is empty or reversed: the end must be greater than the start"
        else:
            inside.append((start, end, label[:LONGEST_LABEL]))
    # Each against the one that reaches furthest so far: with all pairs, a long list of spans would take for ever.
    last = None
    for start, end, label in sorted(inside, key=lambda span: span[0]):
        if last and start < last[1]:
            shown, other = record.text[start:end], record.text[last[0] : last[1]]
            yield f"span [{start}, {end}] {label} {shown!r} overlaps [{last[0]}, {last[1]}] {last[2]} {other!r}: keep one of them"
        if last is None or end > last[1]:
            last = (start, end, label)


def _check_text(text: str) -> Iterator[str]:
    if not text.strip():
        yield "the text is empty"
    if SURROGATE.search(text):
        yield "the text holds half of a surrogate pair: save the file as UTF-8 again"
    if "\0" in text:
        yield "the text holds a NUL character: take it out"
    if len(text) > LONGEST_TEXT:
        yield f"the text has {len(text):,} characters, and spaCy takes {LONGEST_TEXT:,}: cut it into several"
    for word in re.finditer(r"\S+", text) if len(text) > LONGEST_WORD else ():
        if word.end() - word.start() > LONGEST_WORD:
            where = f"from {word.start()} on ({word[0][:20]!r})"
            yield f"more than {LONGEST_WORD:,} characters without a space, {where}: cut them, or take them out"
