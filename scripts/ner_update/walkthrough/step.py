"""Show one round of training on one text, with the real pipeline, and what it does to what was known. Nothing is saved.

1. weights: sourced from a finished pipeline, or initialised at random
2. the prediction
3. the comparison with the gold annotation
4. the loss, and the size of the gradient
5. the update of the weights
6. again: the prediction after 1, 5 and 20 updates

Then the same updates made in three ways, and what each does to sentences with the old labels.
"""

from hashlib import md5
from typing import Any

import numpy
import spacy
from spacy.tokens import Doc
from wasabi import msg

from ner_update.data.records import printable
from ner_update.walkthrough.one_update import LOOKS

# Texts with the old labels on which F is measured, and sentences that are shown.
TEXTS, SENTENCES, SHORT = 500, 3, 100


def chosen(test: list[Doc], base: spacy.Language) -> tuple[list[Doc], list[Doc]]:
    """Choose texts with the old labels.

    RETURNS (tuple): Three short sentences that the base gets right, with as many labels as can be; and some texts of
        all.
    """
    ordered = sorted(test, key=lambda doc: md5(doc.text.encode("utf8")).hexdigest())[:TEXTS]
    said = base.pipe([doc.text for doc in ordered])
    right = [
        gold
        for gold, doc in zip(ordered, said)
        if len(gold.text) <= SHORT and gold.ents and as_spans(gold) == as_spans(doc)
    ]
    picked: list[Doc] = []
    while right and len(picked) < SENTENCES:
        shown = {ent.label_ for doc in picked for ent in doc.ents}
        picked.append(max(right, key=lambda doc: len({ent.label_ for ent in doc.ents} - shown)))
        right.remove(picked[-1])
    return picked, ordered


def as_spans(doc: Doc) -> list[tuple]:
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def rounded(value: Any) -> Any:
    """Round all floats to four significant digits."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, (float, numpy.floating)) else value


def bracketed(text: str, entities: list) -> str:
    """Put the entities of a text in brackets: "[iPhone X GADGET] is coming"."""
    for start, end, label in sorted(entities, reverse=True):
        text = f"{text[:start]}[{text[start:end]} {label}]{text[end:]}"
    return printable(text)


def verdict(pair: dict) -> str:
    """Write one line on an entity: 'missed: iPhone X is GADGET'."""
    gold, said = (side and f"{side['text']} {side['label']}" for side in (pair["gold"], pair["said"]))
    words = {"correct": f"right: {gold}", "missed": f"missed: {gold}", "spurious": f"spurious: {said}"}
    return printable(words.get(pair["kind"], f"wrong {pair['kind'].replace('_', ' ')}: {said} instead of {gold}"))


def show(found: dict) -> None:
    """Print all of it."""
    first, main_way = found["ways"][0]["looks"], found["ways"][0]
    text = found["text"]
    msg.divider("1. Weights")
    msg.table(
        [(row["component"], row["from"], "learns" if row["learns"] else "frozen") for row in found["components"]],
        aligns=("l", "l", "l"),
        max_col=70,
    )
    msg.divider("2. Prediction")
    msg.text(f"{found['origin']}:")
    print(bracketed(text, first[0]["entities"]))
    msg.divider("3. Comparison with the gold annotation")
    print("\n".join(map(verdict, first[0]["comparison"])) or "no entity, and none was found")
    msg.divider(f"4. Loss and gradient, 5. update ({found['optimizer']})")
    print(f"One batch: {main_way['batch']}.")
    rows = [
        (
            r["component"],
            r["part"],
            f"{r['parameters']:,}",
            f"{r['loss']:.3g}" if r["loss"] is not None else "",
            f"{r['gradient']:.3g}",
            f"{r['moved']:.2f} %",
        )
        for r in first[1]["round"]
    ]
    msg.table(
        rows,
        header=("Component", "Part", "Weights", "Loss", "Gradient", "Moved by"),
        divider=True,
        aligns=("l", "l", "r", "r", "r", "r"),
    )
    msg.divider("6. Again")
    for look in first:
        print(
            f"after {look['updates']:2} update{'s' * (look['updates'] != 1)}: {'; '.join(map(verdict, look['comparison'])) or 'right: no entity'}"
        )
    if not found["sentences"]:
        msg.info("The base pipeline recognises no entities that could be forgotten, or there is no text to see it in.")
        return
    msg.divider(f"What {LOOKS[-1]} updates did to the old labels")
    rows = [
        (
            way["name"],
            *(f"{sum(s['right'] for s in look['sentences'])} of {len(look['sentences'])}" for look in way["looks"]),
            *(look["f"] for look in (way["looks"][0], way["looks"][-1])),
        )
        for way in found["ways"]
    ]
    header = ("", *(f"after {n}" for n in LOOKS), "F before", f"F after {LOOKS[-1]}")
    msg.table(rows, header=header, divider=True, aligns=("l", *("r" for _ in header[1:])), max_col=50)
    for n, sentence in enumerate(found["sentences"]):
        print(f"{'gold':>24}: {bracketed(sentence['text'], sentence['entities'])}")
        for way in found["ways"]:
            after = way["looks"][-1]["sentences"][n]
            print(
                f"{way['short']:>24}: {'the same' if after['right'] else bracketed(sentence['text'], after['entities'])}"
            )
    msg.text(
        f"F: of all labels on {found['texts']} texts with the old labels, {found['measured']}; a new label found there counts as an error."
    )
