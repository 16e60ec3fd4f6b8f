"""The trials of a sweep: each is run, or what it gave before is read, and its pipelines are scored on the dev set."""

import json
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import spacy
import srsly
from tqdm import tqdm

from ner_update.evaluation.comparison import Comparison
from ner_update.experiments.plan import Plan, Values, trials
from ner_update.experiments.queue import Experiments
from ner_update.experiments.table import outcome
from ner_update.experiments.variant import measured
from ner_update.project.outputs import replacing

PREFIX = "sweep-"
# The dev set compares the trials, so none of them may train on it.
UNSEEN = {"update_on": "train"}
# What scoring reads.
OUTPUTS = ["training/base/model-best", "training/updated/model-best"]
OUTPUTS += [f"corpus/{part}/{split}.spacy" for part in ("base", "new", "raw") for split in ("train", "dev", "test")]


class OnDev(Comparison):
    """The same on the dev sets."""

    def read(self, name: str) -> list:
        return super().read(name.replace("test.spacy", "dev.spacy"))


class Sweep:
    """The trials of a plan.

    committed (dict): The values that the vars of the plan have in the commit.
    folder (Path): For a file of each trial, and what it printed.
    """

    def __init__(self, plan: Plan, experiments: Experiments, committed: Values, folder: Path):
        self.plan, self.experiments, self.committed, self.folder = plan, experiments, committed, folder
        self.failed: dict[str, dict] = {}

    def trial(self, values: Values) -> dict:
        """Run a trial, or read what it gave before.

        RETURNS (dict): name, vars, and either dev, as `variant.measured` gives it, and seconds; or failed, the reason.
        """
        changed = {name: value for name, value in values.items() if value != self.committed[name]}
        name = (
            PREFIX + md5(json.dumps([self.experiments.commit, changed], sort_keys=True).encode("utf8")).hexdigest()[:8]
        )
        kept = self.folder / f"{name}.json"
        made: dict[str, Any] = {"name": name, "vars": {**self.committed, **values}}
        known = self.experiments.known(name)
        if known and kept.exists():
            return srsly.read_json(kept) | made
        # A search may ask for the same twice.
        if name in self.failed:
            return self.failed[name]
        seconds = None
        if not known or (scored := self.scored(name, OnDev)) is None:
            start, log = time.monotonic(), self.folder / f"{name}.log"
            tqdm.write(f"{name}: {worded(made['vars'])} (what it prints is in {log})")
            if (problem := self.experiments.run(name, {**changed, **UNSEEN}, log)) is not None:
                return self.failed.setdefault(name, made | {"failed": problem})
            seconds, scored = round(time.monotonic() - start, 1), self.scored(name, OnDev)
        if scored is None:
            return made | {"failed": "its outputs are in no cache"}
        with replacing(kept) as path:
            srsly.write_json(path, {"dev": scored, "seconds": seconds})
        return made | {"dev": scored, "seconds": seconds}

    def scored(self, name: str, on: type[Comparison]) -> dict | None:
        """Compute the figures of an experiment's pipelines, or None if these are no longer kept anywhere."""
        folder = self.experiments.outputs(name, OUTPUTS)
        if folder is None:
            return None
        base, updated = (spacy.load(folder / path) for path in OUTPUTS[:2])
        return measured(on(base, updated, folder / "corpus"), 0)

    def trials(self, part: tuple[int, int]) -> Iterator[dict]:
        """Run the trials of a part, one of several, after the one of what is committed."""
        yield self.trial({})
        asked = trials(self.plan)
        number, values = 0, next(asked, None)
        while values is not None:
            told = None
            if number % part[1] == part[0] - 1:
                yield (found := self.trial(values))
                told = outcome(self.plan, found)
            number += 1
            try:
                values = asked.send(told)
            except StopIteration:
                return


def worded(values: Values) -> str:
    """Write values as "seed 1, rehearsal_ratio 4.0"."""
    return ", ".join(f"{name} {value}" for name, value in values.items())
