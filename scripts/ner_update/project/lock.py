"""One run at a time in a project, whichever engine started it, and nothing to clean up after one that was killed.

spaCy's engine knows no lock, and DVC's does not know of spaCy's. So each command holds a lock while it works, and notes
the run that it belongs to: the `dvc` or `spacy project` process above it. Another run is told so at once. What a killed
run left behind is stopped. A lock goes with its process, and a process is known by its start time as well as by its
number, which another may get later.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from wasabi import msg

from ner_update.project.outputs import fail

# Beside the outputs, where git and both engines ignore it. Commands run in the project's folder.
LOCK, NOTE = Path("training/.run.lock"), Path("training/.run.json")
# What a command starts inherits it: so the processes that a killed command left behind are found.
MARK = "SPACY_PROJECT_AT_WORK"
# Seconds by which the start of a process may seem to move when the clock is set.
CLOCK = 2.0


@contextmanager
def alone() -> Iterator[None]:
    """Hold the project's lock.

    RAISES (typer.Exit): If another run is at work.
    """
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    mine, lock = run_of(psutil.Process()), FileLock(LOCK)
    # Its engine was killed before it could even look for it.
    orphan = os.getppid() == 1
    try:
        lock.acquire(timeout=0)
    except Timeout:
        refuse_if_alive(mine)
        stop_left_behind(mine)
        try:
            lock.acquire(timeout=10)
        except Timeout:
            refuse_if_alive(mine)
            fail(
                [f"{LOCK} is held by a process that cannot be stopped"],
                "Stop what works in this project, and run the same command again.",
            )
    try:
        refuse_if_alive(mine)
        if not same(note_of_last().get("run"), mine):
            stop_left_behind(mine)
        note = {
            "run": named(mine),
            "shown": " ".join(command_line(mine)),
            "command": named(psutil.Process()),
            "orphan": orphan,
        }
        NOTE.write_text(json.dumps(note), encoding="utf8")
        os.environ[MARK] = str(LOCK.resolve())
        yield
    finally:
        lock.release()


def run_of(process: psutil.Process) -> psutil.Process:
    """Find the task runner that a command is a part of, or the command itself if somebody started it by hand."""
    for above in process.parents():
        words = command_line(above)
        names = {Path(word).stem for word in words}
        if names & {"dvc", "weasel"} or {"spacy", "project"} <= names:
            return above
    return process


def named(process: psutil.Process) -> list:
    """Get what a process is known by: its number, and when it started, in seconds since 1970."""
    return [process.pid, process.create_time()]


def command_line(process: psutil.Process) -> list[str]:
    """Get the first words with which a process was started; none if it is somebody else's, or gone."""
    try:
        return process.cmdline()[:8]
    except psutil.Error:
        return []


def note_of_last() -> dict:
    """Read what the last command noted.

    RETURNS (dict): Its run, how that was started, itself, and whether it had been left behind from the start. Empty
        before the first.
    """
    try:
        return json.loads(NOTE.read_text(encoding="utf8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def same(known: list | None, process: psutil.Process) -> bool:
    """Check whether this is the process that a note names."""
    return known is not None and known[:1] == [process.pid] and abs(known[1] - process.create_time()) < CLOCK


def alive(known: list | None) -> psutil.Process | None:
    """Find the process that a note names, or None if it has ended."""
    try:
        process = psutil.Process(known[0]) if known else None
        return process if process and same(known, process) and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def refuse_if_alive(mine: psutil.Process) -> None:
    """Refuse to start while another run is at work.

    RAISES (typer.Exit): If the run that last worked here is another than this one, and has not ended.
    """
    note = note_of_last()
    last = note.get("run")
    if last and alive(last) and not same(last, mine) and not note.get("orphan"):
        problem = f"Another run is at work in this project: {note['shown']!r} (process {last[0]})"
        fail([problem], "Wait until it is done, or stop it, and run the same command again.")


def stop_left_behind(mine: psutil.Process) -> None:
    """Stop what a run that was killed had started: nobody waits for it, and it would write where this run writes."""
    spared = {mine.pid, *(process.pid for process in [*psutil.Process().parents(), psutil.Process()])}
    found = [process for process in psutil.process_iter() if left_behind(process)]
    found += filter(None, [alive(note_of_last().get("command"))])
    left = [process for process in set(found) if process.pid not in spared]
    for process in left:
        msg.warn(f"Stopped process {process.pid}, which a run that was killed had left behind")
        process.kill()
    psutil.wait_procs(left, timeout=10)


def left_behind(process: psutil.Process) -> bool:
    """Check whether a process was started by a command of this project, or holds the lock after being forked off."""
    lock = str(LOCK.resolve())
    try:
        return process.environ().get(MARK) == lock or any(file.path == lock for file in process.open_files())
    except (psutil.Error, OSError):
        return False
