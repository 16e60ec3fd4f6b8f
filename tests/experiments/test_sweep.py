"""Many experiments: each trial runs in DVC's queue and comes into one table; what is finished is never run again; the workspace
stays as it is.
"""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import srsly
import typer

from conftest import ROOT, command, commit
from ner_update.experiments.plan import Outcome, Plan, PlanError, number_of_trials, read_plan, trials
from ner_update.experiments.queue import reason
from ner_update.experiments.sweep import part_of
from ner_update.experiments.table import best, compared, ranked, show

SWEEP = ["python", "scripts/sweep.py", "configs/sweep.yml", "training/sweep"]
needs_optuna = pytest.mark.skipif(find_spec("optuna") is None, reason="make optuna installs it")


def planned(project, **plan):
    """A copy of a small project that has run, with a plan."""
    (project / "configs/sweep.yml").unlink()
    srsly.write_yaml(project / "configs/sweep.yml", plan)
    return project


@pytest.fixture
def project(ran_with_dvc, tmp_path):
    return shutil.copytree(ran_with_dvc, tmp_path / "project", symlinks=True)


def state(project):
    """What git knows of a workspace, the text of its files, and what DVC says of its outputs."""
    status = command("git", "status", "--porcelain", cwd=project).raw
    texts = {
        path: path.read_bytes()
        for path in [
            *project.glob("*.yml"),
            *project.glob("*.lock"),
            *project.glob("configs/*"),
            project / "training/metrics.json",
        ]
    }
    return status, texts, command("dvc", "status", "--json", cwd=project).raw


def rows(project):
    with (project / "training/sweep/results.csv").open(encoding="utf8") as file:
        return list(csv.DictReader(file))


def names(project):
    """The experiments that the project has."""
    return set(command("dvc", "exp", "list", "--name-only", cwd=project).raw.split())


def left(project):
    """Processes that work in a folder of the project."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += [process] if Path(process.cwd()).is_relative_to(project) else []
    return found


@pytest.mark.slow
def test_a_grid_is_tried_and_the_best_taken(project):
    """One of three values cannot be: it is listed, and the others are tried all the same."""
    shutil.copy(project / "configs/update.cfg", project / "configs/other.cfg")
    commit(project)
    planned(
        project,
        search="grid",
        vars={"update_config": ["configs/missing.cfg", "configs/update.cfg", "configs/other.cfg"]},
    )
    before = state(project)
    done = command("python", "-m", "spacy", "project", "run", "sweep", cwd=project)
    assert done.code == 1 and "Traceback" not in done.raw, done.raw
    assert re.search(r"sweep-\w+: failed to reproduce 'distil': .*configs/missing.cfg", done.out)
    found = {row["update_config"]: row for row in rows(project)}
    assert [*found][-1] == "configs/missing.cfg" and found["configs/missing.cfg"]["says"].startswith("failed: ")
    assert (
        found["configs/update.cfg"]["says"] == "what is committed"
        and found["configs/other.cfg"]["says"] == "no difference"
    )
    assert all(float(row["f_low"]) <= float(row["f"]) <= float(row["f_high"]) for row in rows(project)[:2])
    assert names(project) == {row["experiment"] for row in rows(project)[:2]}
    assert state(project) == before and left(project) == [] and not (project / ".dvc/tmp/sweep").exists()

    taken = found["configs/other.cfg"]["experiment"]
    (project / "README.md").write_text("mine", encoding="utf8")
    done = command("python", "scripts/sweep_apply.py", taken, cwd=project)
    assert done.code == 0 and (project / "README.md").read_text(encoding="utf8") == "mine", done.raw
    assert 'update_config: "configs/other.cfg"' in (project / "project.yml").read_text(encoding="utf8")
    first, second = (command("dvc", "repro", cwd=project) for _ in range(2))
    # The base is the trial's; the update learns from the dev set now, which compared the trials.
    assert re.findall(r"Running stage '([\w-]+)'", first.out)[:2] == ["fingerprints", "update"], first.raw
    assert 'update_on: "train+dev"' in (project / "project.yml").read_text(encoding="utf8")
    assert re.findall(r"Running stage '([\w-]+)'", second.out) == ["fingerprints"], second.raw


@contextmanager
def training(project, log):
    """A sweep that is training the trial after the first."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with log.open("wb") as file:
        # Whoever runs tests in the background ignores Ctrl-C, and so would what they start.
        heeds = {
            "start_new_session": True,
            "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        }
        run = subprocess.Popen([sys.executable, *SWEEP[1:]], cwd=project, stdout=file, stderr=file, env=env, **heeds)
    try:
        logs = project / "training/sweep"
        while not (
            [*logs.glob("*.json")]
            and any("Running stage 'update'" in path.read_text(encoding="utf8") for path in logs.glob("*.log"))
        ):
            try:
                run.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(log.read_text(encoding="utf8"))
        yield run
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)


@pytest.mark.faults
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_sweep_goes_on(project, tmp_path, how):
    planned(project, search="grid", vars={"update_max_steps": [20, 30]})
    before = state(project)
    with training(project, tmp_path / "log") as run:
        os.killpg(run.pid, how)
        run.wait()
        if how == signal.SIGINT:
            assert "What is finished is kept" in (tmp_path / "log").read_text(encoding="utf8") and left(project) == []
        assert state(project) == before
        (kept,) = (project / "training/sweep").glob("*.json")
        old = {path: path.stat().st_mtime_ns for path in (kept, kept.with_suffix(".log"))}
        done = command(*SWEEP, cwd=project)
        assert done.code == 0, done.raw
    assert {path: path.stat().st_mtime_ns for path in old} == old
    assert sorted(row["update_max_steps"] for row in rows(project)) == ["20", "30", "80"]
    assert state(project) == before and left(project) == []
    again = command(*SWEEP, cwd=project)
    assert again.code == 0 and {path: path.stat().st_mtime_ns for path in old} == old and len(names(project)) == 3


@pytest.mark.faults
def test_a_second_sweep_is_told_so(project, tmp_path):
    planned(project, search="grid", vars={"update_max_steps": [20]})
    with training(project, tmp_path / "log") as run:
        done = command(*SWEEP, cwd=project)
        assert done.code == 1 and "Another run is at work in this project" in done.out
        assert run.wait() == 0 and len(rows(project)) == 2, (tmp_path / "log").read_text(encoding="utf8")


@needs_optuna
@pytest.mark.places
def test_optuna_goes_on_with_what_it_learnt(project):
    planned(
        project,
        search="optuna",
        trials=2,
        seed=3,
        vars={"update_max_steps": {"low": 20, "high": 40}, "rehearsal_ratio": {"low": 0.5, "high": 2.0, "log": True}},
    )
    assert command(*SWEEP, cwd=project).code == 0
    two = {row["experiment"] for row in rows(project)}
    planned(project, **(srsly.read_yaml(project / "configs/sweep.yml") | {"trials": 3}))
    done = command(*SWEEP, cwd=project)
    assert done.code == 0 and two < {row["experiment"] for row in rows(project)} and len(rows(project)) == 4, done.raw
    values = {(row["update_max_steps"], row["rehearsal_ratio"]) for row in rows(project)}
    assert len(values) == 4 and all(20 <= int(steps) <= 80 and 0.5 <= float(ratio) <= 2 for steps, ratio in values)


@pytest.mark.places
def test_a_grid_on_two_machines(project, tmp_path):
    """As docs/sweep.md says: a git server and a DVC remote that both see."""
    block = re.findall(r"```bash\n(.*?)```", (ROOT / "docs/sweep.md").read_text(encoding="utf8"), re.DOTALL)
    planned(project, search="grid", vars={"update_max_steps": [20, 30]})
    commit(project)
    command("git", "init", "-q", "--bare", tmp_path / "server", cwd=tmp_path)
    shared = {
        "/shared/ner": str(tmp_path / "store"),
        "URL": str(tmp_path / "server"),
        "gadgets": str(tmp_path / "other"),
        "1/4": "2/2",
    }
    git = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def follow(lines, folder):
        for line in (line.split(" #")[0].strip() for line in lines.splitlines()):
            if line.startswith(("cd ", "make")):
                folder = Path(line.split()[1]) if line.startswith("cd ") else folder
                continue
            done = command("bash", "-c", line, cwd=folder, **git)
            assert done.code == 0, (line, done.raw)
        return done

    first, second, third = (
        re.sub("|".join(map(re.escape, shared)), lambda found: shared[found[0]], lines) for lines in block[:3]
    )
    follow(first, project)
    follow(second, tmp_path)
    assert len(rows(tmp_path / "other")) == 2
    done = follow(third, project)
    assert {row["update_max_steps"] for row in rows(project)} == {"20", "30", "80"}, done.raw
    ran = [path.stem for path in (project / "training/sweep").glob("*.log")]
    assert (
        {row["experiment"]: row["update_max_steps"] for row in rows(project)}.keys() - set(ran)
        == names(tmp_path / "other") - set(ran)
        != set()
    )


@pytest.mark.places
def test_below_a_larger_repository_with_files_that_git_does_not_keep(project):
    """One under DVC, and one that nobody keeps, which a var names."""
    shutil.rmtree(project / ".git")
    (project / "assets/extra").mkdir()
    words = ["my", "zune", "kindle", "died", "froze", "dog", "today", "again"]
    (project / "assets/extra/v.txt").write_text(
        "".join(f"{word} {n}.5 -1.0 {n * n}.0\n" for n, word in enumerate(words)), encoding="utf8"
    )
    assert command("python", "scripts/set_var.py", "vectors_from", "assets/extra/v.txt", cwd=project).code == 0
    planned(project, search="grid", vars={"update_max_steps": [20]})
    assert command("git", "init", "-q", cwd=project.parent).code == 0
    commit(project)
    assert command("git", "rm", "-q", "--cached", "assets/raw.jsonl", cwd=project).code == 0
    assert command("dvc", "add", "assets/raw.jsonl", cwd=project).code == 0
    commit(project)
    done = command(*SWEEP, cwd=project)
    assert done.code == 0 and len(rows(project)) == 2, done.raw
    logs = [path.read_text(encoding="utf8") for path in (project / "training/sweep").glob("*.log")]
    assert any("of 8 words have a vector" in log for log in logs), logs


def test_a_project_that_is_not_committed_is_told_so(clone):
    (clone / "configs/update.cfg").open("a", encoding="utf8").write("# mine\n")
    (clone / "assets/annotated/more.jsonl").write_text("", encoding="utf8")
    done = command(*SWEEP, cwd=clone)
    assert (
        done.code == 1
        and "configs/update.cfg" in done.out
        and "assets/annotated/more.jsonl" in done.out
        and "Traceback" not in done.raw
    )
    shutil.rmtree(clone / ".git")
    done = command(*SWEEP, cwd=clone)
    assert done.code == 1 and "git init" in done.out and "Traceback" not in done.raw, done.raw


@pytest.mark.parametrize(
    "change, says",
    [
        ({"search": "random"}, "search: Input should be 'grid' or 'optuna'"),
        ({"metric": "auc"}, "metric: Input should be 'f', 'p' or 'r'"),
        ({"trial": 3}, "trial: Extra inputs are not permitted"),
        ({"vars": {}}, "vars: Dictionary should have at least 1 item"),
        ({"vars": {"rehersal_ratio": [1.0]}}, "project.yml has no var 'rehersal_ratio': did you mean rehearsal_ratio?"),
        ({"vars": {"dev_size": [0.1, 0.2]}}, "dev_size changes the dev set, on which trials are compared"),
        ({"vars": {"min_gain": [1, 2]}}, "nothing that is measured depends on min_gain"),
        ({"vars": {"seed": [1, 1]}}, "seed: 1 stands there twice"),
        ({"vars": {"seed": [None]}}, "vars.seed.0: None is no number, text, true or false"),
        ({"vars": {"seed": []}}, "vars.seed: List should have at least 1 item"),
        ({"vars": {"seed": 3}}, "vars.seed: Input should be a valid list"),
        ({"vars": {"encoder": ["a;b"]}}, "vars.encoder: 'a;b' holds one of"),
        ({"vars": {"rehearsal_ratio": [1.0, float("nan")]}}, "vars.rehearsal_ratio is 'nan'. It must be"),
        (
            {"search": "optuna", "vars": {"silver_ratio": {"low": -1.0, "high": 1.0}}},
            "vars.silver_ratio is -1.0. It must be",
        ),
        ({"vars": {"seed": {"low": 1, "high": 3}}}, "seed: a range is for optuna; for a grid, list the values"),
        ({"search": "optuna", "vars": {"seed": {"low": 3, "high": 1}}}, "vars.seed: low must be below high"),
        (
            {"search": "optuna", "vars": {"seed": {"low": 0, "high": 1, "log": True}}},
            "vars.seed: with log, low must be above 0",
        ),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(tmp_path, change, says):
    srsly.write_yaml(tmp_path / "sweep.yml", {"search": "grid", "vars": {"seed": [1, 2]}} | change)
    with pytest.raises(PlanError) as raised:
        read_plan(tmp_path / "sweep.yml", ROOT)
    assert len(raised.value.problems) == 1 and raised.value.problems[0].startswith(
        f"{tmp_path / 'sweep.yml'}: {says}"
    ), raised.value.problems


@pytest.mark.parametrize(
    "text, says", [("search: [", "cannot be read"), ("- a", "all of it: Input should be a valid dictionary")]
)
def test_a_plan_that_is_none(tmp_path, text, says):
    (tmp_path / "sweep.yml").write_text(text, encoding="utf8")
    done = command("python", ROOT / "scripts/sweep.py", tmp_path / "sweep.yml", "out", cwd=ROOT)
    assert done.code == 1 and says in done.out and "Traceback" not in done.raw, done.raw


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b"])
def test_a_part_that_is_none(part, capsys):
    plan = Plan(search="grid", vars={"seed": [1]})
    assert part_of("2/4", plan) == (2, 4) and part_of("", plan) == (1, 1)
    with pytest.raises(typer.Exit):
        part_of(part, plan)
    assert f"'{part}' is no part" in capsys.readouterr().out
    with pytest.raises(typer.Exit):
        part_of("1/2", Plan(search="optuna", vars={"seed": [1]}))


def test_the_shipped_plan_is_good():
    plan = read_plan(ROOT / "configs/sweep.yml", ROOT)
    assert len(list(trials(plan))) == number_of_trials(plan) == 4


@needs_optuna
def test_optuna_asks_the_same_again_and_learns():
    plan = Plan.model_validate(
        {
            "search": "optuna",
            "trials": 40,
            "seed": 1,
            "vars": {"a": {"low": 0.0, "high": 1.0}, "b": {"low": 1, "high": 9, "step": 2}, "c": ["x", True]},
        }
    )

    def asked(outcome):
        found, search = [], trials(plan)
        values = next(search)
        try:
            while True:
                found.append(values)
                values = search.send(outcome(values))
        except StopIteration:
            return found

    def high(values):
        return Outcome(100 * values["a"], 0.0)

    found = asked(high)
    assert found == asked(high) and len(found) == 40
    assert {type(value) for values in found for value in values.values()} == {float, int, str, bool} and {
        values["b"] for values in found
    } <= {1, 3, 5, 7, 9}
    late = [values["a"] for values in found[20:]]
    assert sum(late) / len(late) > 0.7
    limited = asked(lambda values: Outcome(100 * values["a"], max(0.0, values["a"] - 0.5)))
    assert sum(values["a"] <= 0.5 for values in limited[20:]) > 10
    assert len(asked(lambda values: None)) == 40


def trial(name, counts, kept=100.0):
    return {
        "name": name,
        "vars": {"seed": name},
        "seconds": 1.0,
        "dev": {"counts": counts, "kept": kept and {"percent": kept, "interval": [kept - 1, kept + 1]}},
    }


def test_the_best_keeps_the_limits(tmp_path, capsys):
    plan = Plan.model_validate({"search": "grid", "limits": {"kept": 95}, "vars": {"seed": [1]}})
    committed, better, forgets = (
        trial("c", [[1, 1, 1]] * 30),
        trial("b", [[2, 0, 0]] * 30),
        trial("a", [[3, 0, 0]] * 30, kept=90.0),
    )
    failed = {"name": "f", "vars": {"seed": "f"}, "failed": "a reason"}
    found = [committed, failed, forgets, better]
    assert [row["name"] for row in ranked(plan, found)] == ["b", "c", "a", "f"] and best(plan, found) is better
    assert best(plan, [forgets, failed]) is None and best(plan, [trial("n", [[1, 0, 0]], kept=None)])
    assert compared(committed["dev"], better["dev"], "f") == "better by 50.0 F (50.0 to 50.0)"
    show(plan, committed, found, tmp_path / "results.csv")
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "100.0 (100.0 to 100.0) 90.0 (89.0 to 91.0) better by 50.0 F (50.0 to 50.0); below a limit by 5.0" in said
        and "failed: a reason" in said
    )
    with (tmp_path / "results.csv").open(encoding="utf8") as file:
        assert [row["kept_low"] for row in csv.DictReader(file)] == ["99.0", "99.0", "89.0", ""]


def test_why_a_trial_failed_is_taken_from_what_it_printed():
    log = "Running stage 'check'\n✘ a.jsonl:3: broken\nERROR: failed to reproduce 'check': failed to run: python scripts/check.py, exited with 1\n"
    assert (
        reason(log)
        == "failed to reproduce 'check': failed to run: python scripts/check.py, exited with 1: a.jsonl:3: broken"
    )
    gone = "ERROR: failed to reproduce 'distil': [Errno 2] No such file or directory: '/a b/.dvc/tmp/exps/tmpx_1/configs/missing.cfg'\n"
    assert reason(gone).endswith("directory: 'configs/missing.cfg'")
    assert reason("") == "it printed nothing"
