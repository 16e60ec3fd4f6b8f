"""The one reader of data files, whatever tool wrote them: records with where they stand, and all that is wrong.

A file is JSONL (one record a line) or JSON (one list of records). These shapes are understood:

- our own:  {"text": "iPhone X is coming", "entities": [[0, 8, "GADGET"]], "id": "a1", "meta": {}}
- Prodigy:  {"text": ..., "spans": [{"start": 0, "end": 8, "label": "GADGET"}], "answer": "accept"}
- spaCy v2: ["iPhone X is coming", {"entities": [[0, 8, "GADGET"]]}]
"""

import json
from pathlib import Path
from typing import Any, Iterator

from pydantic import BaseModel, ValidationError

from records import DataSet, Example, Problem, check_record

SUFFIXES = (".jsonl", ".json")


def data_files(path: Path) -> list[Path]:
    """RETURNS (list): The file itself, or the data files of a folder and its subfolders, sorted."""
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and not p.name.startswith("."))
    return [path]


def read_data(path: Path, model: type[BaseModel] = Example) -> DataSet:
    """Read a file, or all data files of a folder, and collect every problem instead of the first.

    path (Path): A .jsonl or .json file, or a folder of them. An empty folder gives an empty set.
    model (type): `Example` for annotated texts, `RawText` for texts that nobody annotated.
    RETURNS (DataSet): Accepted records in the order of the files and lines.
    """
    found = DataSet()
    for file in data_files(path):
        before = len(found.examples) + sum(found.left_out.values()) + len(found.problems)
        for line, value in _read_values(file, found.problems):
            try:
                record = model.model_validate(value)
            except (ValidationError, KeyError, TypeError) as error:
                text = value.get("text") if isinstance(value, dict) else None
                shown = text if isinstance(text, str) else json.dumps(value, ensure_ascii=False)
                found.problems.append(Problem(str(file), line, _explain(error), shown))
                continue
            answer = getattr(record, "answer", "accept")
            if answer != "accept":
                found.left_out[f"answer is {answer}"] += 1
                continue
            found.problems += [Problem(str(file), line, m, record.text) for m in check_record(record)]
            found.examples.append((str(file), line, record))
        if before == len(found.examples) + sum(found.left_out.values()) + len(found.problems):
            found.problems.append(Problem(str(file), None, "the file is empty: add records or delete it"))
    return found


def _read_values(file: Path, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    if not file.is_file():
        problems.append(Problem(str(file), None, "the file does not exist: put it there or mend the path"))
        return
    try:
        content = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        problems.append(Problem(str(file), line, "not valid UTF-8: save the file as UTF-8"))
        return
    if file.suffix == ".json":
        try:
            values = json.loads(content) if content.strip() else []
        except json.JSONDecodeError as error:
            problems.append(Problem(str(file), error.lineno, f"broken JSON, column {error.colno}: {error.msg}"))
            return
        if not isinstance(values, list):
            problems.append(Problem(str(file), 1, "a .json file must hold one list of records"))
            return
        yield from enumerate(values, 1)
        return
    # Not splitlines(): it also breaks at U+2028 and others, which JSON strings may hold.
    for number, row in enumerate(content.split("\n"), 1):
        if row.strip():
            try:
                yield number, json.loads(row)
            except json.JSONDecodeError as error:
                problems.append(Problem(str(file), number, f"broken JSON, column {error.colno}: {error.msg}", row))


def _explain(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"a span lacks {error}: it needs start, end and label"
    parts = []
    for item in error.errors():
        where = ".".join(map(str, item["loc"]))
        if item["type"] == "missing" and where == "entities":
            parts.append("no `entities`: write `\"entities\": []` if a person looked and found none")
        else:
            parts.append(f"{where}: {item['msg']}" if where else item["msg"].removeprefix("Value error, "))
    return "; ".join(parts)
