"""Try many values of vars: each trial an experiment of DVC, run one after the other in its queue, and all of them in a table.

A trial is known by its commit and its values. So a sweep that was stopped asks again for what is finished, and goes on with
the rest. What chooses is the dev set; the test set is looked at for the chosen one alone.
"""

import json
import re
import time
from hashlib import md5
from importlib.util import find_spec
from pathlib import Path
from typing import Iterator, Optional

import spacy
import srsly
import typer
from tqdm import tqdm
from wasabi import msg

from command import run
from evaluate import Comparison
from experiment_queue import CommandFailed, Experiments, git
from outputs import fail, replacing
from spacy_training import use_openblas
from sweep_plan import Plan, PlanError, Values, number_of_trials, read_plan, trials
from sweep_table import best, compared, outcome, show
from variant import measured

PREFIX = "sweep-"
# What scoring reads.
OUTPUTS = ["training/base/model-best", "training/updated/model-best"]
OUTPUTS += [f"corpus/{part}/{split}.spacy" for part in ("base", "new", "raw") for split in ("train", "dev", "test")]


class OnDev(Comparison):
    """The same on the dev sets."""

    def read(self, name: str) -> list:
        return super().read(name.replace("test.spacy", "dev.spacy"))


class Sweep:
    """The trials of a plan.

    committed (dict): The values that the vars of the plan have in the commit.
    folder (Path): For a file of each trial, and what it printed.
    """

    def __init__(self, plan: Plan, experiments: Experiments, committed: Values, folder: Path):
        self.plan, self.experiments, self.committed, self.folder = plan, experiments, committed, folder

    def trial(self, values: Values) -> dict:
        """Run a trial, or read what it gave before.

        RETURNS (dict): name, vars, and either dev, as `variant.measured` gives it, and seconds; or failed, the reason.
        """
        changed = {name: value for name, value in values.items() if value != self.committed[name]}
        name = PREFIX + md5(json.dumps([self.experiments.commit, changed], sort_keys=True).encode("utf8")).hexdigest()[:8]
        kept, made = self.folder / f"{name}.json", {"name": name, "vars": {**self.committed, **values}}
        known = self.experiments.known(name)
        if known and kept.exists():
            return srsly.read_json(kept) | made
        seconds = None
        if not known or (scored := self.scored(name, OnDev)) is None:
            start, log = time.monotonic(), self.folder / f"{name}.log"
            tqdm.write(f"{name}: {worded(made['vars'])} (what it prints is in {log})")
            if (problem := self.experiments.run(name, changed, log)) is not None:
                return made | {"failed": problem}
            seconds, scored = round(time.monotonic() - start, 1), self.scored(name, OnDev)
        if scored is None:
            return made | {"failed": "its outputs are in no cache"}
        with replacing(kept) as path:
            srsly.write_json(path, {"dev": scored, "seconds": seconds})
        return made | {"dev": scored, "seconds": seconds}

    def scored(self, name: str, on: type[Comparison]) -> Optional[dict]:
        """RETURNS (dict): The figures of an experiment's pipelines, or None if they are kept nowhere any more."""
        folder = self.experiments.outputs(name, OUTPUTS)
        if folder is None:
            return None
        base, updated = (spacy.load(folder / path) for path in OUTPUTS[:2])
        return measured(on(base, updated, folder / "corpus"), 0)

    def all(self, part: tuple[int, int]) -> Iterator[dict]:
        """YIELDS (dict): The trials of a part, one of several, after the one of what is committed."""
        yield self.trial({})
        asked = trials(self.plan)
        number, values = 0, next(asked, None)
        while values is not None:
            told = None
            if number % part[1] == part[0] - 1:
                yield (found := self.trial(values))
                told = outcome(self.plan, found)
            number += 1
            try:
                values = asked.send(told)
            except StopIteration:
                return


def refuse_uncommitted(plan: Path) -> None:
    """RAISES (typer.Exit): If what is here is not what is committed, and so not what would be tried."""
    changed = git("diff", "--name-only", "--relative", "HEAD", "--", ".").splitlines()
    changed += git("ls-files", "--others", "--exclude-standard", "assets", "configs", "scripts", "templates").splitlines()
    if other := [path for path in changed if Path(path) != plan]:
        fail([f"Not committed: {path}" for path in other], "Trials are made of what is committed. Commit this, or put it aside (git stash).")


def part_of(text: str, plan: Plan) -> tuple[int, int]:
    """RETURNS (tuple): Which part of how many. RAISES (typer.Exit): If it is none, or the trials cannot be divided."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        fail([f"{text!r} is no part"], "Write --part 1/4 for the first of four.")
    if text and plan.search == "optuna":
        fail(["A search by optuna cannot be divided: each trial depends on those before it"], "Use search: grid, or leave --part out.")
    return int(found[1]), int(found[2])


def main(
    plan_file: Path,
    output: Path,
    part: str = typer.Option("", help="Only this part of a grid, such as 1/4, for this machine"),
):
    try:
        plan = read_plan(plan_file, Path())
    except PlanError as error:
        fail(error.problems, "Mend it, and run the same command again. Nothing was tried.")
    divided = part_of(part, plan)
    if plan.search == "optuna" and find_spec("optuna") is None:
        fail(["Optuna is not installed"], "Run: make optuna (it installs requirements-optuna.txt), or use search: grid.")
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
        fail([f"{row['name']}: {row['failed']}" for row in failed], f"What they printed is in {output}. The same command tries them again.")


def finished(sweep: Sweep, part: tuple[int, int]) -> list[dict]:
    """RETURNS (list): All trials of a part, each once. RAISES (typer.Exit): If what is committed does not run."""
    found: dict[str, dict] = {}
    rows = sweep.all(part)
    number = 1 + len(range(part[0] - 1, number_of_trials(sweep.plan), part[1]))
    for row in tqdm(rows, total=number, desc="trials", unit="trial", disable=None):
        if not found and "failed" in row:
            fail([f"What is committed fails: {row['failed']}"], f"What it printed is in {sweep.folder / row['name']}.log")
        if row["name"] not in found:
            found[row["name"]] = row
            told = outcome(sweep.plan, row)
            said = f"failed: {row['failed']}" if told is None else f"{sweep.plan.metric.upper()} {told.value:.1f} on dev"
            tqdm.write(f"{row['name']}: {worded(row['vars'])}: {said}")
    return list(found.values())


def worded(values: Values) -> str:
    """RETURNS (str): "seed 1, rehearsal_ratio 4.0"."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def conclude(plan: Plan, found: list[dict], chosen: Optional[dict], tests: list[Optional[dict]]) -> None:
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
        msg.good(f"The best is {chosen['name']}. Against what is committed: {compared(committed['dev'], chosen['dev'], plan.metric)} on dev")
        msg.text(f"It was chosen from {len(found)} on these texts, which flatters it.")
        if None not in tests:
            before, after = tests
            msg.text(f"On the test set, which chose nothing: F {before['gain']['f']:.1f} and {after['gain']['f']:.1f}, {compared(before, after, 'f')}.")
        msg.text("To take it: python scripts/sweep_apply.py")


if __name__ == "__main__":
    run(main)
