"""Build the wheel and the sdist of the updated pipeline, with a model card, and with the same bytes each time."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from ner_update.project.outputs import replacing

# 1980-01-01, the earliest time that a zip file can hold. The build takes it for the time of every member.
EPOCH = 315532800


def build(folder: Path) -> None:
    """Build sdist and wheel in folder/dist with the tools that are installed, without going online.

    RAISES (RuntimeError): With what the build printed.
    """
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    command = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    for path in (folder / "dist").glob("*.tar.gz"):
        settle(path)


def settle(sdist: Path) -> None:
    """Write an sdist again without times, owners and file modes, which setuptools does not keep still."""
    with tarfile.open(sdist) as old:
        found = [(member, old.extractfile(member) if member.isfile() else None) for member in old.getmembers()]
        members = [(member, content.read() if content else None) for member, content in found]
    with (
        replacing(sdist) as path,
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member, content in sorted(members, key=lambda pair: pair[0].name):
            made = tarfile.TarInfo(member.name)
            made.type, made.mtime = member.type, EPOCH
            made.mode, made.size = (0o755, 0) if content is None else (0o644, len(content))
            new.addfile(made, None if content is None else io.BytesIO(content))
