"""Train with several processes at once.

Each works out the gradient of its part of a batch, and updates its part of the weights by the sum of all gradients
(scripts/ner_update/training/shared_weights.py). Synchronous data parallelism: Chen et al. 2016,
arxiv.org/abs/1604.00981.

All run spaCy's own training loop, in step with one another, on the same batches. The sum of the parts' gradients is the batch's, as
spaCy's recogniser divides by no number of examples (but in one place takes the last token of its examples where a text has no more). What
is learnt depends on how many processes there are, and on nothing else of the machine.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from io import StringIO
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn
from unittest.mock import patch

import numpy
from spacy.attrs import ENT_IOB, ENT_TYPE
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.loop import train
from thinc.api import Model, NumpyOps, Optimizer, get_current_ops
from wasabi import msg

from ner_update.project.outputs import fail
from ner_update.training.cached_dev import dev_read_once
from ner_update.training.shared_weights import share_weights

Learn = Callable[..., dict[str, float]]
ENTITIES = [ENT_IOB, ENT_TYPE]
# Components (by factory) whose predictions are entities, or nothing that is scored.
DIVISIBLE = {"ner", "beam_ner", "tok2vec"}
ADVICE = (
    "Run the same command again; with vars.training_processes 1 a single process does it all, and needs less memory."
)


class TeamError(RuntimeError):
    """One of the processes has ended."""


class Team:
    """The processes that train together, as one of them sees them. A team of one is what spaCy does without.

    rank (int): 0 in the first process, which evaluates, writes and prints; 1 and up in its helpers.
    lines (list): Connections: of the first process to each helper, of a helper to the first.
    """

    def __init__(self, nlp: Language, size: int, learn: Learn):
        self.nlp, self.size, self.learn, self.rank = nlp, size, learn, 0
        self.lines: list[Connection] = []
        self.pipes: list[Any] = [pipe for _, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
        self.weights = share_weights(self.pipes, size) if size > 1 else {}
        self.graded: set[int] = set()
        self.seed = nlp.config.interpolate()["training"]["seed"] or 0
        self.chance: random.Random | None = None
        self.masked = [
            node.attrs["unseen_classes"]
            for pipe in self.pipes
            for node in pipe.model.walk()
            if "unseen_classes" in node.attrs
        ]

    def exchange(self, note: Any = None) -> list[Any]:
        """Exchange notes with all processes: none gets them before each has handed in its own.

        RETURNS (list): The notes of all, by rank.
        RAISES (TeamError): If one of them has ended, or hands in what went wrong.
        """
        try:
            if self.rank:
                self.lines[0].send(note)
                return self.lines[0].recv()
            notes = [note, *(line.recv() for line in self.lines)]
            for failed in (note for note in notes if isinstance(note, Exception)):
                raise TeamError(str(failed))
            for line in self.lines:
                line.send(notes)
        except (EOFError, ConnectionError):
            raise TeamError("as it does when memory is short") from None
        return notes

    def update(
        self, nlp: Language, examples: list[Example], *, losses: dict[str, float], **options: Any
    ) -> dict[str, float]:
        """As `learn`, of this process's part of the examples. RETURNS (dict): The losses of all."""
        if self.size == 1:
            return self.learn(nlp, examples, losses=losses, **options)
        if self.chance is None:
            self.chance = random.Random(self.seed)
            # Each drops other units. spaCy has just seeded all alike.
            numpy.random.seed([self.seed, self.rank])
        own: dict[str, float] = {}
        # The order of the texts comes from `random`, too: what an update takes from it must not differ between processes.
        order = random.getstate()
        random.setstate(self.chance.getstate())
        # By length, so that all have as much to do.
        if part := sorted(examples, key=lambda example: -len(example.x))[self.rank :: self.size]:
            self.learn(nlp, part, losses=own, **options)
        self.chance.setstate(random.getstate())
        random.setstate(order)
        has = {one.number for arrays in self.weights.values() for one in arrays if one.hand_in(self.rank)}
        notes = self.exchange((own, has, self.masked))
        self.graded.update(*(graded for _, graded, _ in notes))
        for number, unseen in enumerate(self.masked):
            unseen.intersection_update(*(masked[number] for _, _, masked in notes))
        for name in sorted({name for each, _, _ in notes for name in each}):
            losses[name] = losses.get(name, 0.0) + sum(each.get(name, 0.0) for each, _, _ in notes)
        return losses

    def finish_update(self, model: Model, optimizer: Optimizer) -> None:
        """Update this process's share of a component's weights, and wait for the others."""
        for one in self.weights[model.id]:
            if one.number in self.graded:
                if optimizer.averages is not None:
                    optimizer.averages[one.node.id, one.name] = one.average
                if one.owner == self.rank:
                    one.update(optimizer)
        self.exchange()

    def pipe(self, docs: list[Doc]) -> Iterator[Doc]:
        """Predict as `nlp.pipe` does. Each process reads a part of the Docs, if the components find entities alone."""
        if self.size == 1 or not {self.nlp.get_pipe_meta(name).factory for name in self.nlp.pipe_names} <= DIVISIBLE:
            yield from self.nlp.pipe(docs)
            return
        found = [doc.to_array(ENTITIES) for doc in self.nlp.pipe(docs[self.rank :: self.size])]
        for rank, arrays in enumerate(self.exchange(found)):
            for doc, array in zip(docs[rank :: self.size], arrays):
                if rank != self.rank:
                    doc.from_array(ENTITIES, array)
        yield from docs

    @contextmanager
    def training(self) -> Iterator[None]:
        """Let components in the block finish an update as the team does. Of a single one spaCy and thinc let nobody replace the method."""
        with (
            patch.object(Model, "finish_update", lambda model, optimizer: self.finish_update(model, optimizer))
            if self.size > 1
            else nullcontext(),
            dev_read_once(self.nlp, self.pipe),
        ):
            yield

    def help(self, first: Connection) -> NoReturn:
        """Run the training loop in a helper, which ends with it, or when the first process is gone."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.lines, nlp = [first], self.nlp
            nlp.update = lambda *args, **options: self.update(nlp, *args, **options)  # type: ignore[method-assign]
            nlp.config["training"]["logger"] = {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False}
            with self.training():
                train(nlp, None, use_gpu=-1, stdout=StringIO(), stderr=StringIO())
        except TeamError:
            # The first process is gone, and has said why.
            pass
        except Exception as error:
            first.send(RuntimeError(f"{type(error).__name__}: {error}"))
        finally:
            # Nothing that the first process has begun may be ended here: its files are its own.
            os._exit(0)


def alone(nlp: Language) -> str:
    """Explain why a pipeline can be trained by one process only; empty if there is no reason."""
    if not hasattr(os, "fork"):
        return "This system cannot fork a process"
    if not isinstance(get_current_ops(), NumpyOps):
        return "A GPU does the work"
    pipes: list[Any] = [pipe for _, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
    if any(node.shims for pipe in pipes for node in pipe.model.walk()):
        return "PyTorch, of which a part is made, has threads of its own"
    return ""


@contextmanager
def together(nlp: Language, size: int, learn: Learn) -> Iterator[Team]:
    """Start the helpers, which run spaCy's training loop in step with the block.

    learn (Callable): What updates a pipeline.
    YIELDS (Team): With its `update` instead of `learn`.
    """
    if size > 1 and (reason := alone(nlp)):
        msg.warn(f"{reason}: one process trains, and not {size}")
        size = 1
    team = Team(nlp, size, learn)
    helpers: list[int] = []
    for rank in range(1, size):
        here, there = Pipe()
        helpers.append(os.fork())
        if not helpers[-1]:
            for line in (here, *team.lines):
                line.close()
            team.rank = rank
            team.help(there)
        there.close()
        team.lines.append(here)
    try:
        with team.training():
            yield team
    except TeamError as error:
        fail([f"One of the processes that train together has ended: {error}"], ADVICE)
    finally:
        for line in team.lines:
            line.close()
        for helper in helpers:
            os.waitpid(helper, 0)
