"""pyproject.toml, what it is pinned to in requirements/, and the environment that the Makefile makes of it."""

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import ROOT, command

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
ASKED = {
    "base": PROJECT["project"]["dependencies"],
    **PROJECT["project"]["optional-dependencies"],
    **PROJECT["dependency-groups"],
}
APART = {path.stem for path in ROOT.glob("requirements/*.in")}
FILES = sorted(ROOT.glob("requirements/*.txt"))


def pinned(name: str) -> list[Requirement]:
    """RETURNS (list): The requirements of a lock, without their hashes."""
    lines = re.findall(
        r"^([a-z0-9][^\\\n]*==[^\\\n]*)", (ROOT / f"requirements/{name}.txt").read_text(encoding="utf8"), re.MULTILINE
    )
    return [Requirement(line) for line in lines]


def test_there_is_a_lock_for_each_extra_and_group():
    assert {path.stem for path in FILES} == {*ASKED, *APART, "en_core_web_sm"}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_requirement_is_pinned_with_hashes(path):
    text = re.sub(r"(?m)^\s*#.*\n?", "", path.read_text(encoding="utf8")).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        name = line.split()[0]
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^\s*]+", line) or re.match(
            r"[\w.-]+ @ https://\S+|https://\S+", line
        ), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}(\s|$)", line), name
        assert not name.startswith("-"), name


@pytest.mark.parametrize("name", ASKED)
def test_the_locks_have_what_pyproject_asks_for(name):
    """After a change of pyproject.toml: make lock."""
    found = pinned("base") + (pinned(name) if name != "base" else [])
    for asked in map(Requirement, ASKED[name]):
        versions = [one.specifier for one in found if canonicalize_name(one.name) == canonicalize_name(asked.name)]
        assert any(next(iter(pin)).version in asked.specifier for pin in versions), f"{asked}: run make lock"


@pytest.mark.parametrize("name", [name for name in ASKED if name != "base"])
def test_an_extra_repeats_nothing_of_the_base(name):
    assert not {*map(str, pinned("base"))} & {*map(str, pinned(name))}


def test_one_version_whatever_is_installed_together():
    every = {}
    for name in ASKED:
        for one in pinned(name):
            every.setdefault(canonicalize_name(one.name), set()).add(str(one.specifier))
    several = {name: versions for name, versions in every.items() if len(versions) > 1}
    forks = {
        canonicalize_name(one.name)
        for name in ASKED
        for one in pinned(name)
        if one.marker and "python_full_version" in str(one.marker)
    }
    assert several.keys() <= forks, several


@pytest.fixture
def bare(tmp_path):
    """The Makefile and the locks, and a PATH on which there is only what the test puts there, git, make and the tools of a shell."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for tool in ("make", "sh", "sed", "rm", "touch", "env"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf8")
    path.chmod(0o755)
    return path


def only(folder: Path) -> dict[str, str]:
    """RETURNS (dict): Variables that let make find nothing else, and forget what a make that runs these tests was asked for."""
    return {"PATH": str(folder / "bin"), "PYTHON": "", "MAKEFLAGS": ""}


# Is what it says, but ends before it makes an environment.
USABLE = f"""test "$1" = -c && exec '{sys.executable}' "$@"; echo "$0 $*" >&2; exit 3"""


@pytest.mark.skipif(os.name == "nt", reason="make runs sh")
def test_make_takes_the_newest_python_that_runs(bare):
    program(bare, "python3.14", "echo pyenv: python3.14: command not found >&2; exit 127")
    program(bare, "python3.13", "exit 1")
    for name in ("python3.12", "python3.11", "python3"):
        program(bare, name, USABLE)
    done = command("make", "setup", cwd=bare, **only(bare))
    assert done.code != 0 and "bin/python3.12 -m venv .venv" in done.raw, done.raw
    done = command("make", "setup", "PYTHON=python3.11", cwd=bare, **only(bare))
    assert done.code != 0 and "bin/python3.11 -m venv .venv" in done.raw, done.raw


@pytest.mark.skipif(os.name == "nt", reason="make runs sh")
@pytest.mark.parametrize("words", [(), ("PYTHON=python3.9",), ("PYTHON=nowhere/python",)])
def test_make_without_a_python(bare, words):
    program(bare, "python3.9", "exit 1")
    done = command("make", "setup", *words, cwd=bare, **only(bare))
    assert (
        done.code != 0
        and "Python 3.11, 3.12, 3.13 or 3.14" in done.out
        and "make PYTHON=" in done.out
        and not (bare / ".venv").exists()
    ), done.raw


@pytest.mark.skipif(os.name == "nt", reason="make runs sh")
def test_make_keeps_or_rebuilds_the_environment(bare):
    """It keeps one that it made, whatever else is on the PATH; for another Python it makes it again."""
    (bare / ".venv/bin").mkdir(parents=True)
    (bare / ".venv/bin/python").symlink_to(sys.executable)
    (bare / ".venv/kept").touch()
    program(bare, "python3.14", USABLE)
    program(bare, "another", """test "$1" = -c && echo 3.99 && exit; echo "$0 $*" >&2; exit 3""")
    program(bare, "the-same", USABLE)
    os.utime(bare / "requirements/base.txt", (1, 1))
    for name in ("uv", "base.installed"):
        (bare / ".venv" / name).touch()
    for words in ((), ("PYTHON=the-same",)):
        done = command("make", "setup", *words, cwd=bare, **only(bare))
        assert done.code == 0 and "Nothing to be done" in done.out and (bare / ".venv/kept").exists(), done.raw
    done = command("make", "setup", "PYTHON=another", cwd=bare, **only(bare))
    assert done.code != 0 and "bin/another -m venv .venv" in done.raw and not (bare / ".venv").exists(), done.raw
