"""Update an update of an update: what is left of each label after the last round.

The first round is the project as it is (PERSON, ORG, GPE, then GADGET). Each further one takes the last pipeline as its
base, and another folder like assets/: its annotated texts hold the next label. What the rounds before annotated joins
assets/base, as an adopter would do it. Every label is scored on the test set of the round that brought it, by the
pipeline of that round and by the last one.

    python benchmarks/rounds.py FOLDER FOLDER
"""

import shutil
import tempfile
from pathlib import Path

import spacy
import srsly
import typer
from spacy.language import Language

from ner_update.corpus.shards import read_docs
from ner_update.evaluation.scoring import count, entities, f_score
from ner_update.pipeline.compute import use_openblas
from run import BASE, ROOT, copy_project, run, words_per_second

UPDATED = "training/updated/model-best"


def one_round(project: Path, assets: Path | None, before: Path | None, seed: int) -> None:
    """Run the project's commands up to the update, on the pipeline of the round before."""
    copy_project(project, None)
    run(project, "scripts/set_var.py", "seed", str(seed))
    if before:
        shutil.rmtree(project / "assets")
        shutil.copytree(assets, project / "assets", ignore=shutil.ignore_patterns("base"))
        shutil.copytree(before / "assets/base", project / "assets/base")
        for file in (before / "assets/annotated").iterdir():
            shutil.copy(file, project / "assets/base" / file.name)
        run(project, "scripts/set_var.py", "base_model", str(before / UPDATED))
    for command in ("fingerprints", "check", "annotate", "preprocess", "train", "rehearse", "vectors", "update"):
        run(project, "-m", "spacy", "project", "run", command)


def score(nlp: Language, corpus: Path, labels: list[str], extra: set[str] = frozenset()) -> float:
    """RETURNS (float): F in percent on some labels. Predictions of the labels in extra count as errors."""
    gold = list(read_docs(corpus, nlp.vocab))
    predicted = nlp.pipe([doc.text for doc in gold])
    counts = count([entities(d, {*labels, *extra}) for d in predicted], [entities(d, labels) for d in gold])
    return float(f_score(counts.sum(axis=0)))


def main(
    assets: list[Path] = typer.Argument(..., help="A folder like assets/ for each round after the first"),
    seed: int = 0,
    work: Path = Path(tempfile.gettempdir()) / "ner-rounds",
    output: Path = ROOT / "benchmarks" / "rounds.jsonl",
):
    use_openblas()
    projects = [work / f"round-{n}" for n in range(1, len(assets) + 2)]
    shutil.rmtree(work, ignore_errors=True)
    for project, folder, before in zip(projects, [None, *assets], [None, *projects]):
        one_round(project, folder, before, seed)
        nlp = spacy.load(project / UPDATED)
        print(project.name, nlp.pipe_names, flush=True)
    last, first = spacy.load(projects[-1] / UPDATED), spacy.load(projects[0] / BASE)
    taught = [(projects[0], first, "base", list(first.get_pipe("ner").labels))]
    for project in projects:
        nlp = spacy.load(project / UPDATED)
        corpus = read_docs(project / "corpus/new/train.spacy", nlp.vocab)
        taught.append((project, nlp, "new", sorted({ent.label_ for doc in corpus for ent in doc.ents})))
    rows = []
    for number, (project, nlp, kind, labels) in enumerate(taught):
        test = project / f"corpus/{kind}/test.spacy"
        later = {label for *_, others in taught[number + 1 :] for label in others}
        then, now, strict = score(nlp, test, labels), score(last, test, labels), score(last, test, labels, later)
        row = {"round": number, "labels": ", ".join(labels), "seed": seed, "f_then": then, "f_now": now}
        row |= {"retention": 100 * now / then, "strict": 100 * strict / then, "components": len(nlp.pipe_names)}
        texts = [doc.text for doc in read_docs(projects[0] / "corpus/raw/test.spacy", nlp.vocab)]
        model = projects[0] / BASE if kind == "base" else project / UPDATED
        speed, base_speed = words_per_second([model, projects[0] / BASE], (texts * 10)[:2000])
        row["of_base"] = speed / base_speed
        rows.append({key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()})
        print(rows[-1], flush=True)
    srsly.write_jsonl(output, rows)


if __name__ == "__main__":
    typer.run(main)
