"""The corpus that a recogniser is trained on, made of links to shards: parts of the update's corpus, and distilled texts if there are any."""

from pathlib import Path

from ner_update.corpus.shards import count_texts, shards_of

# What the update's corpus holds, in order.
KINDS = ("gold", "silver", "rehearsal", "mixed")


def prefix(kind: str) -> str:
    """Get the prefix of the names of shards of a kind. It keeps the kinds in order."""
    return f"{KINDS.index(kind)}-{kind}-"


def shards_with(kind: str, corpus: Path) -> list[Path]:
    """List the shards of a kind, of a part of the update's corpus."""
    return [shard for shard in shards_of(corpus) if shard.name.startswith(prefix(kind))]


def gold_alone(corpus: Path, folder: Path) -> Path:
    """Link the annotated texts of the update's corpora into others that hold nothing else.

    folder (Path): An empty one. RETURNS (Path): The same.
    """
    for part in ("train.spacy", "dev.spacy"):
        (folder / part).mkdir()
        for shard in shards_with("gold", corpus / part):
            (folder / part / shard.name).symlink_to(shard.resolve())
    return folder


def training_corpus(corpus: Path, parts: tuple[str, ...], distilled: Path | None, folder: Path) -> Path:
    """Put together what is trained on. Beside distilled texts, which are more and less sure, annotated and rehearsal texts count twice.

    corpus (Path): Folder of the update's corpora. parts (tuple): Which of them: "train", "dev".
    distilled (Path): What scripts/distil.py wrote, or None. folder (Path): An empty folder, for the links.
    RETURNS (Path): The corpus; the one that is there, if it is the train part alone.
    """
    more = shards_of(distilled) if distilled and count_texts(distilled) else []
    if parts == ("train",) and not more:
        return corpus / "train.spacy"
    made = folder / f"{'_and_'.join(parts)}.spacy"
    made.mkdir()
    for part in parts:
        for shard in shards_of(corpus / f"{part}.spacy"):
            sure = not shard.name.startswith(prefix("silver"))
            for name in [shard.name, *([f"again-{shard.name}"] if more and sure else [])]:
                (made / f"{part}-{name}").symlink_to(shard.resolve())
    for shard in more:
        (made / f"distilled-{shard.name}").symlink_to(shard.resolve())
    return made
