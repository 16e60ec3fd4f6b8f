"""What the tests share: small data, and real commands run on it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import srsly

from ner_update.checks.check_data import check
from ner_update.checks.report import CheckReport
from ner_update.checks.severity import read_levels

ROOT = Path(__file__).parents[1]


def command(*words: object, cwd: Path, **variables: str) -> SimpleNamespace:
    """Run a command as a user would; `python` is the one that runs the tests.

    variables (str): More of them for its environment.
    RETURNS (SimpleNamespace): code, and out: all that it printed, on one line each, white space folded.
    """
    bin = Path(sys.executable).parent
    env = {
        **os.environ,
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "400",
        **variables,
    }
    argv = [sys.executable if word == "python" else str(word) for word in words]
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf8")
    text = done.stdout + done.stderr
    return SimpleNamespace(code=done.returncode, raw=text, out=" ".join(text.split()))


def content(folder: Path) -> dict[str, bytes]:
    """RETURNS (dict): Each file of a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def run_update(
    folder: Path,
    base_model: str = "",
    config: Path = ROOT / "configs/update.cfg",
    steps: int = 60,
    options: tuple = (),
    teachers: int = 0,
) -> dict:
    """Run the commands from annotate to plots in a folder that has assets/.

    options (tuple): More words for the update command, and for its teachers.
    RETURNS (dict): training/metrics.json.
    """

    def run(script, *words):
        done = command("python", ROOT / "scripts" / script, *words, cwd=folder)
        assert done.code == 0, done.raw

    base, given = "training/base/model-best", ("--base-model", base_model)
    run("check.py", "assets", *given)
    run("annotate.py", "assets/patterns.jsonl", "assets/raw.jsonl", "corpus/silver.jsonl")
    run("preprocess.py", "corpus/checked", "corpus")
    run(
        "train.py", ROOT / "configs/base.cfg", "corpus/base", base, "training/base/log.jsonl", *given, "--max-steps", 60
    )
    run("rehearse.py", base, "corpus", "corpus/update", "--silver", "corpus/silver.jsonl")
    outputs = [f"training/updated/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    distilled, words = (
        ("corpus/distilled.spacy", "corpus/distilled.json"),
        ("--dev", "corpus/new/dev.spacy", "--max-steps", steps, *options),
    )
    run(
        "distil.py",
        config,
        base,
        "corpus/update",
        *distilled,
        "--raw",
        "corpus/raw/train.spacy",
        "--teachers",
        teachers,
        *words,
    )
    run("update.py", config, base, "corpus/update", *outputs, "--distilled", distilled[0], *words)
    made = ["training/metrics.json", "training/breakdowns.json"]
    run(
        "evaluate.py",
        base,
        "training/updated/model-best",
        "corpus",
        made[0],
        "training/rows.jsonl",
        "--breakdowns",
        made[1],
    )
    logs = ["--base-log", "training/base/log.jsonl", "--update-log", "training/updated/log.jsonl"]
    run(
        "plots.py",
        *made,
        "training/plots",
        "--summary",
        "training/summary.json",
        "--mix",
        "corpus/update/mix.json",
        "--distilled",
        distilled[1],
        *logs,
    )
    return srsly.read_json(folder / "training/metrics.json")


@pytest.fixture
def run(tmp_path):
    """Run one of the scripts in the test's own folder: run("check.py", "assets", ...)."""
    return lambda script, *words: command("python", ROOT / "scripts" / script, *words, cwd=tmp_path)


@pytest.fixture
def assets(tmp_path):
    """A folder assets/ with a few good records of each set, in the test's own folder."""
    folder = tmp_path / "assets"
    base = [
        {"text": "Ines Moreau left Belfort Capital", "entities": [[0, 11, "PERSON"], [17, 32, "ORG"]]},
        {"text": "nothing to see here", "entities": []},
        {"text": "rain again in Lyon", "entities": [[14, 18, "GPE"]]},
    ]
    new = [
        {"text": "my iPhone X is dead", "entities": [[3, 11, "GADGET"]]},
        {"text": "my new phone is dead", "entities": []},
        {"text": "kindle won't sync 🙁 kindle!", "entities": [[0, 6, "GADGET"], [20, 26, "GADGET"]]},
    ]
    write(folder / "base" / "base.jsonl", base)
    write(folder / "annotated" / "new.jsonl", new)
    write(
        folder / "test" / "test.jsonl",
        [{"text": "sold the Zune to Ines", "entities": [[9, 13, "GADGET"], [17, 21, "PERSON"]]}],
    )
    write(folder / "raw.jsonl", [{"text": "anyone selling an iphone x?"}, {"text": "good morning"}])
    write(folder / "patterns.jsonl", [{"label": "GADGET", "pattern": "iphone x"}])
    return folder


def write(path: Path, records: list) -> Path:
    """Write records as JSONL, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_jsonl(path, records)
    return path


def check_all(assets: Path) -> tuple[dict, list]:
    """RETURNS (tuple): Counts and all problems that the check finds, in this process."""

    class Kept(CheckReport):
        def __init__(self, levels):
            super().__init__(levels)
            self.problems = []

        def add(self, problem):
            super().add(problem)
            self.problems += filter(None, [self.levels.apply(problem)])

    with Kept(read_levels()) as report, tempfile.TemporaryDirectory() as folder:
        return check(assets, Path(folder), report, "en"), report.problems


def copy_of_repository(target: Path) -> Path:
    """A clean repository with all that is, or would be, committed here."""
    tracked = command("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).raw.splitlines()
    for name in tracked:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    assert command("git", "init", "-q", cwd=target).code == 0
    commit(target)
    return target


def hostile(names: list[str]) -> list[str]:
    """RETURNS (list): Paths that Windows refuses, that differ in upper and lower case alone, or that are long."""
    refused = re.compile(r'[<>:"|?*\\]|[ .](/|$)|(^|/)(con|nul|aux|prn|com\d|lpt\d)(\.|/|$)', re.I)
    folded = [name.lower() for name in names]
    return [name for name in names if refused.search(name) or folded.count(name.lower()) > 1 or len(name) > 120]


def ran(engine: str, folder: Path) -> Path:
    """RETURNS (Path): A tiny project in which everything has run, and all is committed."""
    from tiny_project import ENGINES, tiny

    project = tiny(copy_of_repository(folder / "project"))
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    commit(project)
    return project


@pytest.fixture(scope="session")
def ran_with_dvc(tmp_path_factory):
    """Copy it, it is made once."""
    return ran("dvc", tmp_path_factory.mktemp("dvc"))


@pytest.fixture(scope="session")
def ran_with_spacy(tmp_path_factory):
    """Copy it, it is made once."""
    return ran("spacy", tmp_path_factory.mktemp("spacy"))


@pytest.fixture(scope="session")
def finished(ran_with_dvc, ran_with_spacy):
    """For each engine a tiny project in which everything has run."""
    return {"dvc": ran_with_dvc, "spacy": ran_with_spacy}


def commit(project: Path) -> None:
    """Commit all that git does not ignore."""
    for words in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "all"]):
        done = command("git", *words, cwd=project)
        assert done.code == 0, done.raw


@pytest.fixture
def clone(tmp_path):
    """A clean copy of this repository, in a path with a space."""
    return copy_of_repository(tmp_path / "my project")
