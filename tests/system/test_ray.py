"""Bulk work on a real Ray of two workers: the same bytes as without it, whatever becomes of a worker (marker: ray)."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex

import psutil
import pytest

from conftest import ROOT, content, write
from ner_update.corpus.shards import DocShard
from raw_shards import pipeline, texts

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: make test-ray installs it"),
]
# The cluster listens on all addresses of the machine.
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token_hex(32)}
ON_RAY = ("--engine", "ray", "--workers", 2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a cluster of two cores on this machine, and the process that it belongs to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", **TOKEN}
    words = [
        "start",
        "--head",
        "--block",
        "--num-cpus=2",
        "--node-ip-address=127.0.0.1",
        f"--port={port}",
        "--include-dashboard=false",
        f"--object-store-memory={2**28}",
    ]
    log = tmp_path_factory.mktemp("ray") / "log"
    with (
        log.open("w") as file,
        psutil.Popen(
            [Path(sys.executable).with_name("ray"), *words], env=env, stdout=file, stderr=subprocess.STDOUT
        ) as head,
    ):
        while "Ray runtime started" not in log.read_text():
            with suppress(psutil.TimeoutExpired):
                head.wait(0.1)
            assert head.returncode is None, log.read_text()
        yield f"127.0.0.1:{port}", head
        for process in (head, *head.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture
def on_cluster(run, cluster, monkeypatch):
    """Run a script with Ray, as somebody does who has set RAY_ADDRESS."""
    for name, value in {"RAY_ADDRESS": cluster[0], **TOKEN}.items():
        monkeypatch.setenv(name, value)
    return lambda *words: run(*words, *ON_RAY)


@pytest.fixture
def shards(tmp_path):
    pipeline(tmp_path / "pipe")
    for number in range(5):
        write(tmp_path / f"in/{number}.jsonl", texts(number, 50))
    return tmp_path / "in"


def predict(run, target, *words):
    return run("predict.py", "in", target, "--pipeline", "pipe", *words)


def test_record_for_record_what_comes_out_without_it(run, shards, tmp_path):
    """On a Ray that the command starts itself. A poisoned shard does not stop the others."""
    (shards / "poison.jsonl").write_text('{"text": "fine"}\n{"text": 5}\n')
    local, done = predict(run, "local"), predict(run, "ray", *ON_RAY)
    assert (
        local.code == done.code == 1
        and "5 of 6 shards in ray, 5 of them new; 250 texts" in done.out
        and "poison.jsonl:2" in done.out
    ), done.raw
    assert content(tmp_path / "local") == content(tmp_path / "ray") and len(content(tmp_path / "ray")) == 12


def test_a_python_whose_path_has_a_space(shards, tmp_path):
    """As in a project in "My Documents": Ray waits for ever for a worker that a shell cannot start."""
    (tmp_path / "my venv").symlink_to(Path(sys.prefix))
    words = [
        tmp_path / "my venv/bin/python",
        ROOT / "scripts/predict.py",
        "in",
        "ray",
        "--pipeline",
        "pipe",
        *map(str, ON_RAY),
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "5 of 5 shards in ray" in " ".join(done.stdout.split()), done.stdout + done.stderr


def test_a_worker_killed_in_mid_run_changes_nothing(run, cluster, shards, tmp_path, monkeypatch):
    for number in range(20):
        write(shards / f"{number}.jsonl", texts(number, 500))
    assert predict(run, "local").code == 0
    words = [sys.executable, ROOT / "scripts/predict.py", "in", "ray", "--pipeline", "pipe", *map(str, ON_RAY)]
    env = {**os.environ, "RAY_ADDRESS": cluster[0], **TOKEN}
    killed = None
    with (
        (tmp_path / "log").open("w") as log,
        psutil.Popen(words, cwd=tmp_path, env=env, stdout=log, stderr=subprocess.STDOUT) as running,
    ):
        while running.poll() is None:
            with suppress(psutil.TimeoutExpired):
                running.wait(0.02)
            # Its temporary file shows that a worker is in the middle of a shard.
            if not killed and list(tmp_path.glob("ray/_done/*")) and list(tmp_path.glob("ray/.*.tmp.jsonl")):
                killed = next(
                    process
                    for process in cluster[1].children(recursive=True)
                    if "MapWorker" in "".join(process.cmdline())
                )
                killed.kill()
                finished = len(list(tmp_path.glob("ray/_done/*")))
    said = (tmp_path / "log").read_text()
    assert running.returncode == 0 and "20 of 20 shards" in " ".join(said.split()), said
    assert killed and finished < 20 and "died" in said, said
    assert content(tmp_path / "local") == content(tmp_path / "ray")


def test_only_what_changed_is_done_again(on_cluster, run, shards, tmp_path):
    assert predict(run, "out").code == 0
    write(shards / "3.jsonl", texts(8))
    done = predict(on_cluster, "out")
    assert done.code == 0 and "5 of 5 shards in out, 1 of them new" in done.out, done.raw


def test_annotate_and_rehearse_give_the_same_bytes(on_cluster, run, assets, tmp_path):
    nlp = pipeline(tmp_path / "base")
    for name, number in (
        ("new/train", 2),
        ("new/dev", 1),
        ("base/train", 0),
        ("base/dev", 0),
        ("raw/train", 30),
        ("raw/dev", 20),
    ):
        for shard in range(3 if number else 1):
            docs = DocShard()
            for row in texts(shard, number):
                docs.add(nlp(row["text"]) if name < "raw" else nlp.make_doc(row["text"]))
            docs.complete(nlp.vocab.strings).to_folder(tmp_path / f"corpus/{name}.spacy")
    write(
        assets / "raw.jsonl",
        [{"text": f"an iphone x {n} {'and so on ' * 2000}" if n % 2 else f"a kindle {n}"} for n in range(300)],
    )
    made = []
    for how, run_it in (("local", run), ("ray", on_cluster)):
        done = run_it(
            "annotate.py",
            "assets/patterns.jsonl",
            "assets/raw.jsonl",
            f"{how}/silver.jsonl",
            "--table",
            f"{how}/patterns.json",
        )
        assert done.code == 0, done.raw
        done = run_it("rehearse.py", "base", "corpus", f"{how}/update", "--silver", "local/silver.jsonl")
        assert done.code == 0, done.raw
        made.append(content(tmp_path / how))
    assert made[0] == made[1] and len(made[0]) == 11


def test_a_cluster_that_is_not_there(run, shards, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    done = predict(run, "out", *ON_RAY)
    assert (
        done.code == 1
        and "'127.0.0.1:1' cannot be joined" in done.out
        and "Mend RAY_ADDRESS" in done.out
        and "Traceback" not in done.raw
    ), done.raw
