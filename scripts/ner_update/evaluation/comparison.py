"""Compare the base pipeline with the updated one: what was gained, what was kept, on which kinds of entity and of text."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from ner_update.corpus.shards import read_docs
from ner_update.evaluation.breakdowns import break_down, seen_unseen
from ner_update.evaluation.mixed_texts import mixed_texts
from ner_update.evaluation.robustness import drops
from ner_update.evaluation.scoring import agreement, compare, retention
from ner_update.pipeline.base import entity_labels


def predict(nlp: Language, docs: list[Doc], name: str) -> list[Doc]:
    """Predict the entities of the same texts in fresh Docs."""
    return list(tqdm(nlp.pipe([doc.text for doc in docs]), total=len(docs), desc=name, unit="text", disable=None))


class Comparison:
    """Two pipelines, the corpora, and what both predict in the test sets: base, new and raw.

    corpus (Path): Folder with base/, new/, raw/ and update/, each with train.spacy and most with dev.spacy and test.spacy.
    """

    def __init__(self, base: Language, updated: Language, corpus: Path):
        self.pipelines, self.corpus = {"base": base, "updated": updated}, corpus
        # The update learns from the dev set as well (scripts/ner_update/update/retraining.py): what stands there has been seen.
        self.train = self.read("new/train.spacy") + self.read("new/dev.spacy")
        self.new = sorted({ent.label_ for doc in self.train for ent in doc.ents})
        self.known = entity_labels(base)
        self.old = [label for label in self.known if label not in self.new]
        self.tests = {name: self.read(f"{name}/test.spacy") for name in ("base", "new", "raw")}
        self.predicted = {
            name: (predict(base, docs, f"base on {name}"), predict(updated, docs, f"updated on {name}"))
            for name, docs in self.tests.items()
        }
        annotated = {name: {ent.label_ for doc in self.tests[name] for ent in doc.ents} for name in ("base", "new")}
        # What counts in each test set.
        self.labels = {"base": sorted(annotated["base"] & set(self.known)), "new": sorted(annotated["new"])}

    def read(self, name: str) -> list[Doc]:
        return list(read_docs(self.corpus / name, self.pipelines["base"].vocab))


def scores(of: Comparison, seed: int) -> dict:
    """Compute the metrics of both pipelines.

    RETURNS (dict): P, R and F of each label, gain, retention, agreement, recall on seen and unseen entities, mixed
        texts.
    """
    tests, predicted, old, new, known = of.tests, of.predicted, of.old, of.new, of.known
    metrics: dict = {
        "labels": {"new": new, "old": old, "taken_over": sorted(set(known) & set(new))},
        "new_test": compare(tests["new"], *predicted["new"], of.labels["new"], seed),
        "seen_unseen": seen_unseen(tests["new"], *predicted["new"], of.train, new, seed),
        "agreement": {
            "new_test": agreement(*predicted["new"], old, new, seed),
            "raw_test": agreement(*predicted["raw"], old, new, seed),
        },
    }
    gain = compare(tests["new"], *predicted["new"], new, seed)["all"]
    metrics["gain"] = {key: gain["updated"][key] for key in "fpr"} | {
        "base_f": gain["base"]["f"],
        "interval": gain["interval"],
        "says": gain["says"],
    }
    if old:
        metrics["mixed_texts"] = mixed_texts(
            tests["new"], predicted["new"][1], of.pipelines["base"], of.pipelines["updated"], new, old, seed
        )
    present = of.labels["base"]
    if not known:
        metrics["retention"] = {"measured": "nothing: the base pipeline recognises no entities", "kept": None}
    elif present:
        metrics["base_test"] = compare(tests["base"], *predicted["base"], present, seed)
        metrics["retention"] = retention(
            tests["base"], *predicted["base"], present, [label for label in new if label not in known], seed
        )
    else:
        metrics["retention"] = metrics["agreement"]["raw_test"]
    return metrics


def details(of: Comparison, seed: int) -> dict:
    """Compute the breakdowns of each annotated test set, and probe it with rewritten texts.

    RETURNS (dict): Breakdowns by the name of the test set, and under "probes" the drops of F on rewritten texts: of the
        new labels on the new test set, of the old ones on the base's, if they are annotated there.
    """
    base_train = of.read("base/train.spacy")
    forms = Counter((ent.text.lower(), ent.label_) for doc in (*of.train, *base_train) for ent in doc.ents)
    # A new label that the base does not know counts as spurious in its texts, as in strict retention.
    labels = {"new": of.labels["new"], "base": sorted({*of.labels["base"], *of.new}) if of.labels["base"] else []}
    found: dict = {}
    for name, chosen in labels.items():
        if chosen:
            parts = break_down(of.tests[name], *of.predicted[name], chosen, forms, seed)
            for part, rows in parts.items():
                found.setdefault(part, {})[f"{name}_test"] = rows
    annotated = [*of.train, *base_train]
    known = {
        token.lower_
        for doc in (*annotated, *of.read("update/train.spacy"), *of.read("update/dev.spacy"))
        for token in doc
    }
    probed = {"new": ("new", of.new), "old": ("base", [label for label in of.labels["base"] if label in of.old])}
    found["probes"] = {}
    for name, (test, chosen) in probed.items():
        if chosen:
            plain = dict(zip(of.pipelines, of.predicted[test]))
            for probe, row in drops(of.tests[test], plain, of.pipelines, annotated, known, chosen, seed).items():
                found["probes"].setdefault(probe, {})[name] = row
    return found


def differences(tests: dict[str, list[Doc]], predicted: dict[str, tuple[list[Doc], list[Doc]]]) -> Iterable[dict]:
    """List the texts in which gold, base and updated are not all the same.

    YIELDS (dict): The text, and the entities of each side.
    """
    for name, golds in tests.items():
        for gold, *docs in zip(golds, *predicted[name]):
            wanted, base, updated = ([[e.start_char, e.end_char, e.label_] for e in doc.ents] for doc in (gold, *docs))
            if base != updated or (name != "raw" and wanted != updated):
                known = None if name == "raw" else wanted
                yield {"set": name, "text": gold.text, "gold": known, "base": base, "updated": updated}
