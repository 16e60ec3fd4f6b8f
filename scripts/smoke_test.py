"""Install the wheel into an empty environment, and check there that it finds what the evaluation says it finds."""

import json
import tempfile
from pathlib import Path

import spacy
import srsly
import typer
from wasabi import msg

from ner_update.corpus.shards import read_docs
from ner_update.evaluation.scoring import count, entities, prf
from ner_update.packaging.smoke_test import PROBE, TOLERANCE_F, call, install
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing


def main(
    package: Path,
    corpus: Path,
    metrics: Path,
    output: Path,
    lock: list[Path] = typer.Option([Path("requirements/base.txt"), Path("requirements/transformer.txt")]),
):
    (wheel,) = package.glob("*.whl")
    name = wheel.name.split("-")[0]
    gold = list(read_docs(corpus / "new" / "test.spacy", spacy.blank("xx").vocab))
    scores = srsly.read_json(metrics)
    with tempfile.TemporaryDirectory() as folder:
        try:
            python, lent = install(wheel.resolve(), Path(folder) / "empty", [path.resolve() for path in lock])
            said = call(
                [str(python), "-c", PROBE, name, *lent], input=json.dumps([doc.text for doc in gold]), cwd=folder
            )
        except RuntimeError as error:
            fail([f"{wheel.name} does not work in an empty environment: {error}"], "Nothing was written.")
    found = json.loads(said)
    new = scores["labels"]["new"]
    rows = [{(start, end, label) for start, end, label in row if label in new} for row in found["rows"]]
    f = prf(count(rows, [entities(doc, new) for doc in gold]))["f"]
    if abs(f - scores["gain"]["f"]) > TOLERANCE_F:
        problem = (
            f"{wheel.name} reaches F {f} on the new labels when installed, but {metrics} says {scores['gain']['f']}"
        )
        fail([problem], "Run the project again from the update command on.")
    shown = next(((doc, row) for doc, row in zip(gold, rows) if row and row == entities(doc, new)), None)
    if shown is None:
        fail(
            [f"{wheel.name} finds no new entity in any text of {corpus / 'new'}"],
            "Look at the report before you ship it.",
        )
    doc, row = shown
    example = {"text": doc.text, "entities": [[doc[start:end].text, label] for start, end, label in sorted(row)]}
    with replacing(output) as path:
        result = {
            "wheel": wheel.name,
            "spacy": found["spacy"],
            "texts": len(gold),
            "new_label_f": f,
            "example": example,
        }
        # Then it was not tested that the wheel asks for all that it needs.
        result |= {"packages_lent": True} if lent else {}
        srsly.write_json(path, result)
    where = "beside this environment's packages" if lent else "in an empty environment"
    msg.good(f"{wheel.name} works {where}: F {f} on {', '.join(new)}. For example: {example}")


if __name__ == "__main__":
    run(main)
