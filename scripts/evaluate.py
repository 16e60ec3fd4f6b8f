"""Compare the base pipeline with the updated one: what was gained, what was kept, on entities seen and unseen."""

from collections import Counter
from pathlib import Path
from typing import Iterable

import numpy
import spacy
import srsly
import typer
from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc, DocBin
from tqdm import tqdm
from wasabi import msg

from base_pipeline import entity_labels
from outputs import replacing
from spacy_training import use_openblas

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

    RETURNS (dict): outside_new and strict, in percent, with 95 % intervals, and "kept": the figure to judge by. It is
        outside_new, for where a new entity stands the base had to be wrong.
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


def predict(nlp: Language, docs: list[Doc], name: str) -> list[Doc]:
    """RETURNS (list): Fresh Docs of the same texts with the pipeline's predictions."""
    return list(tqdm(nlp.pipe([doc.text for doc in docs]), total=len(docs), desc=name, unit="text", disable=None))


def evaluate(base: Language, updated: Language, corpus: Path, seed: int) -> tuple[dict, list[dict]]:
    """Score both pipelines on the base test set, the new test set and held-out raw text.

    corpus (Path): Folder with base/, new/ and raw/, each with train.spacy and test.spacy.
    RETURNS (tuple): The metrics, and one row per text in which gold, base and updated are not all the same.
    """
    def read(name: str) -> list[Doc]:
        return list(DocBin().from_disk(corpus / name).get_docs(base.vocab))

    train = read("new/train.spacy")
    new = sorted({ent.label_ for doc in train for ent in doc.ents})
    old = [label for label in entity_labels(base) if label not in new]
    tests = {name: read(f"{name}/test.spacy") for name in ("base", "new", "raw")}
    predicted = {
        name: (predict(base, docs, f"base on {name}"), predict(updated, docs, f"updated on {name}"))
        for name, docs in tests.items()
    }
    annotated = {ent.label_ for doc in tests["new"] for ent in doc.ents}
    metrics: dict = {
        "labels": {"new": new, "old": old},
        "new_test": compare(tests["new"], *predicted["new"], sorted(annotated), seed),
        "seen_unseen": seen_unseen(tests["new"], predicted["new"][1], train, new),
        "agreement": {
            "new_test": agreement(*predicted["new"], old, new, seed),
            "raw_test": agreement(*predicted["raw"], old, new, seed),
        },
    }
    gain = compare(tests["new"], *predicted["new"], new, seed)["all"]
    metrics["gain"] = {"f": gain["updated"]["f"], "base_f": gain["base"]["f"], "interval": gain["interval"]}
    if tests["base"]:
        present = sorted({ent.label_ for doc in tests["base"] for ent in doc.ents} & set(old))
        metrics["base_test"] = compare(tests["base"], *predicted["base"], present, seed)
        metrics["retention"] = retention(tests["base"], *predicted["base"], present, new, seed)
    else:
        metrics["retention"] = metrics["agreement"]["raw_test"]
    return metrics, list(differences(tests, predicted))


def differences(tests: dict[str, list[Doc]], predicted: dict[str, tuple[list[Doc], list[Doc]]]) -> Iterable[dict]:
    """YIELDS (dict): Text, and entities of gold, base and updated, where these are not all the same."""
    for name, golds in tests.items():
        for gold, *docs in zip(golds, *predicted[name]):
            sides = [[[e.start_char, e.end_char, e.label_] for e in doc.ents] for doc in (gold, *docs)]
            if name == "raw":
                sides[0] = None
            if any(side != sides[-1] for side in sides if side is not None):
                yield {"set": name, "text": gold.text, "gold": sides[0], "base": sides[1], "updated": sides[2]}


def main(base: Path, updated: Path, corpus: Path, metrics: Path, rows: Path, seed: int = 0):
    use_openblas()
    scores, changed = evaluate(spacy.load(base), spacy.load(updated), corpus, seed)
    with replacing(rows) as path:
        srsly.write_jsonl(path, changed)
    with replacing(metrics) as path:
        srsly.write_json(path, dict(sorted(scores.items())))
    for name in ("base_test", "new_test"):
        for label, row in {**scores.get(name, {}).get("labels", {})}.items():
            low, high = row["interval"]
            msg.text(f"{name:9} {label:16} base F {row['base']['f']:6} updated F {row['updated']['f']:6} ({low:+} to {high:+})")
    kept = scores["retention"]
    msg.good(f"Gain F {scores['gain']['f']}; kept {kept['kept']['percent']} % ({kept['measured']})")


if __name__ == "__main__":
    typer.run(main)
