"""Fetch what project.yml names by URL under assets, each file whole and with the right checksum, or not at all.

`python -m spacy project assets` reads the same list. It never replaces a file that is there, right or wrong, keeps what it
fetched with a wrong checksum, ends with exit code 0 then, and with a traceback where there is no network.
"""

import hashlib
import re
import shutil
from pathlib import Path

import smart_open

from ner_update.project.outputs import replacing

# Seconds without a byte from a server.
PATIENCE = 60


def expected(asset: dict) -> dict[str, str]:
    """Get the hash that a file must have, by its kind, from `checksum` (MD5) and from #sha256= in `url`."""
    sha256 = re.search(r"#sha256=([0-9a-f]{64})$", asset["url"])
    return ({"md5": asset["checksum"]} if asset.get("checksum") else {}) | ({"sha256": sha256[1]} if sha256 else {})


def difference(path: Path, hashes: dict[str, str]) -> str:
    """Name the first hash that a file does not have. Empty: it has all."""
    for kind, value in hashes.items():
        with path.open("rb") as file:
            found = hashlib.file_digest(file, kind).hexdigest()
        if found != value:
            return f"has {kind} {found}, and not {value}"
    return ""


def fetch(url: str, dest: Path, hashes: dict[str, str]) -> None:
    """Download or copy a file and move it into place, if it has the hashes. Whatever stood there stays if not.

    url (str): All that smart_open reads: http, https, s3, or a path.
    RAISES (ValueError): If it has not. Whatever else went wrong raises what the library raises.
    """
    options = {"timeout": PATIENCE} if url.startswith("http") else {}
    with replacing(dest) as path:
        with (
            smart_open.open(url, "rb", compression="disable", transport_params=options) as source,
            path.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
        wrong = difference(path, hashes)
        if wrong:
            raise ValueError(f"what came {wrong}")
