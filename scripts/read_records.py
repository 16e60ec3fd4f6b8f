"""The one reader of data files, whatever tool wrote them: records with where they stand, and all that is wrong.

A file is JSONL (one record a line) or JSON (one list of records). These shapes are understood:

- our own:  {"text": "iPhone X is coming", "entities": [[0, 8, "GADGET"]], "id": "a1", "meta": {}}
- Prodigy:  {"text": ..., "spans": [{"start": 0, "end": 8, "label": "GADGET"}], "answer": "accept"}
- spaCy v2: ["iPhone X is coming", {"entities": [[0, 8, "GADGET"]]}]
"""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from check_record import check_record
from read_json import read_values, show
from records import DataSet, Example, Problem

SUFFIXES = (".jsonl", ".json")
# How many faults of one record a message names.
SHOWN = 5


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
        for line, value in read_values(file, found.problems):
            try:
                record = model.model_validate(value)
            except (ValidationError, KeyError, TypeError) as error:
                found.problems.append(Problem(str(file), line, _explain(error), show(value)))
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


def _explain(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        lacks = f"a span lacks {error}" if isinstance(error, KeyError) else "`spans` is no list of objects"
        return f"{lacks}: a span needs start, end and label"
    parts = []
    wrong = error.errors(include_url=False, include_input=False)
    for item in wrong[:SHOWN]:
        where = ".".join(map(str, item["loc"]))
        if item["type"] == "missing" and where == "entities":
            parts.append("no `entities`: write `\"entities\": []` if a person looked and found none")
        else:
            parts.append(f"{where}: {item['msg']}" if where else item["msg"].removeprefix("Value error, "))
    return "; ".join(parts) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
