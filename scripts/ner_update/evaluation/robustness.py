"""Rewrite the test texts, and see how far F drops: lower-cased, upper-cased, without punctuation, with unseen names.

The gold entities keep their places, in characters: a rewritten text is put together from pieces, and each entity goes
from the beginning of its first piece to the end of its last.
"""

import random
import re
from collections.abc import Callable, Sequence
from hashlib import md5

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from ner_update.corpus.rewriting import Rewritten, rewritten, with_names, without_punctuation
from ner_update.evaluation.scoring import count, entities, f_score, interval, paired, resample, sentence
from ner_update.pipeline.base import entity_labels

# Texts of a test set at most: each is read four times more, which takes a transformer on a CPU minutes.
PROBED = 400


def probes(
    gold: list[Doc], train: list[Doc], known: set[str], labels: list[str], seed: int
) -> dict[str, list[Rewritten]]:
    """Make the rewritten texts of a test set; the same seed makes the same ones.

    train (list): Annotated training texts: names are made of the words of theirs, and of the test set's own.
    known (set): All words of the training texts, lower-cased. A word of a name is swapped for one that is not among them.
    labels (list): The entities that count; only these are swapped.
    RETURNS (dict): By the probe's name, each text rewritten, with its gold entities.
    """
    rng = random.Random(seed)
    words: dict[str, list[str]] = {label: [] for label in labels}
    for doc in (*train, *gold):
        for ent in doc.ents:
            if ent.label_ in labels:
                words[ent.label_] += re.findall(r"[^\W\d_]{3,}", ent.text)
    # A label may have digits and initials alone.
    words = {label: found or ["name"] for label, found in words.items()}
    ways: dict[str, Callable[[Doc], Sequence[str]]] = {
        "lower": lambda doc: [char.lower() for char in doc.text],
        "upper": lambda doc: [char.upper() for char in doc.text],
        "no_punctuation": lambda doc: without_punctuation(doc.text),
        "unseen_names": lambda doc: with_names(doc, labels, words, known, rng),
    }
    return {name: [rewritten(doc, labels, way(doc)) for doc in gold] for name, way in ways.items()}


def drops(
    gold: list[Doc],
    plain: dict[str, list[Doc]],
    pipelines: dict[str, Language],
    train: list[Doc],
    known: set[str],
    labels: list[str],
    seed: int,
) -> dict:
    """Score both pipelines on the rewritten texts, PROBED of them where there are more, drawn by a hash.

    plain (dict): What "base" and "updated" predict in the texts as they are.
    pipelines (dict): "base" and "updated". One that knows none of the labels reads nothing.
    train, known: As for `probes`.
    labels (list): The labels that count.
    RETURNS (dict): By probe the number of texts and what `paired` gives for F; base and updated with the F on the texts as they are, the drop of F
        with its 95 % interval, and a sentence.
    """
    chosen = sorted(sorted(range(len(gold)), key=lambda n: md5(gold[n].text.encode("utf8")).hexdigest())[:PROBED])
    gold, plain = [gold[n] for n in chosen], {side: [docs[n] for n in chosen] for side, docs in plain.items()}
    samples = resample(len(gold), seed)
    result: dict = {}
    for name, texts in probes(gold, train, known, labels, seed).items():
        wanted, counts, drop = [spans for _, spans in texts], {}, {}
        for side, nlp in pipelines.items():
            before = count([entities(doc, labels) for doc in plain[side]], [entities(doc, labels) for doc in gold])
            knows = set(labels) & set(entity_labels(nlp))
            read = nlp.pipe([text for text, _ in texts]) if knows else (nlp.make_doc(text) for text, _ in texts)
            docs = tqdm(read, total=len(texts), desc=f"{side}, {name}", unit="text", disable=None)
            after = counts[side] = count(
                [{(e.start_char, e.end_char, e.label_) for e in doc.ents if e.label_ in labels} for doc in docs], wanted
            )
            lost = round(float(f_score(before.sum(axis=0)) - f_score(after.sum(axis=0))), 2)
            limits = interval(f_score(samples @ before) - f_score(samples @ after))
            says = sentence(-lost, sorted(-limit for limit in limits))
            drop[side] = {
                "plain_f": round(float(f_score(before.sum(axis=0))), 2),
                "drop": lost,
                "interval": limits,
                "says": says,
            }
        row = paired(counts["base"], counts["updated"], samples)
        result[name] = {"texts": len(gold)} | row | {side: {**row[side], **drop[side]} for side in drop}
    return result
