"""Convert offsets as tools in a browser count them, and move offsets when the text is edited.

These tools count in UTF-16 code units, of which an emoji has two.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache

Span = tuple[int, int, str]


def from_utf16(text: str, spans: list[Span]) -> list[Span]:
    """Convert spans to code points.

    RETURNS (list): An offset inside a character becomes -1, one outside the text stays there.
    """
    places = _places(text)
    if not places:
        return spans
    last = next(reversed(places))

    def place(unit: int) -> int:
        return places.get(unit, -1 if 0 <= unit < last else unit)

    return [(place(start), place(end), label) for start, end, label in spans]


def to_utf16(text: str, spans: list[Span]) -> list[Span]:
    """Convert spans in code points to what tools in a browser count: the inverse of from_utf16."""
    units = {index: unit for unit, index in _places(text).items()}
    return [(units.get(start, start), units.get(end, end), label) for start, end, label in spans]


def by_exported_text(text: str, span: Span, said: str | None) -> Span:
    """Find out in which unit a span counts, from the text that the tool wrote beside it.

    said (str): That text, or None: then the tool's own unit counts, UTF-16.
    RETURNS (tuple): The span in code points.
    RAISES (ValueError): If the text stands at the span in neither unit.
    """
    (in_utf16,) = from_utf16(text, [span])
    if said is None:
        return in_utf16
    for start, end, label in (in_utf16, span):
        # Whatever was folded in it, a text of another size is another one, and long texts take long to compare.
        may_be = 0 <= start < end <= len(text) and end - start < 10 * len(said) + 100
        if may_be and _plain(text[start:end]) == _plain(said):
            return start, end, label
    start, end, label = in_utf16
    inside = text[max(start, 0) : min(max(end, 0), max(start, 0) + 100)]
    raise ValueError(
        f"span [{span[0]}, {span[1]}] {label[:100]} is {inside!r} in the text, but the export says {said[:100]!r}"
    )


def by_word_edges(text: str, spans: list[Span]) -> list[Span] | None:
    """Find out in which unit spans count that come without their text.

    It is the one in which more of them begin and end where words do.

    RETURNS (list): The spans in code points, or None if that does not tell.
    """
    in_utf16 = from_utf16(text, spans)
    if in_utf16 == spans:
        return spans
    one, other = (sum(_at_edges(text, start, end) for start, end, _ in found) for found in (in_utf16, spans))
    return None if one == other else in_utf16 if one > other else spans


def edited(text: str, spans: list[Span], pattern: re.Pattern, new: Callable[[re.Match], str]) -> tuple[str, list[Span]]:
    """Replace every match of a pattern, and move the spans so that they hold what they held.

    new (Callable): What stands in the place of a match. It must be no longer than the match.
    RETURNS (tuple): The text and its spans after that. One that held only what is gone is empty then.
    """
    pieces, at, removed = [], 0, 0
    # Where the text after a match begins, and how many characters were taken out before it.
    ends, shifts = [0], [0]
    for match in pattern.finditer(text):
        put = new(match)
        pieces += [text[at : match.start()], put]
        at = match.end()
        for left in range(len(put), len(match[0])):
            removed += 1
            ends.append(match.start() + left + 1)
            shifts.append(removed)

    def moved(offset: int) -> int:
        return offset - shifts[bisect_right(ends, offset) - 1] if offset > 0 else offset

    return "".join([*pieces, text[at:]]), [(moved(start), moved(end), label) for start, end, label in spans]


@lru_cache(maxsize=1)
def _places(text: str) -> dict[int, int]:
    # Once for a text: it may have a million characters, and a span for each of them.
    if text.isascii() or max(text) <= "\uffff":
        return {}
    places: dict[int, int] = {}
    units = 0
    for index, char in enumerate(text):
        places[units] = index
        units += 2 if char > "\uffff" else 1
    return {**places, units: len(text)}


def _at_edges(text: str, start: int, end: int) -> bool:
    if not 0 <= start < end <= len(text) or text[start].isspace() or text[end - 1].isspace():
        return False
    return not (_in_word(text, start) or _in_word(text, end))


def _in_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _plain(text: str) -> str:
    # Label Studio writes a line break as a backslash and an n, and browsers fold white space.
    return " ".join(text.replace("\\n", " ").split())
