"""Read JSONL and JSON files of any origin: each value with its line, and a problem for whatever cannot be read.

A file is data and nothing else: no value in it is executed, and none can stop the reading of the rest.
"""

import json
import re
from pathlib import Path
from typing import Any, Iterator

from records import Problem

# Levels of lists and objects in one value. Whatever reads it next would run out of stack at some hundreds.
DEEPEST = 50
# How a list of records begins, and no line of a JSONL file does.
IN_LIST = re.compile(r"\s*\[\s*[\[{]")


def read_content(file: Path, problems: list[Problem], binary: bool = False) -> str | bytes | None:
    """RETURNS (str or bytes): What a file holds; None, with a problem in the list, if it cannot be read."""
    try:
        if file.is_dir():
            problems.append(Problem(str(file), None, "a folder stands where a file should: rename it or take it away"))
        elif not file.is_file():
            problems.append(Problem(str(file), None, "the file does not exist: put it there or mend the path"))
        else:
            return file.read_bytes() if binary else file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem(str(file), line, "not valid UTF-8: save the file as UTF-8"))
    except OSError as error:
        problems.append(Problem(str(file), None, f"the file cannot be read: {error.strerror}"))
    return None


def read_values(file: Path, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    """Read a file: JSONL, or one list.

    problems (list): Gets what is wrong with the file or with a line of it.
    YIELDS (tuple): Number of the line (in a list: of the value), and the value.
    """
    content = read_content(file, problems)
    if isinstance(content, str):
        yield from values_of(content, file, problems)


def values_of(content: str, file: Path, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    """YIELDS (tuple): As read_values, from what the file holds."""
    if IN_LIST.match(content) or (file.suffix == ".json" and not _has_json_lines(content)):
        found = list(_parsed(content, str(file), None, problems)) if content.strip() else [[]]
        for values in found:
            if not isinstance(values, list):
                problems.append(Problem(str(file), 1, "a .json file must hold one list of records"))
                return
            yield from enumerate(values, 1)
        return
    # Not splitlines(): it also breaks at U+2028 and others, which JSON strings may hold.
    for number, row in enumerate(content.split("\n"), 1):
        if row.strip():
            for value in _parsed(row, str(file), number, problems):
                yield number, value


def is_json(content: str) -> bool:
    """RETURNS (bool): Whether text that comes without a telling name is JSON or JSONL, by how it begins."""
    first = content.lstrip().partition("\n")[0]
    return bool(IN_LIST.match(content)) or any(isinstance(value, (dict, list)) for value in _parsed(first, "", 1, []))


def show(value: Any) -> str:
    """RETURNS (str): A value as JSON, or its text if it is a record with one, to be shown in a message."""
    inner = value.get("data") if isinstance(value, dict) else None
    for record in (value, inner):
        if isinstance(record, dict) and isinstance(record.get("text"), str):
            return record["text"]
    return json.dumps(value, ensure_ascii=False)


def _has_json_lines(content: str) -> bool:
    """doccano and others write lines and call the file .json."""
    rows = content.strip().split("\n", 1)
    return len(rows) == 2 and any(isinstance(value, (dict, list)) for value in _parsed(rows[0], "", 1, []))


def _parsed(text: str, file: str, line: int | None, problems: list[Problem]) -> Iterator[Any]:
    row = "" if line is None else text
    try:
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key[:80]!r} stands twice in one object, and only one of its values can count")
        made[key] = value
    return made


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
