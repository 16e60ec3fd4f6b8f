"""Mix the new examples with texts of the base pipeline's own kind, so that the update learns where to stay silent.

The update trains a recogniser of the new labels alone. On rehearsal texts its gold is "no entity here" for all
that the base pipeline recognises. Two kinds are used:

- base texts, which people annotated with the old labels: every token is O;
- raw texts, which nobody annotated and which may well hold new entities, where base texts are few: only the tokens
  of entities that the base predicts are O, all others are missing, so that they teach nothing. Tokens that a pattern
  matched, or that spell an annotated new entity, are missing too.

Silver examples, raw texts in which patterns found something, may join the new examples of the training corpus. Nobody
looked at them, so they are never in dev or test, and a token is O in them only where the base finds an entity.
"""

from collections import Counter
from hashlib import md5
from pathlib import Path

import spacy
import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from tqdm import tqdm
from wasabi import msg

from command import run
from doc_shards import read_docs
from outputs import replacing
from spacy_training import use_openblas

# Rehearsal texts per new example below which retention falls. Raw texts fill up to here and no further: with more of
# them, whose new entities nobody marked, the gain falls (benchmarks/README.md).
FEW = 2


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
    return blank


def spared_tokens(doc: Doc, silver: list, forms: set[str]) -> set[int]:
    """RETURNS (set): Indices of the tokens that patterns matched, or that spell a known new entity."""
    spans = [doc.char_span(start, end, alignment_mode="expand") for start, end, _ in silver]
    found = {token.i for span in spans if span is not None for token in span}
    longest = max((len(form.split()) for form in forms), default=0) + 2
    for start in range(len(doc)):
        for end in range(start + 1, min(start + longest, len(doc)) + 1):
            if doc[start:end].text.lower() in forms:
                found.update(range(start, end))
    return found


def silver_examples(nlp: Language, raw: list[Doc], silver: dict[str, list], new: list[Doc], size: int) -> list[Doc]:
    """Make training examples of raw texts in which patterns found entities.

    Patterns know some of the new entities only, so all other tokens are missing and teach nothing, but for those of
    entities that the base predicts: they are O.

    nlp (Language): The base pipeline.
    silver (dict): Entities that the patterns found, by text. One that does not align with the tokens is left out.
    new (list): The annotated new examples of the training corpus. Where one of their entities stands unmatched, tokens are
        missing as well.
    size (int): How many are wanted at most. A hash of the text decides which.
    """
    taught, forms = {ent.label_ for doc in new for ent in doc.ents}, forms_of(new)
    chosen = []
    for doc in nlp.pipe([doc.text for doc in in_order([doc for doc in raw if silver.get(doc.text)])[:size]]):
        spans = [doc.char_span(start, end, label) for start, end, label in silver[doc.text]]
        spared = spared_tokens(doc, silver[doc.text], forms)
        blank = as_negative(doc, nlp.make_doc(doc.text), spared, everything=False, taught=taught)
        if any(spans):
            blank.set_ents([Span(blank, span.start, span.end, span.label_) for span in spans if span is not None], default="unmodified")
            chosen.append(blank)
    return chosen


def forms_of(docs: list[Doc]) -> set[str]:
    """RETURNS (set): The lower-cased texts of all entities."""
    return {ent.text.lower() for doc in docs for ent in doc.ents}


def mixture(kinds: dict[str, list[Doc]]) -> dict[str, dict]:
    """RETURNS (dict): For each kind of example its texts and its spans by label."""
    return {name: {"texts": len(docs), "spans": dict(sorted(Counter(e.label_ for d in docs for e in d.ents).items()))} for name, docs in kinds.items()}


def rehearsal(nlp: Language, base: list[Doc], raw: list[Doc], silver: dict[str, list], new: list[Doc], size: int, few: int) -> list[Doc]:
    """Choose and annotate rehearsal texts: those with something to forget first, then by a hash of the text.

    nlp (Language): The base pipeline. It reads the raw texts only if there are too few base texts.
    base, raw (list): Docs of the two kinds.
    silver (dict): Entities that the patterns found, by text.
    new (list): The annotated new examples of the training corpus.
    size (int): How many base texts are wanted.
    few (int): How many texts raw ones fill up to, where base texts are fewer.
    """
    taught = {ent.label_ for doc in new for ent in doc.ents}
    chosen = [as_negative(doc, nlp.make_doc(doc.text), set(), True, taught) for doc in in_order(base)[:size]]
    if len(chosen) >= few:
        return chosen
    forms = forms_of(new)
    predicted = tqdm(nlp.pipe([doc.text for doc in raw]), total=len(raw), desc="rehearse", unit="text", disable=None)
    # A raw text in which the base finds nothing would teach nothing.
    for doc in in_order([doc for doc in predicted if doc.ents])[: few - len(chosen)]:
        spared = spared_tokens(doc, silver.get(doc.text, []), forms)
        chosen.append(as_negative(doc, nlp.make_doc(doc.text), spared, False, taught))
    return chosen


def in_order(docs: list[Doc]) -> list[Doc]:
    """RETURNS (list): The Docs with entities, then those without, each in an order that depends on their texts alone."""
    return sorted(docs, key=lambda doc: (not doc.ents, md5(doc.text.encode("utf8")).hexdigest()))


def mix(nlp: Language, new: list[Doc], base: list[Doc], raw: list[Doc], silver: dict[str, list], learnt: list[Doc], ratio: float, joining: int) -> dict[str, list[Doc]]:
    """Put one part of the update's corpus together.

    new (list): Its annotated new examples.
    base, raw (list): Docs that may become rehearsal texts.
    silver (dict): Entities that the patterns found, by text.
    learnt (list): The annotated new examples of the training corpus.
    ratio (float): Rehearsal texts per new example.
    joining (int): How many silver examples are wanted at most.
    RETURNS (dict): Docs under "gold", "silver" and "rehearsal"; fewer of the last than wanted if that is all there are.
    """
    joined = silver_examples(nlp, raw, silver, learnt, joining) if joining else []
    taken = {doc.text for doc in joined}
    size, few = round(ratio * len(new)), round(min(ratio, FEW) * len(new))
    old = rehearsal(nlp, base, [doc for doc in raw if doc.text not in taken], silver, learnt, size, few)
    return {"gold": in_order(new), "silver": joined, "rehearsal": old}


def write_mix(kinds: dict[str, list[Doc]], path: Path) -> None:
    """Write a corpus of what `mix` gives."""
    with replacing(path) as temporary:
        DocBin(docs=[doc for docs in kinds.values() for doc in docs]).to_disk(temporary)


def main(
    base: Path,
    corpus: Path,
    output: Path,
    silver: Path = typer.Option(..., help="JSONL of the raw texts that patterns matched"),
    ratio: float = typer.Option(8.0, help="Rehearsal texts per new example"),
    silver_ratio: float = typer.Option(0.0, help="Silver examples per new example of the training corpus; 0 for none"),
):
    use_openblas()
    nlp = spacy.load(base)
    matched = {record["text"]: record["entities"] for record in srsly.read_jsonl(silver)}

    def read(name: str) -> list[Doc]:
        return list(read_docs(corpus / name, nlp.vocab))

    learnt = read("new/train.spacy")
    mixed = {}
    for part in ("train", "dev"):
        new = read(f"new/{part}.spacy")
        wanted = round(silver_ratio * len(new)) if part == "train" else 0
        kinds = mix(nlp, new, read(f"base/{part}.spacy"), read(f"raw/{part}.spacy"), matched, learnt, ratio, wanted)
        write_mix(kinds, output / f"{part}.spacy")
        mixed[part] = mixture(kinds)
        joined, old = kinds["silver"], kinds["rehearsal"]
        size, few = round(ratio * len(new)), round(min(ratio, FEW) * len(new))
        if len(old) < few:
            msg.warn(f"{part}: only {len(old)} rehearsal texts for {len(new)} new examples; add texts to assets/base or raw.jsonl")
        silvers = f", {len(joined)} silver ones{' (all there are)' if len(joined) < wanted else ''}" if wanted else ""
        msg.good(f"{part}: {len(new)} new examples{silvers} and {len(old)} rehearsal texts{' (all there are)' if len(old) < size else ''}")
    with replacing(output / "mix.json") as path:
        srsly.write_json(path, mixed)


if __name__ == "__main__":
    run(main)
