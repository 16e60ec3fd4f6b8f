"""Mix the new examples with texts of the base pipeline's own kind, so that the update learns where to stay silent.

The update trains a recogniser of the new labels alone. On rehearsal texts its gold is "no entity here" for all
that the base pipeline recognises. Two kinds are used:

- base texts, which people annotated with the old labels: every token is O;
- raw texts, which nobody annotated and which may well hold new entities, where base texts are few: only the tokens
  of entities that the base predicts are O, all others are missing, so that they teach nothing. Tokens that a pattern
  matched, or that spell an annotated new entity, are missing too.

Silver examples, raw texts in which patterns found something, may join the new examples of the training corpus. Nobody
looked at them, so they are never in dev or test, and a token is O in them only where the base finds an entity.

All of it goes shard by shard: memory stays flat, and one more file of examples adds a shard of them and changes no other.
"""

from collections import Counter
from pathlib import Path
from typing import Iterable, Iterator

import spacy
import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import msg

from command import run
from doc_shards import DocShard, count_texts, read_docs
from outputs import replacing
from raw_texts import RawTexts
from rehearsal_examples import Learnt, base_rehearsal, in_shards, learnt_from, place, raw_rehearsal, silver_examples
from spacy_training import use_openblas
from training_corpus import KINDS, prefix

# Rehearsal texts per new example below which retention falls. Raw texts fill up to here and no further: with more of
# them, whose new entities nobody marked, the gain falls (benchmarks/README.md).
FEW = 2


def sizes(new: int, ratio: float) -> tuple[int, int]:
    """RETURNS (tuple): How many base texts are wanted for so many new examples; and up to how many raw texts fill up, where base
    texts are fewer."""
    return round(ratio * new), round(min(ratio, FEW) * new)


def mix(
    nlp: Language, new: Iterable[list[Doc]], number: int, base: Path, raw: RawTexts, silver: Path, learnt: Learnt, ratio: float, joining: int
) -> Iterator[tuple[str, list[Doc]]]:
    """Put one part of the update's corpus together.

    nlp (Language): The base pipeline.
    new (Iterable): Its annotated new examples, shard by shard.
    number (int): How many these are.
    base (Path), raw (RawTexts): What may become rehearsal texts. Raw ones are read only if there are too few base texts.
    silver (Path): JSONL of the entities that the patterns found, by text.
    learnt (Learnt): What the training corpus teaches.
    ratio (float): Rehearsal texts per new example.
    joining (int): How many silver examples are wanted at most.
    YIELDS (tuple): One of KINDS, and examples of it; fewer of the last than wanted if that is all there are.
    """
    for docs in new:
        yield "gold", sorted(docs, key=place)
    joined: set[str] = set()
    for docs in silver_examples(nlp, raw, silver, joining, learnt) if joining else ():
        joined.update(doc.text for doc in docs)
        yield "silver", docs
    size, few = sizes(number, ratio)
    for docs in base_rehearsal(nlp, base, size, learnt):
        few -= len(docs)
        yield "rehearsal", docs
    for docs in raw_rehearsal(nlp, raw, silver, few, learnt, frozenset(joined)):
        yield "rehearsal", docs


def write_mix(mixed: Iterable[tuple[str, list[Doc]]], path: Path) -> dict[str, dict]:
    """Write a corpus of what `mix` gives: a folder of shards. Their names keep the kinds in order.

    RETURNS (dict): For each kind of example its texts and its spans by label.
    """
    texts, spans = Counter(), {kind: Counter() for kind in KINDS}
    with replacing(path) as folder:
        folder.mkdir(parents=True)
        for kind, docs in mixed:
            shard = DocShard()
            for doc in docs:
                shard.add(doc)
                spans[kind].update(ent.label_ for ent in doc.ents)
            texts[kind] += len(docs)
            if docs:
                shard.complete(docs[0].vocab.strings).to_folder(folder, prefix(kind))
        if not texts.total():
            DocShard().to_folder(folder)
    return {kind: {"texts": texts[kind], "spans": dict(sorted(spans[kind].items()))} for kind in KINDS}


def main(
    base: Path,
    corpus: Path,
    output: Path,
    silver: Path = typer.Option(..., help="JSONL of the raw texts that patterns matched"),
    ratio: float = typer.Option(8.0, min=0, help="Rehearsal texts per new example"),
    silver_ratio: float = typer.Option(0.0, min=0, help="Silver examples per new example of the training corpus; 0 for none"),
    engine: str = "local",
    workers: int = 0,
    gpu_id: int = -1,
):
    use_openblas()
    nlp = spacy.load(base)
    learnt = learnt_from(read_docs(corpus / "new/train.spacy", nlp.vocab))
    mixed = {}
    for part in ("train", "dev"):
        new, raw = corpus / f"new/{part}.spacy", RawTexts(corpus / f"raw/{part}.spacy", base, engine, workers, gpu_id)
        number = count_texts(new)
        wanted = round(silver_ratio * number) if part == "train" else 0
        made = mix(nlp, in_shards(new, nlp), number, corpus / f"base/{part}.spacy", raw, silver, learnt, ratio, wanted)
        mixed[part] = write_mix(made, output / f"{part}.spacy")
        joined, old = (mixed[part][kind]["texts"] for kind in ("silver", "rehearsal"))
        size, few = sizes(number, ratio)
        if old < few:
            msg.warn(f"{part}: only {old} rehearsal texts for {number} new examples; add texts to assets/base or raw.jsonl")
        silvers = f", {joined} silver ones{' (all there are)' if joined < wanted else ''}" if wanted else ""
        msg.good(f"{part}: {number} new examples{silvers} and {old} rehearsal texts{' (all there are)' if old < size else ''}")
    with replacing(output / "mix.json") as path:
        srsly.write_json(path, mixed)


if __name__ == "__main__":
    run(main)
