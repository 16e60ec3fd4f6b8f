"""Run experiments in DVC's queue, in a clone of the project: the workspace is never touched, whatever happens.

DVC queues what differs from the last commit in the folder where it stands. So the vars are changed in a clone, which shares
the project's DVC cache; what is finished is fetched into the project, as any other experiment. The clone, its queue and its
worker last as long as the sweep. What a killed one left is taken in, and then deleted.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import srsly

from ner_update.experiments.git_dvc import MARK, CommandFailed, dvc, environment, git
from ner_update.experiments.plan import TARGETS, Values, shown, vars_of_trials
from ner_update.project.vars import set_var

# Beside DVC's own temporary folders, where git and DVC look for nothing.
CLONE = Path(".dvc/tmp/sweep")
# Seconds between two looks, and how many of them without a worker mean that there will be none.
LOOK, LOOKS = 2, 60


class Experiments:
    """The experiments of one commit, by name.

        with Experiments("sweep-") as experiments:
            problem = experiments.run("sweep-1", {"seed": 1}, log)
            folder = experiments.outputs("sweep-1", ["training/updated"])

    prefix (str): What all their names begin with.
    RAISES (CommandFailed): In each method, if git or DVC fail.
    """

    def __init__(self, prefix: str):
        self.project, self.prefix = Path.cwd(), prefix
        self.commit = git("rev-parse", "HEAD").strip()
        # The project may stand below the top of a larger repository.
        self.top, below = git("rev-parse", "--show-toplevel").strip(), git("rev-parse", "--show-prefix").strip()
        self.root = self.project / CLONE
        self.clone = self.root / below

    def __enter__(self) -> "Experiments":
        self.stop()
        self.fetch()
        remove(self.root)
        self.root.parent.mkdir(parents=True, exist_ok=True)
        git("clone", "--quiet", "--local", "--no-tags", "--no-checkout", self.top, self.root)
        git("checkout", "--quiet", "--detach", self.commit, cwd=self.root)
        # Beside the cache, this machine's settings count, such as the kind of links.
        if (self.project / ".dvc/config.local").exists():
            shutil.copy(self.project / ".dvc/config.local", self.clone / ".dvc/config.local")
        dvc("config", "--local", "cache.dir", dvc("cache", "dir").strip(), cwd=self.clone)
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self.fetch()
        remove(self.root)

    def ref(self, name: str) -> str:
        return f"refs/exps/{self.commit[:2]}/{self.commit[2:]}/{name}"

    def known(self, name: str) -> bool:
        """Check whether the project has this experiment, from here or from another machine."""
        return bool(git("for-each-ref", self.ref(name)))

    def run(self, name: str, values: Values, log: Path) -> str | None:
        """Queue an experiment, and wait until the worker is done with it.

        values (dict): The vars that differ from those of the commit.
        log (Path): Where to write what it prints.
        RETURNS (str): Why it failed, or None.
        """
        project = self.clone / "project.yml"
        git("checkout", "--quiet", "--force", "--detach", self.commit, cwd=self.clone)
        # One whose outputs are lost is run again.
        git("update-ref", "-d", self.ref(name), cwd=self.clone)
        text = project.read_text(encoding="utf8")
        for var, value in values.items():
            text = set_var(text, var, shown(value))
        project.write_text(text, encoding="utf8")
        copied = [word for path in self.lent(srsly.yaml_loads(text)["vars"]) for word in ("--copy-paths", path)]
        dvc("exp", "run", "--queue", "--name", name, *copied, *TARGETS, cwd=self.clone)
        git("checkout", "--quiet", "project.yml", cwd=self.clone)
        with log.open("w", encoding="utf8") as file:
            words = [sys.executable, "-m", "dvc", "exp", "run", "--run-all", "--jobs", "1"]
            following = subprocess.Popen(
                words, cwd=self.clone, env=environment(), stdout=file, stderr=subprocess.STDOUT
            )
            without = 0
            while following.poll() is None and without < LOOKS:
                try:
                    following.wait(LOOK)
                except subprocess.TimeoutExpired:
                    without = (
                        0
                        if any("queue-worker" in words for words in map(command_line, self.started()))
                        else without + 1
                    )
        self.stop()
        self.fetch()
        if git("for-each-ref", self.ref(name), cwd=self.clone):
            return None
        return (
            "the worker of DVC's queue ended before it" if without == LOOKS else reason(log.read_text(encoding="utf8"))
        )

    def outputs(self, name: str, paths: Iterable[str]) -> Path | None:
        """Check out some outputs of an experiment.

        RETURNS (Path): A folder in which they are until the next call, or None if the cache no longer has them.
        """
        git("fetch", "--quiet", "--force", self.top, f"{self.ref(name)}:{self.ref(name)}", cwd=self.root)
        git("checkout", "--quiet", "--force", "--detach", self.ref(name), cwd=self.root)
        try:
            dvc("checkout", "--quiet", "--force", *paths, cwd=self.clone)
        except CommandFailed:
            return None
        return self.clone

    def lent(self, values: Values) -> Iterator[str]:
        """Put what vars name and git does not keep, such as downloaded vectors, into the clone.

        YIELDS (str): The paths that are to be copied for an experiment: folders, where they are missing there.
        """
        for value in (values[name] for name in sorted(vars_of_trials(self.clone))):
            path = Path(value) if isinstance(value, str) and value else None
            if (
                path is None
                or path.is_absolute()
                or ".." in path.parts
                or not (self.project / path).exists()
                or git("ls-files", path)
            ):
                continue
            if not (self.clone / path).exists():
                (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
                (self.clone / path).symlink_to(self.project / path)
            # The last of the parents is ".", which is always there.
            yield next((str(up) for up in list(path.parents)[-2::-1] if not git("ls-files", up)), str(path))

    def fetch(self) -> None:
        """Take in what is finished in the clone."""
        if (self.root / ".git").exists():
            refs = [
                ref
                for ref in git("for-each-ref", "--format=%(refname)", "refs/exps", cwd=self.root).split()
                if f"/{self.prefix}" in ref
            ]
            if refs:
                git("fetch", "--quiet", "--force", self.root, *(f"{ref}:{ref}" for ref in refs))

    def started(self) -> list[psutil.Process]:
        """List the processes that were started here, and by them."""
        return [process for process in psutil.process_iter() if marked(process, self.project)]

    def stop(self) -> None:
        """Stop the worker, and what it runs."""
        left = self.started()
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=10)


def marked(process: psutil.Process, project: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(project) and process.pid != os.getpid()
    except (psutil.Error, OSError):
        return False


def command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def reason(log: str) -> str:
    """Find out why an experiment failed, from what it printed: the stage, and what that said last."""
    # In the folder that DVC makes for an experiment, and deletes.
    lines = [re.sub(r"(?<=['\" ])/[^'\"]*/\.dvc/tmp/exps/tmp\w+/", "", line).strip() for line in log.splitlines()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    messages = [line.removeprefix("✘").strip() for line in lines if line.startswith("✘")]
    told = [*errors[:1], *messages[-1:]] or [line for line in lines if line][-1:] or ["it printed nothing"]
    return ": ".join(" ".join(line.removeprefix("ERROR:").split())[:200] for line in told)


def remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
