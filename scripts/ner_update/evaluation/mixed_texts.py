"""Measure whether names of old labels in the same text confuse the update.

Test texts of the new labels seldom hold names of the old ones, so their F does not show it. Each of them is read again with a
sentence full of names before it, and once more with one after it (configs/mixed_texts.yml).
"""

from hashlib import md5
from pathlib import Path

import srsly
from spacy.language import Language
from spacy.tokens import Doc

from ner_update.evaluation.scoring import Entities, count, paired, resample

# Texts of a test set at most, for each place.
PROBED = 400
CONFIG = Path(__file__).parents[3] / "configs/mixed_texts.yml"


def sentences(config: Path, lang: str) -> dict[str, list[str]]:
    """Read the sentences to put "before" and "after" a text in a language, those of "xx" if it has none."""
    known = srsly.read_yaml(config)["test"]
    return known[lang if lang in known else "xx"]


def spans(doc: Doc, labels: list[str], shift: int = 0) -> Entities:
    """Get the entities of a Doc with one of the labels.

    RETURNS (set): (start, end, label) in characters, moved by `shift`.
    """
    return {(ent.start_char + shift, ent.end_char + shift, ent.label_) for ent in doc.ents if ent.label_ in labels}


def mixed_texts(
    gold: list[Doc],
    plain: list[Doc],
    base: Language,
    updated: Language,
    new: list[str],
    old: list[str],
    seed: int,
    config: Path = CONFIG,
) -> dict:
    """Compare what the updated pipeline finds in texts as they are and in the same texts with names before or after them.

    gold (list): Test texts of the new labels; PROBED of them are read where there are more, drawn by a hash.
    plain (list): What the updated pipeline predicts in them.
    new, old (list): The labels. config (Path): The sentences.
    RETURNS (dict): texts; "before" and "after", each with plain and mixed (p, r and f of the new labels in percent), lost (points of F)
        with its 95 % interval, and old_kept: the percentage of the entities that the base finds in the added sentences which the
        updated pipeline finds there, too (None: the base finds none); and "lost", the larger one.
    """
    chosen = sorted(sorted(range(len(gold)), key=lambda n: md5(gold[n].text.encode("utf8")).hexdigest())[:PROBED])
    gold, plain = [gold[n] for n in chosen], [plain[n] for n in chosen]
    samples = resample(len(gold), seed)
    as_is = count([spans(doc, new) for doc in plain], [spans(doc, new) for doc in gold])
    result: dict = {"texts": len(gold)}
    for place, added in sentences(config, updated.lang or "xx").items():
        names = [added[n % len(added)] for n in range(len(gold))]
        texts = [f"{name} {doc.text}" if place == "before" else f"{doc.text} {name}" for name, doc in zip(names, gold)]
        starts = [0 if place == "before" else len(doc.text) + 1 for doc in gold]
        shifts = [len(name) + 1 if place == "before" else 0 for name in names]
        found = list(updated.pipe(texts))
        mixed = count([spans(doc, new) for doc in found], [spans(doc, new, shift) for doc, shift in zip(gold, shifts)])
        row = paired(as_is, mixed, samples)
        there = kept = 0
        for before, after, start, name in zip(base.pipe(texts), found, starts, names):
            wanted = {span for span in spans(before, old) if start <= span[0] and span[1] <= start + len(name)}
            there, kept = there + len(wanted), kept + len(wanted & spans(after, old))
        result[place] = {
            "plain": row["base"], "mixed": row["updated"], "lost": round(-row["difference_f"], 2),
            "interval": sorted(-limit for limit in row["interval"]), "says": row["says"],
            "old_kept": round(100 * kept / there, 2) if there else None,
        }  # fmt: skip
    return result | {"lost": max(result["before"]["lost"], result["after"]["lost"])}
