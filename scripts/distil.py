"""Let several updates of the base read raw texts together, and keep what most of them agree on, for the update to learn from.

Each teacher (scripts/teachers.py) is trained on the train part alone, with a seed of its own. What one of them finds by chance, or misses,
the others mostly do not, and a transformer knows words that none of them does. The update then trains on these texts beside the annotated
ones, so that one recogniser, as fast as ever, learns what they know together: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a
Neural Network, arXiv 1503.02531; that raw texts are labelled by a vote is from Zhou and Li 2005, Tri-Training, doi 10.1109/TKDE.2005.186.
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

from command import run
from doc_shards import DocShard, count_texts, read_texts
from outputs import replacing, scratch
from raw_texts import RawTexts
from teachers import Teacher, steps_of, trained
from training_corpus import gold_alone, shards_with
from votes import TRANSFORMER, VOTES, VotingReader, Voted, agreed, as_example

# Examples that are put into one shard.
TOGETHER = 10_000


def write_texts(nlp: Language, found: list[tuple[str, list[Voted]]], of: int, path: Path) -> dict[str, dict]:
    """Write the corpus of what was agreed on.

    of (int): Votes in all.
    RETURNS (dict): spans, agreed entities by label; votes, of all that any teacher found in these texts: how many it has, and how often.
    """
    spans, votes, left = Counter(), Counter(), iter(found)
    with replacing(path) as folder:
        while some := list(islice(left, TOGETHER)):
            shard = DocShard()
            for text, entities in some:
                shard.add(as_example(nlp, text, entities, of))
                votes.update(number for *_, number in entities)
                spans.update(label for *_, label, number in entities if agreed(number, of))
            shard.complete(nlp.vocab.strings).to_folder(folder)
        if not found:
            DocShard().to_folder(folder)
    return {"spans": dict(sorted(spans.items())), "votes": {str(number): votes[number] for number in range(1, of + 1)}}


def main(
    config: Path,
    base: Path,
    corpus: Path,
    output: Path,
    table: Path,
    dev: Path = typer.Option(..., help="As for the update"),
    raw: Path = typer.Option(..., help="Corpus of raw texts, of the train part"),
    teachers: int = typer.Option(0, min=0, help="How many updates read them; 0 for none"),
    transformers: int = typer.Option(0, min=0, help="How many transformers read them, too"),
    transformer_config: Path = typer.Option(Path("configs/transformer_teacher.cfg"), help="What these are trained with, for as many steps as it says"),
    ratio: float = typer.Option(2.0, min=0, help="Distilled texts per annotated example of the train part, if there are as many"),
    vectors: Path = typer.Option(None, help="As for the update"),
    encoder: str = typer.Option("", help="Hugging Face encoder of the transformers; or as for the update"),
    max_steps: int = typer.Option(3000, min=1, help="As for the update"),
    seed: int = typer.Option(0, help="The first teacher's; the others follow it"),
    gpu_id: int = -1,
    stream_over: int = typer.Option(0, help="As for the update"),
    processes: int = typer.Option(1, min=1, help="As for the update"),
    engine: str = "local",
    workers: int = 0,
    resume: bool = typer.Option(False, envvar="RESUME", help="Keep the teachers that an interruption left, and go on from the last checkpoint"),
):
    folder, found, votes = output.with_name("teachers"), [], VOTES * transformers + teachers
    how = {"dev": dev, "gpu_id": gpu_id, "stream_over": stream_over, "processes": processes, "resume": resume}
    chosen = [Teacher(str(seed + n), seed + n, config, corpus, vectors, encoder, max_steps, False) for n in range(teachers)]
    with scratch(output.with_name("gold")) as gold:
        if transformers:
            # The texts that they read are of the new kind: what the base knows is not asked of them.
            alone, steps = gold_alone(corpus, gold), min(max_steps, steps_of(transformer_config))
            more = [Teacher(f"{TRANSFORMER}{seed + n}", seed + n, transformer_config, alone, None, encoder, steps, True) for n in range(transformers)]
            # First, for it shows at once whether the encoder is there.
            chosen = [*more, *chosen]
        rows = trained(chosen, base, folder, how)
    nlp, wanted = spacy.load(base), round(ratio * sum(map(count_texts, shards_with("gold", corpus / "train.spacy"))))
    if votes:
        msg.divider("What they agree on")
        silver = frozenset(text for shard in shards_with("silver", corpus / "train.spacy") for text in read_texts(shard))
        found = RawTexts(raw, folder, engine, workers, gpu_id).recognised(wanted, silver, VotingReader)
    made = write_texts(nlp, found, votes, output)
    with replacing(table) as path:
        srsly.write_json(path, {"texts": len(found), **made, "teachers": rows})
    shutil.rmtree(folder, ignore_errors=True)
    if not votes:
        msg.info("No teachers (vars.teachers is 0): the update learns from annotated texts alone")
        return
    if not found:
        msg.warn("They agree on no entity in the raw texts; add texts of the new kind to assets/raw.jsonl")
    short = " (all there are)" if len(found) < wanted else ""
    msg.good(f"{len(found)} texts{short} with {sum(made['spans'].values())} entities with more than half of {votes} votes")


if __name__ == "__main__":
    run(main)
