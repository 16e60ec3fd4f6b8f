"""Let several updates of the base read raw texts together, and keep what most of them agree on, for the update to learn from.

Each teacher (scripts/ner_update/distillation/teachers.py) is trained on the train part alone, with a seed of its own. What one of them finds by chance, or misses,
the others mostly do not, and a transformer knows words that none of them does. The update then trains on these texts beside the annotated
ones, so that one recogniser, as fast as ever, learns what they know together: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a
Neural Network, arXiv 1503.02531; that raw texts are labelled by a vote is from Zhou and Li 2005, Tri-Training, doi 10.1109/TKDE.2005.186.
What it is worth is in benchmarks/README.md. Without teachers the corpus that it writes is empty.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import spacy
import srsly
from spacy.language import Language
from typer import Option
from wasabi import msg

from ner_update.corpus.shards import DocShard, count_texts, read_texts
from ner_update.corpus.training_corpus import gold_alone, shards_with
from ner_update.distillation.teachers import Teacher, steps_of, trained
from ner_update.distillation.voting import TRANSFORMER, VOTES, Voted, VotingReader, agreed, as_example
from ner_update.project.outputs import replacing, scratch
from ner_update.rehearsal.raw_texts import RawTexts
from ner_update.update.settings import UpdateSettings

# Examples that are put into one shard.
TOGETHER = 10_000


def write_texts(nlp: Language, found: list[tuple[str, list[Voted]]], of: int, path: Path) -> dict[str, dict]:
    """Write the corpus of what was agreed on.

    of (int): Votes in all.
    RETURNS (dict): spans, agreed entities by label; votes, of all that any teacher found in these texts: how many it has, and how often.
    """
    spans: Counter = Counter()
    votes: Counter = Counter()
    left = iter(found)
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


@dataclass(frozen=True, kw_only=True)
class DistilSettings(UpdateSettings):
    """Who reads the raw texts, and how the update is trained that learns from it."""

    raw: Annotated[Path, Option(help="Corpus of raw texts, of the train part")]
    teachers: Annotated[int, Option(min=0, help="How many updates read them; 0 for none")] = 0
    transformers: Annotated[int, Option(min=0, help="How many transformers read them, too")] = 0
    transformer_config: Annotated[Path, Option(help="What these are trained with, for as many steps as it says")] = (
        Path("configs/transformer_teacher.cfg")
    )
    ratio: Annotated[
        float, Option(min=0, help="Distilled texts per annotated example of the train part, if there are as many")
    ] = 2.0
    engine: str = "local"
    workers: int = 0

    @property
    def votes(self) -> int:
        """Count the votes that there are on each entity."""
        return VOTES * self.transformers + self.teachers


def teachers(settings: DistilSettings, gold: Path) -> Iterator[Teacher]:
    """List the teachers: first the transformers, which show at once whether the encoder is there; then the updates.

    gold (Path): An empty folder, for the corpora of transformers: what the base knows is not asked of them.
    """
    if settings.transformers:
        alone, steps = gold_alone(settings.corpus, gold), min(settings.max_steps, steps_of(settings.transformer_config))
        for seed in range(settings.seed, settings.seed + settings.transformers):
            changes = {
                "config": settings.transformer_config,
                "corpus": alone,
                "vectors": None,
                "max_steps": steps,
                "as_trained": True,
            }
            yield Teacher(f"{TRANSFORMER}{seed}", UpdateSettings.of(settings, seed=seed, **changes))
    for seed in range(settings.seed, settings.seed + settings.teachers):
        yield Teacher(str(seed), UpdateSettings.of(settings, seed=seed))


def distil(settings: DistilSettings, output: Path, table: Path) -> dict:
    """Train teachers, let them read raw texts, and write the corpus of what they agree on.

    output (Path): The corpus; empty without teachers. table (Path): JSON of what it holds, and of the teachers.
    RETURNS (dict): texts, spans, votes and teachers, as in the table; wanted, how many texts were asked for.
    """
    folder, found = output.with_name("teachers"), []
    with scratch(output.with_name("gold")) as gold:
        rows = trained(list(teachers(settings, gold)), folder, settings.resume)
    wanted = round(settings.ratio * sum(map(count_texts, shards_with("gold", settings.corpus / "train.spacy"))))
    if settings.votes:
        msg.divider("What they agree on")
        silver = frozenset(
            text for shard in shards_with("silver", settings.corpus / "train.spacy") for text in read_texts(shard)
        )
        raw = RawTexts(settings.raw, folder, settings.engine, settings.workers, settings.gpu_id)
        found = raw.recognised(wanted, silver, VotingReader)
    made = {
        "texts": len(found),
        **write_texts(spacy.load(settings.base), found, settings.votes, output),
        "teachers": rows,
    }
    with replacing(table) as path:
        srsly.write_json(path, made)
    shutil.rmtree(folder, ignore_errors=True)
    return {**made, "wanted": wanted}
