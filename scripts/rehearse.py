"""Mix the new examples with rehearsal texts: texts of the base pipeline's own kind, in which the new labels must not be predicted."""

from functools import partial
from pathlib import Path

import spacy
import srsly
import typer
from wasabi import msg

from ner_update.corpus.shards import count_texts, read_docs
from ner_update.pipeline.compute import use_openblas
from ner_update.project.command import run
from ner_update.project.outputs import replacing
from ner_update.rehearsal.examples import in_shards, learnt_from
from ner_update.rehearsal.mixing import mix, sizes, write_mix
from ner_update.rehearsal.raw_texts import RawTexts


def main(
    base: Path,
    corpus: Path,
    output: Path,
    silver: Path = typer.Option(..., help="JSONL of the raw texts that patterns matched"),
    ratio: float = typer.Option(8.0, min=0, help="Rehearsal texts per new example"),
    silver_ratio: float = typer.Option(
        0.0, min=0, help="Silver examples per new example of the training corpus; 0 for none"
    ),
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
        made = mix(
            nlp, partial(in_shards, new, nlp), number, corpus / f"base/{part}.spacy", raw, silver, learnt, ratio, wanted
        )
        mixed[part] = write_mix(made, output / f"{part}.spacy")
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
    with replacing(output / "mix.json") as path:
        srsly.write_json(path, mixed)


if __name__ == "__main__":
    run(main)
