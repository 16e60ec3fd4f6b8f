"""Call a function with many items, in as many processes as there are cores, or as somebody wants."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

# Each process holds a tokenizer and what it works on, some 200 MB.
MOST = 8


def in_processes(
    function: Callable[[Any], Any], items: Sequence[Any], setup: Callable[[], None] | None = None, processes: int = 0
) -> Iterator[Any]:
    """Call a function with each item; one item alone, or one core, gets no process of its own.

    function (Callable): Of a module, for it goes to other processes. What it returns comes back, so it should be small.
    items (Sequence): Small, too: what to read, and not what was read.
    setup (Callable): Called once in each process before the first item: of a module, or a `partial` of such a one.
    processes (int): How many at most. 0: as many as there are cores, but no more than MOST.
    YIELDS (Any): What the function returned, in the order of the items.
    RAISES (Exception): What the function raised. (BrokenProcessPool): If the system ended a process, for lack of memory mostly.
    """
    count = min(len(items), processes or min(cores(), MOST))
    if count < 2:
        if setup:
            setup()
        yield from map(function, items)
        return
    with ProcessPoolExecutor(count, initializer=_start, initargs=(setup,)) as pool:
        yield from pool.map(function, items)


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(setup: Callable[[], None] | None) -> None:
    # Of an interrupt the command itself says what is to be said.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if setup:
        setup()
