"""Does `suggest` find the texts in which the pipeline errs? Annotated texts are ranked as if they were raw ones.

    python benchmarks/suggested.py PROJECT --part dev

PROJECT is a copy of the repository in which all has run. Errors are entities of the new labels that the updated pipeline misses or
invents. Each ranking is told by how many of them are in the fifth of the texts that it puts first.
"""

import sys
from pathlib import Path

import spacy
import typer
from spacy.tokens import Doc, DocBin
from wasabi import msg

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from ner_update.data.json_files import read_values  # noqa: E402
from ner_update.labelling import candidates  # noqa: E402
from ner_update.labelling.pattern_stats import PatternTable  # noqa: E402
from ner_update.labelling.suggest import choose  # noqa: E402
from ner_update.pipeline.base import recognisers  # noqa: E402
from ner_update.pipeline.compute import use_openblas  # noqa: E402

WEIGHTS = ("ONLY_PATTERNS", "ONLY_PIPELINE", "NEW_FORM")
FIRST = 0.2


def errors(gold: Doc, entities: list[list], labels: tuple[str, ...]) -> int:
    """RETURNS (int): How many entities of the labels are missed or invented."""
    wanted = {(ent.start_char, ent.end_char, ent.label_) for ent in gold.ents if ent.label_ in labels}
    return len(wanted ^ set(map(tuple, entities)))


def unsure_by_beam(nlp: spacy.Language, text: str) -> float:
    """RETURNS (float): How unsure a beam is of its entities: the sum of 4 p (1 - p)."""
    recogniser = nlp.get_pipe(recognisers(nlp)[0])
    doc = nlp(text, disable=nlp.pipe_names[nlp.pipe_names.index(recognisers(nlp)[0]) :])
    (scores,) = recogniser.scored_ents(recogniser.beam_parse([doc], beam_width=8))
    return sum(4 * p * (1 - p) for p in scores.values())


def main(project: Path, part: str = "dev", lang: str = "en"):
    use_openblas()
    nlp = spacy.load(project / "training/updated/model-best")
    labels = nlp.get_pipe(recognisers(nlp)[0]).labels
    golds, train = (
        list(DocBin().from_disk(project / f"corpus/new/{name}.spacy").get_docs(nlp.vocab)) for name in (part, "train")
    )
    known = {ent.text.lower() for doc in train for ent in doc.ents}
    gold = {doc.text: doc for doc in golds}
    table = PatternTable(list(read_values(project / "assets/patterns.jsonl", [])))
    size = round(FIRST * len(golds))

    def ranked() -> list[str]:
        return [one.text for one, _ in choose(candidates.candidates(nlp, gold, table, known, lang), size)]

    found = {one.text: one for one in candidates.candidates(nlp, gold, table, known, lang)}
    wrong = {text: errors(doc, found[text].entities, labels) for text, doc in gold.items()}
    rankings = {"suggest": ranked(), "length": sorted(gold, key=len, reverse=True)}
    rankings["beam"] = sorted(gold, key=lambda text: unsure_by_beam(nlp, text), reverse=True)
    weights = {name: getattr(candidates, name) for name in WEIGHTS}
    for name in WEIGHTS:
        setattr(candidates, name, 0.0)
    rankings["unsure alone"] = ranked()
    for name, value in weights.items():
        setattr(candidates, name, value)
    rows = [
        (name, sum(wrong[text] for text in texts[:size]), sum(wrong[text] > 0 for text in texts[:size]))
        for name, texts in rankings.items()
    ]
    rows.append(("at random", round(FIRST * sum(wrong.values()), 1), round(FIRST * sum(map(bool, wrong.values())), 1)))
    msg.table(
        rows,
        header=(f"First {size} of {len(golds)}, by", "errors", "texts with one"),
        divider=True,
        aligns=("l", "r", "r"),
    )
    msg.text(f"All: {sum(wrong.values())} errors in {sum(map(bool, wrong.values()))} texts")


if __name__ == "__main__":
    typer.run(main)
