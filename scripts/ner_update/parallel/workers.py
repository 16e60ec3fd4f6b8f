"""What works on shards, wherever that is: built where the work is done, and what becomes of it there."""

import pickle
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

# How often a task is begun whose process ends each time.
TRIES = 3


class Lost(RuntimeError):
    """What became of a task whose process, or actor, ended each time."""

    def __init__(self) -> None:
        super().__init__(f"the process that worked on it ended {TRIES} times, for lack of memory perhaps")


class Worker:
    """A worker that is built when the first task comes, so that what goes wrong then is an error like any other."""

    def __init__(self, kind: type, arguments: tuple):
        self.make = partial(kind, *arguments)
        self.made: Callable[[Any], Any] | None = None

    def __call__(self, task: Any) -> Any:
        if self.made is None:
            self.made = self.make()
        return self.made(task)


def sealed(call: Callable[[], Any]) -> bytes:
    """Serialise what a call returned or raised, to be sent from one machine to another."""
    try:
        return pickle.dumps((call(), None))
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))
        return pickle.dumps((None, error))


def opened(answer: bytes | Lost) -> Any:
    """Deserialise what a call returned.

    RAISES (Exception): What it raised.
    """
    if isinstance(answer, Lost):
        return answer
    result, error = pickle.loads(answer)
    if error:
        raise error
    return result
