"""Write the corpora of the update: its new examples, and texts in which the new labels must not be predicted."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import spacy
import srsly
from typer import Option
from wasabi import msg

from ner_update.corpus.shards import count_texts, read_docs
from ner_update.pipeline.compute import use_openblas
from ner_update.project.outputs import replacing
from ner_update.rehearsal.examples import in_shards, learnt_from
from ner_update.rehearsal.mixing import Sources, mix, sizes, write_mix
from ner_update.rehearsal.raw_texts import RawTexts


@dataclass(frozen=True, kw_only=True)
class RehearseSettings:
    """What is mixed, and how much of it."""

    base: Path
    corpus: Path
    output: Path
    silver: Annotated[Path, Option(help="JSONL of the raw texts that patterns matched")]
    ratio: Annotated[float, Option(min=0, help="Rehearsal texts per new example")] = 8.0
    silver_ratio: Annotated[
        float, Option(min=0, help="Silver examples per new example of the training corpus; 0 for none")
    ] = 0.0
    engine: str = "local"
    workers: int = 0
    gpu_id: int = -1


def rehearse(settings: RehearseSettings) -> None:
    """Write the training and the dev corpus of the update, and how many texts of each kind they hold."""
    use_openblas()
    nlp, corpus, ratio = spacy.load(settings.base), settings.corpus, settings.ratio
    learnt = learnt_from(read_docs(corpus / "new/train.spacy", nlp.vocab))
    mixed = {}
    for part in ("train", "dev"):
        new = corpus / f"new/{part}.spacy"
        raw = RawTexts(corpus / f"raw/{part}.spacy", settings.base, settings.engine, settings.workers, settings.gpu_id)
        number = count_texts(new)
        wanted = round(settings.silver_ratio * number) if part == "train" else 0
        sources = Sources(corpus / f"base/{part}.spacy", raw, settings.silver)
        made = mix(nlp, partial(in_shards, new, nlp), number, sources, learnt, ratio, wanted)
        mixed[part] = write_mix(made, settings.output / f"{part}.spacy")
        joined, old = (mixed[part][kind]["texts"] for kind in ("silver", "rehearsal"))
        size, few = sizes(number, ratio)
        if old < few:
            msg.warn(
                f"{part}: only {old} rehearsal texts for {number} new examples; add texts to assets/base or raw.jsonl"
            )
        silvers = f", {joined} silver ones{' (all there are)' if joined < wanted else ''}" if wanted else ""
        msg.good(
            f"{part}: {number} new examples{silvers} and {old} rehearsal texts{' (all there are)' if old < size else ''}"
        )
    with replacing(settings.output / "mix.json") as path:
        srsly.write_json(path, mixed)
