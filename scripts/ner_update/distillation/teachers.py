"""The trainings whose recognisers read raw texts for the update to learn from (scripts/distil.py)."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import srsly
from wasabi import msg

from ner_update.training.loop import read_config
from ner_update.update.recipe import train_update
from ner_update.update.retraining import best_step
from ner_update.update.settings import UpdateSettings


class Teacher(NamedTuple):
    """The name of a teacher's folder, and what it is trained with.

    A transformer is left as it was trained: what it leaves out at a higher threshold, the update would learn to leave out.
    """

    name: str
    settings: UpdateSettings


def steps_of(config: Path) -> int:
    """Get the steps that a training config names."""
    return read_config(config)["training"]["max_steps"]


def encoder_of(teacher: Teacher) -> dict[str, str]:
    """Get the name of a teacher's encoder, without the folders in which it lies on this machine.

    RETURNS (dict): Empty for a teacher that trains none.
    """
    if "encoder" not in read_config(teacher.settings.config)["paths"]:
        return {}
    encoder = teacher.settings.encoder
    return {"encoder": Path(encoder).name if Path(encoder).exists() else encoder}


def trained(teachers: list[Teacher], folder: Path, resume: bool) -> list[dict]:
    """Train teachers, each into its own folder; other folders there are removed.

    resume (bool): Keep those that are finished.
    RETURNS (list): What each scored on the dev set: config, its encoder's name if it has one, seed, step, and p, r, f in percent at
        its threshold.
    """
    names, rows = {teacher.name for teacher in teachers}, []
    for other in folder.glob("*"):
        if not resume or other.name not in names:
            shutil.rmtree(other, ignore_errors=True)
    for n, teacher in enumerate(teachers, 1):
        work, settings = folder / teacher.name, teacher.settings
        outputs = [work / name for name in ("model", "log.jsonl", "threshold.jsonl")]
        msg.divider(f"Teacher {n} of {len(teachers)}, {settings.config.name}, seed {settings.seed}")
        if not outputs[-1].exists():
            train_update(replace(settings, update_on="train", distilled=None), *outputs)
        chosen = next(row for row in srsly.read_jsonl(outputs[-1]) if row["chosen"])
        made = {
            "config": settings.config.name,
            **encoder_of(teacher),
            "seed": settings.seed,
            "step": best_step(outputs[1]),
        }
        rows.append({**made, **{key: chosen[key] for key in "prf"}})
    return rows
