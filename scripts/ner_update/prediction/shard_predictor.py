"""Annotate one shard of raw texts after the other, and leave a note beside each finished one, so that it is not done again."""

from collections import Counter
from typing import Any

from ner_update.data.records import DataError
from ner_update.pipeline.annotator import Annotator
from ner_update.prediction.remote_folder import Folder, digest_of
from ner_update.prediction.shard_io import Unread, read_shard, writing


class ShardPredictor:
    """Reads the shards of one folder with a pipeline, and writes those of another."""

    def __init__(self, pipeline: str, source: str, target: str, made_with: dict[str, Any], tries: int, gpu_id: int):
        """Load the pipeline, and open both folders.

        pipeline, gpu_id: As Annotator takes them.
        source, target (str): Addresses of the folders.
        made_with (dict): What a finished shard must have been made with to be kept.
        tries (int): How often a shard is begun that fails.
        """
        self.annotate = Annotator(pipeline, gpu_id)
        self.source, self.target, self.made_with, self.tries = Folder(source), Folder(target), made_with, tries

    def __call__(self, name: str) -> dict[str, Any]:
        """Annotate a shard, unless that is done.

        RETURNS (dict): Its input and output (what tells their contents), texts, entities (by label), and whether it is
            new; or the reason why there is none.
        """
        for tried in range(1, self.tries + 1):
            try:
                note = self.target.read_json(note_of(name))
                if self.is_current(note, name):
                    return {"shard": name, **note, "new": False}
                return {"shard": name, **self.predict(name), "new": True}
            except Exception as error:
                # Whatever it is, it must not stop the other shards.
                failed = {"shard": name, "tries": tried, "reason": reason_of(error)}
        return failed

    def is_current(self, note: dict[str, Any], name: str) -> bool:
        """Check whether a shard was made of the same texts with the same pipeline, and is still there."""
        known = note.get("made_with") == self.made_with and note.get("bytes") == self.target.size(name)
        return known and note["input"] == self.source.fingerprint(name)

    def predict(self, name: str) -> dict[str, Any]:
        """Annotate a shard. RETURNS (dict): The note of it. RAISES (DataError): If one of its records cannot be used."""
        note: dict[str, Any] = {"made_with": self.made_with, "input": self.source.fingerprint(name)}
        texts, labels = 0, Counter[str]()
        with self.source.fetched(name) as given, self.target.placing(name) as made:
            with writing(made) as write:
                for records in read_shard(given, name):
                    found = list(self.annotate(record.text for record in records))
                    write([as_record(record, entities) for record, entities in zip(records, found)])
                    texts += len(records)
                    labels.update(label for entities in found for _, _, label in entities)
            note |= {
                "output": digest_of(made),
                "bytes": made.stat().st_size,
                "texts": texts,
                "entities": dict(sorted(labels.items())),
            }
        self.target.write_json(note_of(name), note)
        return note


def as_record(record: Unread, entities: list) -> dict[str, Any]:
    """Make a record of the project's own format."""
    kept = {"id": record.id, "meta": record.meta}
    return {"text": record.text, "entities": entities} | {key: value for key, value in kept.items() if value}


def note_of(name: str) -> str:
    """Get the name of the note next to a finished shard."""
    return f"_done/{name}.json"


def reason_of(error: Exception) -> str:
    """Describe what stopped a shard, with the first place of it."""
    if isinstance(error, DataError):
        more = f" (and {len(error.problems) - 1} more problems)" if len(error.problems) > 1 else ""
        return " ".join(f"{error.problems[0]}{more}".split())
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
