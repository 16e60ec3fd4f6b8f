"""Read JSONL and JSON files of any origin: each value with its line, and a problem for whatever cannot be read.

A file is data and nothing else: no value in it is executed, and none can stop the reading of the rest.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, overload

from ner_update.data.records import Problem

# Levels of lists and objects in one value. Whatever reads it next would run out of stack at some hundreds.
DEEPEST = 50
NEW_LINE = re.compile(r"\r\n?")
SPACED_KEY = re.compile(r'"\s+:')
# How a list of records begins, and no line of a JSONL file does.
IN_LIST = re.compile(r"\s*\[\s*[\[{]")


@dataclass(frozen=True)
class Part:
    """Consecutive lines of a file.

    `start` and `size` count bytes, `line` is the number of the first line, `layout` what the beginning of the file
    tells of columns.
    """

    file: Path
    start: int = 0
    size: int = -1
    line: int = 1
    layout: Any = None

    @property
    def length(self) -> int:
        """In bytes, also where the part goes on to the end."""
        return self.size if self.size >= 0 else self.file.stat().st_size - self.start if self.file.is_file() else 0


@overload
def read_content(part: Part, problems: list[Problem], binary: Literal[False] = False) -> str | None: ...
@overload
def read_content(part: Part, problems: list[Problem], binary: Literal[True]) -> bytes | None: ...
@overload
def read_content(part: Part, problems: list[Problem], binary: bool) -> str | bytes | None: ...
def read_content(part: Part, problems: list[Problem], binary: bool = False) -> str | bytes | None:
    """Read a file, or a part of it.

    RETURNS (str or bytes): None, with a problem in the list, if it cannot be read.
    """
    file = part.file
    try:
        if file.is_dir():
            problems.append(Problem(str(file), None, _why_no_folder(file)))
        elif not file.is_file():
            problems.append(Problem(str(file), None, "the file does not exist: put it there or mend the path"))
        else:
            with file.open("rb") as stream:
                stream.seek(part.start)
                content = stream.read(part.size)
            # A line may end as on any system, and begin with a mark, which the first one has.
            return content if binary else NEW_LINE.sub("\n", content.decode("utf8" if part.start else "utf-8-sig"))
    except UnicodeDecodeError as error:
        line = part.line + error.object[: error.start].count(b"\n")
        problems.append(Problem(str(file), line, "not valid UTF-8: save the file as UTF-8"))
    except OSError as error:
        problems.append(Problem(str(file), None, f"the file cannot be read: {error.strerror}"))
    return None


def _why_no_folder(folder: Path) -> str:
    if not os.access(folder, os.R_OK | os.X_OK):
        return "the folder cannot be read: change its permissions, or take it away"
    if folder.is_symlink():
        return "a link to a folder: what changes in it would go unnoticed. Copy its files here, or link them one by one"
    return "a folder stands where a file should: rename it or take it away"


def read_values(file: Path, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    """Read a file: JSONL, or one list.

    problems (list): Gets what is wrong with the file or with a line of it.
    YIELDS (tuple): Number of the line (in a list: of the value), and the value.
    """
    content = read_content(Part(file), problems)
    if isinstance(content, str):
        yield from values_of(content, Part(file), problems)


def parts_of_file(file: Path, size: int) -> Iterator[Part]:
    """Cut a JSONL file into parts of about so many bytes, each of whole lines; any other file stays whole."""
    start, line = 0, 1
    try:
        with file.open("rb") as stream:
            while content := stream.read(size):
                content += stream.readline()
                if not start and not is_jsonl(content.decode("utf8", "replace"), file):
                    break
                yield Part(file, start, len(content), line)
                start, line = start + len(content), line + content.count(b"\n")
            else:
                if start:
                    return
    except OSError:
        # Whoever reads the part will say what is wrong.
        pass
    yield Part(file, start, line=line)


def is_jsonl(content: str, file: Path) -> bool:
    """Check, by how a file begins, whether there is a value in each line, and not one list."""
    return not IN_LIST.match(content) and (file.suffix != ".json" or _has_json_lines(content))


def values_of(content: str, part: Part, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    """Read values as read_values does, from what the file, or the part, holds."""
    file = part.file
    if not part.start and not is_jsonl(content, file):
        yield from _values_of_list(content, file, problems)
        return
    # Not splitlines(): it also breaks at U+2028 and others, which JSON strings may hold.
    for number, row in enumerate(content.split("\n"), part.line):
        if row.strip():
            for value in _parsed(row, str(file), number, problems):
                yield number, value


def _values_of_list(content: str, file: Path, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    found = list(_parsed(content, str(file), None, problems)) if content.strip() else [[]]
    for values in found:
        if not isinstance(values, list):
            problems.append(Problem(str(file), 1, "a .json file must hold one list of records"))
            return
        yield from enumerate(values, 1)


def is_json(content: str) -> bool:
    """Check whether text without a suffix that tells is JSON or JSONL, by how it begins."""
    first = content.lstrip().partition("\n")[0]
    return bool(IN_LIST.match(content)) or any(isinstance(value, (dict, list)) for value in _parsed(first, "", 1, []))


def show(value: Any) -> str:
    """Write a value as JSON, or its text if it is a record with one, to be shown in a message."""
    inner = value.get("data") if isinstance(value, dict) else None
    for record in (value, inner):
        if isinstance(record, dict) and isinstance(record.get("text"), str):
            return record["text"]
    return json.dumps(value, ensure_ascii=False)


def _has_json_lines(content: str) -> bool:
    """Check for lines in a file called .json, as doccano and others write it."""
    rows = content.strip().split("\n", 1)
    return len(rows) == 2 and any(isinstance(value, (dict, list)) for value in _parsed(rows[0], "", 1, []))


def _parsed(text: str, file: str, line: int | None, problems: list[Problem]) -> Iterator[Any]:
    row = "" if line is None else text
    try:
        value = _plain(text)
        if value is not None:
            yield value
            return
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        if not _too_deep(value):
            yield value
            return
        reason = f"more than {DEEPEST} lists and objects stand in each other"
    except json.JSONDecodeError as error:
        problems.append(Problem(file, line or error.lineno, f"broken JSON, column {error.colno}: {error.msg}", row))
        return
    except RecursionError:
        reason = f"more than {DEEPEST} lists and objects stand in each other"
    except ValueError as error:
        # Of a number with thousands of digits Python says how to allow it; that is no use to who has the file.
        reason = str(error).partition(":")[0]
    problems.append(Problem(file, line or 1, f"broken JSON: {reason}", row))


def _plain(text: str) -> Any:
    """Read a plain line in a third of the time.

    Most lines are: those in which as many keys are written as were read, so that none occurs twice, and with fewer
    brackets than may be nested.

    RETURNS (Any): The value, or None if it has to be looked at more closely.
    """
    if SPACED_KEY.search(text) or text.count("[") + text.count("{") > DEEPEST:
        return None
    value = PLAIN.decode(text)
    keys = len(value) if isinstance(value, dict) and text.count("{") == 1 else _keys(value)
    return value if text.count('":') == keys else None


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys(inner) for inner in value.values() if isinstance(inner, (dict, list)))
    return sum(_keys(inner) for inner in value if isinstance(inner, (dict, list))) if isinstance(value, list) else 0


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key[:80]!r} stands twice in one object, and only one of its values can count")
        made[key] = value
    return made


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


# json.loads would make one for each line.
PLAIN = json.JSONDecoder(parse_constant=_no_number)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
