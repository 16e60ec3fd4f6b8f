"""Compare the base pipeline with the updated one: what was gained, what was kept, on entities seen and unseen."""

from pathlib import Path
from typing import Iterable

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm
from wasabi import msg

from base_pipeline import entity_labels
from command import run
from doc_shards import read_docs
from outputs import replacing
from scoring import agreement, compare, retention, seen_unseen
from spacy_training import use_openblas


def predict(nlp: Language, docs: list[Doc], name: str) -> list[Doc]:
    """RETURNS (list): Fresh Docs of the same texts with the pipeline's predictions."""
    return list(tqdm(nlp.pipe([doc.text for doc in docs]), total=len(docs), desc=name, unit="text", disable=None))


def evaluate(base: Language, updated: Language, corpus: Path, seed: int) -> tuple[dict, list[dict]]:
    """Score both pipelines on the base test set, the new test set and held-out raw text.

    corpus (Path): Folder with base/, new/ and raw/, each with train.spacy and test.spacy.
    RETURNS (tuple): The metrics, and one row per text in which gold, base and updated are not all the same.
    """
    def read(name: str) -> list[Doc]:
        return list(read_docs(corpus / name, base.vocab))

    train = read("new/train.spacy")
    new = sorted({ent.label_ for doc in train for ent in doc.ents})
    known = entity_labels(base)
    old = [label for label in known if label not in new]
    tests = {name: read(f"{name}/test.spacy") for name in ("base", "new", "raw")}
    predicted = {
        name: (predict(base, docs, f"base on {name}"), predict(updated, docs, f"updated on {name}"))
        for name, docs in tests.items()
    }
    annotated = {ent.label_ for doc in tests["new"] for ent in doc.ents}
    metrics: dict = {
        "labels": {"new": new, "old": old, "taken_over": sorted(set(known) & set(new))},
        "new_test": compare(tests["new"], *predicted["new"], sorted(annotated), seed),
        "seen_unseen": seen_unseen(tests["new"], predicted["new"][1], train, new),
        "agreement": {
            "new_test": agreement(*predicted["new"], old, new, seed),
            "raw_test": agreement(*predicted["raw"], old, new, seed),
        },
    }
    gain = compare(tests["new"], *predicted["new"], new, seed)["all"]
    metrics["gain"] = {"f": gain["updated"]["f"], "base_f": gain["base"]["f"], "interval": gain["interval"]}
    present = sorted({ent.label_ for doc in tests["base"] for ent in doc.ents} & set(known))
    if not known:
        metrics["retention"] = {"measured": "nothing: the base pipeline recognises no entities", "kept": None}
    elif present:
        metrics["base_test"] = compare(tests["base"], *predicted["base"], present, seed)
        metrics["retention"] = retention(tests["base"], *predicted["base"], present, [label for label in new if label not in known], seed)
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
    share = f"{kept['kept']['percent']} %" if kept["kept"] else "-"
    msg.good(f"Gain F {scores['gain']['f']}; kept {share} ({kept['measured']})")


if __name__ == "__main__":
    run(main)
