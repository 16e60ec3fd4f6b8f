"""Folders of shards: raw texts in, the same ones annotated out, on this machine or where an address such as s3://bucket/texts leads.

What is wanted is fetched, and what is made is sent, as a whole: so a shard stands in its place complete, or not at all.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from ner_update.project.hashes import file_md5
from ner_update.project.outputs import inside, replacing

SUFFIXES = (".jsonl", ".parquet")


class Folder:
    """A folder of files, known by their names relative to it. Each process opens its own."""

    def __init__(self, address: str):
        """Open a folder.

        address (str): A path, or one with a protocol that fsspec knows.
        RAISES (ImportError): If nothing is installed that knows the protocol.
        """
        self.files, root = url_to_fs(address)
        self.root = root.rstrip("/")
        self.here = isinstance(self.files, LocalFileSystem)

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def all_names(self) -> set[str]:
        """List the names of all files, notes and lists too."""
        return {path[len(self.root) :].lstrip("/") for path in self.files.find(self.root)}

    def names(self) -> tuple[list[str], list[str]]:
        """List the shards, and the files that are none, sorted. What begins with a dot or an underscore is neither."""
        seen = sorted(
            name for name in self.all_names() if not any(part[0] in "._" for part in PurePosixPath(name).parts)
        )
        return [n for n in seen if n.endswith(SUFFIXES)], [n for n in seen if not n.endswith(SUFFIXES)]

    def inside(self, other: "Folder", name: str = "") -> bool:
        """Check whether this folder, or one of its files, is or lies in another folder, or is its only file."""
        path = self.path(name).rstrip("/")
        return (
            inside(Path(path), Path(other.root))
            if self.here and other.here
            else f"{path}/".startswith(f"{other.root}/")
        )

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """Bring a file to this machine for the duration of the block."""
        if self.here:
            yield Path(self.path(name))
            return
        with TemporaryDirectory() as folder:
            path = Path(folder, PurePosixPath(name).name)
            self.files.get_file(self.path(name), str(path))
            yield path

    @contextmanager
    def placing(self, name: str) -> Iterator[Path]:
        """Give a path to write a file to. It gets to its place if all goes well."""
        if self.here:
            with replacing(Path(self.path(name))) as path:
                yield path
            return
        with TemporaryDirectory() as folder:
            path = Path(folder, PurePosixPath(name).name)
            yield path
            self.files.put_file(str(path), self.path(name))

    def fingerprint(self, name: str) -> str:
        """Get what changes when the content does: here its MD5, elsewhere what is known without fetching it."""
        return digest_of(Path(self.path(name))) if self.here else str(self.files.checksum(self.path(name)))

    def size(self, name: str) -> int:
        """Get the size of a file in bytes; -1 if there is no such file."""
        try:
            return self.files.info(self.path(name))["size"]
        except FileNotFoundError:
            return -1

    def read_json(self, name: str) -> dict[str, Any]:
        """Read what `write_json` wrote; empty if there is none, or it was cut off."""
        try:
            return json.loads(self.files.cat_file(self.path(name)))
        except (FileNotFoundError, ValueError):
            return {}

    def write_json(self, name: str, *rows: dict[str, Any]) -> None:
        """Write one object a line."""
        with self.placing(name) as path:
            path.write_text(
                "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8", newline="\n"
            )

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        if self.files.exists(self.path(name)):
            self.files.rm_file(self.path(name))


def digest_of(path: Path) -> str:
    """Compute the MD5 of a file, or of all files of a folder and their names."""
    if path.is_dir():
        parts = (
            f"{file.relative_to(path).as_posix()} {digest_of(file)}\n"
            for file in sorted(path.rglob("*"))
            if file.is_file()
        )
        return md5("".join(parts).encode("utf8")).hexdigest()
    return file_md5(path)
