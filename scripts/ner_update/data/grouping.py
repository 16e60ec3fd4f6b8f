"""Say which texts must stay on one side of a split, and count as the same where one must not be trained on."""

import re

from ner_update.data.records import Example, RawText

WORD = re.compile(r"[^\W\d]+|\d")
NUMBER = re.compile(r"\d+")


def group_key(example: Example | RawText) -> str:
    """RETURNS (str): The same for all examples of a group: the source document, if it is named, or else near_key."""
    return f"doc {example.meta['doc']}" if "doc" in example.meta else near_key(example.text)


def near_key(text: str) -> str:
    """RETURNS (str): The same for texts that differ only in case, numbers, spaces and punctuation: the words, parted by spaces."""
    return " ".join(WORD.findall(NUMBER.sub("0", text.casefold())))
