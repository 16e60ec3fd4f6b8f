"""Choose on the training file alone: the update on folds of the annotated texts, at every threshold.

A fold's texts stand in for the test set; 15 % of the others are its dev set. The base pipeline, its corpora and its
dev texts are those of a project that ran as far as `preprocess` and `train` (benchmarks/run.py leaves one in its work
folder). To try another recipe, change configs/update.cfg and run it again under another name.

    python benchmarks/folds.py PROJECT --data fashion --name "share 0.25" --vectors training/vectors --folds 0,1
"""

import subprocess
import sys
import tempfile
from hashlib import md5
from pathlib import Path

import numpy
import spacy
import srsly
import typer
from spacy.tokens import Doc, DocBin
from wasabi import msg

from ner_update.checks.blocks import hash_of
from ner_update.corpus.shards import read_docs
from ner_update.corpus.splitting import SPLITS, split_of
from ner_update.data.grouping import group_key
from ner_update.data.reader import read_data
from ner_update.data.records import make_doc
from ner_update.evaluation.breakdowns import seen_unseen
from ner_update.evaluation.scoring import count, entities, f_score, prf
from ner_update.pipeline.compute import use_openblas
from ner_update.update.settings import Parts
from ner_update.update.threshold import lower_outside
from run import BASE, ROOT

FOLDS = 4
DEV = 0.15


def fold_of(key: str) -> int:
    """RETURNS (int): The fold of a group of texts, by another part of the hash than the one that chooses the dev set."""
    return int(md5(key.encode("utf8")).hexdigest()[8:16], 16) % FOLDS


def make_corpus(project: Path, fold: int, corpus: Path) -> None:
    """Write new/{train,dev,test}.spacy for a fold, and link the project's other corpora beside them."""
    nlp = spacy.load(project / BASE)
    examples = {example.text: example for example in read_data(project / "assets/annotated").require()}
    parts: dict[str, list[Doc]] = {"train": [], "dev": [], "test": []}
    for example in examples.values():
        key = group_key(example)
        (place,) = split_of(numpy.array([hash_of(key)], "u8"), DEV, 0)
        parts["test" if fold_of(key) == fold else SPLITS[place]].append(make_doc(nlp, example))
    (corpus / "new").mkdir(parents=True)
    for name, docs in parts.items():
        DocBin(docs=docs).to_disk(corpus / "new" / f"{name}.spacy")
    for name in ("base", "raw"):
        (corpus / name).symlink_to(project.resolve() / "corpus" / name)


def curve(work: Path, project: Path) -> list[dict]:
    """RETURNS (list): For each threshold the figures on the fold's texts, and strict retention on the base's dev texts."""
    updated, base = spacy.load(work / "model"), spacy.load(project / BASE)
    name = next(name for name in updated.pipe_names if name not in base.pipe_names)
    new, old = updated.get_pipe(name).labels, base.get_pipe("ner").labels
    test, train, dev, kept = (
        list(read_docs(work / f"corpus/{part}.spacy", updated.vocab))
        for part in ("new/test", "new/train", "new/dev", "base/dev")
    )
    gold = [entities(doc, old) for doc in kept]
    before = f_score(count([entities(doc, old) for doc in base.pipe([d.text for d in kept])], gold).sum(axis=0))
    rows = list(srsly.read_jsonl(work / "threshold.jsonl"))
    now = next(row["lowered"] for row in rows if row["chosen"])
    for row in rows:
        lower_outside(updated, name, row["lowered"] - now)
        now = row["lowered"]
        said = list(updated.pipe([doc.text for doc in test]))
        found = seen_unseen(test, said, said, train + dev, new, seed=0)
        after = count([entities(doc, [*old, *new]) for doc in updated.pipe([d.text for d in kept])], gold)
        row["fold"] = prf(count([entities(d, new) for d in said], [entities(d, new) for d in test]))
        row["unseen"] = found["unseen"]
        row["strict"] = round(float(100 * f_score(after.sum(axis=0)) / before), 2)
    return rows


def run(script: str, *words: object) -> None:
    subprocess.run([sys.executable, f"scripts/{script}", *map(str, words)], cwd=ROOT, check=True)


def main(
    project: Path,
    data: str = typer.Option(..., help="What the rows say of the data"),
    name: str = typer.Option(..., help="What they say of the recipe"),
    vectors: Path = typer.Option(None, help="Pipeline folder with word vectors"),
    folds: str = "0,1",
    seeds: str = "0",
    ratio: float = 8.0,
    max_steps: int = 3000,
    update_on: Parts = "train+dev",
    silver: float = typer.Option(0.0, help="Silver examples, of those that the project's patterns made, per example"),
    teachers: int = typer.Option(0, help="So many updates read the raw texts first; the same ones for all seeds"),
    transformers: int = typer.Option(0, help="So many transformers read them, too"),
    encoder: str = typer.Option("", help="Folder or name of theirs"),
    distilled_ratio: float = typer.Option(2.0, help="Raw texts that they have read, per example"),
    output: Path = ROOT / "benchmarks/folds.jsonl",
):
    use_openblas()
    project = project.resolve()
    for fold in map(int, folds.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            corpus, base, distilled = work / "corpus", project / BASE, work / "distilled.spacy"
            make_corpus(project, fold, corpus)
            run(
                "rehearse.py",
                base,
                corpus,
                corpus / "update",
                "--silver",
                project / "corpus/silver.jsonl",
                "--ratio",
                ratio,
                "--silver-ratio",
                silver,
            )
            how = [
                "--dev",
                corpus / "new/dev.spacy",
                "--max-steps",
                max_steps,
                *(["--vectors", vectors.resolve()] if vectors else []),
            ]
            begin = ["configs/update.cfg", base, corpus / "update"]
            read = [
                "--raw",
                corpus / "raw/train.spacy",
                "--teachers",
                teachers,
                "--ratio",
                distilled_ratio,
                "--transformers",
                transformers,
                "--encoder",
                encoder,
            ]
            run("distil.py", *begin, distilled, work / "distilled.json", *read, *how)
            for seed in map(int, seeds.split(",")):
                made = [work / one for one in ("model", "log.jsonl", "threshold.jsonl")]
                run(
                    "update.py", *begin, *made, "--distilled", distilled, "--update-on", update_on, "--seed", seed, *how
                )
                for row in curve(work, project):
                    srsly.write_jsonl(
                        output,
                        [{"data": data, "name": name, "fold_number": fold, "seed": seed, **row}],
                        append=True,
                        append_new_line=False,
                    )
                    if row["chosen"]:
                        msg.good(f"{name}, fold {fold}, seed {seed}: {row}")


if __name__ == "__main__":
    typer.run(main)
