"""What `visualize` shows; and, in headless Chromium, that it does (marker: browser)."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

import psutil
import pytest
import srsly

from chromium import Page, browser, until
from conftest import ROOT, command, write
from ner_update.pages import app_data as shown_texts
from processes import stop

SCRIPT = (
    "<script>alert(1)</script> <img src=http://192.0.2.1/x.png> $5 & *Zune* [a](http://192.0.2.1)",
    '"><img src=http://192.0.2.1/y.png>',
)


def test_nothing_of_a_text_or_a_label_becomes_markup():
    text, label = SCRIPT
    html = shown_texts.as_html(text, [[26, 30, label]], shown_texts.colours([label]))
    finding = shown_texts.finding_html({"level": label, "kind": label, "message": text, "around": text, "repair": text})
    for made in (html, finding):
        assert (
            "<script" not in made
            and "<img" not in made
            and "<a " not in made
            and "&lt;script&gt;" in made
            and "&lt;img" in made
        )
    assert shown_texts.PALETTE[0] in html


def test_a_text_is_shown_with_its_entities():
    colour = shown_texts.colours(["PERSON", "GADGET", "PERSON"])
    assert colour == shown_texts.colours(["GADGET", "PERSON"]) and len(set(colour.values())) == 2
    html = shown_texts.as_html("Ines has\na Zune", [[11, 15, "GADGET"], [0, 4, "PERSON"], [11, 99, "GADGET"]], colour)
    assert (
        html.count("<mark") == 2
        and html.index("PERSON") < html.index("GADGET")
        and colour["GADGET"] in html
        and "<br>" in html.replace("</br>", "<br>")
    )
    long = shown_texts.as_html("a" * 50_000, [[49_000, 49_001, "GADGET"]], colour)
    assert len(long) < 30_000 and "30,000 more characters" in long
    assert "direction: rtl" in shown_texts.as_html("א", [], {}, "rtl")


ROWS = [
    {"set": "base", "text": "b", "gold": [], "base": [[0, 1, "ORG"]], "updated": []},
    {"set": "new", "text": "one", "gold": [[0, 3, "GADGET"]], "base": [], "updated": []},
    {
        "set": "new",
        "text": "two words",
        "gold": [[0, 3, "GADGET"]],
        "base": [],
        "updated": [[0, 3, "PERSON"], [4, 9, "GADGET"]],
    },
    {"set": "raw", "text": "raw", "gold": None, "base": [], "updated": [[0, 3, "GADGET"]]},
]


def test_errors_are_those_of_the_updated_pipeline_most_first(tmp_path):
    errors = shown_texts.wrong_texts(write(tmp_path / "rows.jsonl", ROWS))
    assert [(row["text"], row["errors"], row["wrong"]) for row in errors] == [
        ("two words", 3, ["GADGET", "PERSON"]),
        ("one", 1, ["GADGET"]),
        ("raw", 1, ["GADGET"]),
    ]
    assert [row["text"] for row in shown_texts.chosen(errors, ["new"], ["GADGET"])] == ["two words", "one"]
    assert [row["text"] for row in shown_texts.chosen(errors, ["new", "raw"], ["PERSON"])] == ["two words"]
    (tmp_path / "rows.jsonl").write_text("", encoding="utf8")
    assert shown_texts.wrong_texts(tmp_path / "rows.jsonl") == []


def test_data_stand_beside_what_the_check_found(assets, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (assets / "annotated/more.jsonl").write_text(
        '{"text": "my Zune, too", "entities": [[3, 8, "GADGET"]]}\n{"text": 5}\n{"text": "fine", "entities": []}\n',
        encoding="utf8",
    )
    assert run("check.py", "assets").code == 1
    problems = srsly.read_json(tmp_path / "corpus/check.json")["problems"]
    counted = shown_texts.kinds(problems)
    assert {"unreadable", "edge_punctuation"} <= set(counted) and next(iter(counted)) == "unreadable"
    file = "assets/annotated/more.jsonl"
    rows = list(shown_texts.data(file, Path("assets"), problems))
    assert [row.text for row in rows] == [None, "my Zune, too", "fine"]
    assert (
        rows[0].where == f"{file}:2"
        and rows[0].findings[0]["kind"] == "unreadable"
        and [row.findings == [] for row in rows[1:]] == [False, True]
    )
    assert (
        rows[1].entities == [(3, 8, "GADGET")]
        and "use [3, 7] 'Zune'" in shown_texts.finding_html(rows[1].findings[0]).unescape()
    )
    files = shown_texts.files_of(Path("assets"), problems)
    assert {
        file,
        "assets/annotated/new.jsonl",
        "assets/test/test.jsonl",
        "assets/base/base.jsonl",
        "assets/raw.jsonl",
    } <= set(files)
    assert (
        len(list(shown_texts.data("assets/raw.jsonl", Path("assets"), []))) == 2
        and list(shown_texts.data("assets/patterns.jsonl", Path("assets"), [])) == []
    )


def test_what_is_missing_is_named(tmp_path):
    assert (
        "a/b yet. Run the whole project (make)" in shown_texts.missing([Path("a/b"), tmp_path])
        and shown_texts.missing([tmp_path]) == ""
    )


def test_without_streamlit_it_says_what_installs_it(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\nu.find_spec = lambda name, *w: None if name == 'streamlit' else find(name, *w)\n",
        encoding="utf8",
    )
    done = command("python", ROOT / "scripts/visualize.py", "app.py", *"abcde", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (
        done.code == 1
        and "Streamlit is not installed" in done.out
        and "make visualize" in done.out
        and "Traceback" not in done.raw
    ), done.raw


# Notes each address that a process of the server connects to, or looks up.
HOOK = """
import os, sys
log = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def note(event, words):
    if event == "socket.connect" and isinstance(words[1], tuple):
        os.write(log, f"{words[1][0]}\\n".encode())
    elif event == "socket.getaddrinfo":
        os.write(log, f"{words[0]}\\n".encode())

sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def project(ran_with_spacy, tmp_path_factory):
    """A finished project, with a text that is an attack in its errors, and in its data and what the check found there."""
    folder = shutil.copytree(ran_with_spacy, tmp_path_factory.mktemp("looked_at") / "project", symlinks=True)
    text, label = SCRIPT
    row = {
        "set": "new",
        "text": text,
        "gold": [[len(text) - 4, len(text), label]],
        "base": [],
        "updated": [[0, 8, label]],
    }
    write(folder / "training/differences.jsonl", [row, *srsly.read_jsonl(folder / "training/differences.jsonl")])
    write(folder / "assets/annotated/attack.jsonl", [{"text": f"{text} ({text}", "entities": [[0, 8, label]]}])
    done = command("python", "scripts/check.py", "assets", cwd=folder)
    assert "attack.jsonl" in done.raw, done.raw
    return folder


@pytest.fixture(scope="module")
def server(project, tmp_path_factory):
    """Address of the page, and the file with all hosts that the server asked for."""
    pytest.importorskip("streamlit", reason="Streamlit is not installed: make test-browser")
    folder = tmp_path_factory.mktemp("server")
    (folder / "sitecustomize.py").write_text(HOOK, encoding="utf8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = next(c for c in srsly.read_yaml(project / "project.yml")["commands"] if c["name"] == "visualize")[
        "script"
    ][0]
    words = [sys.executable, *script.split()[1:-1], "", "--port", str(port)]
    env = {**os.environ, "PYTHONPATH": str(folder), "AUDIT_LOG": str(folder / "hosts"), "HOME": str(folder)}
    log, address = folder / "log", f"http://127.0.0.1:{port}"

    def answers():
        try:
            return build_opener(ProxyHandler({})).open(f"{address}/_stcore/health", timeout=10).read() == b"ok"
        except OSError:
            return False

    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=project, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        until(answers, process, log, "answer of the server")
        yield address, folder / "hosts", process
    finally:
        stop(process)


@pytest.fixture
def page(server, tmp_path):
    with browser(tmp_path) as page:
        yield page


SHOWN = "[...document.querySelectorAll('.side.%s mark')].map(m => [m.innerText, getComputedStyle(m).backgroundColor])"


def type_in(page: Page, text: str) -> None:
    """As a person does: into the field, in place of what stands there, and then Ctrl and Enter."""
    page.wait(
        "(field => field && (field.focus(), field.select(), true))(document.querySelector('textarea'))",
        "field for a text",
    )
    page.call("Input.insertText", text=text)
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, modifiers=2, key="Enter", code="Enter", windowsVirtualKeyCode=13)


@pytest.mark.browser
def test_a_typed_text_is_seen_in_both_columns(server, page):
    address, _hosts, _process = server
    page.open(address)
    type_in(page, "Ines lost my Zune today")
    base = page.wait(
        f"(m => m.length && document.querySelector('.side.base').textContent.includes('Zune') ? m : null)({SHOWN % 'base'})",
        "the text in the column of the base",
    )
    updated = page.wait(
        f"(m => m.some(x => x[0].includes('Zune')) ? m : null)({SHOWN % 'updated'})",
        "Zune in the column of the updated pipeline",
    )
    # The base knows people, and no gadget; a label has one colour in both.
    assert [text.split() for text, _ in base] == [["Ines", "PERSON"]]
    assert [text.split() for text, _ in updated] == [["Ines", "PERSON"], ["Zune", "GADGET"]] and updated[0][1] == base[
        0
    ][1] != updated[1][1]
    assert page.wait("location.search.includes('text=Ines') && location.search", "address to send to somebody")
    # Such an address shows the text, of which nothing becomes markup, nor reaches out.
    page.open(f"{address}/?{urlencode({'text': SCRIPT[0]})}")
    # Without the labels: who knows what a model of a few words finds in it.
    bare = "(s => { if (s) { s = s.cloneNode(true); s.querySelectorAll('mark span').forEach(l => l.remove()); return s.textContent.replace(/\\s/g, '') } })"
    page.wait(
        f"{bare}(document.querySelector('.side.updated')) === {json.dumps(''.join(SCRIPT[0].split()))}", "text as it is"
    )
    assert_at_rest(page, server)


@pytest.mark.browser
def test_errors_and_data_are_browsed(server, page):
    address, _hosts, _process = server
    page.open(address)
    for name, box in (("Test errors", ".error.gold"), ("Data", ".row")):
        page.wait(
            f"(label => label && (label.click(), true))([...document.querySelectorAll('label')].find(l => l.innerText === '{name}'))",
            f"page {name}",
        )
        seen = f"(boxes => boxes.some(b => b.innerText.includes('<script>alert(1)') && b.querySelector('mark') && b.innerText.includes('y.png')))([...document.querySelectorAll('{box}')])"
        if name == "Data":
            page.wait("document.querySelector('.row .finding') !== null", "finding")
            page.wait("document.body.innerText.includes('assets/annotated/attack.jsonl')", "place of a text")
        page.wait(seen, f"text as it is on the page {name}")
    assert_at_rest(page, server)


def assert_at_rest(page: Page, server: tuple) -> None:
    """Nothing went wrong in the browser, and neither it nor the server asked another host, or listens to any."""
    address, hosts, process = server
    assert page.complaints() == [] and page.hosts() == {urlsplit(address).netloc}
    assert (
        page.js("document.querySelectorAll('.side img, .error img, .row img, .side script, .stException').length") == 0
    )
    asked = set(hosts.read_text(encoding="utf8").split()) if hosts.exists() else set()
    assert asked <= {"127.0.0.1", "localhost", "::1"}
    # It is one process, which ends with the command.
    listening = {c.laddr.ip for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


@pytest.mark.browser
@pytest.mark.parametrize(
    "page_name, gone",
    [("text", "training/updated/model-best"), ("errors", "training/differences.jsonl"), ("data", "corpus/check.json")],
)
def test_what_is_missing_is_said_on_the_page(project, page_name, gone, tmp_path):
    testing = pytest.importorskip("streamlit.testing.v1", reason="Streamlit is not installed: make test-browser")
    app = testing.AppTest.from_file(str(ROOT / "scripts/ner_update/pages/app.py"), default_timeout=60)
    app.query_params["page"] = page_name
    paths = [
        project / "training/base/model-best",
        project / "training/updated/model-best",
        project / "training/differences.jsonl",
        project / "corpus/check.json",
        project / "assets",
    ]
    argv, sys.argv = (
        sys.argv,
        ["app", *(str(tmp_path / "gone" if str(path).endswith(gone) else path) for path in paths), ""],
    )
    try:
        app.run()
    finally:
        sys.argv = argv
    assert not app.exception and len(app.warning) == 1 and "Run the whole project (make)" in app.warning[0].value
