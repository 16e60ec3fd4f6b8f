"""Repeat the committed run in a fresh clone, and say whether it gives the bytes that dvc.lock promises.

Training gives the same bytes on one kind of CPU, whatever the path, the user, the time and the number of threads. On
another kind the kernels of the matrix library round differently, and trained weights drift apart. Then the data must
still be the same to the byte, and the metrics must agree within bounds.
"""

import os
import subprocess
import sys
from pathlib import Path

import srsly

# Points by which a run on another kind of CPU may differ. Measured with OPENBLAS_CORETYPE: benchmarks/README.md.
BOUNDS = {"gain": 6.0, "strict retention": 2.0}


def hashes(lock: Path) -> dict[str, dict[str, str]]:
    """Get the hash of each output of each stage of a dvc.lock."""
    stages = srsly.read_yaml(lock)["stages"]
    return {name: {out["path"]: out["md5"] for out in stage.get("outs", [])} for name, stage in stages.items()}


def trained_stages(lock: Path) -> set[str]:
    """Find the stages whose outputs depend on how a CPU rounds: the training, and all that reads what it made."""
    stages = srsly.read_yaml(lock)["stages"]
    found: set[str] = set()
    while True:
        made = {out["path"] for name in found for out in stages[name].get("outs", [])}
        more = {
            name
            for name, stage in stages.items()
            if name == "train" or made & {dep["path"] for dep in stage.get("deps", [])}
        }
        if more == found:
            return found
        found = more


def compare(promised: Path, made: Path) -> list[tuple[str, str]]:
    """List the stage and the path of each output that differs, is missing, or is new."""
    one, other = hashes(promised), hashes(made)
    return [
        (stage, path)
        for stage in dict.fromkeys([*one, *other])
        for path in sorted({*one.get(stage, {}), *other.get(stage, {})})
        if one.get(stage, {}).get(path) != other.get(stage, {}).get(path)
    ]


def apart(promised: Path, made: Path) -> dict[str, float]:
    """Compute by how many points two metrics.json differ, in what BOUNDS names.

    RETURNS (dict): Empty where there is no such figure.
    """

    def read(path: Path) -> dict[str, float]:
        metrics = srsly.read_json(path)
        return {"gain": metrics["gain"]["f"], "strict retention": metrics["retention"].get("strict", {}).get("percent")}

    one, other = read(promised), read(made)
    return {name: round(abs(one[name] - other[name]), 2) for name in BOUNDS if None not in (one[name], other[name])}


def repeat(project: Path, folder: Path) -> None:
    """Clone the last commit into a folder and run it with DVC. RAISES (CalledProcessError): If that fails."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["git", "clone", "--quiet", str(project.resolve()), str(folder)], check=True)
    subprocess.run(["dvc", "repro"], cwd=folder, env=env, check=True)
