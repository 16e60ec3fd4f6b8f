"""What befalls a run: it is killed, started twice, interrupted, or finds a full disk and damaged files (marker: faults).

Whatever it was, the same command again finishes, and its outputs are those of a run to which nothing happened.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import spacy
import srsly

from conftest import command, copy_of_repository
from rerun_table import append
from tiny_project import ENGINES, outputs, stages_run, tiny

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("NER_KILLS", 50))
# Seconds between the start of a run and its end by kill -9, at most: some stages' worth.
LONGEST = 12.0


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A small project in which nothing has run."""
    return tiny(copy_of_repository(tmp_path_factory.mktemp("fresh") / "project"))


@contextmanager
def started(engine: str, project: Path, env: dict | None = None):
    """A run in the background, in a process group of its own; what it prints goes to a file."""
    if env is None:
        env = {}
    words = (
        [sys.executable, *ENGINES[engine][1:]] if engine == "spacy" else [Path(sys.executable).parent / "dvc", "repro"]
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (project.parent / "log").open("wb") as log:
        run = subprocess.Popen(
            words,
            cwd=project,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PATH": path, "NO_COLOR": "1", **env},
        )
        try:
            yield run
        finally:
            for process in [*commands(run), run]:
                kill(process)
            run.wait()


def printed(log: Path) -> str:
    """RETURNS (str): What a run printed, white space folded."""
    return " ".join(log.read_text(encoding="utf8").split())


def commands(run: subprocess.Popen) -> list[psutil.Process]:
    """RETURNS (list): What an engine has started."""
    try:
        return psutil.Process(run.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(process) -> None:
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        process.kill()


def until(run: subprocess.Popen, seen) -> None:
    """Wait until something is seen, for as long as the run lives."""
    while not seen():
        try:
            run.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        assert seen(), "the run ended before"


@pytest.mark.parametrize("engine", ENGINES)
def test_killed_at_random_it_finishes_all_the_same(fresh, finished, tmp_path, engine):
    """kill -9 of the command, of the engine, or of both, half of KILLS for each engine; then the same words again."""
    draw, left, runs = random.Random(f"{engine} kills"), KILLS // 2, 0
    while left or not runs:
        project, code = shutil.copytree(fresh, tmp_path / f"project {runs}", symlinks=True), None
        while code != 0:
            victim, moment, killed = draw.choice(["command", "engine", "both"]), draw.uniform(0.5, LONGEST), False
            with started(engine, project) as run:
                try:
                    run.wait(timeout=moment if left else None)
                except subprocess.TimeoutExpired:
                    # A command whose engine is killed lives on into the next run, which has to see to it.
                    found = commands(run)
                    for process in ([run] if victim != "command" else []) + (found if victim != "engine" else []):
                        kill(process)
                    left, killed = left - 1, True
                code = run.wait()
            if code and not killed:
                # The kill before hit an engine that was writing a note.
                mended = command("python", "scripts/unlock.py", cwd=project)
                assert "Removed" in mended.out, (tmp_path / "log").read_text(encoding="utf8")
        assert outputs(project) == outputs(finished[engine])
        shutil.rmtree(project)
        runs += 1


def with_work(finished, engine: str, tmp_path) -> Path:
    """RETURNS (Path): A copy of a finished project in which the update has to run again, and comes out the same."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    append("scripts/update.py", "# A comment.\n")(project)
    return project


@pytest.mark.parametrize("second", ENGINES)
@pytest.mark.parametrize("first", ENGINES)
def test_a_second_run_is_told_so(finished, tmp_path, first, second):
    project = with_work(finished, first, tmp_path)
    with started(first, project) as run:
        until(run, (project / "training/updated/.checkpoints.tmp").exists)
        told = command(*ENGINES[second], cwd=project)
        assert told.code != 0 and "Traceback" not in told.raw, told.raw
        assert "Another run is at work in this project" in told.out or "is busy, it is being blocked by" in told.out, (
            told.raw
        )
        assert run.wait() == 0, (tmp_path / "log").read_text(encoding="utf8")
    assert outputs(project) == outputs(finished[first])


@pytest.mark.parametrize(
    "begins, kept", [("ner_new", "interrupted"), ("steps from the start", "first_training/interrupted")]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupted_training_is_kept(finished, tmp_path, engine, begins, kept):
    """SIGINT to the whole group, as Ctrl-C sends it, in the first and in the second training of the update. RESUME=1 goes on;
    without it the outputs are the uninterrupted run's.
    """
    project = with_work(finished, engine, tmp_path)
    with started(engine, project, {"PYTHONUNBUFFERED": "1"}) as run:
        until(
            run,
            lambda: re.search(
                r"^ +\d+ +16 ", (tmp_path / "log").read_text(encoding="utf8").partition(begins)[2], re.MULTILINE
            ),
        )
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait() != 0
    said = printed(tmp_path / "log")
    told = re.search(r"Interrupted. The last checkpoint, after step (\d+), is in training/updated/([\w/]+)", said)
    assert told and told[2] == kept and "Traceback" not in said, said
    kept = project / "training/updated" / kept
    assert spacy.load(kept / "model-last").pipe_names == ["ner_new"]
    step = int(told[1])
    assert 16 <= step < 80
    resumed = shutil.copytree(project, tmp_path / "resumed/project", symlinks=True)
    with started(engine, resumed, {"RESUME": "1"}) as run:
        assert run.wait() == 0
    said = printed(tmp_path / "resumed/log")
    assert f"Going on after step {step}" in said
    steps = [row["step"] for row in srsly.read_jsonl(resumed / "training/updated/log.jsonl")]
    # Looks come every eight steps.
    assert steps == sorted(steps) and 72 < steps[-1] <= 80
    assert sorted(path.name for path in (resumed / "training/updated").iterdir()) == [
        "log.jsonl",
        "model-best",
        "threshold.jsonl",
    ]
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    assert outputs(project) == outputs(finished[engine]) and not kept.exists()


def mounted(folder: str, how: str, engine: str, project: Path):
    """A run in a mount namespace in which something is mounted over, or again at, a folder."""
    words = ["unshare", "-rm", "sh", "-c", f'{how} && exec "$@"', "sh"]
    if subprocess.run([*words[:4], "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode:
        pytest.skip("this machine allows no mount namespace")
    real = [sys.executable, *ENGINES[engine][1:]] if engine == "spacy" else ["dvc", "repro"]
    return command(*words, *real, cwd=project)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "how, said",
    [
        # DVC finds no room to bring the base pipeline back, and no reason for it.
        (
            "mount -t tmpfs -o size=3m tmpfs training",
            {"spacy": "No space left on device", "dvc": "No possible cache link types"},
        ),
        (
            "mount --bind training training && mount -o remount,bind,ro training",
            {"spacy": "Read-only file system", "dvc": "Read-only file system"},
        ),
        ("mount --bind assets assets && mount -o remount,bind,ro assets", {}),
    ],
    ids=["full disk", "read-only training", "read-only assets"],
)
def test_a_disk_that_takes_nothing(finished, tmp_path, engine, how, said):
    project = with_work(finished, engine, tmp_path)
    done = mounted("training", how, engine, project)
    if said:
        assert done.code != 0 and said[engine] in done.out and "Traceback" not in done.raw, done.raw
        done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    assert outputs(project) == outputs(finished[engine])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("engine", ENGINES)
def test_corpora_cut_in_half(finished, tmp_path, engine):
    """Both engines see it and make them anew; a command run by hand says which they are."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    for path in project.glob("corpus/*/*.spacy/*"):
        cut(path)
    broken = ", ".join(sorted(str(path.relative_to(project)) for path in project.glob("corpus/base/*.spacy/*")))
    by_hand = command(
        "python",
        "scripts/rehearse.py",
        "training/base/model-best",
        "corpus",
        "corpus/update",
        "--silver",
        "corpus/silver.jsonl",
        cwd=project,
    )
    assert by_hand.code == 1 and f"Damaged, or cut off: {broken}" in by_hand.out
    assert "Traceback" not in by_hand.raw and by_hand.out.count("corpus/raw/dev.spacy") == 1
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    assert outputs(project) == outputs(finished[engine])


@pytest.mark.parametrize(
    "old, new",
    [
        ("\ndropout = 0.1", "\ndropout = 0.1x"),
        ("[training]", "[training"),
        ("TransitionBasedParser.v2", "TransitionBasedParsr.v2"),
        ("\ndropout =", "\ndropuot ="),
    ],
)
def test_a_config_with_a_typo(finished, tmp_path, old, new):
    project = shutil.copytree(finished["spacy"], tmp_path / "project", symlinks=True)
    before = outputs(project)
    text = (project / "configs/update.cfg").read_text(encoding="utf8")
    (project / "configs/update.cfg").write_text(text.replace(old, new), encoding="utf8")
    done = command("python", "-m", "spacy", "project", "run", "update", cwd=project)
    assert done.code == 1 and "Traceback" not in done.raw, done.raw
    assert "update.cfg" in done.out or "onfig" in done.out, done.raw
    assert outputs(project) == before


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupted_checkout(finished, tmp_path, engine):
    """git left its lock and half the files; nothing of the outputs is lost."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    before = outputs(project)
    (project / ".git/index.lock").touch()
    for name in ("outputs", "records", "evaluate"):
        (project / f"scripts/{name}.py").unlink()
    broken = command(*ENGINES[engine], cwd=project)
    assert broken.code != 0 and "Traceback" not in broken.raw and "scripts/" in broken.out, broken.raw
    (project / ".git/index.lock").unlink()
    assert command("git", "checkout", "scripts", cwd=project).code == 0
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    assert outputs(project) == before


def test_a_corrupted_cache(finished, tmp_path):
    """DVC sees that an object is not what its name says, and runs the stage."""
    project = shutil.copytree(finished["dvc"], tmp_path / "project", symlinks=True)
    before = outputs(project)
    outs = srsly.read_yaml(project / "dvc.lock")["stages"]["annotate"]["outs"]
    (md5,) = (out["md5"] for out in outs if out["path"] == "corpus/silver.jsonl")
    cached = project / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"
    cached.chmod(0o644)
    cut(cached)
    (project / "corpus/silver.jsonl").unlink()
    done = command("dvc", "repro", cwd=project)
    assert done.code == 0, done.raw
    assert "annotate" in stages_run("dvc", done)[0] and outputs(project) == before


@pytest.mark.parametrize(
    "engine, file, content, said",
    [
        ("dvc", ".dvc/tmp/rwlock", '{"write": {"/home', "Unable to read RWLock-file '.dvc/tmp/rwlock'"),
        (
            "dvc",
            ".dvc/tmp/rwlock",
            '{"write": {"PROJECT/corpus/fingerprints/names.json": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}',
            "manually remove",
        ),
        ("dvc", "dvc.lock", "schema: '2.0'\nstages:\n  fingerprints:\n    cmd: 'pyth", "dvc.lock"),
        ("spacy", "project.lock", 'fingerprints:\n  cmd: "pyth', "Invalid YAML"),
    ],
    ids=["half a rwlock", "a number given again", "half a dvc.lock", "half a project.lock"],
)
def test_the_engines_own_notes_cut_off(finished, tmp_path, engine, file, content, said):
    """docs/faults.md names each message; unlock.py, with which make begins, mends it."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    before = outputs(project)
    (project / file).write_text(content.replace("PROJECT", str(project)), encoding="utf8")
    broken = command(*ENGINES[engine], cwd=project)
    assert broken.code != 0 and said in broken.out, broken.raw
    mended = command("python", "scripts/unlock.py", cwd=project)
    assert mended.code == 0 and f"Removed {file}" in mended.out, mended.raw
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    ran, _ = stages_run(engine, done)
    assert outputs(project) == before and (engine == "spacy" or "update" not in ran)


def test_a_lock_of_a_run_at_work_stays(finished, tmp_path):
    project = with_work(finished, "dvc", tmp_path)
    with started("dvc", project) as run:
        until(run, (project / "training/updated/.checkpoints.tmp").exists)
        assert "Removed" not in command("python", "scripts/unlock.py", cwd=project).out
        assert (project / ".dvc/tmp/rwlock").is_file() and run.wait() == 0
