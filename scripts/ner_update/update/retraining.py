"""Train on the dev set, too, once it has served: more examples for the same steps.

The dev set is kept from a training so that it can tell when to stop and how sure to be. When both are known, a second training
takes them, and learns from all annotated texts (Goodfellow, Bengio and Courville 2016, Deep Learning, algorithm 7.2,
deeplearningbook.org). What it is worth is in benchmarks/README.md.
"""

import shutil
from pathlib import Path
from typing import Any

import spacy
import srsly
from spacy.language import Language
from wasabi import msg

from ner_update.project.outputs import replacing
from ner_update.training.loop import read_config, trained
from ner_update.update.threshold import lower_outside


def best_step(log: Path) -> int:
    """Find the step of the checkpoint that spaCy keeps: the last of the best ones."""
    return max((row["score"], row["step"]) for row in srsly.read_jsonl(log))[1]


def steps_again(config: Path, log: Path, max_steps: int) -> int:
    """Decide for how many steps the second training goes.

    log (Path): The first training's.
    RETURNS (int): As many as were best, or all of them where the learning rate falls until the last: with fewer it
        would fall faster, which is another training (benchmarks/README.md, "With a transformer").
    """
    rate = read_config(config)["training"].get("optimizer", {}).get("learn_rate")
    return max_steps if isinstance(rate, dict) and "total_steps" in rate else best_step(log)


def keep(first: Path, log: Path, rows: list[dict]) -> None:
    """Keep in a folder what the first training found, for a second one that is interrupted and goes on later.

    log (Path): The first training's. rows (list): What tune_threshold gave.
    """
    if not first.exists():
        with replacing(first) as folder:
            folder.mkdir(parents=True)
            shutil.copy(log, folder / "log.jsonl")
            srsly.write_jsonl(folder / "threshold.jsonl", rows)


def trained_on_both(
    config: Path, both: Path, first: Path, overrides: dict[str, Any], how: dict[str, Any], component: str
) -> Language:
    """Train for the second time, for as many steps as `steps_again` says, and lower the threshold as far as after the first time.

    both (Path): The corpus of both parts. first (Path): What `keep` wrote; the second training's own files go there, too.
    overrides (dict), how (dict): As `trained` takes them. component (str): Name of the recogniser.
    """
    found, steps = (
        best_step(first / "log.jsonl"),
        steps_again(config, first / "log.jsonl", overrides["training.max_steps"]),
    )
    lowered = next(row["lowered"] for row in srsly.read_jsonl(first / "threshold.jsonl") if row["chosen"])
    msg.info(
        f"Best after step {found}. Now {steps} steps from the start, on the dev texts as well (of which the scores say nothing any more)"
    )
    # The step is known, so that looks make checkpoints only: one text is scored.
    known = {"paths.train": str(both), "training.max_steps": steps, "training.eval_frequency": max(1, steps)}
    if read_config(config)["corpora"].get("dev", {}).get("@readers") == "spacy.Corpus.v1":
        known["corpora.dev.limit"] = 1
    with trained(config, first / "second.jsonl", {**overrides, **known}, **how) as best:
        nlp = spacy.load(best.with_name("model-last"))
    lower_outside(nlp, component, lowered)
    return nlp
