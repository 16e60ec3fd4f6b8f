"""Whole runs in odd places: whatever the folder is called, wherever it stands, with git and without (marker: places)."""

import shutil
import sys
from pathlib import Path

import pytest

from conftest import command, commit, copy_of_repository, hostile
from rerun_table import ALWAYS, STAGES
from tiny_project import ENGINES, stages_run, tiny

pytestmark = pytest.mark.places


def run_all(project: Path, engine: str, **variables: str) -> None:
    """Run everything, and then nothing."""
    done = command(*ENGINES[engine], cwd=project, **variables)
    assert done.code == 0 and stages_run(engine, done) == (STAGES, []), done.raw
    again = command(*ENGINES[engine], cwd=project, **variables)
    assert again.code == 0 and stages_run(engine, again) == ([ALWAYS], []), again.raw


def without_git() -> dict[str, str]:
    """RETURNS (dict): A PATH on which there is no git, but the environment's programs."""
    bin = Path(sys.executable).parent
    assert shutil.which("git", path=bin) is None
    return {"PATH": str(bin)}


def test_a_path_with_spaces_other_letters_and_200_characters(tmp_path):
    """The environment stands there, too: make sets it up, and both engines run from it."""
    folder = tmp_path / "Überraschung für Łódź, 東京 & São Paulo (naïve)"
    while len(str(folder)) < 200:
        folder /= "noch ein längerer Ordner"
    project = tiny(copy_of_repository(folder / "mein Projekt"))
    done = command("make", f"PYTHON={sys.executable}", "repro", cwd=project)
    assert done.code == 0 and stages_run("dvc", done) == (STAGES, []), done.raw
    done = command("make", "all", cwd=project)
    assert done.code == 0 and stages_run("spacy", done) == (STAGES, []), done.raw
    again = command("make", "all", cwd=project)
    assert again.code == 0 and stages_run("spacy", again) == ([ALWAYS], []), again.raw
    # The same bytes came from both.
    assert command("dvc", "status", cwd=project).out == f"{ALWAYS}: always changed"
    assert not command(
        "git",
        "status",
        "--porcelain",
        "--",
        ":!dvc.lock",
        ":!training/*.json",
        ":!assets",
        ":!project.yml",
        cwd=project,
    ).raw


def test_a_subdirectory_of_a_larger_repository(tmp_path):
    outer = tmp_path / "company"
    project = tiny(copy_of_repository(outer / "apps/ner"))
    shutil.rmtree(project / ".git")
    (outer / "README.md").write_text("ours\n", encoding="utf8")
    assert command("git", "init", "-q", cwd=outer).code == 0
    commit(outer)
    run_all(project, "dvc")
    changed = command("git", "status", "--porcelain", cwd=outer).raw.splitlines()
    assert {line[3:] for line in changed} <= {
        f"apps/ner/{name}" for name in ("dvc.lock", "training/metrics.json", "training/summary.json")
    }


def test_no_git_at_all(tmp_path):
    """Not even the program: DVC is told once to do without."""
    project = tiny(copy_of_repository(tmp_path / "project"))
    shutil.rmtree(project / ".git")
    variables = without_git()
    refused = command("dvc", "repro", cwd=project, **variables)
    assert refused.code != 0 and "is not a git repository" in refused.out
    assert command("dvc", "config", "core.no_scm", "true", cwd=project, **variables).code == 0
    run_all(project, "dvc", **variables)


def test_a_download_without_its_history(tmp_path):
    """What GitHub gives as a zip. spaCy's engine asks for nothing; DVC does after `git init`."""
    origin = tiny(copy_of_repository(tmp_path / "origin"))
    commit(origin)
    assert (
        command(
            "git", "archive", "--format=zip", "--prefix=ner-main/", "-o", tmp_path / "main.zip", "HEAD", cwd=origin
        ).code
        == 0
    )
    shutil.unpack_archive(tmp_path / "main.zip", tmp_path)
    project = tmp_path / "ner-main"
    run_all(project, "spacy", **without_git())
    assert command("git", "init", "-q", cwd=project).code == 0
    assert command("dvc", "commit", "-f", cwd=project).code == 0
    done = command("dvc", "repro", cwd=project)
    assert done.code == 0 and stages_run("dvc", done) == ([ALWAYS], []), done.raw


def test_what_is_made_has_names_for_every_system(ran_with_dvc):
    """Those under .git and .dvc are git's and DVC's own."""
    names = [path.relative_to(ran_with_dvc).as_posix() for path in ran_with_dvc.rglob("*")]
    names = [name for name in names if not name.startswith((".git/", ".dvc/"))]
    assert len(names) > 150 and not hostile(names)
