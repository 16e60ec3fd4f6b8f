"""Keep the last checkpoint of a training that somebody interrupts, and its log."""

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import srsly
from spacy.language import Language
from wasabi import msg


@contextmanager
def keeping(
    nlp: Language,
    checkpoint: Path,
    kept: Path,
    done: int,
    log: Callable[[], list[dict]],
    learn: Callable[..., dict] = Language.update,
) -> Iterator[None]:
    """When somebody interrupts the block (SIGINT, Ctrl-C), move the last checkpoint out of the scratch folder.

    At once, for engines kill what does not end soon; but a checkpoint that is being written is written to its end. The log
    follows when spaCy has closed it.

    done (int): Steps of the training that this one goes on with.
    learn (Callable): What updates the pipeline.
    """
    saving = pending = stopped = False
    steps = saved = done

    def interrupted(number: int = 0, frame: object | None = None) -> None:
        nonlocal pending, stopped
        if saving:
            pending = True
            return
        signal.signal(signal.SIGINT, before)
        stopped = True
        if checkpoint.exists():
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            srsly.write_json(kept / "step.json", {"step": saved})
            checkpoint.rename(kept / "model-last")
            msg.warn(f"Interrupted. The last checkpoint, after step {saved}, is in {kept}")
            msg.text(
                "Run the same command again to train from the start, or with RESUME=1 before it to go on from there."
            )
        raise KeyboardInterrupt

    def to_disk(*args, **options) -> None:
        nonlocal saving, saved
        saving = True
        type(nlp).to_disk(nlp, *args, **options)
        saving, saved = False, steps
        if pending and not stopped:
            interrupted()

    def update(*args, **options) -> dict:
        nonlocal steps
        # Compiled code may have swallowed what was raised in it.
        if stopped:
            raise KeyboardInterrupt
        steps += 1
        return learn(nlp, *args, **options)

    before = signal.signal(signal.SIGINT, interrupted)
    nlp.to_disk, nlp.update = to_disk, update  # type: ignore[method-assign]  # As long as the block.
    try:
        yield
    finally:
        del nlp.to_disk, nlp.update
        signal.signal(signal.SIGINT, before)
        if stopped and kept.exists():
            srsly.write_jsonl(kept / "log.jsonl", log())


def joined(earlier: list[dict], rows: Path, done: int) -> list[dict]:
    """Join the rows of a log to those of the training that it goes on with, steps counted on."""
    return [*earlier, *({**row, "step": row["step"] + done} for row in srsly.read_jsonl(rows))]
