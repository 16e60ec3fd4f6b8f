"""Out to a real Label Studio server, and back (marker: label_studio).

The server is installed from its lock into .venv-label-studio, one gigabyte, and runs on loopback with SQLite. Where it cannot
be installed the test is skipped, and says why.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from types import SimpleNamespace
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from conftest import ROOT, command, write
from ner_update.data.offsets import to_utf16
from processes import ended, stop

pytestmark = pytest.mark.label_studio
VENV = ROOT / ".venv-label-studio"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
# Seconds: to install, until the server answers, and for one answer.
INSTALL, START, ANSWER = 900, 300, 60
SILVER = [
    {
        "text": "😀 sold the Zune and a Kindle",
        "entities": [[11, 15, "GADGET"]],
        "id": "a-1",
        "meta": {"source": "patterns", "n": [1, 0.123456789012345]},
    },
    {"text": "הטלפון iPhone X שלי 👨‍👩‍👧 مات", "entities": [[7, 15, "GADGET"]], "meta": {"doc": "d\u2028é"}},
    {"text": "my new phone is dead", "entities": [[7, 12, "GADGET"]]},
    {"text": 'a cafe\u0301 "Zune"\n\tand <b> iPhone\nX </b> & co', "entities": [[9, 13, "GADGET"]], "id": "5"},
    {"text": "is a Lumio a lamp", "entities": [[5, 10, "GADGET"]]},
    {"text": "nobody looked at this Zune", "entities": [[22, 26, "GADGET"]]},
    {"text": "a strange label", "entities": [[2, 9, '"><x']]},
]
MINE = {"text": "a Kindle", "entities": [[2, 8, "GADGET"]]}
ZUNE, RTL, NOTHING, LINES, SKIPPED, UNSEEN, STRANGE = (record["text"] for record in SILVER)
# What people make of them: one corrected and one more marked, one as it was, none, another label over a line break, as it was.
REVIEWED = {
    ZUNE: [(7, 15, "GADGET"), (22, 28, "GADGET")],
    RTL: [(7, 15, "GADGET")],
    NOTHING: [],
    LINES: [(9, 13, "GADGET"), (24, 32, '"><x')],
    STRANGE: [(2, 9, '"><x')],
}


@pytest.fixture(scope="module")
def installed():
    """The server's program. Whatever keeps it from being installed skips the test, and nothing else does."""
    lock = ROOT / "requirements/label-studio.txt"
    for words in (
        ["venv", "--allow-existing", "--python", sys.executable, VENV],
        ["pip", "install", "--require-hashes", "--python", BIN / "python", "-r", lock],
    ):
        try:
            done = subprocess.run(
                [sys.executable, "-m", "uv", *words, "--quiet"], capture_output=True, text=True, timeout=INSTALL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"Label Studio cannot be installed: {error}")
        if done.returncode:
            pytest.skip(f"Label Studio cannot be installed: {' '.join(done.stderr.split())[-500:]}")
    return BIN / "label-studio"


@pytest.fixture(scope="module")
def api(installed, tmp_path_factory):
    """Call a server of our own: api("POST", "/api/projects/", {...}). It is stopped in every case."""
    folder, token = tmp_path_factory.mktemp("label_studio"), secrets.token_hex(20)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "collect_analytics": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LATEST_VERSION_CHECK": "False",
    }
    account = ["--username", "reviewer@example.org", "--password", secrets.token_hex(8), "--user-token", token]
    words = [installed, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port), *account]
    log = folder / "server.log"

    def call(method: str, path: str, body: object = None) -> object:
        data = None if body is None else json.dumps(body).encode("utf8")
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method), timeout=ANSWER) as answer:
            content = answer.read()
        return json.loads(content) if "json" in answer.headers["Content-Type"] else content

    with open(log, "wb") as out:
        process = subprocess.Popen(words, env=env, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + START
        while not answers(call):
            if time.monotonic() > until or ended(process):
                pytest.fail(f"Label Studio does not start:\n{log.read_text(encoding='utf8', errors='replace')[-3000:]}")
        yield call
    finally:
        stop(process)


def answers(call) -> bool:
    try:
        return bool(call("GET", "/health"))
    except (URLError, OSError):
        return False


def as_drawn(text: str, entities: list) -> list[dict]:
    """RETURNS (list): What the page of Label Studio submits when somebody marks these."""
    return [
        {
            "id": f"r{start}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "origin": "manual",
            "value": {"start": first, "end": last, "text": text[start:end].replace("\n", "\\n"), "labels": [label]},
        }
        for (start, end, label), (first, last, _) in zip(entities, to_utf16(text, entities))
    ]


@pytest.fixture(scope="module")
def exports(api, tmp_path_factory):
    """What was sent, and what the server exports after the review."""
    folder = tmp_path_factory.mktemp("review")
    # srsly would round the number.
    (folder / "silver.jsonl").write_text("".join(json.dumps(record) + "\n" for record in SILVER), encoding="utf8")
    write(folder / "assets/annotated/mine.jsonl", [MINE])
    done = command(
        "python",
        ROOT / "scripts/review_export.py",
        "silver.jsonl",
        "sent",
        "assets",
        "--tool",
        "label_studio",
        cwd=folder,
    )
    assert done.code == 0, done.raw
    config = (folder / "sent/labelling_config.xml").read_text(encoding="utf8")
    project = api("POST", "/api/projects/", {"title": "review", "label_config": config})["id"]
    made = api(
        "POST", f"/api/projects/{project}/import", json.loads((folder / "sent/tasks.json").read_text(encoding="utf8"))
    )
    assert (made["task_count"], made["prediction_count"]) == (len(SILVER), len(SILVER))
    for task in tasks_of(api, project):
        text = task["data"]["text"]
        result = task["predictions"][0]["result"]
        if text in (RTL, STRANGE):
            # The button Submit, with the prediction as it stands.
            api(
                "POST",
                f"/api/tasks/{task['id']}/annotations/",
                {"result": [{**region, "origin": "prediction"} for region in result]},
            )
        elif text in REVIEWED:
            api("POST", f"/api/tasks/{task['id']}/annotations/", {"result": as_drawn(text, REVIEWED[text])})
        elif text == SKIPPED:
            api("POST", f"/api/tasks/{task['id']}/annotations/", {"result": result, "was_cancelled": True})
    return SimpleNamespace(
        folder=folder,
        **{
            kind: api("GET", f"/api/projects/{project}/export?exportType={kind}&download_all_tasks=true")
            for kind in ("JSON", "JSON_MIN")
        },
    )


def tasks_of(api, project: int) -> list[dict]:
    found = api("GET", f"/api/tasks?project={project}&fields=all&page_size=100")["tasks"]
    assert len(found) == len(SILVER)
    return [api("GET", f"/api/tasks/{task['id']}") for task in found]


@pytest.mark.parametrize("kind", ["JSON", "JSON_MIN"])
def test_a_review_comes_back(exports, tmp_path, kind):
    """Texts, spans, ids and meta of what was reviewed; nothing of what was skipped or never looked at; once."""
    content = getattr(exports, kind)
    (tmp_path / "reviewed").mkdir()
    (tmp_path / "reviewed/project-1.json").write_text(json.dumps(content), encoding="utf8")
    write(tmp_path / "assets/annotated/mine.jsonl", [MINE])
    words = ["python", ROOT / "scripts/review_import.py", "reviewed", "assets", "--sent", exports.folder / "sent"]
    done = command(*words, cwd=tmp_path)
    assert done.code == 0 and f"{len(REVIEWED)} texts are new" in done.out, done.raw
    target = tmp_path / "assets/annotated/reviewed.jsonl"
    found = {
        record["text"]: record for record in map(json.loads, target.read_text(encoding="utf8").strip().split("\n"))
    }
    assert {text: [tuple(span) for span in record["entities"]] for text, record in found.items()} == REVIEWED
    for sent in SILVER:
        if sent["text"] in REVIEWED:
            assert (found[sent["text"]].get("id"), found[sent["text"]].get("meta")) == (
                sent.get("id"),
                sent.get("meta"),
            )
    before = target.read_bytes()
    again = command(*words, cwd=tmp_path)
    assert again.code == 0 and "0 texts are new" in again.out and target.read_bytes() == before, again.raw


def test_what_was_left_out_is_counted(exports, tmp_path):
    write(tmp_path / "assets/annotated/mine.jsonl", [MINE])
    (tmp_path / "project-1.json").write_text(json.dumps(exports.JSON), encoding="utf8")
    done = command(
        "python", ROOT / "scripts/review_import.py", "project-1.json", "assets", "--sent", "sent", cwd=tmp_path
    )
    assert done.code == 0, done.raw
    for reason in (
        "skipped by the annotator: 1 texts",
        "a cancelled annotation: 0 texts, 1 spans",
        "not annotated yet: 1 texts",
    ):
        assert reason in done.out, done.raw
