"""Call a function in a process of its own, which can be ended: a regular expression that runs away can not."""

import math
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pool
from multiprocessing.pool import AsyncResult
from typing import Any

import psutil

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]  # Asked for before each use.

MEMORY = 3 * 2**30
# On a busy machine a process may wait for most of the time. It is ended after so many times its seconds all the same.
PATIENCE = 20


def in_time(function: Callable[[Any], Any], items: Iterable, seconds: float) -> Iterator[Any]:
    """Call a function with one item after the other, each for so many seconds of CPU time at most.

    function (Callable): Of a module, or a `partial` of one, for it goes to another process.
    items (Iterable): Taken one by one, so that no more than one of them is held here.
    seconds (float): For one item.
    YIELDS (Any): For each item what the function returned, or None if it took longer or had no memory left.
    RAISES (Exception): What the function raised.
    """
    left = iter(items)
    ended = False
    while not ended:
        with Pool(1, _start, (function,)) as pool:
            ended, process = True, psutil.Process(pool.apply(os.getpid))
            for item in left:
                result = pool.apply_async(_call, (function, seconds, item))
                if not _is_ready(result, process, seconds):
                    yield None
                    # Leaving the block ends the process; the rest goes to a new one.
                    ended = False
                    break
                try:
                    yield result.get()
                except MemoryError:
                    yield None


def _is_ready(result: AsyncResult, process: psutil.Process, seconds: float) -> bool:
    """Wait until a process has a result, or has used up its seconds.

    RETURNS (bool): Whether it has one.
    """
    begun, used = time.monotonic(), _used(process)
    while time.monotonic() < begun + PATIENCE * seconds and (left := used + seconds - _used(process)) > 0:
        result.wait(left)
        if result.ready():
            return True
    return result.ready()


def _used(process: psutil.Process) -> float:
    """Get the seconds of CPU time that a process has used; more than any if it is gone."""
    try:
        times = process.cpu_times()
        # Of one that has ended and waits for its parent, Linux still tells the time.
        return math.inf if process.status() == psutil.STATUS_ZOMBIE else times.user + times.system
    except psutil.NoSuchProcess:
        return math.inf


def _call(function: Callable[[Any], Any], seconds: float, item: Any) -> Any:
    # Should the command be killed, nobody is left to end this process.
    _limit("RLIMIT_CPU", math.ceil(time.process_time() + 2 * seconds))
    return function(item)


def _start(function: Callable[[Any], Any]) -> None:
    # Where a process is not forked, it has now imported the function's module: that is no item's time.
    # Of an interrupt the command itself says what is to be said.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if resource:
        # Some patterns fill all memory within seconds, and then the system ends whatever process it likes.
        _limit("RLIMIT_DATA", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + MEMORY)


def _limit(name: str, value: int) -> None:
    if resource:
        kind = getattr(resource, name)
        _, most = resource.getrlimit(kind)
        resource.setrlimit(kind, (value if most == resource.RLIM_INFINITY else min(value, most), most))
