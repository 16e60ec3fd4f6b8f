"""Say which texts must stay on one side of a split, and count as the same where one must not be trained on."""

import re

from records import Example, RawText

WORD = re.compile(r"[^\W\d]+|\d")
NUMBER = re.compile(r"\d+")


def group_key(example: Example | RawText) -> str:
    """Name the group of a text: its source document if it is named, else texts that differ only in case, numbers, spaces and
    punctuation.

    RETURNS (str): The same for all examples of a group.
    """
    if "doc" in example.meta:
        return f"doc {example.meta['doc']}"
    return " ".join(WORD.findall(NUMBER.sub("0", example.text.casefold())))
