"""The same inputs give the same bytes, wherever and whenever they run; `make verify` says so, or what differs (marker: faults)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from conftest import command
from ner_update.project.verification import apart, compare, trained_stages
from tiny_project import outputs

# Every Python process of the other run lives a year and an hour later.
LATER = "import time\nnow, later = time.time, 366 * 86400 + 3600\ntime.time = lambda: now() + later\n"


@pytest.mark.faults
def test_another_path_user_time_hash_seed_and_number_of_threads(ran_with_dvc, tmp_path):
    project = tmp_path / "somewhere else" / "é" / "project"
    assert command("git", "clone", "-q", ran_with_dvc, project, cwd=tmp_path).code == 0
    (tmp_path / "home").mkdir()
    (tmp_path / "later").mkdir()
    (tmp_path / "later/sitecustomize.py").write_text(LATER, encoding="utf8")
    cache = subprocess.run(
        [sys.executable, "-m", "uv", "cache", "dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    bin = Path(sys.executable).parent
    env = {
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "USER": "somebody",
        "LOGNAME": "somebody",
        "TZ": "Asia/Tokyo",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "4711",
        "PYTHONPATH": str(tmp_path / "later"),
        "UV_CACHE_DIR": cache,
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
    }
    done = subprocess.run(["dvc", "repro"], cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs(project) == outputs(ran_with_dvc)


@pytest.mark.faults
def test_verify_repeats_the_run(ran_with_dvc, tmp_path):
    done = command("python", "scripts/verify.py", cwd=ran_with_dvc)
    assert done.code == 0 and "outputs have the bytes that dvc.lock promises" in done.out, done.raw
    # Another version of the same data than the lock tells of: no CPU explains that.
    project = shutil.copytree(ran_with_dvc, tmp_path / "project", symlinks=True)
    lock = srsly.read_yaml(project / "dvc.lock")
    (silver,) = (out for out in lock["stages"]["annotate"]["outs"] if out["path"] == "corpus/silver.jsonl")
    silver["md5"] = "0" * 32
    srsly.write_yaml(project / "dvc.lock", lock)
    assert (
        command(
            "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "a wrong lock", cwd=project
        ).code
        == 0
    )
    done = command("python", "scripts/verify.py", cwd=project)
    assert done.code == 1 and "annotate: corpus/silver.jsonl differs from dvc.lock" in done.out, done.raw
    assert "no CPU can round" in done.out and "Traceback" not in done.raw


def test_what_depends_on_how_a_cpu_rounds(tmp_path):
    stages = {
        "preprocess": {"outs": [{"path": "corpus/a.spacy", "md5": "1"}]},
        "train": {"deps": [{"path": "corpus/a.spacy"}], "outs": [{"path": "training/base", "md5": "2"}]},
        "rehearse": {"deps": [{"path": "training/base"}], "outs": [{"path": "corpus/b.spacy", "md5": "3"}]},
        "evaluate": {"deps": [{"path": "corpus/b.spacy"}], "outs": [{"path": "training/metrics.json", "md5": "4"}]},
    }
    srsly.write_yaml(tmp_path / "dvc.lock", {"stages": stages})
    assert trained_stages(tmp_path / "dvc.lock") == {"train", "rehearse", "evaluate"}
    stages["train"]["outs"][0]["md5"] = "5"
    srsly.write_yaml(tmp_path / "other.lock", {"stages": stages})
    assert compare(tmp_path / "dvc.lock", tmp_path / "other.lock") == [("train", "training/base")]
    for name, gain in (("one", 70.0), ("other", 73.5)):
        srsly.write_json(tmp_path / f"{name}.json", {"gain": {"f": gain}, "retention": {"strict": {"percent": 99.0}}})
    assert apart(tmp_path / "one.json", tmp_path / "other.json") == {"gain": 3.5, "strict retention": 0.0}
