"""The trainings whose recognisers read raw texts for the update to learn from (scripts/distil.py)."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple, Optional

import srsly
from wasabi import msg

import update
from ner_update.update.retraining import best_step
from ner_update.training.loop import read_config


class Teacher(NamedTuple):
    """One of them: the name of its folder, and what it is trained with. All but the name as the update takes it.

    as_trained (bool): It ships nowhere, and need not be surer than it is right; what it leaves out, the update would learn to leave out.
    """

    name: str
    seed: int
    config: Path
    corpus: Path
    vectors: Optional[Path]
    encoder: str
    max_steps: int
    as_trained: bool


def steps_of(config: Path) -> int:
    """RETURNS (int): The steps that a training config names."""
    return read_config(config)["training"]["max_steps"]


def encoder_of(teacher: Teacher) -> dict[str, str]:
    """RETURNS (dict): The name of its encoder, without the folders in which it lies on this machine; nothing for one that trains none."""
    if "encoder" not in read_config(teacher.config)["paths"]:
        return {}
    return {"encoder": Path(teacher.encoder).name if Path(teacher.encoder).exists() else teacher.encoder}


def trained(teachers: list[Teacher], base: Path, folder: Path, how: dict[str, Any]) -> list[dict]:
    """Train teachers, but for those that are finished, each into a folder of its own; others that lie there are removed.

    how (dict): dev, gpu_id, stream_over, processes and resume, as the update takes them.
    RETURNS (list): What each scored on the dev set: config, its encoder's name if it has one, seed, step, and p, r, f in percent at
        its threshold.
    """
    names, rows = {teacher.name for teacher in teachers}, []
    for other in folder.glob("*"):
        if not how["resume"] or other.name not in names:
            shutil.rmtree(other, ignore_errors=True)
    for n, teacher in enumerate(teachers, 1):
        work = folder / teacher.name
        outputs = [work / name for name in ("model", "log.jsonl", "threshold.jsonl")]
        msg.divider(f"Teacher {n} of {len(teachers)}, {teacher.config.name}, seed {teacher.seed}")
        if not outputs[-1].exists():
            update.main(
                teacher.config, base, teacher.corpus, *outputs, distilled=None, vectors=teacher.vectors, encoder=teacher.encoder,
                max_steps=teacher.max_steps, as_trained=teacher.as_trained, update_on="train", seed=teacher.seed, **how,
            )  # fmt: skip
        chosen = next(row for row in srsly.read_jsonl(outputs[-1]) if row["chosen"])
        made = {"config": teacher.config.name, **encoder_of(teacher), "seed": teacher.seed, "step": best_step(outputs[1])}
        rows.append({**made, **{key: chosen[key] for key in "prf"}})
    return rows
