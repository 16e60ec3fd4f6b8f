"""Rewrite the test texts, and see how far F drops: lower-cased, upper-cased, without punctuation, with unseen names.

The gold entities keep their places, in characters: a rewritten text is put together from pieces, and each entity goes
from the beginning of its first piece to the end of its last.
"""

import random
import re
import unicodedata
from hashlib import md5
from typing import Callable, Iterable, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from ner_update.pipeline.base import entity_labels
from ner_update.update.augmentation import in_the_case_of
from ner_update.evaluation.scoring import Entities, count, entities, f_score, interval, paired, resample, sentence

Rewritten = tuple[str, Entities]
# They go without a trace: don't, U.S.
JOINING = "'’`."
TRIES = 20
# Texts of a test set at most: each is read four times more, which takes a transformer on a CPU minutes.
PROBED = 400


def rewritten(doc: Doc, labels: Iterable[str], pieces: Sequence[str]) -> Rewritten:
    """Put a text together anew.

    labels (Iterable): The entities to keep.
    pieces (Sequence): What stands in place of each character of the text.
    RETURNS (tuple): The text, and its entities as (start, end, label) in characters, without white space at their ends.
        An entity of which nothing is left is gone.
    """
    begins = [0]
    for piece in pieces:
        begins.append(begins[-1] + len(piece))
    text, kept = "".join(pieces), set()
    for ent in doc.ents:
        start, end = begins[ent.start_char], begins[ent.end_char]
        found = text[start:end]
        start, end = start + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip())
        if start < end and ent.label_ in labels:
            kept.add((start, end, ent.label_))
    return text, kept


def without_punctuation(text: str) -> list[str]:
    """RETURNS (list): Each character, or nothing, or a space where punctuation alone stood between two words."""
    pieces: list[str] = []
    last = " "
    for n, char in enumerate(text):
        piece = char
        if unicodedata.category(char).startswith("P"):
            between = not last.isspace() and not text[n + 1 : n + 2].isspace() and n + 1 < len(text)
            piece = " " if between and char not in JOINING else ""
        elif char == " " and last == " ":
            piece = ""
        pieces.append(piece)
        last = piece or last
    return pieces


def with_names(doc: Doc, labels: Iterable[str], words: dict[str, list[str]], known: set[str], rng: random.Random) -> list[str]:
    """Swap each entity for a made-up one: as many words, in the same case, each of the halves of two words of its label.

    words (dict): The words that occur in entities of each label.
    known (set): All words of the training texts, lower-cased: none of them is made.
    RETURNS (list): What stands in place of each character: the new word in place of the first one of a word.
    """
    pieces = list(doc.text)
    for ent in doc.ents:
        for found in re.finditer(r"[^\W\d_]{2,}|\d{2,}", ent.text) if ent.label_ in labels else ():
            word = made = found[0]
            for _ in range(TRIES):
                if made != word and made.lower() not in known:
                    break
                digits = rng.randrange(10 ** (len(word) - 1), 10 ** len(word)) if word.isdecimal() else None
                made = in_the_case_of(word, rng.choice(words[ent.label_]), rng.choice(words[ent.label_])) if digits is None else str(digits)
            start = ent.start_char + found.start()
            pieces[start : start + len(word)] = [made, *[""] * (len(word) - 1)]
    return pieces


def probes(gold: list[Doc], train: list[Doc], known: set[str], labels: list[str], seed: int) -> dict[str, list[Rewritten]]:
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


def drops(gold: list[Doc], plain: dict[str, list[Doc]], pipelines: dict[str, Language], train: list[Doc], known: set[str], labels: list[str], seed: int) -> dict:
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
            after = counts[side] = count([{(e.start_char, e.end_char, e.label_) for e in doc.ents if e.label_ in labels} for doc in docs], wanted)
            lost = round(float(f_score(before.sum(axis=0)) - f_score(after.sum(axis=0))), 2)
            limits = interval(f_score(samples @ before) - f_score(samples @ after))
            says = sentence(-lost, sorted(-limit for limit in limits))
            drop[side] = {"plain_f": round(float(f_score(before.sum(axis=0))), 2), "drop": lost, "interval": limits, "says": says}
        row = paired(counts["base"], counts["updated"], samples)
        result[name] = {"texts": len(gold)} | row | {side: {**row[side], **drop[side]} for side in drop}
    return result
