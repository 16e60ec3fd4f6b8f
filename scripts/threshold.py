"""Decide how sure the new recogniser must be, on the dev set, without training again.

Rehearsal teaches it to be silent, and it comes out too silent: precision above recall. spaCy's `ner` picks the
action with the highest score, so lowering the score of the action O ("no entity here") by a constant lets it
speak earlier. The constant goes into the bias of the output layer. It is lowered nearly to where precision and recall break
even: with some dozen entities in a dev set, which threshold has the highest F is chance, and F hardly changes on the
way there, but what is found of entities unlike those of the training set grows by half. It stops earlier where it would find
too much in the rehearsal texts, which hold nothing new. One that learnt from raw texts (scripts/distil.py) may come out too
talkative: then the score of O is raised. Figures are in benchmarks/README.md.
"""

from typing import Callable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

# In units of the network's scores (logits): each unit makes O about 2.7 times less likely, or where it is negative, more.
NEVER = 1e6
STEPS = [-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0]
# Points by which precision stays above recall. The last step to break-even costs F and strict retention, and finds a little more.
SURER = 3.0


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


def spans(doc: Doc) -> set[tuple[int, int, int]]:
    """RETURNS (set): The entities of a Doc as things that can be compared: start, end, label."""
    return {(ent.start, ent.end, ent.label) for ent in doc.ents}


def tune_threshold(nlp: Language, component: str, dev: list[Doc], rehearsal: list[Doc], wrong: float, steps: list[float] = STEPS) -> list[dict]:
    """Try each step on the dev set, and leave the recogniser at the lowest threshold at which it is right more
    often than it finds what there is (precision above recall), and speaks out of turn no more often than allowed.

    dev (list): Gold Docs of the new kind of text.
    rehearsal (list): Gold Docs of texts of the base's kind.
    wrong (float): How many entities too many it may find in the rehearsal texts.
    steps (list): Amounts to lower it by, 0.0 among them; with that alone it stays as it was trained.
    RETURNS (list): One row per step: lowered, p, r and f in percent, wrong, and whether it was chosen.
    """
    rows = []
    for now, before in zip(steps, [0.0, *steps]):
        lower_outside(nlp, component, now - before)
        scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in dev])
        found = nlp.pipe([doc.text for doc in rehearsal])
        extra = sum(len(spans(said) - spans(gold)) for said, gold in zip(found, rehearsal))
        row = {key: round(100 * (scores[f"ents_{key}"] or 0), 2) for key in "prf"}
        rows.append({"lowered": now, **row, "wrong": extra})
    # One that finds nothing right, or too much from the start, stays as it is.
    good = [n for n, row in enumerate(rows) if row["p"] >= row["r"] + SURER and row["r"] > 0 and row["wrong"] <= wrong]
    best = max(good, default=steps.index(0.0))
    lower_outside(nlp, component, steps[best] - steps[-1])
    return [{**row, "chosen": n == best} for n, row in enumerate(rows)]
