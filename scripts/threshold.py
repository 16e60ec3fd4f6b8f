"""Decide how sure the new recogniser must be, on the dev set, without training again.

Rehearsal teaches it to be silent, and it comes out too silent: precision above recall. spaCy's `ner` picks the
action with the highest score, so lowering the score of the action O ("no entity here") by a constant lets it
speak earlier. The constant goes into the bias of the output layer: the saved pipeline needs no code of ours.
"""

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

# In units of the network's scores (logits): each step makes O about 2.7 times less likely.
STEPS = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def lower_outside(nlp: Language, component: str, amount: float) -> None:
    """Lower the score of the action O of an entity recogniser, in place.

    amount (float): How much is taken from its bias.
    """
    recogniser = nlp.get_pipe(component)
    actions = [recogniser.moves.get_class_name(n) for n in range(recogniser.moves.n_moves)]
    output = recogniser.model.get_ref("upper")
    bias = output.get_param("b").copy()
    bias[actions.index("O")] -= amount
    output.set_param("b", bias)


def tune_threshold(nlp: Language, component: str, dev: list[Doc]) -> list[dict]:
    """Try each step on the dev set, and leave the recogniser at the best one; of equals the most silent.

    dev (list): Gold Docs: new examples and rehearsal texts, so that each wrong new entity counts against it.
    RETURNS (list): One row per step: lowered, p, r and f in percent, and whether it was chosen.
    """
    rows = []
    for now, before in zip(STEPS, [0.0, *STEPS]):
        lower_outside(nlp, component, now - before)
        scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in dev])
        rows.append({"lowered": now} | {key: round(100 * (scores[f"ents_{key}"] or 0), 2) for key in "prf"})
    best = int(numpy.argmax([row["f"] for row in rows]))
    lower_outside(nlp, component, STEPS[best] - STEPS[-1])
    return [{**row, "chosen": n == best} for n, row in enumerate(rows)]
