"""Decide how sure the new recogniser must be, on the dev set, without training again.

Rehearsal teaches it to be silent, and it comes out too silent: precision above recall. spaCy's `ner` picks the
action with the highest score, so lowering the score of the action O ("no entity here") by a constant lets it
speak earlier. The constant goes into the bias of the output layer.
"""

from typing import Callable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

# In units of the network's scores (logits): each unit makes O about 2.7 times less likely.
NEVER = 1e6
# Thresholds whose F on the dev set is this near, in points, are taken for equally good.
NEAR = 1.0
STEPS = [0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]


def lower_actions(nlp: Language, component: str, wanted: Callable[[str], bool], amount: float) -> None:
    """Lower the scores of some actions of an entity recogniser, in place.

    wanted (Callable): Told the name of an action ("O", "B-PERSON"), says whether it is one of them.
    amount (float): How much is taken from their biases.
    """
    recogniser = nlp.get_pipe(component)
    chosen = [n for n in range(recogniser.moves.n_moves) if wanted(recogniser.moves.get_class_name(n))]
    model = recogniser.model
    # Without an upper layer the lower one gives the scores, the best of several pieces for each action.
    output = model.get_ref("upper") if model.attrs["has_upper"] else model.get_ref("lower")
    bias = output.get_param("b").copy()
    bias[chosen] -= amount
    output.set_param("b", bias)


def lower_outside(nlp: Language, component: str, amount: float) -> None:
    """Lower the score of the action O ("no entity here") of an entity recogniser, in place."""
    lower_actions(nlp, component, lambda action: action == "O", amount)


def silence(nlp: Language, component: str, labels: set[str]) -> None:
    """Keep an entity recogniser from ever predicting some of its labels, in place."""
    lower_actions(nlp, component, lambda action: action.partition("-")[2] in labels, NEVER)


def tune_threshold(nlp: Language, component: str, dev: list[Doc]) -> list[dict]:
    """Try each step on the dev set, and leave the recogniser at the lowest threshold whose F is near the best.

    Near, because a dev set of some dozen entities cannot tell such steps apart; the lowest, because what it has least
    of are entities unlike those of the training set, and those are found last.

    dev (list): Gold Docs: new examples and rehearsal texts, so that each wrong new entity counts against it.
    RETURNS (list): One row per step: lowered, p, r and f in percent, and whether it was chosen.
    """
    rows = []
    for now, before in zip(STEPS, [0.0, *STEPS]):
        lower_outside(nlp, component, now - before)
        scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in dev])
        rows.append({"lowered": now} | {key: round(100 * (scores[f"ents_{key}"] or 0), 2) for key in "prf"})
    near = max(row["f"] for row in rows) - NEAR
    # One that has found nothing at all stays silent.
    best = max((n for n, row in enumerate(rows) if row["f"] >= near and row["f"] > 0), default=0)
    lower_outside(nlp, component, STEPS[best] - STEPS[-1])
    return [{**row, "chosen": n == best} for n, row in enumerate(rows)]
