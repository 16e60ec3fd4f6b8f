"""Tune the decision threshold of the new NER component on the dev set, without training again.

spaCy's `ner` takes the action with the highest score. Lowering the score of the action O ("no entity here") by a constant makes
the component find more; raising it makes the component find less. The constant goes into the bias of the output layer.

A dev set of some dozen entities says little about which constant is best, so the default is to leave the component as it was
trained. It is moved only where the dev set shows a gain of F of more than two standard errors; and towards fewer
entities, where it finds more in the rehearsal texts than retention allows, also beyond the standard error, for one point of F
at most. Standard errors come from paired bootstrap samples of the texts (scripts/ner_update/evaluation/scoring.py).
"""

from collections.abc import Callable
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokens import Doc

from ner_update.evaluation.scoring import Entities, count, f_score, prf, resample

# In units of the network's scores (logits): each unit makes O about 2.7 times less likely, or where it is negative, more.
NEVER = 1e6
STEPS = [-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0]
# Points of dev F that may be given up for retention.
GIVEN_UP = 1.0
# Standard errors by which a gain of dev F must differ from zero. One text that comes out better is always worth about one.
SURE = 2.0


def lower_actions(nlp: Language, component: str, wanted: Callable[[str], bool], amount: float) -> None:
    """Lower the scores of some actions of an entity recogniser, in place.

    wanted (Callable): Told the name of an action ("O", "B-PERSON"), says whether it is one of them.
    amount (float): How much is taken from their biases.
    """
    recogniser: Any = nlp.get_pipe(component)
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


def spans(doc: Doc) -> Entities:
    """Get the entities of a Doc as things that can be compared: start, end, label."""
    return {(ent.start, ent.end, ent.label_) for ent in doc.ents}


def tune_threshold(
    nlp: Language, component: str, dev: list[Doc], rehearsal: list[Doc], wrong: float, steps: list[float] = STEPS
) -> list[dict]:
    """Measure each step on the dev set, choose one, and leave the component there.

    dev (list): Gold Docs of the new kind of text.
    rehearsal (list): Gold Docs of texts of the base's kind.
    wrong (float): How many false positives in the rehearsal texts retention allows.
    steps (list): Amounts to lower the score of O by, 0.0 among them.
    RETURNS (list): One row per step: lowered, p, r and f in percent, wrong (false positives in the rehearsal texts), chosen.
    """
    counts, total = [], []
    for now, before in zip(steps, [0.0, *steps]):
        lower_outside(nlp, component, now - before)
        counts.append(count([spans(doc) for doc in nlp.pipe([doc.text for doc in dev])], [spans(doc) for doc in dev]))
        found = nlp.pipe([doc.text for doc in rehearsal])
        total.append(sum(len(spans(said) - spans(gold)) for said, gold in zip(found, rehearsal)))
    best = choose(steps, counts, total, wrong)
    lower_outside(nlp, component, steps[best] - steps[-1])
    rows = zip(steps, counts, total)
    return [
        {"lowered": step, **{key: prf(of_dev)[key] for key in "prf"}, "wrong": extra, "chosen": n == best}
        for n, (step, of_dev, extra) in enumerate(rows)
    ]


def choose(steps: list[float], counts: list[numpy.ndarray], total: list[int], wrong: float) -> int:
    """Choose a threshold: 0.0, unless there is evidence for another one.

    counts (list): For each step true positives, false positives and false negatives of each dev text, shape (texts, 3).
    total (list): For each step the false positives in all rehearsal texts. wrong (float): As for `tune_threshold`.
    RETURNS (int): The place of the chosen step.
    """
    zero, samples = steps.index(0.0), resample(len(counts[0]), seed=0)
    before = counts[zero]
    gain = [float(f_score(now.sum(axis=0)) - f_score(before.sum(axis=0))) for now in counts]
    error = [float((f_score(samples @ now) - f_score(samples @ before)).std()) for now in counts]
    if too_many(total[zero], wrong):
        fewer = [n for n, step in enumerate(steps) if step <= 0 and gain[n] >= -GIVEN_UP]
        return max((n for n in fewer if total[n] <= wrong), default=min(fewer, key=lambda n: (total[n], -n)))
    allowed = [n for n, step in enumerate(steps) if step <= 0 or total[n] <= wrong]
    best = max(allowed, key=lambda n: gain[n] - SURE * error[n])
    return best if gain[best] > SURE * error[best] else zero


def too_many(found: int, wrong: float) -> bool:
    """Check for more false positives than `wrong` beyond their standard error, that of a Poisson count."""
    return found - wrong > found**0.5
