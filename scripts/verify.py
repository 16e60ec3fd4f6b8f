"""Repeat the committed run in a fresh clone, and say whether it gives the bytes that dvc.lock promises.

Training gives the same bytes on one kind of CPU, whatever the path, the user, the time and the number of threads. On
another kind the kernels of the matrix library round differently, and trained weights drift apart. Then the data must
still be the same to the byte, and the metrics must agree within bounds.
"""

import subprocess
import tempfile
from pathlib import Path

import typer
from threadpoolctl import threadpool_info
from wasabi import msg

from ner_update.project.outputs import fail
from ner_update.project.verification import BOUNDS, apart, compare, hashes, repeat, trained_stages


def main(project: Path = Path(".")):
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=project).returncode:
        msg.warn("What is not committed is not looked at")
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        clone = Path(folder) / "project"
        try:
            repeat(project, clone)
        except subprocess.CalledProcessError as error:
            fail([f"The run could not be repeated: {error}"], "See above.")
        promised = Path(folder) / "dvc.lock"
        for name, path in (("dvc.lock", promised), ("training/metrics.json", Path(folder) / "metrics.json")):
            path.write_bytes(
                subprocess.run(["git", "show", f"HEAD:{name}"], cwd=clone, capture_output=True, check=True).stdout
            )
        different = compare(promised, clone / "dvc.lock")
        points = apart(Path(folder) / "metrics.json", clone / "training/metrics.json")
        rounded = trained_stages(clone / "dvc.lock")
        count = sum(map(len, hashes(promised).values()))
    if not different:
        msg.good(f"All {count} outputs have the bytes that dvc.lock promises")
        return
    for stage, output in different:
        msg.warn(f"{stage}: {output} differs from dvc.lock")
    if not {stage for stage, _ in different} <= rounded:
        fail(
            ["Outputs differ that no CPU can round in another way"],
            "Is dvc.lock of this commit and of this version of Python, and the environment that of requirements/base.txt?",
        )
    kernels = sorted({str(library.get("architecture")) for library in threadpool_info()})
    shown = ", ".join(f"{name} by {value}" for name, value in points.items())
    if any(value > BOUNDS[name] for name, value in points.items()):
        fail([f"The metrics differ by more than another CPU explains: {shown}"], f"Allowed are {BOUNDS}.")
    msg.good(
        f"Only what was trained differs, as on another kind of CPU (kernels here: {', '.join(kernels)}); metrics differ within bounds: {shown}"
    )


if __name__ == "__main__":
    typer.run(main)
