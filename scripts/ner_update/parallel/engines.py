"""Hand shards to workers, each with a pipeline or patterns of its own: processes of this machine, or actors of Ray.

A worker is a class of a module: built once in each process or actor, called with one task after the other. Tasks and what comes
back should be small (a path, counts): texts are read, and written, where the work is done.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from importlib.util import find_spec
from typing import Any

from ner_update.parallel.pool import in_processes
from ner_update.parallel.ray_engine import on_ray
from ner_update.parallel.workers import TRIES, Lost, Worker, opened
from ner_update.project.outputs import fail

ENGINES = ("local", "ray")


def each(
    kind: type, arguments: tuple, tasks: Sequence[Any], engine: str = "local", workers: int = 0, gpu: bool = False
) -> Iterator[Any]:
    """Call workers with tasks. A process, or actor, that ends in mid-run is replaced, and its task begun again.

    kind (type): Class of a module that workers can import. arguments (tuple): What it is built from.
    engine (str): One of ENGINES.
    workers (int): How many. 0: as many as there are cores; with Ray as many as the cluster has cores, or GPUs.
    gpu (bool): Each worker needs a GPU. Without Ray there is one worker then.
    YIELDS (Any): What the workers returned, in the order of the tasks; Lost for a task that ended its process TRIES times.
    RAISES (Exception): What a worker raised. (typer.Exit): After a message, if the engine is none, or not installed.
    """
    if engine not in ENGINES:
        fail(
            [f"vars.engine is {engine[:40]!r}: it must be one of {', '.join(ENGINES)}"],
            "Mend it: python scripts/set_var.py engine local",
        )
    if engine == "ray":
        if not find_spec("ray"):
            fail(
                ["Ray is not installed, and vars.engine asks for it"],
                "Install it: make ray. Or do without: python scripts/set_var.py engine local",
            )
        yield from map(opened, on_ray(kind, arguments, tasks, workers, gpu))
    else:
        yield from _in_processes(partial(_begin, kind, arguments), tasks, 1 if gpu else workers)


def gpu_of_worker(engine: str, gpu_id: int) -> int:
    """Get the GPU as a worker counts: the one that Ray gives to an actor is the only one that it sees."""
    return min(gpu_id, 0) if engine == "ray" else gpu_id


def each_of(*words: Any, **options: Any) -> Iterator[Any]:
    """Call as `each` does, and require all results.

    RAISES (typer.Exit): As it does, and after a message if a task was lost.
    """
    for result in each(*words, **options):
        if isinstance(result, Lost):
            fail(
                [f"A part of the texts was given up: {result}"],
                "Leave each worker more memory: python scripts/set_var.py workers 1",
            )
        yield result


def _in_processes(setup: Callable[[], None], tasks: Sequence[Any], workers: int) -> Iterator[Any]:
    done = 0
    while done < len(tasks):
        try:
            for result in in_processes(_call, tasks[done:], setup, workers):
                done += 1
                yield result
        except BrokenProcessPool:
            # Of the tasks at work the first one may have ended its process: by itself it will show.
            yield _alone(setup, tasks[done])
            done += 1


def _alone(setup: Callable[[], None], task: Any) -> Any:
    for _ in range(TRIES - 1):
        try:
            with ProcessPoolExecutor(1, initializer=setup) as pool:
                return pool.submit(_call, task).result()
        except BrokenProcessPool:
            continue
    return Lost()


_worker: Worker


def _begin(kind: type, arguments: tuple) -> None:
    global _worker
    _worker = Worker(kind, arguments)


def _call(task: Any) -> Any:
    return _worker(task)
