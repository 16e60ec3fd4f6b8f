"""What the tests share: small data, and real commands run on it."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import srsly
import typer
from filelock import FileLock
from typer.testing import CliRunner

import check as check_command
from ner_update.checks.check_data import check
from ner_update.checks.report import CheckReport
from ner_update.checks.severity import read_levels
from ner_update.project.lock import MARK, NOTE
from ner_update.project.options import with_options

ROOT = Path(__file__).parents[1]
CHECK = typer.Typer()
CHECK.command()(with_options(check_command.main))


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


def with_code(folder, code):
    """RETURNS (str): A PYTHONPATH with which each Python runs some code first."""
    (folder / "code").mkdir()
    (folder / "code/sitecustomize.py").write_text(code, encoding="utf8")
    return f"{folder / 'code'}{os.pathsep}{ROOT / 'scripts'}"


def run_scripts(folder: Path, *lines: list) -> None:
    """Run several scripts in a folder, as one process."""
    words = json.dumps([[str(word) for word in line] for line in lines])
    done = command("python", ROOT / "tests/run_scripts.py", words, cwd=folder)
    assert done.code == 0, done.raw


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
    base, given, silver = "training/base/model-best", ["--base-model", base_model], "corpus/silver.jsonl"
    update = [f"training/updated/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    distilled = ["corpus/distilled.spacy", "corpus/distilled.json"]
    trained = ["--dev", "corpus/new/dev.spacy", "--max-steps", steps, *options]
    raw = ["--raw", "corpus/raw/train.spacy", "--teachers", teachers]
    made = ["training/metrics.json", "training/breakdowns.json"]
    counts = ["--summary", "training/summary.json", "--mix", "corpus/update/mix.json", "--distilled", distilled[1]]
    base_log = "training/base/log.jsonl"
    logs = ["--base-log", base_log, "--update-log", update[1]]
    run_scripts(
        folder,
        ["check.py", "assets", *given],
        ["annotate.py", "assets/patterns.jsonl", "assets/raw.jsonl", silver],
        ["preprocess.py", "corpus/checked", "corpus"],
        ["train.py", ROOT / "configs/base.cfg", "corpus/base", base, base_log, *given, "--max-steps", 60],
        ["rehearse.py", base, "corpus", "corpus/update", "--silver", silver],
        ["distil.py", config, base, "corpus/update", *distilled, *raw, *trained],
        ["update.py", config, base, "corpus/update", *update, "--distilled", distilled[0], *trained],
        ["evaluate.py", base, update[0], "corpus", made[0], "training/rows.jsonl", "--breakdowns", made[1]],
        ["plots.py", *made, "training/plots", *counts, *logs],
    )
    return srsly.read_json(folder / "training/metrics.json")


@pytest.fixture
def run(tmp_path):
    """Run one of the scripts in the test's own folder: run("check.py", "assets", ...)."""
    return lambda script, *words: command("python", ROOT / "scripts" / script, *words, cwd=tmp_path)


@pytest.fixture
def run_here(tmp_path, monkeypatch, capfd):
    """Run one of the scripts as `run` does, in the process of the tests, which takes a second less."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")

    def run(script: str, *words: object) -> SimpleNamespace:
        path, code = str(ROOT / "scripts" / script), 0
        monkeypatch.setattr(sys, "argv", [path, *map(str, words)])
        capfd.readouterr()
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as stop:
            code = stop.code or 0
        # This process lives on, and would count as a run at work.
        NOTE.unlink(missing_ok=True)
        os.environ.pop(MARK, None)
        text = "".join(capfd.readouterr())
        return SimpleNamespace(code=code, raw=text, out=" ".join(text.split()))

    return run


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


@pytest.fixture
def refused(assets, tmp_path, monkeypatch):
    """Run the check command in this process, which takes a second less.

    refused("GADGET", ...) asserts what it says, that it stops nowhere else, and that it leaves the earlier outputs alone.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/counts.json").write_text("earlier")

    def run(*expected, words=()):
        argv = ["assets", *words]
        done = CliRunner().invoke(CHECK, argv)
        said = " ".join(done.output.split())
        assert done.exit_code == 1 and isinstance(done.exception, SystemExit), done.output + repr(done.exception)
        for part in expected:
            assert part in said
        assert (tmp_path / "corpus/counts.json").read_text() == "earlier" and not (
            tmp_path / "corpus/check.passed"
        ).exists()
        return said

    return run


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


def made_once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Path:
    """Make a folder for all tests, and all processes that share them (pytest-xdist). Copy it, it is made once.

    make (Callable): Fills it, and is given its path.
    RETURNS (Path): The folder.
    """
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    folder, made = common / name, common / f"{name}.made"
    with FileLock(common / f"{name}.lock"):
        if not made.exists():
            # What a test left there that failed to make it.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def ran(engine: str, folder: Path) -> None:
    """Make a tiny project in which everything has run, and all is committed."""
    from tiny_project import ENGINES, tiny

    tiny(copy_of_repository(folder))
    done = command(*ENGINES[engine], cwd=folder)
    assert done.code == 0, done.raw
    commit(folder)


@pytest.fixture(scope="session")
def ran_with_dvc(tmp_path_factory):
    """A tiny project that DVC ran."""
    return made_once(tmp_path_factory, "ran with dvc", partial(ran, "dvc"))


@pytest.fixture(scope="session")
def ran_with_spacy(tmp_path_factory):
    """A tiny project that spaCy ran."""
    return made_once(tmp_path_factory, "ran with spacy", partial(ran, "spacy"))


@pytest.fixture(scope="session")
def updated_project(tmp_path_factory):
    """A trained base and an update of it, by the real commands, on frames of a few words (they need no more)."""
    from tiny_project import small_assets

    return made_once(tmp_path_factory, "updated project", lambda folder: run_update(small_assets(folder), steps=100))


@pytest.fixture(scope="session")
def finished(ran_with_dvc, ran_with_spacy):
    """For each engine a tiny project in which everything has run."""
    return {"dvc": ran_with_dvc, "spacy": ran_with_spacy}


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A folder with the wheel and the sdist of an update of a published base."""
    from small_package import PUBLISHED, packaged

    def make(folder: Path) -> None:
        done = packaged(folder, **PUBLISHED)
        assert done.code == 0 and "takes over from the base: a-tool>=1.0,<2.0" in done.out, done.raw

    return made_once(tmp_path_factory, "packages", make) / "out"


@pytest.fixture
def s3():
    """Address of a server on loopback that answers as S3 does, with a bucket `ner`."""
    # Slow to import, and wanted by few.
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    # Returns when the server listens.
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(urllib.request.Request(f"{address}/ner", method="PUT")).status == 200
    yield address
    server.stop()


def commit(project: Path) -> None:
    """Commit all that git does not ignore."""
    for words in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "all"]):
        done = command("git", *words, cwd=project)
        assert done.code == 0, done.raw


@pytest.fixture
def clone(tmp_path):
    """A clean copy of this repository, in a path with a space."""
    return copy_of_repository(tmp_path / "my project")
