"""Remove what a kill at the wrong moment left of the engines' own notes, so that the next run can begin.

Both engines write their notes in place: a kill in that moment leaves half a file, and then they end with a message that
says what is broken and not what to do. Without them they run what they cannot know to be done; DVC takes it from its cache.
"""

import json
from pathlib import Path

import psutil
import srsly
import typer
from wasabi import msg

RWLOCK = Path(".dvc/tmp/rwlock")
# What each file is good for, in the words of the message.
NOTES = {Path("project.lock"): "what spaCy ran", Path("dvc.lock"): "what DVC ran"}


def is_dvc(number: int) -> bool:
    """Check whether a process with this number is alive and is DVC. In containers numbers are used again."""
    try:
        return any(Path(word).stem == "dvc" for word in psutil.Process(number).cmdline())
    except psutil.Error:
        return False


def holders(path: Path) -> list[int] | None:
    """Get the numbers of the processes that a DVC read-write lock names, or None if it cannot be read."""
    try:
        lock = json.loads(path.read_text(encoding="utf8"))
        named = [*lock.get("write", {}).values(), *(info for infos in lock.get("read", {}).values() for info in infos)]
        return [info["pid"] for info in named]
    except (ValueError, AttributeError, TypeError, KeyError):
        return None


def unlock(project: Path) -> list[str]:
    """Remove notes that are broken, and a lock that no DVC holds. A lock of a run at work stays.

    RETURNS (list): What was removed, and why.
    """
    removed = []
    path = project / RWLOCK
    if path.is_file():
        found = holders(path)
        if found is None or (found and not any(map(is_dvc, found))):
            path.unlink()
            removed.append(f"{RWLOCK}: {'cut off' if found is None else 'no DVC holds it any more'}")
    for name, what in NOTES.items():
        path = project / name
        try:
            whole = not path.is_file() or isinstance(srsly.read_yaml(path), dict)
        except ValueError:
            whole = False
        if not whole:
            path.unlink()
            removed.append(f"{name}, the note of {what}: cut off")
    return removed


def main(project: Path = Path(".")):
    for line in unlock(project):
        msg.warn(f"Removed {line}")


if __name__ == "__main__":
    typer.run(main)
