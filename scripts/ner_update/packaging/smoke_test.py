"""Install the wheel into an empty environment, and check there that it finds what the evaluation says it finds."""

import subprocess
import sys
from pathlib import Path

from wasabi import msg

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


def call(words: list[str], **options) -> str:
    """RETURNS (str): What a command printed. RAISES (RuntimeError): With its last words, if it failed."""
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
