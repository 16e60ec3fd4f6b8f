"""The one record that every annotated text becomes, and the one reader that makes it.

A file is JSONL (one record a line) or JSON (one list of records). These shapes are understood:

- our own:  {"text": "iPhone X is coming", "entities": [[0, 8, "GADGET"]], "id": "a1", "meta": {}}
- Prodigy:  {"text": ..., "spans": [{"start": 0, "end": 8, "label": "GADGET"}], "answer": "accept"}
- spaCy v2: ["iPhone X is coming", {"entities": [[0, 8, "GADGET"]]}]

Offsets count Unicode code points, the end is exclusive. `entities: []` says that a person looked
and found none.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Iterator, Literal, Optional

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError, model_validator
from spacy.language import Language
from spacy.tokens import Doc, Span

SUFFIXES = (".jsonl", ".json")


class Example(BaseModel):
    """One text with the entities that a person marked in it."""

    model_config = ConfigDict(extra="ignore")

    text: StrictStr
    entities: list[tuple[StrictInt, StrictInt, StrictStr]]
    id: Optional[str] = None
    meta: dict[str, Any] = {}
    answer: Literal["accept", "reject", "ignore"] = "accept"

    @model_validator(mode="before")
    @classmethod
    def _from_other_tools(cls, data: Any) -> Any:
        if isinstance(data, list) and len(data) == 2 and isinstance(data[1], dict):
            data = {**data[1], "text": data[0]}
        if not isinstance(data, dict):
            raise ValueError("a record must be an object with `text` and `entities`")
        made_by_prodigy = "_task_hash" in data or "tokens" in data or "answer" in data
        if "entities" not in data and ("spans" in data or made_by_prodigy):
            spans = data.get("spans") or []
            data = {**data, "entities": [(s["start"], s["end"], s["label"]) for s in spans]}
        if "id" in data and data["id"] is not None:
            data = {**data, "id": str(data["id"])}
        return data


class RawText(BaseModel):
    """One text that nobody annotated."""

    model_config = ConfigDict(extra="ignore")

    text: StrictStr
    meta: dict[str, Any] = {}


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file, with all that is needed to find and mend it."""

    file: str
    line: Optional[int]
    message: str
    text: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        shown = self.text if len(self.text) <= 80 else self.text[:77] + "..."
        return f"{where}: {self.message}" + (f"\n    text: {shown!r}" if shown else "")


class DataError(ValueError):
    """Raised when data cannot be used as it is. `problems` lists everything that was found."""

    def __init__(self, problems: list[Problem]):
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass
class DataSet:
    """What one file or folder held: examples with where they stand, and what was wrong or left out."""

    examples: list[tuple[str, int, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)

    def require(self) -> list[Any]:
        """RETURNS (list): The examples alone. RAISES (DataError): If there was any error."""
        errors = [problem for problem in self.problems if problem.level == "error"]
        if errors:
            raise DataError(errors)
        return [example for _, _, example in self.examples]


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


def check_record(record: BaseModel) -> Iterator[str]:
    """YIELDS (str): What is wrong with a record by itself, before any tokenizer looks at it."""
    if not record.text.strip():
        yield "the text is empty"
    if any("\ud800" <= char <= "\udfff" for char in record.text):
        yield "the text holds half of a surrogate pair: save the file as UTF-8 again"
    taken: list[tuple[int, int, str]] = []
    for start, end, label in getattr(record, "entities", []):
        name = f"span [{start}, {end}] {label}"
        if not label.strip():
            yield f"{name} has no label"
        if start < 0 or end > len(record.text):
            yield f"{name} is out of range: the text has {len(record.text)} characters"
            continue
        if start >= end:
            yield f"{name} is empty or reversed: the end must be greater than the start"
            continue
        name = f"span [{start}, {end}] {label} {record.text[start:end]!r}"
        for other in taken:
            if start < other[1] and other[0] < end:
                shown = record.text[other[0] : other[1]]
                yield f"{name} overlaps [{other[0]}, {other[1]}] {other[2]} {shown!r}: keep one of them"
        taken.append((start, end, label))


def check_alignment(record: Example, doc: Doc) -> Iterator[str]:
    """YIELDS (str): Each span that does not begin and end where tokens do, with the nearest that would."""
    for start, end, label in record.entities:
        if not 0 <= start < end <= len(record.text) or doc.char_span(start, end) is not None:
            continue
        offers = []
        for mode in ("expand", "contract"):
            span = doc.char_span(start, end, alignment_mode=mode)
            if span is not None and len(span):
                offers.append(f"[{span.start_char}, {span.end_char}] {span.text!r}")
        yield (
            f"span [{start}, {end}] {label} {record.text[start:end]!r} does not align with tokens: "
            f"use {' or '.join(dict.fromkeys(offers)) or 'other offsets'}"
        )


def make_doc(nlp: Language, example: Example) -> Doc:
    """Turn an example into a gold Doc. Tokens outside the entities are O, not missing.

    RAISES (DataError): If a span does not align with the tokens.
    """
    doc = nlp.make_doc(example.text)
    problems = [Problem("?", None, m, example.text) for m in check_alignment(example, doc)]
    if problems:
        raise DataError(problems)
    spans: list[Span] = [doc.char_span(start, end, label) for start, end, label in example.entities]
    doc.set_ents(spans)
    return doc


def label_counts(examples: Iterable[Example]) -> Counter:
    """RETURNS (Counter): How many spans each label has."""
    return Counter(label for example in examples for _, _, label in example.entities)


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
