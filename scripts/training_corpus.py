"""The corpus that a recogniser is trained on, made of links to shards: parts of the update's corpus, and distilled texts if there are any."""

from pathlib import Path
from typing import Optional

from doc_shards import count_texts, shards_of

# How the names of shards with annotated examples begin, and with those of the patterns (scripts/rehearse.py).
GOLD, SILVER = "0-gold-", "1-silver-"


def gold_texts(corpus: Path) -> int:
    """RETURNS (int): How many annotated examples a part of the update's corpus holds."""
    return sum(count_texts(shard) for shard in shards_of(corpus) if shard.name.startswith(GOLD))


def training_corpus(corpus: Path, parts: tuple[str, ...], distilled: Optional[Path], folder: Path) -> Path:
    """Put together what is trained on. Beside distilled texts, which are more and less sure, annotated ones count twice.

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
            for name in [shard.name, *([f"again-{shard.name}"] if more and shard.name.startswith(GOLD) else [])]:
                (made / f"{part}-{name}").symlink_to(shard.resolve())
    for shard in more:
        (made / f"distilled-{shard.name}").symlink_to(shard.resolve())
    return made
