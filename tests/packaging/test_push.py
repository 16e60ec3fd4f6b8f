"""What is pushed, and where: a dry run says it without a network, and the push then sends just that (to a Hub on loopback)."""

import base64
import hashlib
import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import spacy
import srsly

from conftest import ROOT, command, write
from network import DIRECT, PROXIES, cut_off

TOKEN = "hf_" + "x" * 34
PUSH_HUB = ["python", ROOT / "scripts/push_hub.py", "out", "--repository", "somebody/gadgets"]


@pytest.fixture
def hub(tmp_path):
    """A server on loopback that answers as the Hub does to an upload. `asked` has paths and bodies, `refuses` an answer to give."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.append((self.path, body, self.headers.get("Authorization")))
            answer = {
                "url": f"{made.url}/somebody/gadgets",
                "commitUrl": f"{made.url}/somebody/gadgets/commit/1",
                "commitOid": "1",
            }
            answer |= {"pullRequestUrl": None, "errors": [], "warnings": []}
            if "/preupload/" in self.path:
                answer["files"] = [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in json.loads(body)["files"]
                ]
            content = json.dumps({"error": "no"} if made.refuses else answer).encode()
            self.send_response(made.refuses or 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.asked, made.refuses, made.url = [], 0, f"http://127.0.0.1:{made.server_port}"
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def project(packages, tmp_path):
    """A folder with a package in it, and a home without anybody's token."""
    shutil.copytree(packages, tmp_path / "out")
    return tmp_path


def push_hub(project, *words: str, before: tuple = (), **variables: str):
    home = {"HF_HOME": str(project / "home"), "HF_TOKEN": TOKEN}
    return command(*before, *PUSH_HUB, *words, cwd=project, **home | variables)


def listed(raw: str) -> dict[str, tuple[int, str]]:
    """RETURNS (dict): Path, bytes and hash of each file that a dry run lists."""
    return {
        m[1]: (int(m[2].replace(",", "")), m[3]) for m in re.finditer(r"(?m)^(\S+) +([\d,]+) +([0-9a-f]{64})\s*$", raw)
    }


@pytest.mark.parametrize("kind", ["no network", "a proxy that refuses"])
def test_a_dry_run_needs_no_network(project, kind):
    before, variables = cut_off(kind)
    done = push_hub(project, "--dry-run", before=tuple(before), **variables)
    assert (
        done.code == 0 and "Would go to somebody/gadgets, made private" in done.out and "Nothing was sent" in done.out
    ), done.raw
    files = listed(done.raw)
    (wheel,) = (project / "out").glob("*.whl")
    assert files[wheel.name] == (wheel.stat().st_size, hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert {
        "README.md",
        "meta.json",
        "config.cfg",
        "text_context.py",
        "tokenizer",
        "ner/model",
        "ner_gadget/model",
    } < set(files)
    assert "__init__.py" not in files and f"{len(files)} files" in done.out
    # The model card, with what the Hub itself reads on top.
    assert (
        "library_name: spacy license: mit tags: - spacy - token-classification" in done.out
        and "value: 0.5333" in done.out
    )
    assert "| GADGET | 12 | 80.0 |" in done.out and "### Limits" in done.out and TOKEN not in done.raw
    assert "made public" in push_hub(project, "--dry-run", "--public", **PROXIES).out


def test_what_is_pushed_is_what_the_dry_run_lists(project, hub):
    files = listed(push_hub(project, "--dry-run").raw)
    done = push_hub(project, HF_ENDPOINT=hub.url, **DIRECT)
    assert done.code == 0 and f"Uploaded {len(files)} files: {hub.url}/somebody/gadgets/commit/1" in done.out, done.raw
    paths = [path for path, _, _ in hub.asked]
    assert paths[0] == "/api/repos/create" and "/api/models/somebody/gadgets/commit/main" in paths, paths
    asked = json.loads(hub.asked[0][1])
    assert (asked["organization"], asked["name"], asked["private"]) == ("somebody", "gadgets", True)
    rows = [json.loads(line) for path, body, _ in hub.asked if "/commit/" in path for line in body.splitlines()]
    sent = {row["value"]["path"]: base64.b64decode(row["value"]["content"]) for row in rows if row["key"] == "file"}
    assert {path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in sent.items()} == files
    # The repository is a pipeline, as a folder too.
    for path, content in sent.items():
        (project / "pulled" / path).parent.mkdir(parents=True, exist_ok=True)
        (project / "pulled" / path).write_bytes(content)
    assert spacy.load(project / "pulled").meta["name"] == "gadget_ner"
    # The token goes to the Hub, and nowhere else.
    assert {token for _, _, token in hub.asked} <= {f"Bearer {TOKEN}", None} and f"Bearer {TOKEN}" in {
        token for _, _, token in hub.asked
    }
    assert TOKEN not in done.raw and not [
        file for file in project.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()
    ]


@pytest.mark.parametrize("refuses, said", [(401, "401"), (403, "403"), (500, "500")])
def test_a_push_that_fails_says_why(project, hub, refuses, said):
    hub.refuses = refuses
    done = push_hub(project, HF_ENDPOINT=hub.url, **DIRECT)
    assert (
        done.code == 1
        and said in done.out
        and "hf auth login" in done.out
        and "Traceback" not in done.raw
        and TOKEN not in done.raw
    ), done.raw


def test_a_push_without_a_network_says_so(project):
    done = push_hub(project, **PROXIES)
    assert (
        done.code == 1
        and "somebody/gadgets failed" in done.out
        and "Traceback" not in done.raw
        and TOKEN not in done.raw
    ), done.raw


@pytest.mark.parametrize("repository", ["", "gadgets", "a/b/c", "a/b c", "../x", "a/--b"])
def test_a_repository_that_is_none(project, repository):
    done = command(*PUSH_HUB[:-1], repository, "--dry-run", cwd=project)
    assert done.code == 1 and "set_var.py hub_repository" in done.out and "Traceback" not in done.raw, done.raw


@pytest.fixture
def kept(tmp_path):
    """A small project in which DVC keeps a file and the output of a stage."""
    folder = tmp_path / "project"
    write(folder / "data.jsonl", [{"text": "a"}])
    stage = {
        "cmd": "python -c \"import pathlib; pathlib.Path('out').mkdir(); [pathlib.Path(f'out/{n}').write_text('ab') for n in '12']\"",
        "outs": ["out"],
    }
    srsly.write_yaml(folder / "dvc.yaml", {"stages": {"make": stage}})
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "config.local"))
    for words in (["git", "init", "-q"], ["dvc", "add", "-q", "data.jsonl"], ["dvc", "repro", "-q"]):
        done = command(*words, cwd=folder)
        assert done.code == 0, done.raw
    return folder


PUSH = ["python", ROOT / "scripts/push.py"]


def test_dvc_a_dry_run_and_then_the_push(kept, tmp_path):
    done = command(*PUSH, "--dry-run", cwd=kept)
    assert (
        done.code == 1
        and "no DVC remote" in done.out
        and "dvc remote add -d store" in done.out
        and "Traceback" not in done.raw
    ), done.raw
    assert command("dvc", "remote", "add", "-d", "store", tmp_path / "store", cwd=kept).code == 0
    done = command(*PUSH, "--dry-run", cwd=kept, **PROXIES)
    assert (
        done.code == 0
        and f"Would go to store ({tmp_path / 'store'}): 2 outputs" in done.out
        and not (tmp_path / "store").exists()
    ), done.raw
    size = (kept / "data.jsonl").stat().st_size
    md5 = hashlib.md5((kept / "data.jsonl").read_bytes()).hexdigest()
    assert re.search(rf"data\.jsonl +1 +{size} +{md5}", done.raw) and re.search(
        r"out +2 +4 +[0-9a-f]{32}\.dir", done.raw
    ), done.raw
    done = command(*PUSH, cwd=kept)
    assert done.code == 0 and "All is in store" in done.out, done.raw
    pushed = [
        path.relative_to(tmp_path / "store/files/md5").as_posix().replace("/", "")
        for path in (tmp_path / "store").rglob("*")
        if path.is_file()
    ]
    assert md5 in pushed and len(pushed) == 3


def test_dvc_what_is_not_recorded_is_not_pushed(kept, tmp_path):
    command("dvc", "remote", "add", "-d", "store", tmp_path / "store", cwd=kept)
    (kept / "out/1").unlink()
    (kept / "out/1").write_text("changed", encoding="utf8")
    done = command(*PUSH, cwd=kept)
    assert (
        done.code == 1 and "make" in done.out and "dvc commit -f" in done.out and not (tmp_path / "store").exists()
    ), done.raw


def test_dvc_without_dvc(tmp_path):
    done = command(*PUSH, cwd=tmp_path)
    assert done.code == 1 and "dvc init" in done.out and "Traceback" not in done.raw, done.raw


@pytest.mark.parametrize("url", ["s3://somebody:secret@bucket/ner", "https://somebody:secret@example.org/ner"])
def test_dvc_an_address_is_shown_without_its_password(kept, url):
    command("dvc", "remote", "add", "-d", "store", url, cwd=kept)
    done = command(*PUSH, "--dry-run", cwd=kept, **PROXIES)
    assert done.code == 0 and "/ner)" in done.out and "secret" not in done.raw, done.raw
