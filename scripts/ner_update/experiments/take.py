"""Take a trial of a sweep into the workspace."""

from pathlib import Path

import srsly

from ner_update.experiments.git_dvc import CommandFailed, dvc, git
from ner_update.project.outputs import fail
from ner_update.project.vars import set_var

PROJECT = Path("project.yml")


def as_committed(ref: str, commit: str) -> tuple[str, str]:
    """Read the project.yml of a trial, with vars.update_on as its commit has it.

    RETURNS (tuple): That, and the project.yml of the commit.
    """
    trial, committed = (git("show", f"{name}:./{PROJECT}") for name in (ref, commit))
    return set_var(trial, "update_on", srsly.yaml_loads(committed)["vars"]["update_on"]), committed


def take(name: str) -> list[str]:
    """Bring the files in which an experiment differs from its commit into the workspace, and the outputs that belong to them.

    `dvc exp apply` is not used: it takes away every other change that is not committed.

    RETURNS (list): The files.
    RAISES (typer.Exit): After a message, if one of them was changed since. Nothing is changed then.
    RAISES (CommandFailed): If git or DVC fail; the files are as they were then.
    """
    ref = git("for-each-ref", "--format=%(refname)", f"refs/exps/*/*/{name}").strip()
    if not ref:
        fail([f"There is no experiment {name}"], "Run the sweep again: what is in DVC's cache is not trained again.")
    commit = "".join(ref.split("/")[2:4])
    text, committed = as_committed(ref, commit)
    if text == committed:
        return []
    files = git("diff", "--name-only", "--relative", commit, ref, "--", ".").splitlines()
    changed = git("diff", "--name-only", "--relative", commit, "--", *files).splitlines()
    if changed:
        fail(
            [f"{path} was changed since the sweep" for path in changed],
            "Put that aside (git stash), or commit it and run the sweep again.",
        )
    try:
        git("checkout", ref, "--", *files)
        git("reset", "--quiet", "--", *files)
        dvc("checkout", "--quiet")
        PROJECT.write_text(text, encoding="utf8")
    except (CommandFailed, KeyboardInterrupt):
        git("checkout", commit, "--", *files)
        git("reset", "--quiet", "--", *files)
        raise
    return files
