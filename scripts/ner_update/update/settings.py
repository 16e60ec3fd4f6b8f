"""The settings of an update, as every command that trains one takes them."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

Parts = Literal["train", "train+dev"]


@dataclass(frozen=True, kw_only=True)
class UpdateSettings:
    """What an update is trained from, and how."""

    config: Annotated[Path, Argument(help="Training config, such as configs/update.cfg")]
    base: Annotated[Path, Argument(help="Folder of the base pipeline")]
    corpus: Annotated[Path, Argument(help="Folder of the update's corpora: train.spacy and dev.spacy")]
    dev: Annotated[Path, Option(help="Annotated new examples, without rehearsal texts, for the threshold")]
    distilled: Annotated[
        Path | None, Option(help="Corpus of raw texts as several teachers read them, to train on as well")
    ] = None
    vectors: Annotated[Path | None, Option(help="Pipeline folder with word vectors, for a base that has none")] = None
    encoder: Annotated[str, Option(help="Hugging Face encoder, for a config that trains a transformer")] = ""
    max_steps: Annotated[int, Option(min=1, help="Training stops here at the latest")] = 3000
    update_on: Annotated[Parts, Option(help="Whether to train once more, on the dev texts as well")] = "train+dev"
    seed: int = 0
    gpu_id: Annotated[int, Option(help="Number of the GPU; -1 for the CPU")] = -1
    stream_over: Annotated[
        int,
        Option(min=0, help="A training corpus of more texts is streamed from disk, and trained on once; 0 for never"),
    ] = 0
    processes: Annotated[int, Option(min=1, help="How many processes share each step of the training")] = 1
    resume: Annotated[bool, Option(envvar="RESUME", help="Go on from the checkpoint that an interruption kept")] = False
    as_trained: Annotated[bool, Option(help="Leave the threshold at 0, as for a teacher")] = False

    @classmethod
    def of(cls, other: "UpdateSettings", **changes: Any) -> "UpdateSettings":
        """Take the settings of an update out of a command's options, with some changed."""
        return cls(**{field.name: getattr(other, field.name) for field in fields(cls)} | changes)

    @property
    def training(self) -> dict[str, Any]:
        """Get what the training loop takes of them."""
        return {name: getattr(self, name) for name in ("gpu_id", "resume", "stream_over", "processes")}
