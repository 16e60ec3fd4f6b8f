"""Share the weights of a pipeline between processes that train it together.

They are, with their averages and the gradients of all, in memory that all share, and each process updates some of them
by the sum of all gradients.

To divide the optimizer's work as well is the first stage of ZeRO (Rajbhandari et al. 2020, arxiv.org/abs/1910.02054).
"""

import mmap
from typing import Any

import numpy
from thinc.api import Model, Optimizer


class SharedWeights:
    """One array of weights.

    number (int): Its own, the same in all processes. owner (int): Rank of the process that updates it.
    rooms (ndarray): float32, of shape (2 + processes, size): for weights, averages, and the gradients of each process.
    """

    def __init__(self, number: int, owner: int, node: Model, name: str, rooms: numpy.ndarray):
        self.number, self.owner, self.node, self.name = number, owner, node, name
        shape = node.get_param(name).shape
        self.weights, self.average, *self.gradients = (room.reshape(shape) for room in rooms)
        self.weights[...] = node.get_param(name)
        node.set_param(name, self.weights)

    def hand_in(self, rank: int) -> bool:
        """Check whether a process has a gradient. From then on thinc adds to it where the others see it."""
        if not self.node.has_grad(self.name):
            return False
        if self.node.get_grad(self.name) is not self.gradients[rank]:
            self.gradients[rank][...] = self.node.get_grad(self.name)
            self.node.set_grad(self.name, self.gradients[rank])
        return True

    def update(self, optimizer: Optimizer) -> None:
        """Update the weights by the sum of all gradients, and set these to 0."""
        total, *others = self.gradients
        for other in others:
            total += other
            other[...] = 0
        made, _ = optimizer((self.node.id, self.name), self.weights, total)
        if not numpy.may_share_memory(made, self.weights):
            self.weights[...] = made
        total[...] = 0


def share_weights(pipes: list[Any], processes: int) -> dict[int, list[SharedWeights]]:
    """Move the weights of components into shared memory. To be called before the processes part.

    RETURNS (dict): For each component, by the id of its model, its arrays. The largest are given away first, each to the process that has
        least so far.
    """
    found = {
        (node.id, name): (pipe.model.id, node, name)
        for pipe in pipes
        for node in pipe.model.walk()
        for name in node.param_names
        if node.has_param(name)
    }
    sizes = {key: node.get_param(name).size for key, (_, node, name) in found.items()}
    load, owner = [0] * processes, {}
    for key in sorted(sizes, key=lambda key: -sizes[key]):
        owner[key] = load.index(min(load))
        load[owner[key]] += sizes[key]
    rows = 2 + processes
    memory = numpy.frombuffer(mmap.mmap(-1, max(1, 4 * rows * sum(sizes.values()))), dtype="f4")[
        : rows * sum(sizes.values())
    ].reshape(rows, -1)
    shared: dict[int, list[SharedWeights]] = {pipe.model.id: [] for pipe in pipes}
    start = 0
    for number, (key, (model, node, name)) in enumerate(found.items()):
        shared[model].append(SharedWeights(number, owner[key], node, name, memory[:, start : start + sizes[key]]))
        start += sizes[key]
    return shared
