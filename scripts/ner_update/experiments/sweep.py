"""Try many values of vars: each trial an experiment of DVC, run one after the other in its queue, and all of them in a table.

A trial is known by its commit and its values. So a sweep that was stopped asks again for what is finished, and goes on with
the rest. What chooses is the dev set; the test set is looked at for the chosen one alone.
"""

import re
from pathlib import Path

from ner_update.experiments.git_dvc import git
from ner_update.experiments.plan import Plan
from ner_update.project.outputs import fail


def refuse_uncommitted(plan: Path) -> None:
    """RAISES (typer.Exit): If what is here is not what is committed, and so not what would be tried."""
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
    """RETURNS (tuple): Which part of how many. RAISES (typer.Exit): If it is none, or the trials cannot be divided."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        fail([f"{text!r} is no part"], "Write --part 1/4 for the first of four.")
    if text and plan.search == "optuna":
        fail(
            ["A search by optuna cannot be divided: each trial depends on those before it"],
            "Use search: grid, or leave --part out.",
        )
    return int(found[1]), int(found[2])
