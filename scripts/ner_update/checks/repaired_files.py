"""Write repaired copies of all data files beside the originals: what `check --fix FOLDER` does.

fix(assets, folder, nlp, label_hints(counts, base_labels, installed), told)                   # prints, and ends the command
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from wasabi import msg

from ner_update.checks.repair import Repaired, repaired
from ner_update.data.json_files import Part
from ner_update.data.reader import data_files, read_block, read_data
from ner_update.data.records import Example, Problem, RawText
from ner_update.project.outputs import fail, inside, replacing

LIST = "repairs.jsonl"
SETS = ("base", "annotated", "test")
MADE = {*SETS, "raw.jsonl", "patterns.jsonl", LIST}


class RepairError(ValueError):
    """Raised when repaired copies may not be written to a folder."""


def write_repaired(
    assets: Path, folder: Path, nlp: Language, hints: dict[str, dict[str, str]], told: str = ""
) -> tuple[int, list[Problem]]:
    """Write mended copies of all data files, as JSONL of our own format, and the list of what was changed and left out.

    assets (Path): Folder with base/, annotated/, test/, raw.jsonl and patterns.jsonl. Nothing in it is changed.
    folder (Path): Gets the same files, and repairs.jsonl. It is replaced as a whole if --fix made it.
    nlp (Language): Its tokenizer says where tokens are.
    hints (dict): By set and label, as for `repair`.
    told (str): vars.format.
    RETURNS (tuple): How many records were changed, and what was left out because only a person can mend it.
    RAISES (RepairError): If the folder may not be written to. Nothing was written then.
    """
    refuse(assets, folder)
    changed, left_out = 0, []
    with replacing(folder) as target:
        target.mkdir()
        with (target / LIST).open("w", encoding="utf8") as listed:
            for name in (*SETS, "raw.jsonl"):
                (target / name).mkdir() if name in SETS else None
                for repair_row, problem in _write_set(assets, target, name, nlp, hints.get(name, {}), told):
                    listed.write(_line(repair_row))
                    changed += problem is None
                    left_out += [problem] if problem else []
        if (assets / "patterns.jsonl").is_file():
            shutil.copy(assets / "patterns.jsonl", target)
    return changed, left_out


def fix(assets: Path, folder: Path, nlp: Language, hints: dict[str, dict[str, str]], told: str = "") -> None:
    """Write repaired copies, and say what was done. Parameters as for write_repaired.

    RAISES (typer.Exit): With 1 if the folder may not be written to, or if anything was left out of the copies.
    """
    try:
        changed, left_out = write_repaired(assets, folder, nlp, hints, told)
    except RepairError as error:
        fail([error], "Nothing was written.")
    said = f"{changed} record(s) changed, each with the reason in {folder / LIST}. The originals in {assets} are as they were."
    if left_out:
        fail(
            left_out,
            f"{len(left_out)} record(s) LEFT OUT of {folder}: mend these in {assets}, or they are missing. {said}",
        )
    msg.good(f"Repaired copies in {folder}: {said}")


def refuse(assets: Path, folder: Path) -> None:
    """Refuse a folder to which repaired copies may not be written.

    RAISES (RepairError): If it is, holds or lies in the original data, or holds anything that --fix did not make.
    """
    if inside(folder, assets) or inside(assets, folder):
        raise RepairError(
            f"{folder} is, holds or lies in {assets}, and the originals are never written over: name another folder"
        )
    if folder.is_file() or folder.is_symlink():
        raise RepairError(f"{folder} is no folder: name another one")
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if there and (LIST not in there or there - MADE):
        others = ", ".join(sorted(there - MADE)[:3]) or f"no {LIST}"
        raise RepairError(f"{folder} holds what --fix did not make ({others}): name an empty or a new folder")


def _write_set(
    assets: Path, target: Path, name: str, nlp: Language, hints: dict[str, str], told: str
) -> Iterator[tuple[dict, Problem | None]]:
    source = assets / name
    model = Example if name in SETS else RawText
    files = data_files(source) if name in SETS or (source.is_file() and source.stat().st_size) else []
    wanted = dict(zip(map(str, files), _names([path.relative_to(assets) for path in files])))
    broken: list[Problem] = []

    def records() -> Iterator[tuple[str, int, Any]]:
        for path in files:
            # A folder among the files is one that is not read: it is named as a whole.
            data = read_block([Part(path)], model, told) if path.is_dir() else read_data(path, model, told)
            read = {(file, line) for file, line, _ in data.examples}
            broken.extend(p for p in data.problems if p.level == "error" and (p.file, p.line) not in read)
            yield from data.examples

    for row in repaired(records(), nlp.make_doc, hints):
        if row.after is not None:
            path = target / wanted[row.file]
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf8") as file:
                file.write(_line(_as_json(row.after)))
        if row.left:
            said = f"left out, only a person can mend it: {'; '.join(row.left)}"
            yield _listed(row, [said]), Problem(row.file, row.line, said, row.before.text)
        elif row.done:
            yield _listed(row, row.done), None
    for problem in broken:
        said = f"left out, only a person can mend it: {problem.message}"
        listed = {
            "file": problem.file,
            "line": problem.line,
            "before": problem.to_json()["around"],
            "after": None,
            "why": [said],
        }
        yield listed, Problem(problem.file, problem.line, said, problem.text)
    if name not in SETS and source.exists() and not (target / name).exists():
        (target / name).write_text("", encoding="utf8")


def _names(paths: list[Path]) -> list[Path]:
    """Give each path the suffix .jsonl; where two would be called the same, both suffixes."""
    counts = Counter(path.with_suffix(".jsonl") for path in paths)
    return [
        path.with_suffix(".jsonl") if counts[path.with_suffix(".jsonl")] == 1 else path.with_name(f"{path.name}.jsonl")
        for path in paths
    ]


def _listed(row: Repaired, why: list[str]) -> dict:
    after = None if row.after is None else _as_json(row.after)
    return {"file": row.file, "line": row.line, "before": _as_json(row.before), "after": after, "why": why}


def _line(value: Any) -> str:
    row = json.dumps(value, ensure_ascii=False) + "\n"
    # Half a character can only be written as what it is.
    return row if row.isascii() or not re.search("[\ud800-\udfff]", row) else json.dumps(value) + "\n"


def _as_json(record: Any) -> dict:
    return record.model_dump(exclude_defaults=True) | (
        {"entities": record.entities} if isinstance(record, Example) else {}
    )
