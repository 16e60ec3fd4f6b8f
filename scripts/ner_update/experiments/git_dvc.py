"""Run git and DVC, and say what they said when they failed."""

import os
import subprocess
import sys
from pathlib import Path

# What they start inherits it, and so is found again: the worker of DVC's queue is a daemon.
MARK = "SPACY_PROJECT_SWEEP"


class CommandFailed(Exception):
    """What git or DVC said when they failed."""


def git(*words: object, cwd: Path | None = None) -> str:
    """Run git.

    RETURNS (str): What it prints.
    RAISES (CommandFailed): If it fails, or is not there.
    """
    return said("git", words, cwd)


def dvc(*words: object, cwd: Path | None = None) -> str:
    """Run DVC.

    RETURNS (str): What it prints.
    RAISES (CommandFailed): If it fails.
    """
    return said(sys.executable, ("-m", "dvc", *words), cwd)


def said(program: str, words: tuple, cwd: Path | None) -> str:
    argv = [program, *map(str, words)]
    try:
        done = subprocess.run(argv, cwd=cwd, env=environment(), capture_output=True, text=True, encoding="utf8")
    except FileNotFoundError as error:
        raise CommandFailed(f"{program} is not installed") from error
    if done.returncode:
        shown_words = " ".join(str(word) for word in words if word != "-m")
        raise CommandFailed(
            f"{Path(program).stem} {shown_words}: {' '.join((done.stderr or done.stdout).split())[-600:]}"
        )
    return done.stdout


def environment() -> dict[str, str]:
    """Get this environment, with the mark, and with this Python and its DVC in front of others."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, MARK: str(Path.cwd()), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
