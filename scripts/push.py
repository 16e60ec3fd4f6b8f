"""Send what was made to the project's DVC remote, or list what that would be."""

import re
import subprocess
import sys

import typer
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo
from wasabi import msg

from ner_update.project.command import run
from ner_update.project.outputs import fail

ADD = "Add one, for example: dvc remote add -d store /shared/ner (README.md, On another machine)"


def remote_of(repo: Repo) -> str:
    """Get the name and the address of the default remote, without a password; empty if there is none."""
    name = repo.config["core"].get("remote")
    url = repo.config["remote"].get(name, {}).get("url")
    return f"{name} ({re.sub(r'(?<=//)[^/@]*@', '', str(url))})" if url else ""


def outdated(repo: Repo) -> list[str]:
    """List the stages whose outputs dvc.lock does not describe. For one that runs always it never says anything."""
    return sorted(name for name, changes in repo.status().items() if changes != ["always changed"])


def what_goes(repo: Repo) -> list[tuple[str, str, str, str]]:
    """List path, number of files, bytes and hash of each output and file that DVC keeps, sorted."""
    kept = [out for out in repo.index.outs if out.use_cache and out.can_push and out.hash_info]
    return sorted(
        (str(out), f"{out.meta.nfiles or 1:,}", f"{out.meta.size or 0:,}", out.hash_info.value) for out in kept
    )


def main(dry_run: bool = typer.Option(False, "--dry-run", help="List what would go where; no network is needed")):
    try:
        with Repo() as repo:
            remote, old, rows = remote_of(repo), outdated(repo), what_goes(repo)
    except NotDvcRepoError as error:
        fail(
            [str(error)],
            "DVC keeps what is pushed: git init and dvc init, or clone the project with git, and run: dvc repro",
        )
    except DvcException as error:
        fail([str(error)], "Nothing was sent.")
    if not remote:
        fail(["There is no DVC remote to push to"], ADD)
    if old:
        fail(
            [f"dvc.lock does not tell of what is here: {', '.join(old)}"],
            "Run: dvc repro. After spaCy's own engine instead: dvc commit -f",
        )
    if dry_run:
        msg.table(rows, header=("Path", "Files", "Bytes", "MD5"), aligns=("l", "r", "r", "l"), divider=True)
        msg.good(f"Would go to {remote}: {len(rows)} outputs, but for what is there already. Nothing was sent")
        return
    if subprocess.run([sys.executable, "-m", "dvc", "push"]).returncode:
        fail(
            [f"dvc push did not reach {remote}, or not with all"],
            "What it says stands above. Run it again when that is mended.",
        )
    msg.good(f"All is in {remote}. Now commit dvc.lock, .dvc/config and training/*.json")


if __name__ == "__main__":
    run(main)
