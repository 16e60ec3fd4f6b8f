"""The one reader of data files, whatever tool wrote them: records with where they stand, and all that is wrong.

A file tells by its content what it is: JSON or JSONL in one of the shapes of json_shapes.py, columns of tokens and tags
(read_columns.py), a .spacy file (read_docbin.py), or brat standoff (read_brat.py). What was left out is counted, with the reason.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ner_update.data.brat import read_brat
from ner_update.data.conll import parts_of_columns, read_columns
from ner_update.data.dataset import DataSet, LeftOut
from ner_update.data.docbin import read_docbin
from ner_update.data.json_files import Part, is_json, parts_of_file, read_content, show, values_of
from ner_update.data.json_formats import SHAPES, parts_of
from ner_update.data.records import Example, Problem
from ner_update.data.validation import check_record

JSON = (".jsonl", ".json")
COLUMNS = (".conll", ".conll2003", ".iob", ".iob2", ".bio", ".bilou", ".biluo", ".bioes", ".ner", ".tsv", ".txt")
DOCBIN = ".spacy"
# Beside a .txt file of the same name.
BRAT = ".ann"
FORMATS = ("", *SHAPES, "doccano_code_points", "columns")
# Files that may lie beside the data.
NO_DATA = re.compile(r".*\.(md|rst|dvc|conf)|(readme|license|licence)(\.txt)?", re.IGNORECASE)
# Bytes that are read at once. The order of texts within a block does not depend on that of the files.
BLOCK = 2_000_000
# How many faults of one record a message names.
SHOWN = 5


def data_files(path: Path) -> list[Path]:
    """List the file itself, or all files of a folder and its subfolders but hidden ones and notes, sorted.

    A folder that cannot be read is among them, and a link to one: neither task runner sees what changes behind it.
    """
    if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
        return sorted(p for p in path.rglob("*") if not _ignored(p, path))
    return [path]


def read_data(path: Path, model: type[BaseModel] = Example, told: str = "") -> DataSet:
    """Read a file, or all data files of a folder, and collect every problem instead of the first.

    path (Path): A file of any format, or a folder of them. An empty folder gives an empty set.
    model (type): `Example` for annotated texts, `RawText` for texts that nobody annotated.
    told (str): One of FORMATS, which counts for each file that could be read in more than one way.
    RETURNS (DataSet): Accepted records in the order of the files and lines, and counts.
    """
    found = DataSet(problems=list(check_format(told)))
    if not found.problems:
        for block in blocks(path):
            found.extend(read_block(block, model, told))
    return found


def check_format(told: str) -> Iterator[Problem]:
    """Report a vars.format that is none of FORMATS."""
    if told not in FORMATS:
        names = ", ".join(FORMATS[1:])
        yield Problem("project.yml", None, f"vars.format is {told[:40]!r}: it must be empty or one of {names}")


def blocks(path: Path) -> Iterator[list[Part]]:
    """Cut files into pieces that fit into memory whatever their number.

    A large JSONL file is cut into several, small files are put together.

    path (Path): A file, or a folder of them.
    YIELDS (list): Parts of about BLOCK bytes in all, in the order of the files and lines.
    """
    gathered: list[Part] = []
    size = 0
    for file in data_files(path):
        for part in cut(file):
            # Part of a large file stands alone: what lies beside it must not change its shard.
            alone = part.start or 0 < part.size < file.stat().st_size
            if gathered and (alone or size + part.length > BLOCK):
                yield gathered
                gathered, size = [], 0
            gathered.append(part)
            size += BLOCK if alone else part.length
    if gathered:
        yield gathered


def cut(file: Path) -> Iterator[Part]:
    """Cut a file into pieces, if it is of a kind that can be cut, and large."""
    if file.suffix in JSON and file.is_file():
        yield from parts_of_file(file, BLOCK)
    elif file.suffix in COLUMNS and _is_large_and_no_json(file):
        yield from parts_of_columns(file, BLOCK)
    else:
        yield Part(file)


def _is_large_and_no_json(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return Part(file).length > BLOCK and not is_json(stream.readline().decode("utf8", "replace"))
    except OSError:
        # Whoever reads it will say why that cannot be done.
        return False


def read_block(block: list[Part], model: type[BaseModel] = Example, told: str = "") -> DataSet:
    """Read a block as read_data reads a file."""
    found = DataSet()
    for part in block:
        before = found.texts_in + len(found.problems)
        for line, pieces, value in read_part(part, model, told, found.problems):
            found.texts_in += 1
            try:
                for piece in pieces:
                    if isinstance(piece, LeftOut):
                        found.spans_in += piece.spans
                        found.leave_out(piece)
                    else:
                        _take(found, part.file, line, model.model_validate(piece))
            except ValueError as error:
                found.problems.append(Problem(str(part.file), line, _explain(error), show(value)))
        if before == found.texts_in + len(found.problems):
            found.problems.append(Problem(str(part.file), None, "the file is empty: add records or delete it"))
    return found


def read_part(part: Part, model: type[BaseModel], told: str, problems: list[Problem]) -> Iterator[tuple[int, Any, Any]]:
    """Read the records of a part of a file.

    YIELDS (tuple): Line or number of a record, the pieces that it holds (records as our own files have them, still to
        be validated, and what is left out), and the value that they came from, to be shown.
    """
    file = part.file
    if file.suffix == BRAT:
        yield from ((line, [piece] if piece else [], piece) for line, piece in read_brat(file, problems))
        return
    content = read_content(part, problems, binary=file.suffix == DOCBIN)
    if content is None:
        return
    if isinstance(content, bytes):
        yield from ((number, [piece], piece) for number, piece in read_docbin(file, content, problems))
    elif not part.layout and (file.suffix in JSON or model is not Example or (told != "columns" and is_json(content))):
        for line, value in values_of(content, part, problems):
            yield line, parts_of(value, told) if model is Example else [value], value
    elif file.suffix in COLUMNS:
        yield from ((line, [piece] if piece else [], piece) for line, piece in read_columns(part, content, problems))
    else:
        known = ", ".join((*JSON, *COLUMNS, DOCBIN, BRAT))
        problems.append(
            Problem(
                str(file), None, f"what this is, its name does not say: known are {known}. Rename it, or take it away"
            )
        )


def _take(found: DataSet, file: Path, line: int, record: BaseModel) -> None:
    spans = len(getattr(record, "entities", []))
    found.spans_in += spans
    answer = getattr(record, "answer", "accept")
    if answer != "accept":
        found.leave_out(LeftOut(f"answer is {answer}", spans))
        return
    found.problems += [finding.at(str(file), line, record) for finding in check_record(record)]
    found.examples.append((str(file), line, record))


def _ignored(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    # A folder that is called like a file was meant to be one, and what cannot be entered is not passed over.
    entered = path.is_dir() and not path.is_symlink() and os.access(path, os.R_OK | os.X_OK)
    other = entered and path.suffix not in (*JSON, *COLUMNS, DOCBIN, BRAT)
    return (
        hidden
        or other
        or bool(NO_DATA.fullmatch(path.name))
        or (path.suffix == ".txt" and path.with_suffix(BRAT).exists())
    )


def _explain(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    parts = []
    wrong = error.errors(include_url=False, include_input=False)
    if [item["loc"] for item in wrong if item["type"] == "missing"] == [("text",), ("entities",)]:
        return f"neither `text` nor `entities`: this is no record of a known format. Export one of {', '.join(SHAPES)}"
    for item in wrong[:SHOWN]:
        where = ".".join(map(str, item["loc"]))
        if item["type"] == "missing" and where == "entities":
            parts.append('no `entities`: write `"entities": []` if a person looked and found none')
        else:
            parts.append(f"{where}: {item['msg']}" if where else item["msg"].removeprefix("Value error, "))
    return "; ".join(parts) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
