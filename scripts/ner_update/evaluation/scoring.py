"""Figures that compare two pipelines on the same texts: P, R and F, retention, agreement, intervals, and each in words."""

from collections.abc import Iterable

import numpy
from spacy.scorer import PRFScore
from spacy.tokens import Doc

# (start, end, label), in tokens: both pipelines share one tokenizer. Where texts are rewritten (probes.py): in characters.
Entities = set[tuple[int, int, str]]
RESAMPLES = 1000


def entities(doc: Doc, labels: Iterable[str]) -> Entities:
    """Get the entities of a Doc that have one of the labels.

    RETURNS (set): (start, end, label) in tokens.
    """
    return {(ent.start, ent.end, ent.label_) for ent in doc.ents if ent.label_ in labels}


def count(predicted: list[Entities], gold: list[Entities]) -> numpy.ndarray:
    """Count the true positives, false positives and false negatives of each text.

    RETURNS (ndarray): Shape (texts, 3).
    """
    rows = [(len(p & g), len(p - g), len(g - p)) for p, g in zip(predicted, gold)]
    return numpy.array(rows, dtype="i8").reshape(-1, 3)


def f_score(counts: numpy.ndarray) -> numpy.ndarray:
    """F of summed counts, in percent. counts (ndarray): Shape (..., 3). RETURNS (ndarray): Shape (...)."""
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    return 100 * 2 * tp / numpy.maximum(2 * tp + fp + fn, 1)


def recall(counts: numpy.ndarray) -> numpy.ndarray:
    """Recall of summed counts, in percent. counts (ndarray): Shape (..., 3). RETURNS (ndarray): Shape (...)."""
    return 100 * counts[..., 0] / numpy.maximum(counts[..., 0] + counts[..., 2], 1)


def prf(counts: numpy.ndarray) -> dict:
    """Compute precision, recall and F in percent, by spaCy's PRFScore, and count the gold entities."""
    tp, fp, fn = (int(n) for n in counts.sum(axis=0))
    score = PRFScore(tp=tp, fp=fp, fn=fn)
    values = {"p": score.precision, "r": score.recall, "f": score.fscore}
    return {name: round(100 * value, 2) for name, value in values.items()} | {"support": tp + fn}


def resample(texts: int, seed: int) -> numpy.ndarray:
    """Draw bootstrap samples of the texts (Koehn 2004, aclanthology.org/W04-3250).

    RETURNS (ndarray): How often each sample has each text, shape (RESAMPLES, texts): times the counts of the texts it
        gives those of the samples. One table serves both pipelines, so that their differences are paired.
    """
    drawn = numpy.random.default_rng(seed).integers(0, max(texts, 1), (RESAMPLES, texts))
    # Floats hold such counts exactly, and are multiplied much faster than integers.
    return numpy.array([numpy.bincount(row, minlength=texts) for row in drawn], dtype="f8").reshape(RESAMPLES, texts)


def interval(values: numpy.ndarray) -> list[float]:
    """Get the 2.5th and the 97.5th percentile."""
    return [round(float(v), 2) for v in numpy.percentile(values, [2.5, 97.5])]


def sentence(difference: float, limits: list[float], unit: str = "F", digits: int = 1) -> str:
    """Describe a difference: "better by 7.1 F (4.0 to 10.3)", where its interval leaves no doubt of its sign."""
    low, high = limits
    if not (low or high or difference):
        return "no difference"
    if low > 0 or high < 0:
        near, far = (low, high) if low > 0 else (-high, -low)
        how = "better" if low > 0 else "worse"
        return f"{how} by {abs(difference):.{digits}f} {unit} ({near:.{digits}f} to {far:.{digits}f})"
    # Adding zero takes the sign of a negative zero.
    return f"not distinguishable ({low + 0.0:+.{digits}f} to {high + 0.0:+.{digits}f} {unit})"


def paired(base: numpy.ndarray, updated: numpy.ndarray, samples: numpy.ndarray, by: str = "f") -> dict:
    """Compare the counts of two pipelines on the same texts, shape (texts, 3) each.

    samples (ndarray): What `resample` gives.
    by (str): What the difference is of, "f" or "r".
    RETURNS (dict): base and updated with p, r, f in percent and support; the difference, updated less base, with its 95 %
        interval and a sentence.
    """
    score, unit = {"f": (f_score, "F"), "r": (recall, "points of recall")}[by]
    difference = round(float(score(updated.sum(axis=0)) - score(base.sum(axis=0))), 2)
    limits = interval(score(samples @ updated) - score(samples @ base))
    return {
        "base": prf(base),
        "updated": prf(updated),
        f"difference_{by}": difference,
        "interval": limits,
        "says": sentence(difference, limits, unit),
    }


def compare(gold: list[Doc], base: list[Doc], updated: list[Doc], labels: list[str], seed: int) -> dict:
    """Score both pipelines on the same texts, label by label and together.

    labels (list): The labels that count; the others are left out of gold and predictions.
    RETURNS (dict): "labels" and "all", each as `paired` gives it for F.
    """
    samples = resample(len(gold), seed)
    rows = {}
    for name, chosen in [*((label, [label]) for label in labels), ("all", labels)]:
        b, u = (
            count([entities(d, chosen) for d in docs], [entities(d, chosen) for d in gold]) for docs in (base, updated)
        )
        rows[name] = paired(b, u, samples)
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
        drawn = 100 * f_score(samples @ u) / numpy.maximum(f_score(samples @ b), 1e-9)
        value = float(100 * f_score(u.sum(axis=0)) / max(f_score(b.sum(axis=0)), 1e-9))
        low, high = interval(drawn)
        says = sentence(value - 100, [low - 100, high - 100], "% of the base's F")
        result[name] = {"percent": round(value, 2), "interval": [low, high], "says": says}
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
            taken = (
                {i for start, end, _ in entities(u, new) for i in range(start, end)} if name == "outside_new" else set()
            )
            wanted.append({e for e in entities(b, old) if not taken & set(range(e[0], e[1]))})
        counts = count([entities(doc, old) for doc in updated], wanted)
        result[name] = agreed(counts, samples)
        if name == "outside_new":
            by_label = {label: [{e for e in side if e[2] == label} for side in wanted] for label in old}
            rows = {label: count([entities(d, [label]) for d in updated], side) for label, side in by_label.items()}
    result["labels"] = {label: {**agreed(row, samples), "support": prf(row)["support"]} for label, row in rows.items()}
    return result | {"kept": result["outside_new"]}


def agreed(counts: numpy.ndarray, samples: numpy.ndarray) -> dict:
    """Compute F of one pipeline against another's predictions in percent, with its 95 % interval, and in words."""
    percent, (low, high) = prf(counts)["f"], interval(f_score(samples @ counts))
    return {"percent": percent, "interval": [low, high], "says": f"{percent:.1f} % the same ({low:.1f} to {high:.1f})"}
