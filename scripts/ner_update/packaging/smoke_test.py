"""Install the wheel into an empty environment, and check there that it finds what the evaluation says it finds."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import spacy
import srsly
from wasabi import msg

from ner_update.corpus.shards import read_docs
from ner_update.evaluation.scoring import count, entities, prf
from ner_update.project.outputs import fail, replacing

UV = [sys.executable, "-m", "uv"]
# What runs in the empty environment: only the wheel and what it asked pip for are there, or is lent.
PROBE = """
import json, sys
sys.path += sys.argv[2:]
import spacy
nlp = spacy.load(sys.argv[1])
rows = [[[e.start, e.end, e.label_] for e in doc.ents] for doc in nlp.pipe(json.load(sys.stdin))]
print(json.dumps({"spacy": spacy.__version__, "version": nlp.meta["version"], "labels": nlp.pipe_labels, "rows": rows}))
"""
# A layer that spaCy makes only when it predicts multiplies with BLIS here, and with OpenBLAS in the evaluation: a borderline entity may flip.
TOLERANCE_F = 1.0


def smoke_test(package: Path, corpus: Path, metrics: Path, output: Path, locks: list[Path]) -> None:
    """Install the wheel, let it read the test set, and write what it found.

    package (Path): Folder with the wheel. corpus (Path): Folder of the corpora.
    metrics (Path): What the evaluation says.
    locks (list): Files with the versions that are installed.
    RAISES (typer.Exit): After a message, if it does not work, or finds something else than in the evaluation.
    """
    (wheel,) = package.glob("*.whl")
    name = wheel.name.split("-")[0]
    gold = list(read_docs(corpus / "new" / "test.spacy", spacy.blank("xx").vocab))
    scores = srsly.read_json(metrics)
    with tempfile.TemporaryDirectory() as folder:
        try:
            python, lent = install(wheel.resolve(), Path(folder) / "empty", [path.resolve() for path in locks])
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


def call(words: list[str], **options) -> str:
    """Run a command.

    RETURNS (str): What it printed.
    RAISES (RuntimeError): With its last words, if it failed.
    """
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf8", **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:6])} ...: {done.stderr.strip()[-600:]}")
    return done.stdout


def install(wheel: Path, environment: Path, locks: list[Path]) -> tuple[Path, list[str]]:
    """Make an empty environment and install the wheel and its dependencies, in the versions of the locks.

    What uv fetched for the project's own environment is used again; only what it has not is fetched. Where that fails,
    for want of a network, the project's own environment lends its packages, if they are all that the wheel asks for.

    RETURNS (tuple): The environment's Python, and the folders that are lent: none, if all could be installed.
    RAISES (RuntimeError): If none of it works.
    """
    call([*UV, "venv", "--python", sys.executable, str(environment)])
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    constraints = [word for lock in locks for word in ("--constraint", str(lock))]
    command = [*UV, "pip", "install", "--python", str(python), *constraints, str(wheel)]
    try:
        call([*command, "--offline"])
    except RuntimeError:
        try:
            call(command)
        except RuntimeError as error:
            return python, lend(wheel, python, error)
    return python, []


def lend(wheel: Path, python: Path, error: RuntimeError) -> list[str]:
    """Install nothing but the wheel.

    RETURNS (list): The folders of this environment's packages. RAISES (RuntimeError): `error`, if one is missing here.
    """
    try:
        # Without an index all that uv can choose from is what is installed.
        call([*UV, "pip", "install", "--dry-run", "--no-index", "--python", sys.executable, str(wheel)])
    except RuntimeError:
        raise error from None
    call([*UV, "pip", "install", "--no-index", "--no-deps", "--python", str(python), str(wheel)])
    msg.warn(f"No network, and not all that {wheel.name} needs is in uv's cache: this environment lends it", str(error))
    return [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
