"""Call a function in a process of its own, which can be ended: a regular expression that runs away can not."""

from multiprocessing import Pool, TimeoutError
from typing import Any, Callable, Iterator

MEMORY = 3 * 2**30


def in_time(function: Callable[[Any], Any], items: list, seconds: float) -> Iterator[Any]:
    """Call a function with one item after the other, each for so long at most.

    function (Callable): Of a module, or a `partial` of one, for it goes to another process.
    seconds (float): For one item.
    YIELDS (Any): For each item what the function returned, or None if it took longer or had no memory left.
    RAISES (Exception): What the function raised.
    """
    done = 0
    while done < len(items):
        with Pool(1, _limit_memory) as pool:
            results = pool.imap(function, items[done:])
            for _ in items[done:]:
                done += 1
                try:
                    yield results.next(timeout=seconds)
                except MemoryError:
                    yield None
                except TimeoutError:
                    yield None
                    # Leaving the block ends the process; the rest goes to a new one.
                    break


def _limit_memory() -> None:
    """Some patterns fill all memory within seconds, and then the system ends whatever process it likes."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = used + MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
