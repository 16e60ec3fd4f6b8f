"""Try many values of vars: each trial an experiment of DVC, run one after the other in its queue, and all of them in a table.

A trial is known by its commit and its values. So a sweep that was stopped asks again for what is finished, and goes on with
the rest. What chooses is the dev set; the test set is looked at for the chosen one alone.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import srsly
from tqdm import tqdm
from wasabi import msg

from ner_update.evaluation.comparison import Comparison
from ner_update.experiments.git_dvc import CommandFailed, git
from ner_update.experiments.plan import Plan, PlanError, number_of_trials, read_plan
from ner_update.experiments.queue import Experiments
from ner_update.experiments.table import best, compared, outcome, show
from ner_update.experiments.trials import PREFIX, Sweep, worded
from ner_update.pipeline.compute import use_openblas
from ner_update.project.outputs import fail, replacing


def try_all(plan_file: Path, output: Path, part: str) -> None:
    """Try all values of a plan, and say which trial is the best.

    plan_file (Path): The plan. output (Path): Folder for a file of each trial, and the table.
    part (str): Only this part of a grid, such as 1/4; empty for all.
    RAISES (typer.Exit): After a message, if the plan cannot be tried, or a trial failed.
    """
    try:
        plan = read_plan(plan_file, Path())
    except PlanError as error:
        fail(error.problems, "Mend it, and run the same command again. Nothing was tried.")
    divided = part_of(part, plan)
    if plan.search == "optuna" and find_spec("optuna") is None:
        fail(["Optuna is not installed"], "Run: make optuna, or use search: grid.")
    output.mkdir(parents=True, exist_ok=True)
    use_openblas()
    try:
        git("rev-parse", "HEAD")
    except CommandFailed as error:
        fail([str(error)], "Experiments need a commit: git init, git add -A, git commit.")
    try:
        refuse_uncommitted(plan_file)
        with Experiments(PREFIX) as experiments:
            values = srsly.read_yaml(experiments.clone / "project.yml")["vars"]
            sweep = Sweep(plan, experiments, {name: values[name] for name in plan.vars}, output)
            found = finished(sweep, divided)
            committed, chosen = found[0], best(plan, found)
            show(plan, committed, found, output / "results.csv")
            pair = [committed, chosen] if chosen and chosen is not committed else []
            tests = [sweep.scored(row["name"], Comparison) for row in pair]
    except CommandFailed as error:
        fail([str(error)], "What is finished is kept. Mend this, and run the same command again.")
    except KeyboardInterrupt:
        msg.info("What is finished is kept. The same command goes on from there.")
        raise
    with replacing(output / "best.json") as path:
        srsly.write_json(path, chosen and {"name": chosen["name"], "vars": chosen["vars"]})
    conclude(plan, found, chosen, tests)
    if failed := [row for row in found if "failed" in row]:
        fail(
            [f"{row['name']}: {row['failed']}" for row in failed],
            f"What they printed is in {output}. The same command tries them again.",
        )


def finished(sweep: Sweep, part: tuple[int, int]) -> list[dict]:
    """Run all trials of a part, each once.

    RAISES (typer.Exit): If what is committed does not run.
    """
    found: dict[str, dict] = {}
    rows = sweep.trials(part)
    number = 1 + len(range(part[0] - 1, number_of_trials(sweep.plan), part[1]))
    for row in tqdm(rows, total=number, desc="trials", unit="trial", disable=None):
        if not found and "failed" in row:
            fail(
                [f"What is committed fails: {row['failed']}"], f"What it printed is in {sweep.folder / row['name']}.log"
            )
        if row["name"] not in found:
            found[row["name"]] = row
            told = outcome(sweep.plan, row)
            said = (
                f"failed: {row['failed']}" if told is None else f"{sweep.plan.metric.upper()} {told.value:.1f} on dev"
            )
            tqdm.write(f"{row['name']}: {worded(row['vars'])}: {said}")
    return list(found.values())


def conclude(plan: Plan, found: list[dict], chosen: dict | None, tests: list[dict | None]) -> None:
    """Say which trial is the best, how sure that is, and what the test set says of it.

    found (list): The trials; the first is what is committed.
    tests (list): What `Sweep.scored` gives on the test set for what is committed and for the chosen trial.
    """
    committed = found[0]
    if chosen is None:
        msg.warn("No trial keeps the limits, so none is the best")
    elif chosen is committed:
        msg.good("The best is what is committed")
    else:
        msg.good(
            f"The best is {chosen['name']}. Against what is committed: {compared(committed['dev'], chosen['dev'], plan.metric)} on dev"
        )
        msg.text(f"It was chosen from {len(found)} on these texts, which flatters it.")
        if len(scored := [row for row in tests if row]) == 2:
            before, after = scored
            msg.text(
                f"On the test set, which chose nothing: F {before['gain']['f']:.1f} and {after['gain']['f']:.1f}, {compared(before, after, 'f')}."
            )
        msg.text("To take it: python scripts/sweep_apply.py")


def refuse_uncommitted(plan: Path) -> None:
    """Refuse to try anything but what is committed.

    RAISES (typer.Exit): If what is here is something else.
    """
    changed = git("diff", "--name-only", "--relative", "HEAD", "--", ".").splitlines()
    changed += git(
        "ls-files", "--others", "--exclude-standard", "assets", "configs", "scripts", "templates"
    ).splitlines()
    if other := [path for path in changed if Path(path) != plan]:
        fail(
            [f"Not committed: {path}" for path in other],
            "Trials are made of what is committed. Commit this, or put it aside (git stash).",
        )


def part_of(text: str, plan: Plan) -> tuple[int, int]:
    """Read which part of how many is asked for.

    RAISES (typer.Exit): If it is none, or the trials cannot be divided.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        fail([f"{text!r} is no part"], "Write --part 1/4 for the first of four.")
    if text and plan.search == "optuna":
        fail(
            ["A search by optuna cannot be divided: each trial depends on those before it"],
            "Use search: grid, or leave --part out.",
        )
    return int(found[1]), int(found[2])
