"""Let several updates of the base read raw texts together, and keep what most of them agree on, for the update to learn from.

Each teacher is the update itself (scripts/update.py), with a seed of its own, trained on the train part alone. What one of them finds by
chance, or misses, the others mostly do not. The update then trains on these texts beside the annotated ones, so that one recogniser,
as fast as any of them, learns what they know together: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network,
arXiv 1503.02531; that raw texts are labelled by a vote is from Zhou and Li 2005, Tri-Training, doi 10.1109/TKDE.2005.186.
What it is worth is in benchmarks/README.md. Without teachers the corpus that it writes is empty.
"""

import shutil
from collections import Counter
from itertools import islice
from pathlib import Path

import srsly
import spacy
import typer
from spacy.language import Language
from wasabi import msg

import update
from both_parts import best_step
from command import run
from doc_shards import DocShard, count_texts, read_texts
from outputs import replacing
from raw_texts import RawTexts
from training_corpus import shards_with
from votes import VotingReader, Voted, agreed, as_example

# Examples that are put into one shard.
TOGETHER = 10_000


def teacher_row(seed: int, folder: Path) -> dict:
    """RETURNS (dict): What a teacher scored on the dev set: seed, step, and p, r, f in percent at its threshold."""
    chosen = next(row for row in srsly.read_jsonl(folder / "threshold.jsonl") if row["chosen"])
    return {"seed": seed, "step": best_step(folder / "log.jsonl"), **{key: chosen[key] for key in "prf"}}


def write_texts(nlp: Language, found: list[tuple[str, list[Voted]]], voters: int, path: Path) -> dict[str, dict]:
    """Write the corpus of what was agreed on.

    RETURNS (dict): spans, agreed entities by label; votes, of all that any teacher found in these texts: how many found it, and how often.
    """
    spans, votes, left = Counter(), Counter(), iter(found)
    with replacing(path) as folder:
        while some := list(islice(left, TOGETHER)):
            shard = DocShard()
            for text, entities in some:
                shard.add(as_example(nlp, text, entities, voters))
                votes.update(number for *_, number in entities)
                spans.update(label for *_, label, number in entities if agreed(number, voters))
            shard.complete(nlp.vocab.strings).to_folder(folder)
        if not found:
            DocShard().to_folder(folder)
    return {"spans": dict(sorted(spans.items())), "votes": {str(number): votes[number] for number in range(1, voters + 1)}}


def main(
    config: Path,
    base: Path,
    corpus: Path,
    output: Path,
    table: Path,
    dev: Path = typer.Option(..., help="As for the update"),
    raw: Path = typer.Option(..., help="Corpus of raw texts, of the train part"),
    teachers: int = typer.Option(0, min=0, help="How many updates read them; 0 for none"),
    ratio: float = typer.Option(2.0, min=0, help="Distilled texts per annotated example of the train part, if there are as many"),
    vectors: Path = typer.Option(None, help="As for the update"),
    encoder: str = typer.Option("", help="As for the update"),
    max_steps: int = typer.Option(3000, help="As for the update"),
    seed: int = typer.Option(0, help="The first teacher's; the others follow it"),
    gpu_id: int = -1,
    stream_over: int = typer.Option(0, help="As for the update"),
    processes: int = typer.Option(1, min=1, help="As for the update"),
    engine: str = "local",
    workers: int = 0,
    resume: bool = typer.Option(False, envvar="RESUME", help="Keep the teachers that an interruption left, and go on from the last checkpoint"),
):
    folder, rows, found = output.with_name("teachers"), [], []
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    for one in range(seed, seed + teachers):
        work = folder / str(one)
        msg.divider(f"Teacher {one - seed + 1} of {teachers}, seed {one}")
        if not (work / "threshold.jsonl").exists():
            update.main(
                config, base, corpus, work / "model", work / "log.jsonl", work / "threshold.jsonl", dev=dev, distilled=None, vectors=vectors,
                encoder=encoder, max_steps=max_steps, update_on="train", seed=one, gpu_id=gpu_id, resume=resume, stream_over=stream_over, processes=processes,
            )  # fmt: skip
        rows.append(teacher_row(one, work))
    nlp, wanted = spacy.load(base), round(ratio * sum(map(count_texts, shards_with("gold", corpus / "train.spacy"))))
    if teachers:
        msg.divider("What they agree on")
        silver = frozenset(text for shard in shards_with("silver", corpus / "train.spacy") for text in read_texts(shard))
        found = RawTexts(raw, folder, engine, workers, gpu_id).recognised(wanted, silver, VotingReader)
    made = write_texts(nlp, found, teachers, output)
    with replacing(table) as path:
        srsly.write_json(path, {"texts": len(found), **made, "teachers": rows})
    shutil.rmtree(folder, ignore_errors=True)
    if not teachers:
        msg.info("No teachers (vars.teachers is 0): the update learns from annotated texts alone")
        return
    if not found:
        msg.warn("They agree on no entity in the raw texts; add texts of the new kind to assets/raw.jsonl")
    short = " (all there are)" if len(found) < wanted else ""
    msg.good(f"{len(found)} texts{short} with {sum(made['spans'].values())} entities that more than half of {teachers} teachers found")


if __name__ == "__main__":
    run(main)
