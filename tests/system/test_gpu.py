"""Training on a GPU, and bulk work on GPU actors of Ray (marker: gpu)."""

import shutil
from importlib.util import find_spec

import pytest
import srsly

from conftest import ROOT, command, content

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not find_spec("cupy"), reason="CuPy is not installed: make test-gpu installs it"),
]
ON_GPU = ("--gpu-id", 0)
STEPS = ("--max-steps", 400)
BASE, UPDATED = "training/base/model-best", "training/updated/model-best"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The shipped data, trained on the GPU for a few steps."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "assets", folder / "assets", ignore=shutil.ignore_patterns("extra"))
    outputs = [f"training/updated/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    for script, *words in (
        ("check.py", "assets"),
        ("annotate.py", "assets/patterns.jsonl", "assets/raw.jsonl", "corpus/silver.jsonl"),
        ("preprocess.py", "corpus/checked", "corpus"),
        ("train.py", ROOT / "configs/base.cfg", "corpus/base", BASE, "training/base/log.jsonl", *STEPS, *ON_GPU),
        ("rehearse.py", BASE, "corpus", "corpus/update", "--silver", "corpus/silver.jsonl", *ON_GPU),
        (
            "update.py",
            ROOT / "configs/update.cfg",
            BASE,
            "corpus/update",
            *outputs,
            "--dev",
            "corpus/new/dev.spacy",
            *STEPS,
            *ON_GPU,
        ),
        ("evaluate.py", BASE, UPDATED, "corpus", "training/metrics.json", "training/rows.jsonl"),
    ):
        done = command("python", ROOT / "scripts" / script, *words, cwd=folder)
        assert done.code == 0, done.raw
    lines = (folder / "assets/raw.jsonl").read_text(encoding="utf8").splitlines(keepends=True)
    for shard in range(4):
        (folder / f"in/{shard}.jsonl").parent.mkdir(exist_ok=True)
        (folder / f"in/{shard}.jsonl").write_text("".join(lines[shard::4]), encoding="utf8")
    return folder


def test_what_a_gpu_trained_is_read_without_one(project):
    metrics = srsly.read_json(project / "training/metrics.json")
    assert metrics["gain"]["f"] > 20 and metrics["retention"]["strict"]["percent"] > 90, metrics


@pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: make test-gpu installs it")
def test_actors_with_a_gpu_give_the_same_bytes(project):
    for target, *how in (("cpu",), ("gpu", *ON_GPU), ("actors", *ON_GPU, "--engine", "ray")):
        done = command("python", ROOT / "scripts/predict.py", "in", target, *how, cwd=project)
        assert done.code == 0 and "4 of 4 shards" in done.out, done.raw
    assert content(project / "gpu") == content(project / "actors")
    said = [
        [row["entities"] for shard in range(4) for row in srsly.read_jsonl(project / f"{target}/{shard}.jsonl")]
        for target in ("cpu", "gpu")
    ]
    # A GPU adds up in another order: an entity on the very edge may fall to the other side.
    assert sum(map(len, said[0])) > 50 and sum(a != b for a, b in zip(*said)) <= len(said[0]) / 100
