"""Records of a shard of raw texts, JSONL or Parquet: read in pieces that fit into memory, and written with their entities."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import srsly
from pydantic import ValidationError, field_validator

from ner_update.data.json_files import parts_of_file
from ner_update.data.reader import BLOCK, read_block
from ner_update.data.records import DataError, Problem, RawText
from ner_update.data.validation import check_record

# Rows of a Parquet file that are in memory at once.
ROWS = 10_000
NO_PARQUET = "Parquet needs pyarrow, which is not installed: make ray"


class Unread(RawText):
    """A text that is to be annotated, with its id, if it has one."""

    id: str | None = None

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value if value is None else str(value)


def read_shard(path: Path, shown: str) -> Iterator[list[Unread]]:
    """Read a shard.

    shown (str): What it is called in messages.
    YIELDS (list): Some of its texts, in their order.
    RAISES (DataError): At the first piece in which a record cannot be used, with all that is wrong in the piece.
        (ImportError): If it takes a package that is not installed.
    """
    for texts, problems in (_of_parquet if path.suffix == ".parquet" else _of_jsonl)(path):
        errors = [replace(problem, file=shown) for problem in problems if problem.level == "error"]
        if errors:
            raise DataError(errors)
        yield texts


def _of_jsonl(path: Path) -> Iterator[tuple[list[Unread], list[Problem]]]:
    for part in parts_of_file(path, BLOCK):
        data = read_block([part], Unread)
        yield [record for _, _, record in data.examples], data.problems


def _of_parquet(path: Path) -> Iterator[tuple[list[Unread], list[Problem]]]:
    numbers = count(1)
    for batch in _parquet().ParquetFile(path).iter_batches(ROWS):
        texts, problems = [], []
        for row in batch.to_pylist():
            number = next(numbers)
            try:
                texts.append(
                    Unread.model_validate({key: _plain(key, value) for key, value in row.items() if value is not None})
                )
                problems += [finding.at("", number, texts[-1]) for finding in check_record(texts[-1])]
            except ValidationError as error:
                (wrong, *_) = error.errors(include_url=False, include_input=False)
                problems.append(Problem("", number, f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"))
        yield texts, problems


@contextmanager
def writing(path: Path) -> Iterator[Callable[[list[dict]], None]]:
    """Open a shard for writing.

    YIELDS (Callable): Takes records as lists, and writes them.
    """
    if path.suffix == ".parquet":
        with _parquet().ParquetWriter(path, _schema()) as file:
            yield lambda records: file.write_table(_table(records))
    else:
        with path.open("w", encoding="utf8", newline="\n") as file:
            yield lambda records: file.writelines(srsly.json_dumps(record) + "\n" for record in records)


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise ImportError(NO_PARQUET) from None
    return pyarrow.parquet


def _schema() -> Any:
    import pyarrow

    span = pyarrow.struct([("start", pyarrow.int64()), ("end", pyarrow.int64()), ("label", pyarrow.string())])
    kinds = {
        "text": pyarrow.string(),
        "entities": pyarrow.list_(span),
        "id": pyarrow.string(),
        "meta": pyarrow.string(),
    }
    return pyarrow.schema(list(kinds.items()))


def _table(records: list[dict]) -> Any:
    import pyarrow

    rows = [
        {**record, "entities": [dict(zip(("start", "end", "label"), entity)) for entity in record["entities"]]}
        | ({"meta": json.dumps(record["meta"], ensure_ascii=False)} if "meta" in record else {})
        for record in records
    ]
    return pyarrow.Table.from_pylist(rows, schema=_schema())


def _plain(key: str, value: Any) -> Any:
    # As it is written above: a column has one type, and what stands in `meta` is free.
    return json.loads(value) if key == "meta" and isinstance(value, str) else value
