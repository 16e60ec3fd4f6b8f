"""Run a command: alone in its project, and with one clear message where a bad var, the machine or a damaged file stops it."""

import sys
from collections.abc import Callable, Iterator
from errno import EACCES, EDQUOT, EFBIG, ENODEV, ENOSPC, EPERM, EROFS
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import Any

import typer
from wasabi import msg

from ner_update.project.lock import alone
from ner_update.project.options import with_options
from ner_update.project.outputs import fail
from ner_update.project.vars_model import problems, read_vars

# Commands run in the project's folder.
PROJECT = Path("project.yml")
FULL, FORBIDDEN = (ENOSPC, EDQUOT, EFBIG), (EACCES, EPERM, EROFS)


def run(main: Callable) -> None:
    """Run a typer command alone in its project. The last line of each script.

    RAISES (SystemExit): 0, or 1 after a message about a bad var, bad input, another run, a full disk, a folder that may not be
        written to, a missing or damaged file, a GPU that is not there. Anything else is a bug of ours and keeps its traceback.
    """
    if "--help" in sys.argv[1:]:
        # It needs no lock, and no good vars.
        return typer.run(with_options(main))
    try:
        check_vars()
        with alone():
            typer.run(checked(with_options(main)))
    except typer.Exit as stop:
        raise SystemExit(stop.exit_code) from stop
    except Exception as error:
        problem, advice = explain(error, [Path(word) for word in sys.argv[1:]])
        if not problem:
            raise
        msg.fail(problem)
        msg.text(f"{advice} No output is half written.")
        raise SystemExit(1) from error


def check_vars() -> None:
    """Check the vars of project.yml, if there is one: somebody may have edited it without scripts/set_var.py.

    RAISES (typer.Exit): With 1, after a message for each bad one.
    """
    if PROJECT.is_file():
        try:
            found = problems(read_vars(PROJECT.read_text(encoding="utf8")))
        except ValueError as error:
            found = [f"it cannot be read: {error}"]
        if found:
            fail(
                [f"{PROJECT}: {said}" for said in found],
                "Correct it: python scripts/set_var.py NAME VALUE. Nothing was done.",
            )


def checked(main: Callable) -> Callable:
    """Make a command refuse numbers that are not finite, or out of the range of the var of the same name.

    Options may come from a command line, and `spacy project run` takes --vars.NAME VALUE.
    """

    @wraps(main)
    def command(**options: Any) -> None:
        numbers = {
            name: value
            for name, value in options.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        found = [
            f"--{name.replace('_', '-')} is {value}, which is no number"
            for name, value in numbers.items()
            if not isfinite(value)
        ]
        if found := found or problems(numbers):
            fail(found, "Nothing was done.")
        main(**options)

    return command


def explain(error: Exception, words: list[Path]) -> tuple[str, str]:
    """Explain what stopped a command, and what to do about it.

    RETURNS (tuple): Both; empty if the error is none of the known ones.
    """
    if isinstance(error, OSError) and error.errno in FULL:
        return f"The disk is full: {error}", "Make room, and run the same command again."
    if isinstance(error, OSError) and error.errno in FORBIDDEN:
        return (
            f"The project may not be written to, or read: {error}",
            "Mend the permissions, and run the same command again.",
        )
    if isinstance(error, OSError) and error.errno == ENODEV:
        return str(error.strerror), "Run: make gpu. Or do without: python scripts/set_var.py gpu_id -1."
    broken = sorted({path for word in words for path in damaged(word)})
    if broken:
        advice = "Delete it and run the whole project: the command that makes it runs again."
        return f"Damaged, or cut off: {', '.join(map(str, broken))} ({' '.join(str(error).split())})", advice
    if isinstance(error, FileNotFoundError):
        return f"A file is missing: {error}", "Run the whole project, so that the commands before this one make it."
    return "", ""


def damaged(path: Path) -> Iterator[Path]:
    """Find each corpus and each pipeline that cannot be read, in a file or folder that a command was given."""
    import spacy
    from spacy.tokens import DocBin

    files = path.rglob("*.spacy") if path.is_dir() else [path] if path.suffix == ".spacy" else []
    # A corpus is a folder of that name, with shards in it.
    corpora = (file for file in files if not file.is_dir())
    pipelines = [path] if (path / "meta.json").is_file() else []
    for read, paths in (
        (lambda p: list(DocBin().from_disk(p).get_docs(spacy.blank("xx").vocab)), corpora),
        (spacy.load, pipelines),
    ):
        for one in paths:
            try:
                if one.exists():
                    read(one)
            except Exception:
                yield one
