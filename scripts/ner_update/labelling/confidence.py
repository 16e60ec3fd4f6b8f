"""How sure an entity recogniser is of what it says at each token.

spaCy's `ner` reads a text token by token and each time takes the action with the highest score: begin an entity, go on, end it,
or leave the token outside. The scores of the actions that are open to it, as a softmax, say how sure it is. They tell errors far
better than the probabilities of a beam (`EntityRecognizer.beam_parse`), which adds up scores that are no logarithms of
probabilities and was trained for no beam: benchmarks/README.md has the figures.
"""

import numpy
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Doc, Token
from spacy.training.iob_utils import doc_to_biluo_tags


def recognise(recogniser: EntityRecognizer, docs: list[Doc]) -> list[numpy.ndarray]:
    """Set the entities of some Docs, as `recogniser.pipe` does, and say how sure it was.

    docs (list): What the components before the recogniser made. Changed in place.
    RETURNS (list): For each Doc the probability of the action taken at each token, 0 to 1, shape (tokens,).
    """
    model = recogniser.model.predict(docs)
    states = list(recogniser.moves.init_batch(docs))
    scores: list[list[numpy.ndarray]] = [[] for _ in docs]
    open_ones = [n for n, state in enumerate(states) if not state.is_final()]
    while open_ones:
        batch = [states[n] for n in open_ones]
        given = model.predict(batch)
        for n, row in zip(open_ones, recogniser.model.ops.to_numpy(given)):
            scores[n].append(row)
        recogniser.transition_states(batch, given)
        open_ones = [n for n in open_ones if not states[n].is_final()]
    recogniser.set_annotations(docs, states)
    names = [recogniser.moves.get_class_name(n) for n in range(recogniser.moves.n_moves)]
    return [
        numpy.array([_share(names, *step) for step in zip(rows, doc, doc_to_biluo_tags(doc))])
        for rows, doc in zip(scores, docs)
    ]


def _share(names: list[str], scores: numpy.ndarray, token: Token, taken: str) -> float:
    """Compute the softmax of the action taken, among those that were open at the token."""
    move, _, label = taken.partition("-")
    last = token.i == len(token.doc) - 1
    if move in ("I", "L"):
        choices = [f"L-{label}"] if last else [f"I-{label}", f"L-{label}"]
    else:
        # "U-" without a label is for tokens that something else has blocked.
        choices = [name for name in names if name == "O" or (name[2:] and name[0] in ("U" if last else "BU"))]
    if token.is_space or taken not in choices:
        return 1.0
    chances = numpy.array([scores[names.index(name)] for name in choices], dtype="float64")
    chances = numpy.exp(chances - chances.max())
    return float(chances[choices.index(taken)] / chances.sum())
