"""Merge what people reviewed in an annotation tool into assets/annotated, once: the same again changes nothing.

A record is known by its text, and by its id. What stands there already with other spans is a conflict: all are listed, and
nothing is written. `--force` lets the reviewed one win over an earlier review, never over another file, which is somebody's own.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from tqdm import tqdm

from ner_update.data.dataset import DataSet
from ner_update.data.json_files import read_values
from ner_update.data.json_formats import shapes_of
from ner_update.data.reader import JSON, data_files, read_data
from ner_update.data.records import Example, Problem, check_alignment
from ner_update.labelling.review_tasks import MADE_UP, made_up_id

# doccano writes one of these beside `entities: []`.
BY_DOCCANO = {"Comments", "relations"}
EXPORTED = {"label_studio", "label_studio_min", "prodigy", "doccano"}


def read_reviewed(path: Path, sent: Path, nlp: Language, told: str = "") -> DataSet:
    """Read what a tool exported, and check it as check.py does.

    path (Path): The tool's export, or a folder of several.
    sent (Path): Folder of what review_export.py wrote.
    nlp (Language): Its tokenizer must not cut a span.
    told (str): vars.format. Without it, doccano counts UTF-16 code units, as it was sent them.
    RETURNS (DataSet): Records, ids that were made up taken off, and every problem.
    """
    data = read_data(path, told=told if told.startswith("doccano") else "doccano")
    broken = {(problem.file, problem.line) for problem in data.problems if problem.level == "error"}
    data.problems += list(not_reviewed(path, sent))
    for number, (file, line, example) in enumerate(tqdm(data.examples, desc="check", unit="text", disable=None)):
        if (file, line) not in broken:
            data.problems += [
                finding.at(file, line, example) for finding in check_alignment(example, nlp.make_doc(example.text))
            ]
        if MADE_UP.fullmatch(example.id or ""):
            if example.id != made_up_id(example.text):
                data.problems.append(
                    Problem(
                        file,
                        line,
                        "the text is not the one that was sent: the tool, or somebody, changed it",
                        example.text,
                    )
                )
            data.examples[number] = (file, line, example.model_copy(update={"id": None}))
    return data


def not_reviewed(path: Path, sent: Path) -> Iterator[Problem]:
    """Find each file or value that no tool gives back. Suggestions must not pass for what a person said."""
    tasks = {file.read_bytes() for file in sent.glob("tasks.*")}
    files = [file for file in data_files(path) if file.is_file()]
    if path.exists() and not files:
        yield Problem(str(path), None, "no file is here: put the tool's export here")
    for file in files:
        if file.read_bytes() in tasks:
            yield Problem(
                str(file), None, "this is what was sent, and nobody reviewed it: put here what the tool exports"
            )
        elif file.suffix not in JSON:
            yield Problem(
                str(file), None, "the export must be JSON or JSONL: other formats keep no ids, and some no texts"
            )
        else:
            yield from (
                Problem(str(file), line, said) for line, value in read_values(file, []) for said in not_by_a_tool(value)
            )


def not_by_a_tool(value: Any) -> Iterator[str]:
    """Explain why a value is not what a tool exports after a review."""
    shapes, keys = {*shapes_of(value)}, {*value} if isinstance(value, dict) else set()
    if "prodigy" in shapes and "answer" not in keys:
        yield "there is no `answer`, so nobody reviewed it: put here what `prodigy db-out` prints"
    elif not shapes & EXPORTED and not keys & BY_DOCCANO:
        yield "no annotation tool exported this: if a person annotated it, put the file into assets/annotated"


def written(target: Path, new: list[Example], replaced: dict[int, Example]) -> str:
    """Put the new records at the end of the target; all lines but the replaced ones stay as they are.

    RETURNS (str): The target's new content.
    """
    rows = target.read_text(encoding="utf-8-sig").rstrip("\n").split("\n") if target.exists() else []
    for line, example in replaced.items():
        rows[line - 1] = as_json(example)
    return "".join(f"{row}\n" for row in [*rows, *map(as_json, new)])


def as_json(example: Example) -> str:
    """Write a record as our own files have it, `id` and `meta` only where there are any."""
    record = {"id": example.id, "text": example.text, "entities": sorted(example.entities), "meta": example.meta}
    return json.dumps(
        {key: value for key, value in record.items() if value or key in ("text", "entities")}, ensure_ascii=False
    )
