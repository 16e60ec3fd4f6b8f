"""Read spaCy's own .spacy files: Docs in a DocBin, of which words, spaces and entities are read.

A Doc without an entity is refused if it has span groups.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import srsly
from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH
from spacy.strings import StringStore
from spacy.tokens import DocBin

from ner_update.data.dataset import NOT_YET, LeftOut
from ner_update.data.records import Problem
from ner_update.data.tag_schemes import TagError, scheme_of, spans_of

# Bytes after decompression: a file of a few kilobytes can be made to grow beyond any memory.
LARGEST = 1_000_000_000
# What spaCy's integers for a token's place mean; 0 is: nobody said.
LETTERS = {1: "I", 2: "O", 3: "B"}


def read_docbin(file: Path, content: bytes, problems: list[Problem]) -> Iterator[tuple[int, dict | LeftOut | None]]:
    """Read the Docs of a file.

    problems (list): Gets what cannot be read.
    YIELDS (tuple): Number of a Doc in the file, and its record, or why it was left out, or None if something is wrong.
    """
    try:
        if zlib.decompressobj().decompress(content, LARGEST + 1)[LARGEST:]:
            problems.append(Problem(str(file), None, f"more than {LARGEST:,} bytes when decompressed: split the file"))
            return
        docs = DocBin().from_bytes(content)
        strings = StringStore(docs.strings)
        columns = [docs.attrs.index(attr) for attr in (ORTH, ENT_IOB, ENT_TYPE)]
        found = [_tokens(docs, number, columns, strings) for number in range(len(docs.tokens))]
        read = list(zip(found, map(_groups, docs.span_groups), strict=True))
    except Exception as error:
        # A damaged file fails in a way of its own at each of its places.
        said = " ".join(str(error).split())[:200]
        problems.append(
            Problem(
                str(file), None, f"this is no whole .spacy file of Docs with entities: {said or type(error).__name__}"
            )
        )
        return
    for number, ((text, places, tags), names) in enumerate(read, 1):
        record: Any = None
        if names and {*tags} <= {"", "O"}:
            message = f"no entity is in doc.ents, and spans are in doc.spans: {', '.join(names)[:200]}"
            problems.append(Problem(str(file), number, f"{message}. Set doc.ents, or take the groups out", text))
        elif set(tags) == {""}:
            record = LeftOut(NOT_YET)
        elif "" in tags:
            message = (
                f"token {tags.index('')} is neither in an entity nor out of one: annotate it, or take the text out"
            )
            problems.append(Problem(str(file), number, message, text))
        else:
            try:
                spans = spans_of(tags, scheme_of([tags]))
                record = {"text": text, "entities": [[places[s][0], places[e - 1][1], label] for s, e, label in spans]}
            except TagError as error:
                problems.append(Problem(str(file), number, f"token {error.index}: {error}", text))
        yield number, record


def _tokens(
    docs: DocBin, number: int, columns: list[int], strings: StringStore
) -> tuple[str, list[tuple[int, int]], list[str]]:
    """Doc.from_array trusts what it is given, and this file may come from anybody: so the arrays are read here."""
    unknown = docs.flags[number].get("has_unknown_spaces")
    words, places, tags, at = [], [], [], 0
    rows = docs.tokens[number][:, columns].tolist()
    for (orth, iob, label), space in zip(rows, docs.spaces[number].ravel().tolist(), strict=True):
        word = strings[orth]
        places.append((at, at + len(word)))
        words += [word, " " if space or unknown else ""]
        at += len(word) + len(words[-1])
        # An entity without a label is how spaCy says that none may be here.
        letter = LETTERS.get(iob, "") if label or iob in (0, 2) else "O"
        tags.append(f"{letter}-{strings[label]}" if letter in ("I", "B") else letter)
    return "".join(words[:-1] if unknown else words), places, tags


def _groups(content: bytes) -> list[str]:
    """Get the names of the span groups of a Doc that hold spans."""
    # A list before spaCy 3.4, and then an object with the names of each group, which several may share.
    groups = srsly.msgpack_loads(content) if content else []
    named = groups.items() if isinstance(groups, dict) else ((group, None) for group in groups)
    read = [(srsly.msgpack_loads(group), names) for group, names in named]
    return sorted(str(name) for group, names in read if group["spans"] for name in names or [group["name"]])
