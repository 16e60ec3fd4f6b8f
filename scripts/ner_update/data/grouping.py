"""Say which texts must stay on one side of a split, and count as the same where one must not be trained on."""

import re

from ner_update.data.records import Example, RawText

WORD = re.compile(r"[^\W\d]+|\d")
NUMBER = re.compile(r"\d+")


def group_key(example: Example | RawText) -> str:
    """Get the key of an example's group: the source document, if it is named, or else near_key."""
    return f"doc {example.meta['doc']}" if "doc" in example.meta else near_key(example.text)


def near_key(text: str) -> str:
    """Get a key that is the same for texts that differ only in case, numbers, spaces and punctuation.

    RETURNS (str): The words, separated by spaces.
    """
    return " ".join(WORD.findall(NUMBER.sub("0", text.casefold())))
