"""Mix the new examples with texts of the base pipeline's own kind, so that the update learns where to stay silent.

The update trains a recogniser of the new labels alone. On rehearsal texts its gold is "no entity here" for all
that the base pipeline recognises. Two kinds are used:

- base texts, which people annotated with the old labels: every token is O;
- raw texts, which nobody annotated and which may well hold new entities: only the tokens of entities that the
  base predicts are O, all others are missing, so that they teach nothing. Tokens that a pattern matched, or
  that spell an annotated new entity, are missing too.
"""

from hashlib import md5
from pathlib import Path

import spacy
import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tqdm import tqdm
from wasabi import msg

from outputs import replacing
from spacy_training import use_openblas


def as_negative(prediction: Doc, blank: Doc, spared: set[int], everything: bool) -> Doc:
    """Annotate a text with what the new recogniser must not find in it.

    prediction (Doc): What the base pipeline says about the text.
    blank (Doc): The same tokens without annotation. Changed in place.
    spared (set): Indices of tokens that may be part of a new entity.
    everything (bool): Whether tokens outside the base's entities are O as well.
    """
    entities = [ent for ent in prediction.ents if not spared & set(range(ent.start, ent.end))]
    outside = {i for ent in entities for i in range(ent.start, ent.end)}
    missing = [blank[i : i + 1] for i in range(len(blank)) if i in spared or not (everything or i in outside)]
    blank.set_ents([], missing=missing, default="outside")
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


def rehearsal(nlp: Language, base: list[Doc], raw: list[Doc], silver: dict[str, list], forms: set[str], size: int) -> list[Doc]:
    """Choose and annotate rehearsal texts: those with something to forget first, then by a hash of the text.

    nlp (Language): The base pipeline.
    base, raw (list): Docs of the two kinds. Base texts are taken before raw ones.
    silver (dict): Entities that the patterns found, by text.
    forms (set): Lower-cased texts of the annotated new entities.
    size (int): How many texts are wanted.
    """
    chosen = []
    for kind, docs in ((0, base), (1, raw)):
        predictions = nlp.pipe([doc.text for doc in docs])
        for prediction in tqdm(predictions, total=len(docs), desc="rehearse", unit="text", disable=None):
            blank = nlp.make_doc(prediction.text)
            spared = set() if kind == 0 else spared_tokens(blank, silver.get(blank.text, []), forms)
            place = (kind, not prediction.ents, md5(blank.text.encode("utf8")).hexdigest())
            chosen.append((place, as_negative(prediction, blank, spared, everything=kind == 0)))
    return [doc for _, doc in sorted(chosen, key=lambda pair: pair[0])[:size]]


def new_examples(docs: list[Doc]) -> list[Doc]:
    """RETURNS (list): The Docs in an order that depends on nothing but their texts."""
    return sorted(docs, key=lambda doc: md5(doc.text.encode("utf8")).hexdigest())


def main(
    base: Path,
    corpus: Path,
    output: Path,
    silver: Path = typer.Option(..., help="JSONL of the raw texts that patterns matched"),
    ratio: float = typer.Option(2.0, help="Rehearsal texts per new example"),
):
    use_openblas()
    nlp = spacy.load(base)
    matched = {record["text"]: record["entities"] for record in srsly.read_jsonl(silver)}

    def read(name: str) -> list[Doc]:
        return list(DocBin().from_disk(corpus / name).get_docs(nlp.vocab))

    forms = {ent.text.lower() for doc in read("new/train.spacy") for ent in doc.ents}
    for part in ("train", "dev"):
        new = new_examples(read(f"new/{part}.spacy"))
        size = round(ratio * len(new))
        old = rehearsal(nlp, read(f"base/{part}.spacy"), read(f"raw/{part}.spacy"), matched, forms, size)
        with replacing(output / f"{part}.spacy") as path:
            DocBin(docs=[*new, *old]).to_disk(path)
        if len(old) < size:
            msg.warn(f"{part}: only {len(old)} rehearsal texts where {size} were wanted; add raw texts")
        msg.good(f"{part}: {len(new)} new examples and {len(old)} rehearsal texts")


if __name__ == "__main__":
    typer.run(main)
