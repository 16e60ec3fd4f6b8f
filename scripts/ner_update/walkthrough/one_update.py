"""Measure one update of the weights.

That is: loss and gradient of each component, how far its weights move, and what the pipeline then says.

It is the inside of spaCy's training loop (`nlp.update`), opened between the gradient and the update. The weights are those
of the moment; a finished training takes their average over its updates, if its config says so.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Model, Optimizer

from ner_update.evaluation.breakdowns import aligned, either
from ner_update.evaluation.scoring import count, entities, f_score

# After so many updates the pipeline is looked at.
LOOKS = (0, 1, 5, 20)


def parts(model: Model) -> dict[str, list[Model]]:
    """Divide the layers of a component that have weights by what they are for.

    RETURNS (dict): "embedding" and "encoder" make a vector of each token, "text context"
        (scripts/ner_update/pipeline/text_context.py) adds its text to it, "head" decides.
    """
    owner: dict[int, str] = {}
    for node in model.walk(order="dfs_pre"):
        named = {
            name: node.get_ref(ref)
            for ref, name in (("embed", "embedding"), ("encode", "encoder"))
            if node.has_ref(ref)
        }
        named |= {"text context": node} if node.name == "text_context" else {}
        owner |= {inner.id: name for name, layer in named.items() for inner in layer.walk()}
    found: dict[str, list[Model]] = {}
    for node in model.walk(order="dfs_pre"):
        if any(node.has_param(name) for name in node.param_names):
            found.setdefault(owner.get(node.id, "head"), []).append(node)
    return found


def norm(arrays: Iterable[Any]) -> float:
    """Compute the L2 norm of all values together."""
    return float(numpy.sqrt(sum(float((array.astype("f8") ** 2).sum()) for array in arrays)))


def weights(layers: list[Model]) -> list[Any]:
    return [layer.get_param(name) for layer in layers for name in layer.param_names if layer.has_param(name)]


def one_update(nlp: Language, trained: list[str], batch: list[Doc], optimizer: Optimizer, drop: float) -> list[dict]:
    """Predict, compare with the gold, compute the gradient, and update the weights: what `nlp.update` does, measured.

    trained (list): Names of the components that learn. Of the others no weight changes.
    RETURNS (list): For each part of each of them: component, part, parameters, loss of the component, L2 norm of the
        gradient and of the weights before, and by how much the weights moved, in percent of that.
    """
    losses: dict[str, float] = {}
    examples = [Example(nlp.make_doc(gold.text), gold) for gold in batch]
    nlp.update(
        examples,
        drop=drop,
        sgd=False,  # type: ignore[arg-type]  # No update: None would make an optimizer.
        losses=losses,
        exclude=[name for name in nlp.pipe_names if name not in trained],
    )
    rows, before = [], []
    learning: list[Any] = [nlp.get_pipe(name) for name in trained]
    for name, pipe in zip(trained, learning):
        for part, layers in parts(pipe.model).items():
            held = [array.copy() for array in weights(layers)]
            gradient = norm(layer.get_grad(p) for layer in layers for p in layer.param_names if layer.has_grad(p))
            row: dict[str, Any] = {
                "component": name,
                "part": part,
                "parameters": sum(array.size for array in held),
                "loss": losses.get(name),
            }
            rows.append(row | {"gradient": gradient, "weights": norm(held)})
            before.append((layers, held))
    for pipe in learning:
        pipe.finish_update(optimizer)
    optimizer.step_schedules()
    for row, (layers, held) in zip(rows, before):
        row["moved"] = 100 * norm(new - old for new, old in zip(weights(layers), held)) / (row["weights"] or 1.0)
    return rows


def updates(
    nlp: Language,
    trained: list[str],
    batches: Callable[[random.Random], list[Doc]],
    optimizer: Optimizer,
    drop: float,
    seed: int,
    look: Callable[[], dict],
) -> Iterator[dict]:
    """Update a pipeline again and again, and look at it now and then.

    batches (Callable): Makes the next batch.
    YIELDS (dict): For each of LOOKS: updates (how many were made), what `look` gives, and of the last one its "round" (what
        `one_update` gives).
    """
    rng = random.Random(seed)
    fix_random_seed(seed)
    last: list[dict] = []
    for done in range(LOOKS[-1] + 1):
        if done in LOOKS:
            yield {"updates": done, **look(), "round": last}
        if done < LOOKS[-1]:
            last = one_update(nlp, trained, batches(rng), optimizer, drop)


def judged(gold: Doc, said: Doc, labels: list[str]) -> list[dict]:
    """Compare gold and prediction.

    RETURNS (list): Each entity with its kind (correct, missed, spurious, boundary, label), the tokens and the label of
        each side, or None.
    """

    def shown(doc: Doc, entity: tuple | None) -> dict | None:
        return {"text": doc[entity[0] : entity[1]].text, "label": entity[2]} if entity else None

    pairs = sorted(aligned(entities(gold, labels), entities(said, labels)), key=lambda pair: either(*pair[1:]))
    return [{"kind": kind, "gold": shown(gold, wanted), "said": shown(said, found)} for kind, wanted, found in pairs]


def marked(doc: Doc) -> list[list]:
    """List the entities of a Doc as [start, end, label], in characters."""
    return [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents]


def looked_at(nlp: Language, gold: Doc, sentences: list[Doc], test: list[Doc], labels: list[str]) -> dict:
    """Describe what a pipeline predicts now.

    RETURNS (dict): "entities" of the text, "comparison" with its gold; "sentences" (entities of each of some with old
        labels, and whether they are right), and "f" of all labels on texts of the old labels.
    """
    said = nlp(gold.text)
    old = [
        {"entities": marked(doc), "right": entities(doc, labels) == entities(one, labels)}
        for one, doc in zip(sentences, nlp.pipe([one.text for one in sentences]))
    ]
    found = [entities(doc, labels) for doc in nlp.pipe([one.text for one in test])]
    counts = count(found, [entities(one, labels) for one in test])
    f = round(float(f_score(counts.sum(axis=0))), 1) if test else None
    return {"entities": marked(said), "comparison": judged(gold, said, labels), "sentences": old, "f": f}
