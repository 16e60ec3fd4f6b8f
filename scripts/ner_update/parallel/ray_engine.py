"""Hand tasks to actors of Ray Data: on the cluster that RAY_ADDRESS names, or on a Ray that is started on this machine.

No pipeline and no Doc passes through Ray: arrays from its object store cannot be written to, and a pipeline does that. Each
actor loads its own. Ray replaces an actor that has ended, and begins its task again.
"""

import logging
import os
import pickle
import shlex
import socket
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ner_update.parallel.pool import cores
from ner_update.parallel.workers import TRIES, Lost, Worker, sealed
from ner_update.project.outputs import fail

# Bytes of the object store of this machine: only tasks and results pass through it.
STORE = 512 * 2**20
SECONDS = 10


class Actor:
    """A worker as Ray Data calls it: with a batch of one row."""

    def __init__(self, kind: type, arguments: tuple, folder: Path):
        """Remember the project's folder, where machines share it."""
        if folder.is_dir():
            os.chdir(folder)
        self.worker = Worker(kind, arguments)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list]:
        (task,) = batch["task"]
        return {"number": list(batch["number"]), "answer": [sealed(lambda: self.worker(pickle.loads(task)))]}


def on_ray(
    kind: type, arguments: tuple, tasks: Sequence[Any], workers: int = 0, gpu: bool = False
) -> Iterator[bytes | Lost]:
    """Call workers with tasks, as `engines.each` says.

    YIELDS (bytes): What `engines.sealed` gives, in the order of the tasks; or Lost.
    """
    if not tasks:
        return
    start(workers)
    # An extra, and slow to import.
    import ray
    from ray.data import ActorPoolStrategy
    from ray.util.annotations import RayDeprecationWarning

    size = min(len(tasks), workers or max(1, int(ray.cluster_resources().get("GPU" if gpu else "CPU", 1))))
    rows = ray.data.from_items(
        [{"number": n, "task": pickle.dumps(task)} for n, task in enumerate(tasks)], override_num_blocks=len(tasks)
    )
    with warnings.catch_warnings():
        # Ray 2.64 will know these two by other names.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        answers = rows.map_batches(
            Actor, fn_constructor_args=(kind, arguments, Path.cwd()), batch_size=1, num_cpus=1, num_gpus=1 if gpu else 0,
            # One task at a time: what ends an actor shall not count against another that waits there.
            compute=ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1), max_restarts=-1, max_task_retries=TRIES - 1,
        )  # fmt: skip
    due = 0
    for row in answers.iter_rows():
        yield from (Lost() for _ in range(due, row["number"]))
        yield row["answer"]
        due = row["number"] + 1
    yield from (Lost() for _ in range(due, len(tasks)))


def start(workers: int) -> None:
    """Join the cluster of RAY_ADDRESS, or start Ray on this machine, once. Actors get the scripts from here.

    RAISES (typer.Exit): After a message, if there is no such cluster.
    """
    # Read when Ray is imported. It would report to its makers, and warn of an actor's arguments, which are held here.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    from ray.data import DataContext

    if not ray.is_initialized():
        # Without an address Ray would join whatever cluster was last started on this machine.
        address = os.environ.get("RAY_ADDRESS", "local")
        here = (
            {"num_cpus": max(workers, cores()), "object_store_memory": STORE, "include_dashboard": False}
            if address == "local"
            else {}
        )
        scripts = {"working_dir": str(Path(__file__).parents[2]), "excludes": ["__pycache__"]}
        if address == "local":
            # Ray hands it to a shell as it is; with a space in it no worker would ever start.
            scripts["py_executable"] = shlex.quote(sys.executable)
        else:
            knock(address)
        try:
            ray.init(address, runtime_env=scripts, log_to_driver=False, logging_level="error", **here)
        except ConnectionError as error:
            fail(
                [f"The Ray cluster {address!r} cannot be joined: {error}"],
                "Where it asks for a token: RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or ~/.ray/auth_token.",
            )
    # A lost task is no reason to stop the others, and whoever called says what became of it.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = DataContext.get_current()
    context.max_errored_blocks = -1
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False


def knock(address: str) -> None:
    """Check that a cluster answers at an address. Ray itself would try for many minutes.

    RAISES (typer.Exit): After a message, if none does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if port.isdigit():
            socket.create_connection((host, int(port)), SECONDS).close()
    except OSError as error:
        fail(
            [f"The Ray cluster {address!r} cannot be joined: {error}"],
            "Mend RAY_ADDRESS, or start the cluster (ray start --head).",
        )
