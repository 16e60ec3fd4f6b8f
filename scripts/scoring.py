"""Figures that compare two pipelines on the same texts: P, R and F, retention, agreement, seen and unseen, intervals."""

from collections import Counter
from typing import Iterable

import numpy
from spacy.scorer import PRFScore
from spacy.tokens import Doc

# (start, end, label), in tokens: both pipelines share one tokenizer.
Entities = set[tuple[int, int, str]]
RESAMPLES = 1000


def entities(doc: Doc, labels: Iterable[str]) -> Entities:
    """RETURNS (set): The entities of a Doc that have one of the labels."""
    return {(ent.start, ent.end, ent.label_) for ent in doc.ents if ent.label_ in labels}


def count(predicted: list[Entities], gold: list[Entities]) -> numpy.ndarray:
    """RETURNS (ndarray): True positives, false positives and false negatives of each text, shape (texts, 3)."""
    rows = [(len(p & g), len(p - g), len(g - p)) for p, g in zip(predicted, gold)]
    return numpy.array(rows, dtype="i8").reshape(-1, 3)


def f_score(counts: numpy.ndarray) -> numpy.ndarray:
    """F of summed counts, in percent. counts (ndarray): Shape (..., 3). RETURNS (ndarray): Shape (...)."""
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    return 100 * 2 * tp / numpy.maximum(2 * tp + fp + fn, 1)


def prf(counts: numpy.ndarray) -> dict:
    """RETURNS (dict): Precision, recall and F in percent, by spaCy's PRFScore, and how many gold entities."""
    tp, fp, fn = (int(n) for n in counts.sum(axis=0))
    score = PRFScore(tp=tp, fp=fp, fn=fn)
    values = {"p": score.precision, "r": score.recall, "f": score.fscore}
    return {name: round(100 * value, 2) for name, value in values.items()} | {"support": tp + fn}


def resample(texts: int, seed: int) -> numpy.ndarray:
    """RETURNS (ndarray): Which text stands where in each bootstrap sample, shape (RESAMPLES, texts). One table
    serves both pipelines, so that their differences are paired (Koehn 2004, aclanthology.org/W04-3250)."""
    return numpy.random.default_rng(seed).integers(0, max(texts, 1), (RESAMPLES, texts))


def interval(values: numpy.ndarray) -> list[float]:
    """RETURNS (list): The 2.5th and the 97.5th percentile."""
    return [round(float(v), 2) for v in numpy.percentile(values, [2.5, 97.5])]


def compare(gold: list[Doc], base: list[Doc], updated: list[Doc], labels: list[str], seed: int) -> dict:
    """Score both pipelines on the same texts, label by label and together.

    labels (list): The labels that count; the others are left out of gold and predictions.
    RETURNS (dict): "labels" and "all", each with base, updated and the difference of F with its 95 % interval.
    """
    samples = resample(len(gold), seed)
    rows = {}
    for name, chosen in [*((label, [label]) for label in labels), ("all", labels)]:
        b, u = (count([entities(d, chosen) for d in docs], [entities(d, chosen) for d in gold]) for docs in (base, updated))
        drawn = f_score(u[samples].sum(axis=1)) - f_score(b[samples].sum(axis=1))
        difference = float(f_score(u.sum(axis=0)) - f_score(b.sum(axis=0)))
        rows[name] = {"base": prf(b), "updated": prf(u), "difference_f": round(difference, 2), "interval": interval(drawn)}
    return {"texts": len(gold), "all": rows.pop("all"), "labels": rows}


def retention(gold: list[Doc], base: list[Doc], updated: list[Doc], old: list[str], new: list[str], seed: int) -> dict:
    """How much of the base pipeline's F on the old labels is left after the update, in percent of it.

    Plain retention looks at the old labels alone. Strict retention also counts every entity of a new label that
    the updated pipeline predicts in these texts as an error: nobody annotated one there.

    RETURNS (dict): plain and strict, with 95 % intervals, how many new-label predictions there were, and "kept": the
        figure to judge by, here strict.
    """
    samples = resample(len(gold), seed)
    wanted = [entities(doc, old) for doc in gold]
    b = count([entities(doc, old) for doc in base], wanted)
    result: dict = {"measured": "F on gold annotation", "texts": len(gold)}
    for name, labels in (("plain", old), ("strict", [*old, *new])):
        u = count([entities(doc, labels) for doc in updated], wanted)
        drawn = 100 * f_score(u[samples].sum(axis=1)) / numpy.maximum(f_score(b[samples].sum(axis=1)), 1e-9)
        value = 100 * f_score(u.sum(axis=0)) / max(f_score(b.sum(axis=0)), 1e-9)
        result[name] = {"percent": round(float(value), 2), "interval": interval(drawn)}
    fired = sum(len(entities(doc, new)) for doc in updated)
    return result | {"kept": result["strict"], "new_label_predictions": fired}


def agreement(base: list[Doc], updated: list[Doc], old: list[str], new: list[str], seed: int) -> dict:
    """How far the updated pipeline says the same as the base on the old labels: F against the base's predictions.

    Base predictions that overlap an entity of a new label are left out in "outside_new", and count as lost in
    "strict". No gold is involved: this is agreement, not accuracy.

    RETURNS (dict): outside_new and strict, in percent, with 95 % intervals; "labels": outside_new of each label; and
        "kept": the figure to judge by. It is outside_new, for where a new entity stands the base had to be wrong.
    """
    samples = resample(len(base), seed)
    result: dict = {"measured": "agreement with the base pipeline's own predictions", "texts": len(base)}
    for name in ("outside_new", "strict"):
        wanted = []
        for b, u in zip(base, updated):
            taken = {i for start, end, _ in entities(u, new) for i in range(start, end)} if name == "outside_new" else set()
            wanted.append({e for e in entities(b, old) if not taken & set(range(e[0], e[1]))})
        counts = count([entities(doc, old) for doc in updated], wanted)
        value = float(f_score(counts.sum(axis=0)))
        result[name] = {"percent": round(value, 2), "interval": interval(f_score(counts[samples].sum(axis=1)))}
        if name == "outside_new":
            by_label = {label: [{e for e in side if e[2] == label} for side in wanted] for label in old}
            rows = {label: prf(count([entities(d, [label]) for d in updated], side)) for label, side in by_label.items()}
    result["labels"] = {label: {"percent": row["f"], "support": row["support"]} for label, row in rows.items()}
    return result | {"kept": result["outside_new"]}


def seen_unseen(gold: list[Doc], updated: list[Doc], train: list[Doc], new: list[str]) -> dict:
    """Recall on new-label entities whose lower-cased text does, or does not, occur as an entity in training.

    RETURNS (dict): seen and unseen, each with recall in percent and support.
    """
    known = {ent.text.lower() for doc in train for ent in doc.ents}
    found: Counter = Counter()
    for doc, prediction in zip(gold, updated):
        predicted = entities(prediction, new)
        for start, end, label in entities(doc, new):
            group = "seen" if doc[start:end].text.lower() in known else "unseen"
            found[group, (start, end, label) in predicted] += 1
    rows = {}
    for group in ("seen", "unseen"):
        support = found[group, True] + found[group, False]
        rows[group] = {"r": round(100 * found[group, True] / support, 2) if support else None, "support": support}
    return rows
