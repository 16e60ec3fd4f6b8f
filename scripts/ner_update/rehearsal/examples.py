"""Make of base texts and raw texts what the update trains on beside the new examples: see scripts/rehearse.py."""

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from ner_update.corpus.shards import shards_of
from ner_update.rehearsal.mixed_examples import OLD, made_sentences
from ner_update.rehearsal.raw_texts import RawTexts, digest

# Examples that are put into one shard.
TOGETHER = 10_000


class Learnt(NamedTuple):
    """What the annotated new examples of the training corpus teach: labels, and lower-cased surface forms."""

    labels: set[str]
    forms: set[str]


def learnt_from(docs: Iterable[Doc]) -> Learnt:
    """Collect the labels and surface forms of all entities."""
    found = Learnt(set(), set())
    for ent in (ent for doc in docs for ent in doc.ents):
        found.labels.add(ent.label_)
        found.forms.add(ent.text.lower())
    return found


def as_negative(annotated: Doc, blank: Doc, spared: set[int], everything: bool, taught: set[str]) -> Doc:
    """Annotate a text with what the new recogniser must find in it: nothing, but for labels that it takes over.

    annotated (Doc): The text with the entities that people, or the base pipeline, found in it.
    blank (Doc): The same tokens without annotation. Changed in place.
    spared (set): Indices of tokens that may be part of a new entity.
    everything (bool): Whether tokens outside the entities are O as well.
    taught (set): The new labels. One that the base knows already keeps its entities.
    """
    entities = [ent for ent in annotated.ents if not spared & set(range(ent.start, ent.end))]
    kept = [Span(blank, ent.start, ent.end, ent.label_) for ent in entities if ent.label_ in taught]
    inside = {i for ent in entities for i in range(ent.start, ent.end)}
    missing = [blank[i : i + 1] for i in range(len(blank)) if i in spared or not (everything or i in inside)]
    blank.set_ents(kept, missing=missing, default="outside")
    blank.spans[OLD] = [Span(blank, ent.start, ent.end) for ent in entities if ent.label_ not in taught]
    return blank


def spared_tokens(doc: Doc, silver: list, forms: set[str]) -> set[int]:
    """Find the tokens that patterns matched, or that spell a known new entity.

    RETURNS (set): Their indices.
    """
    spans = [doc.char_span(start, end, alignment_mode="expand") for start, end, _ in silver]
    found = {token.i for span in spans if span is not None for token in span}
    longest = max((len(form.split()) for form in forms), default=0) + 2
    for start in range(len(doc)):
        for end in range(start + 1, min(start + longest, len(doc)) + 1):
            if doc[start:end].text.lower() in forms:
                found.update(range(start, end))
    return found


def place(doc: Doc) -> tuple[bool, str]:
    """Get the key that Docs are sorted by: those with entities come first, and their texts alone decide."""
    return not doc.ents, digest(doc.text)


def base_rehearsal(nlp: Language, base: Path, size: int, learnt: Learnt) -> Iterator[list[Doc]]:
    """Choose and annotate base texts: those with something to forget first, then by a hash of the text.

    nlp (Language): The base pipeline.
    base (Path): Their corpus.
    size (int): How many are wanted.
    YIELDS (list): Examples of one shard of the corpus, in the order of `place`.
    """

    def keyed(docs: list[Doc]) -> numpy.ndarray:
        return numpy.array([(bool(not doc.ents) << 63) | int(digest(doc.text)[:16], 16) >> 1 for doc in docs], "u8")

    keys = numpy.concatenate([numpy.zeros(0, "u8"), *(keyed(docs) for docs in in_shards(base, nlp))])
    last = numpy.partition(keys, size - 1)[size - 1] if 0 < size < len(keys) else numpy.uint64(2**64 - 1)
    for docs in in_shards(base, nlp) if size else ():
        chosen = sorted((doc for doc, wanted in zip(docs, keyed(docs) <= last) if wanted), key=place)
        if chosen:
            yield [as_negative(doc, nlp.make_doc(doc.text), set(), True, learnt.labels) for doc in chosen]


def raw_rehearsal(
    nlp: Language, raw: RawTexts, silver: Path, number: int, learnt: Learnt, left_out: frozenset[str] = frozenset()
) -> Iterator[list[Doc]]:
    """Choose and annotate raw texts, by a hash of the text. One in which the base finds nothing would teach nothing.

    silver (Path): Entities that the patterns found, by text.
    number (int): How many are wanted.
    left_out (frozenset): Texts that are not wanted.
    YIELDS (list): So many examples, and TOGETHER at once at most.
    """
    recognised = iter(raw.recognised(number, left_out) if number > 0 else ())
    while some := list(islice(recognised, TOGETHER)):
        matched = entities_of(silver, (text for text, _ in some))
        examples = []
        for text, entities in some:
            doc = nlp.make_doc(text)
            spans: list[Any] = [doc.char_span(*entity) for entity in entities]
            doc.set_ents(spans)
            examples.append(
                as_negative(
                    doc,
                    nlp.make_doc(text),
                    spared_tokens(doc, matched.get(text, []), learnt.forms),
                    False,
                    learnt.labels,
                )
            )
        yield examples


def made_rehearsal(nlp: Language, learnt: Learnt) -> list[Doc]:
    """Make sentences full of names, annotated like raw texts.

    RETURNS (list): Tokens that the base takes for names are O, all others missing.
    """
    return [
        as_negative(doc, nlp.make_doc(doc.text), spared_tokens(doc, [], learnt.forms), False, learnt.labels)
        for doc in nlp.pipe(made_sentences(nlp.lang or "xx"))
    ]


def silver_examples(nlp: Language, raw: RawTexts, silver: Path, number: int, learnt: Learnt) -> Iterator[list[Doc]]:
    """Make training examples of raw texts in which patterns found entities.

    Patterns know some of the new entities only, so all other tokens are missing and teach nothing, but for those of
    entities that the base predicts: they are O. Where an entity of the annotated examples stands unmatched, tokens are missing as well.

    nlp (Language): The base pipeline.
    silver (Path): Entities that the patterns found, by text. One that does not align with the tokens is left out.
    number (int): How many are wanted at most. A hash of the text decides which.
    YIELDS (list): Examples, TOGETHER at once at most.
    """

    def first(number: int) -> list[str]:
        return nsmallest(number, dict.fromkeys(record["text"] for record in srsly.read_jsonl(silver)), key=digest)

    texts = iter(raw.first_of(first, number))
    while some := list(islice(texts, TOGETHER)):
        matched, examples = entities_of(silver, some), []
        for doc in nlp.pipe(some):
            spans = [doc.char_span(start, end, label) for start, end, label in matched[doc.text]]
            blank = as_negative(
                doc, nlp.make_doc(doc.text), spared_tokens(doc, matched[doc.text], learnt.forms), False, learnt.labels
            )
            if any(spans):
                blank.set_ents(
                    [Span(blank, span.start, span.end, span.label_) for span in spans if span is not None],
                    default="unmodified",
                )
                examples.append(blank)
        yield examples


def entities_of(silver: Path, texts: Iterable[str]) -> dict[str, list]:
    """Read what patterns found in some texts, by text. The rest of the file is not held."""
    wanted = set(texts)
    return {record["text"]: record["entities"] for record in srsly.read_jsonl(silver) if record["text"] in wanted}


def in_shards(corpus: Path, nlp: Language) -> Iterator[list[Doc]]:
    """Read the Docs of a corpus, shard by shard."""
    for shard in shards_of(corpus):
        yield list(DocBin().from_disk(shard).get_docs(nlp.vocab))
