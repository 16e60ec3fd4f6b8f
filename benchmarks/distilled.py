"""One recogniser that learns from several: on folds of the training file, as in folds.py, before it becomes a part of the template.

Several updates, with seeds of their own, read raw texts. What enough of them find is an entity there, what none finds is none, and
what fewer find says nothing (missing). Texts with an entity join the training, gold counts twice, and one recogniser is trained
from the start. It is as fast as any of them.

    python benchmarks/distilled.py PROJECT --data "food, vectors" --vectors training/vectors --folds 0,1 --seeds 0,1
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import spacy
import srsly
import typer
from folds import curve, make_corpus
from run import BASE, ROOT
from doc_shards import read_docs, shards_of
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.util import filter_spans
from spacy_training import use_openblas
from wasabi import msg


def run(*words: object) -> None:
    subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, check=True)


def voted(nlp: Language, text: str, found: list[list[tuple]], votes: int) -> Doc:
    """RETURNS (Doc): A text with what enough recognisers found. Of entities that overlap the longest stays.

    found (list): For each recogniser its entities: first token, last token + 1, label.
    """
    doc, count = nlp.make_doc(text), Counter(entity for entities in found for entity in entities)
    sure = filter_spans([Span(doc, start, end, label=label) for (start, end, label), n in sorted(count.items()) if n >= votes])
    known = {token.i for span in sure for token in span}
    doubtful = {n for start, end, _ in count for n in range(start, end)} - known
    doc.set_ents(sure, missing=[doc[n : n + 1] for n in sorted(doubtful)], default="outside")
    return doc


def silver(teachers: list[Path], raw: Path, read: int, texts: int, votes: int) -> list[Doc]:
    """RETURNS (list): So many raw texts at most with an entity that enough of the teachers found, of the first `read` ones."""
    pipelines = [spacy.load(teacher) for teacher in teachers]
    nlp, name = pipelines[0], next(name for name in pipelines[0].pipe_names if name.startswith("ner_"))
    raws = [doc.text for doc in read_docs(raw, nlp.vocab)][:read]
    others = [other for other in nlp.pipe_names if other != name]
    said = [[[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in p.pipe(raws, disable=others)] for p in pipelines]
    docs = (voted(nlp, text, list(found), votes) for text, *found in zip(raws, *said))
    return [doc for doc in docs if doc.ents][:texts]


def main(
    project: Path,
    data: str = typer.Option(..., help="What the rows say of the data"),
    vectors: Path = typer.Option(..., help="Pipeline folder with word vectors"),
    folds: str = "0,1",
    seeds: str = "0,1",
    teachers: int = 4,
    votes: int = typer.Option(3, help="So many teachers must find an entity"),
    read: int = typer.Option(4000, help="So many raw texts are read"),
    texts: int = typer.Option(1300, help="So many of them join at most"),
    max_steps: int = 3000,
    output: Path = ROOT / "benchmarks/folds.jsonl",
):
    use_openblas()
    project, base = project.resolve(), project.resolve() / BASE

    def update(work: Path, corpus: Path, dev: Path, seed: int) -> Path:
        work.mkdir()
        made = [work / name for name in ("model", "log.jsonl", "threshold.jsonl")]
        how = ["--dev", dev, "--vectors", vectors.resolve(), "--update-on", "train", "--max-steps", max_steps, "--seed", seed]
        run("scripts/update.py", "configs/update.cfg", base, corpus, *made, *how)
        return made[0]

    for fold in map(int, folds.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            corpus, mixed = Path(folder) / "corpus", Path(folder) / "mixed"
            make_corpus(project, fold, corpus)
            run("scripts/rehearse.py", base, corpus, corpus / "update", "--silver", project / "corpus/silver.jsonl")
            dev = corpus / "new/dev.spacy"
            models = [update(Path(folder) / f"teacher{seed}", corpus / "update", dev, seed) for seed in range(teachers)]
            (mixed / "train.spacy").mkdir(parents=True)
            (mixed / "dev.spacy").symlink_to(corpus / "update/dev.spacy")
            for shard in shards_of(corpus / "update/train.spacy"):
                for name in [shard.name, *([f"again-{shard.name}"] if "gold" in shard.name else [])]:
                    (mixed / "train.spacy" / name).symlink_to(shard.resolve())
            DocBin(docs=silver(models, project / "corpus/raw/train.spacy", read, texts, votes)).to_disk(mixed / "train.spacy/silver.spacy")
            for seed in map(int, seeds.split(",")):
                work = Path(folder) / f"distilled{seed}"
                update(work, mixed, dev, seed)
                (work / "corpus").symlink_to(corpus)
                for row in curve(work, project):
                    name = f"update_on train, learnt from {teachers}, of which {votes} agree"
                    srsly.write_jsonl(output, [{"data": data, "name": name, "fold_number": fold, "seed": seed, **row}], append=True, append_new_line=False)
                    if row["chosen"]:
                        msg.good(f"{name}, fold {fold}, seed {seed}: {row}")


if __name__ == "__main__":
    typer.run(main)
