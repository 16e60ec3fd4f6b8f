"""Run `spacy train` inside a command: the faster arithmetic, and nothing half-written left behind."""

from configparser import Error as NotAConfig
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from catalogue import RegistryError
from spacy.cli.train import train as spacy_train
from spacy.util import load_config
from thinc.api import NumpyOps, set_current_ops
from threadpoolctl import threadpool_limits

import text_context  # noqa: F401  (configs name what it registers)
from outputs import fail, replacing, scratch

ADVICE = "Mend the config. It can name only functions that spaCy, an installed package or this project registers."


def use_openblas() -> None:
    """Multiply matrices with the OpenBLAS that NumPy carries instead of BLIS, on one thread.

    Call it before a pipeline is built or loaded. Measured in benchmarks/README.md; a second thread costs CPU
    time and gains none at these matrix sizes, and the result has the same bytes with one thread or two.
    """
    threadpool_limits(1)
    set_current_ops(NumpyOps(use_blis=False))


@contextmanager
def trained(config: Path, log: Path, overrides: dict[str, Any], gpu_id: int = -1) -> Iterator[Path]:
    """Train with a config and lend the best checkpoint.

    config (Path): Complete training config, with paths.log among its variables.
    log (Path): Gets one JSON line per evaluation: step, losses and scores. The learning curve is drawn from it.
    overrides (dict): Config values such as {"paths.train": "corpus/new/train.spacy"}.
    gpu_id (int): Number of the GPU, or -1 for the CPU.
    YIELDS (Path): Folder of the best checkpoint, gone afterwards: move or load it inside the block.
    """
    if gpu_id < 0:
        use_openblas()
    with scratch(log.with_name("checkpoints")) as folder, replacing(log) as rows:
        try:
            settings = load_config(config, overrides=overrides)["training"]
        except (NotAConfig, ValueError, KeyError) as error:
            fail([f"{config.name} is no training config: {' '.join(str(error).split())}"], ADVICE)
        # A short training is looked at ten times as well: without a look there is no checkpoint but the untrained one.
        often = min(settings["eval_frequency"], max(1, settings["max_steps"] // 10))
        changed = {**overrides, "paths.log": str(rows), "training.eval_frequency": often}
        try:
            spacy_train(config, folder, use_gpu=gpu_id, overrides=changed)
        except RegistryError as error:
            fail([f"{config.name} names what is not there: {str(error).partition(chr(10))[0]}"], ADVICE)
        yield folder / "model-best"
