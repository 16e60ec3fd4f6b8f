"""MD5 of files and folders, as DVC computes it: so each can be found in dvc.lock."""

import hashlib
import json
from pathlib import Path


def file_md5(path: Path) -> str:
    """Compute the MD5 of a file's content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def md5_of(path: Path) -> str:
    """Compute the MD5 of a file's content; of a folder that of the list of its files as JSON, and ".dir"."""
    if not path.is_dir():
        return file_md5(path)
    files = {file.relative_to(path).as_posix(): md5_of(file) for file in path.rglob("*") if file.is_file()}
    listed = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode("utf8")).hexdigest() + ".dir"
