"""Write down what no dep of a command shows: installed versions, what vars name outside the project, file names.

It runs every time, and its files change only when what they tell of does: so a base pipeline that was swapped for another
of the same name, another spaCy, or a file that was renamed inside a data folder (spaCy's engine looks at content alone)
rerun what depends on them, and nothing else does. It imports little, for it is what a run without changes costs.
"""

import hashlib
import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ner_update.project.hashes import file_md5

# What decides, beside the project's own files, on the bytes that a stage writes.
PACKAGES = ("numpy", "spacy", "thinc")
FOLDERS = ("annotated", "base", "test")


def of_files(path: Path) -> str:
    """Compute the MD5 of a file, or of the names and contents of all files of a folder."""
    digest = hashlib.md5()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(path).as_posix()}\n".encode())
            digest.update(bytes.fromhex(file_md5(file)))
    return digest.hexdigest()


def of_named(name: str) -> dict[str, str]:
    """Describe what a var names: a file, a folder, an installed package, or a name that only its user can resolve.

    RETURNS (dict): The name; "md5" of a file or folder, or of the list of an installed package's files, in which the
        hash of each stands.
    """
    if os.path.exists(name):
        return {"name": name, "md5": of_files(Path(name))}
    try:
        listed = distribution(name).read_text("RECORD") if name else None
    except (PackageNotFoundError, ValueError):
        listed = None
    return {"name": name} | ({"md5": hashlib.md5(listed.encode("utf8")).hexdigest()} if listed else {})
