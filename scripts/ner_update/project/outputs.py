"""Write outputs to a temporary name and move them into place; end a command with one clear message."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from wasabi import msg


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write a file or a folder to, and move it into place.

    The move happens only when the block ends without an error, so a command that fails leaves the
    earlier output as it was.

    path (Path): Where the output shall stand. Parent folders are made.
    YIELDS (Path): The temporary path, with the same suffix. Nothing exists there yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    _remove(temporary)
    try:
        yield temporary
        if temporary.is_dir():
            # os.replace cannot overwrite a folder that has content.
            _remove(path)
        os.replace(temporary, path)
    finally:
        _remove(temporary)


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Lend an empty folder that is gone afterwards.

    Its name is always the same: trained pipelines keep the paths they were made with, and the same inputs must give the
    same bytes.

    path (Path): Beside this path, as for `replacing`.
    YIELDS (Path): The folder.
    """
    folder = path.with_name(f".{path.name}.tmp")
    _remove(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        _remove(folder)


def fail(problems: Iterable[object], advice: str) -> NoReturn:
    """Print each problem and what to do about it, and leave with exit code 1.

    problems (Iterable): Printed with str(), one a line.
    advice (str): What the person at the keyboard should do next.
    RAISES (typer.Exit): Always.
    """
    for problem in problems:
        msg.fail(str(problem))
    msg.text(advice)
    raise typer.Exit(1)


class ProblemsError(ValueError):
    """Raised when something cannot be used. `problems` lists everything that is wrong with it."""

    def __init__(self, problems: Sequence[Any]):
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def inside(path: Path, folder: Path) -> bool:
    """Check whether a path is another one or lies in it. Links are followed, and neither need exist."""
    path, folder = path.resolve(), folder.resolve()
    # On some systems names that differ in upper and lower case are the same.
    return path.is_relative_to(folder) or any(
        part.exists() and folder.exists() and part.samefile(folder) for part in (path, *path.parents)
    )


def refuse_overlap(output: Path, *inputs: Path) -> None:
    """Refuse an output that would be written over an input, or read as one the next time.

    output (Path): The file or folder that a person named.
    inputs (Path): What the command reads.
    RAISES (typer.Exit): If one is the other, or lies in it.
    """
    found = [given for given in inputs if inside(output, given) or inside(given, output)]
    if found:
        fail(
            [f"{output} is, holds or lies in {given}, which is read" for given in found],
            "Name another output. Nothing was written.",
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
