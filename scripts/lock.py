"""Pin what pyproject.toml asks for, with hashes, in requirements/: `make lock`.

base.txt has what the project needs; the file of an extra or a group has only what that adds. All are resolved together, so that any of
them can be installed with any other, and for all Pythons and systems at once, if possible in the same versions, for what is learnt
depends on those. What stands in a .in file there agrees with nothing else: it is resolved alone, for an environment apart.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from urllib.parse import unquote

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing

PYTHONS = ("cp311", "cp312", "cp313", "cp314")
# Hashes of wheels for other systems would double the files. There pip and uv build from the source, whose hash is kept.
SYSTEMS = re.compile(r"any|(many)?linux.*_(x86_64|aarch64)|macosx_.*|win_amd64")
PINNED = re.compile(r"^[^\s#]+==[^\\\n]+", re.MULTILINE)


def resolve(*words: object) -> str:
    """Run `uv pip compile` for all systems and Python 3.11 and later.

    RETURNS (str): What it prints. RAISES (typer.Exit): After its message, if it finds no versions that agree.
    """
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--universal",
        "--python-version",
        "3.11",
        "--fork-strategy",
        "fewest",
    ]
    done = subprocess.run(
        [*command, "--no-annotate", "--no-header", *map(str, words)], capture_output=True, text=True, encoding="utf8"
    )
    if done.returncode:
        fail([done.stderr.strip()], "Change pyproject.toml, or try again with a network. Nothing was written.")
    return done.stdout


def usable(tag: Tag) -> bool:
    """Check whether one of our Pythons, on one of our systems, installs a wheel with this tag."""
    stable = tag.abi in ("none", "abi3") and re.fullmatch(r"py3|cp3\d*", tag.interpreter)
    return bool((stable or (tag.interpreter in PYTHONS and tag.abi in PYTHONS)) and SYSTEMS.fullmatch(tag.platform))


def pin(package: dict) -> str:
    """Write one package of a pylock.toml as a requirement.

    package (dict): With its wheels and its source.
    RETURNS (str): The version, where it is needed, and the hashes of its wheels that we use; of its source, too, unless a wheel is for
        every system.
    """
    wheels = {unquote(wheel["url"].rsplit("/", 1)[1]): wheel for wheel in package.get("wheels", [])}
    used = [name for name in wheels if any(map(usable, parse_wheel_filename(name)[3]))]
    files = [wheels[name] for name in used]
    if "sdist" in package and not any(name.endswith("-none-any.whl") for name in used):
        files.append(package["sdist"])
    # Of a .in file uv does not know that it is for 3.11 and later alone.
    marker = re.sub(r"python_full_version >= '3\.11'( and |$)", "", package.get("marker", ""))
    hashes = sorted(f" \\\n    --hash=sha256:{file['hashes']['sha256']}" for file in files)
    return f"{package['name']}=={package['version']}{marker and f' ; {marker}'}{''.join(hashes)}\n"


def pins(*words: object) -> list[str]:
    """List the packages that `uv pip compile` finds, sorted by name, each as a requirement."""
    return [pin(package) for package in tomllib.loads(resolve(*words, "--format", "pylock.toml"))["packages"]]


def locked(words: dict[str, list], known: list[Path], scratch: Path) -> dict[str, list[str]]:
    """Resolve some requirements together, and each of them with the versions found.

    words (dict): For each lock, what names its requirements to uv.
    known (list): The locks that say which versions to keep.
    scratch (Path): A folder for what uv writes.
    RETURNS (dict): The requirements of each lock.
    """
    versions = scratch / "versions.txt"
    lines = [line for path in known if path.exists() for line in PINNED.findall(path.read_text(encoding="utf8"))]
    versions.write_text("\n".join(lines), encoding="utf8")
    # uv keeps the versions that its output has already.
    resolve(*dict.fromkeys(word for some in words.values() for word in some), "--output-file", versions)
    return {name: pins(*some, "--constraint", versions) for name, some in words.items()}


def main(folder: Path = Path("requirements"), upgrade: bool = False):
    """Pin all requirements.

    folder (Path): Where the locks are.
    upgrade (bool): Take the newest versions that pyproject.toml allows, not those that the locks have.
    """
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf8"))
    words = {"base": ["pyproject.toml"]}
    words |= {name: ["pyproject.toml", f"--extra={name}"] for name in project["project"]["optional-dependencies"]}
    words |= {name: ["pyproject.toml", f"--group={name}"] for name in project["dependency-groups"]}
    with tempfile.TemporaryDirectory() as scratch:
        found = locked(words, [] if upgrade else [folder / f"{name}.txt" for name in words], Path(scratch))
        for path in folder.glob("*.in"):
            found |= locked({path.stem: [path]}, [] if upgrade else [path.with_suffix(".txt")], Path(scratch))
    for name, requirements in found.items():
        made = "# Made by `make lock`."
        if name in words and name != "base":
            made += " Only what it adds to base.txt: install both."
            requirements = [one for one in requirements if one not in found["base"]]
        with replacing(folder / f"{name}.txt") as path:
            path.write_text("".join([f"{made}\n", *requirements]), encoding="utf8", newline="\n")


if __name__ == "__main__":
    run(main)
