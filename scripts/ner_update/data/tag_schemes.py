"""Spans out of one tag a token, whatever the scheme: IO, IOB1, IOB2, BILUO, BIOES, BMEWO.

spaCy's own conversion takes anything: it loses an entity that a BILUO file forgot to close. Here a sequence that the
file's scheme does not allow is an error, with the token where it shows.
"""

import re
from collections.abc import Iterable

TAG = re.compile(r"O|[BILUESMW]-.*\S.*")
# The same letters under other names: End, Single, Middle, Whole.
LETTERS = str.maketrans("ESMW", "LUIU")


class TagError(ValueError):
    """Raised when a tag may not stand where it does. `index` counts the tokens from 0."""

    def __init__(self, index: int, message: str):
        super().__init__(message)
        self.index = index


def scheme_of(sequences: Iterable[list[str]]) -> str:
    """Find out the scheme of some tags.

    RETURNS (str): "BILUO" if last and single tokens have letters of their own; "IOB1" if an entity may begin with I-,
        because none that could do without it begins with B-; "IOB2" if each must begin with B-.
    """
    begun_with_i = begun_with_b = False
    for tags in sequences:
        before = "O"
        for tag in tags:
            if tag[0] in "LUESMW":
                return "BILUO"
            if tag != "O" and (before == "O" or before[2:] != tag[2:]):
                begun_with_i |= tag[0] == "I"
                begun_with_b |= tag[0] == "B"
            before = tag
    return "IOB1" if begun_with_i and not begun_with_b else "IOB2"


def spans_of(tags: list[str], scheme: str) -> list[tuple[int, int, str]]:
    """Convert tags to spans.

    RETURNS (list): Start, end (exclusive) and label of each entity, counted in tokens.
    RAISES (TagError): If the scheme does not allow the sequence.
    """
    spans: list[tuple[int, int, str]] = []
    start, open_label = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        letter, label = tag[:1].translate(LETTERS), tag[2:]
        goes_on = letter in "IL" and label == open_label
        if open_label and not goes_on:
            if scheme == "BILUO":
                raise TagError(index - 1, f"{tags[index - 1]} begins or goes on, and no L-{open_label} (or E-) ends it")
            spans.append((start, index, open_label))
            open_label = ""
        if letter in "IL" and not goes_on and scheme != "IOB1":
            raise TagError(index, f"{tag} goes on with what did not begin: B-{label} must stand before it, or here")
        if letter != "O" and not goes_on:
            start, open_label = index, label
        if letter in "LU":
            spans.append((start, index + 1, label))
            open_label = ""
    return spans


def from_tags(words: list[str], tags: list[str], scheme: str) -> dict:
    """Put a text together from its tokens, a space between all of them.

    So every token of the file begins and ends where a token of spaCy does, and no span is lost. To leave out the space
    before a comma would look better, but which tokens the tokenizer splits again would then depend on the words.

    RETURNS (dict): text, entities, and meta, which says that the spaces are ours.
    RAISES (TagError): If the scheme does not allow the tags.
    """
    places, at = [], 0
    for word in words:
        places.append((at, at + len(word)))
        at += len(word) + 1
    entities = [[places[start][0], places[end - 1][1], label] for start, end, label in spans_of(tags, scheme)]
    return {"text": " ".join(words), "entities": entities, "meta": {"text": "put together from tokens"}}
