"""Rewrite texts character by character, so that their entities keep their places: without punctuation, with other names."""

import random
import re
import unicodedata
from collections.abc import Iterable, Sequence

from spacy.tokens import Doc

# A text, and its entities as (start, end, label) in characters.
Rewritten = tuple[str, set[tuple[int, int, str]]]
# They go without a trace: don't, U.S.
JOINING = "'’`."
TRIES = 20


def rewritten(doc: Doc, labels: Iterable[str], pieces: Sequence[str]) -> Rewritten:
    """Put a text together anew.

    labels (Iterable): The entities to keep.
    pieces (Sequence): What stands in place of each character of the text.
    RETURNS (tuple): The text, and its entities as (start, end, label) in characters, without white space at their ends.
        An entity of which nothing is left is gone.
    """
    begins = [0]
    for piece in pieces:
        begins.append(begins[-1] + len(piece))
    text, kept = "".join(pieces), set()
    for ent in doc.ents:
        start, end = begins[ent.start_char], begins[ent.end_char]
        found = text[start:end]
        start, end = start + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip())
        if start < end and ent.label_ in labels:
            kept.add((start, end, ent.label_))
    return text, kept


def without_punctuation(text: str) -> list[str]:
    """Remove the punctuation of a text.

    RETURNS (list): Each character, or nothing, or a space where punctuation alone separated two words.
    """
    pieces: list[str] = []
    last = " "
    for n, char in enumerate(text):
        piece = char
        if unicodedata.category(char).startswith("P"):
            between = not last.isspace() and not text[n + 1 : n + 2].isspace() and n + 1 < len(text)
            piece = " " if between and char not in JOINING else ""
        elif char == " " and last == " ":
            piece = ""
        pieces.append(piece)
        last = piece or last
    return pieces


def with_names(
    doc: Doc, labels: Iterable[str], words: dict[str, list[str]], known: set[str], rng: random.Random
) -> list[str]:
    """Swap each entity for a made-up one: as many words, in the same case, each of the halves of two words of its label.

    words (dict): The words that occur in entities of each label.
    known (set): All words of the training texts, lower-cased: none of them is made.
    RETURNS (list): What stands in place of each character: the new word in place of the first one of a word.
    """
    pieces = list(doc.text)
    for ent in doc.ents:
        for found in re.finditer(r"[^\W\d_]{2,}|\d{2,}", ent.text) if ent.label_ in labels else ():
            word = made = found[0]
            for _ in range(TRIES):
                if made != word and made.lower() not in known:
                    break
                digits = rng.randrange(10 ** (len(word) - 1), 10 ** len(word)) if word.isdecimal() else None
                made = (
                    in_the_case_of(word, rng.choice(words[ent.label_]), rng.choice(words[ent.label_]))
                    if digits is None
                    else str(digits)
                )
            start = ent.start_char + found.start()
            pieces[start : start + len(word)] = [made, *[""] * (len(word) - 1)]
    return pieces


def in_the_case_of(word: str, first: str, second: str) -> str:
    """Join the first half of one word and the second half of another, in the case of `word`."""
    made = (first[: (len(first) + 1) // 2] + second[len(second) // 2 :]).lower()
    return made.upper() if word.isupper() else made.capitalize() if word[0].isupper() else made
