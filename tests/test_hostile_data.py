"""Data of any origin break nothing: one clear message with file and line, exit code 1, and nothing is overwritten."""

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import check as check_script
from conftest import write
from ner_update.data.reader import read_data
from ner_update.data.records import Problem
from ner_update.data.validation import LONGEST_WORD
from ner_update.pages.render import render
from ner_update.project.options import with_options

# A hang is a failure here.
pytestmark = pytest.mark.timeout(120)

GOOD = '{"text": "my iPhone X is dead", "entities": [[3, 11, "GADGET"]]}'
CLI = typer.Typer()
CLI.command()(with_options(check_script.main))


@pytest.fixture
def refused(assets, tmp_path, monkeypatch):
    """Run the check command in this process: refused("GADGET", ...) asserts what it says, and that it stops nowhere else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/counts.json").write_text("earlier")

    def run(*expected, words=()):
        argv = ["assets", *words]
        done = CliRunner().invoke(CLI, argv)
        said = " ".join(done.output.split())
        assert done.exit_code == 1 and isinstance(done.exception, SystemExit), done.output + repr(done.exception)
        for part in expected:
            assert part in said
        assert (tmp_path / "corpus/counts.json").read_text() == "earlier" and not (
            tmp_path / "corpus/check.passed"
        ).exists()
        return said

    return run


def text(words, entities="[]"):
    return f'{{"text": "{words}", "entities": {entities}}}'


LINES = {
    "lists 100,000 deep": ("[" * 100_000, ["stand in each other"]),
    "lists 100 deep": (
        f'{{"text": "a", "entities": [], "meta": {{"a": {"[" * 100}{"]" * 100}}}}}',
        ["more than 50 lists and objects"],
    ),
    "a number of 5,000 digits": (text("a b", f'[[0, {"9" * 5000}, "GADGET"]]'), ["broken JSON", "digits"]),
    "a number of 400 digits": (text("a b", f'[[0, {"9" * 400}, "GADGET"]]'), ["out of range"]),
    "1e999": (text("a b", '[[0, 1e999, "GADGET"]]'), ["entities.0.1"]),
    "NaN": (text("a b", '[[0, NaN, "GADGET"]]'), ["NaN is no JSON number"]),
    "-Infinity": ('{"text": "a", "entities": [], "meta": {"x": -Infinity}}', ["-Infinity is no JSON number"]),
    "a key twice": ('{"text": "a", "text": "b", "entities": []}', ["the key 'text' stands twice"]),
    "true as an offset": (text("a b", '[[true, 3, "GADGET"]]'), ["entities.0.0"]),
    "a fraction as an offset": (text("a b", '[[0.5, 3, "GADGET"]]'), ["entities.0.0"]),
    "NUL": (text("a\\u0000b"), ["NUL character"]),
    "a raw NUL": (text("a\0b"), ["broken JSON"]),
    "only a NUL": ("\0", ["broken JSON"]),
    "half a pair in a label": (text("a b", '[[0, 1, "GAD\\ud800"]]'), ["new.jsonl:2"]),
    "a label that clears the screen": (text("a b", '[[0, 1, "\\u001b[2J"]]'), ["a label must be one line", "\\x1b[2J"]),
    "a label of two lines": (text("a b", '[[0, 1, "GAD\\nGET"]]'), ["a label must be one line"]),
    "a label of 200,000 characters": (
        text("a b", f'[[0, 1, "{"G" * 200_000}"]]'),
        ["a label must be one line of at most 100"],
    ),
    "a label of spaces": (text("a b", '[[0, 1, "  "]]'), ["a span has no label"]),
    "two million characters": (
        text("word " * 400_000),
        ["the text has 2,000,000 characters, and spaCy takes 1,000,000"],
    ),
    "a word without end": (text("so " + "(" * 100_000), ["more than 5,000 characters without a space, from 3 on"]),
    "5,000 wrong spans": (text("a b", json.dumps([["x", "y", 5]] * 5000)), ["and 14995 more"]),
    "spans that are text": ('{"text": "a", "spans": "abc"}', ["`spans` is no list of objects"]),
    "spans that are a number": ('{"text": "a", "spans": 5}', ["`spans` is no list of objects"]),
    "entities that are an object": ('{"text": "a", "entities": {"0": 1}}', ["entities"]),
    "a list of three": ('["a", {"entities": []}, 5]', ["a record must be an object"]),
    "a list in the text's place": ('[["a"], {"entities": []}]', ["text: Input should be a valid string"]),
    "null": ("null", ["a record must be an object"]),
    "code": ("__import__('os').system('touch hacked')", ["broken JSON"]),
    "a pickle": ("cos\\nsystem\\n(S'touch hacked'\\ntR.", ["broken JSON"]),
    "YAML that would call": ('!!python/object/apply:os.system ["touch hacked"]', ["broken JSON"]),
}


@pytest.mark.parametrize("line, expected", LINES.values(), ids=LINES)
def test_one_line(refused, assets, tmp_path, line, expected):
    (assets / "annotated/new.jsonl").write_text(f"{GOOD}\n{line}\n", encoding="utf8")
    said = refused("new.jsonl:2", *expected)
    assert "1 error(s)" in said
    assert not (tmp_path / "hacked").exists()


def test_what_looks_odd_and_is_fine(assets, tmp_path):
    rows = [
        '["my iPhone X", {"entities": [[3, 11, "GADGET"]]}]',
        text("\\u202eright to left\\u2066 and \\ufeff zero widths"),
        text("my iPhone X 😀", '[[3, 11, "../../etc/passwd"]]'),
        text("my iPhone X", '[[3, 11, "C:\\\\nul"]]'),
        text("{{ 7 * 7 }} {% for x in y %} ${vars.lang} %s"),
        text("x" * LONGEST_WORD),
    ]
    path = assets / "annotated/new.jsonl"
    path.write_text("\ufeff" + "\r\n".join(rows), encoding="utf8")
    found = read_data(path)
    assert [problem.kind for problem in found.problems] == ["byte_order_mark"] and len(found.examples) == len(rows)


def test_a_long_list_of_spans_is_compared_in_time(tmp_path):
    words = "a " * 100_000
    entities = [[2 * n, 2 * n + 1, "GADGET"] for n in range(100_000)]
    found = read_data(write(tmp_path / "x.jsonl", [{"text": words, "entities": [*entities, [4, 7, "GADGET"]]}]))
    # [4, 7] reaches into the third word, and so does the fourth word into it.
    assert len(found.problems) == 2 and all("overlaps" in problem.message for problem in found.problems)


def test_a_name_for_each_span_instead_of_a_label(refused, assets):
    rows = [{"text": f"my phone {n}", "entities": [[3, 8, f"PHONE {n}"]]} for n in range(2000)]
    write(assets / "annotated/new.jsonl", rows)
    refused("new.jsonl: there are", "labels, and no more than 500 may be")


FILES = {
    "a folder with a file's name": (lambda path: path.mkdir(), ["a folder stands where a file should"]),
    "UTF-16": (lambda path: path.write_bytes(GOOD.encode("utf-16")), ["new.jsonl:1: not valid UTF-8"]),
    "noise": (lambda path: path.write_bytes(bytes(range(256)) * 100), ["new.jsonl:2: not valid UTF-8"]),
    "only a byte order mark": (lambda path: path.write_bytes(b"\xef\xbb\xbf"), ["the file is empty"]),
}
if os.name == "posix":
    FILES |= {
        "a link to itself": (lambda path: path.symlink_to(path), ["new.jsonl"]),
        "a link to nothing": (lambda path: path.symlink_to("nowhere"), ["the file does not exist"]),
        "a device without end": (lambda path: path.symlink_to("/dev/zero"), ["the file does not exist"]),
        "a pipe that nobody writes to": (os.mkfifo, ["the file does not exist"]),
    }


@pytest.mark.parametrize("make, expected", FILES.values(), ids=FILES)
def test_one_file(refused, assets, make, expected):
    (assets / "annotated/new.jsonl").unlink()
    make(assets / "annotated/new.jsonl")
    refused(*expected)


@pytest.mark.parametrize(
    "content, expected",
    [
        ("[" * 100_000, "stand in each other"),
        ('{"a": 1}', "must hold one list"),
        ("[{}, 5", "broken JSON, column"),
        ('[{"text": "a", "text": "b"}]', "stands twice"),
        ("9" * 5000, "digits"),
        ("null", "must hold one list"),
    ],
)
def test_one_json_file(refused, assets, content, expected):
    (assets / "annotated/more.json").write_text(content)
    assert "1 error(s)" in refused("more.json:1", expected)


def test_a_file_that_may_not_be_read(refused, assets, monkeypatch):
    opened = Path.open

    def no(path, *words, **options):
        if path.name == "new.jsonl":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *words, **options)

    monkeypatch.setattr(Path, "open", no)
    refused("new.jsonl: the file cannot be read: Permission denied")


@pytest.mark.parametrize("name", ["raw.jsonl", "patterns.jsonl"])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"[" * 100_000, b'{"a": 1, "a": 2}'], ids=["not UTF-8", "deep", "twice"]
)
def test_the_other_files_are_read_the_same_way(refused, assets, name, content):
    (assets / name).write_bytes(content)
    refused(f"{name}:1")


@pytest.mark.parametrize("lang", ["../x", "en.stop_words", "EN", "", "e" * 300, "qq", "en/../../x", "e\u0301n"])
def test_a_language_that_is_none(refused, lang):
    refused("vars.lang is", words=["--lang", lang])


@pytest.mark.parametrize("name", ["../x", "x" * 5000, "a b\nc", "evil;ls", "..", "/dev/null"])
def test_a_base_that_is_none(refused, name):
    refused("The base pipeline", words=["--base-model", name])


def test_a_name_too_long_for_a_file(run, assets):
    done = run(
        "fingerprints.py",
        "assets",
        "out",
        "--base-model",
        "x" * 5000,
        "--encoder",
        "../../x",
        "--vectors-from",
        "a/" * 3000,
    )
    assert done.code == 0, done.raw


def test_a_message_moves_no_cursor_and_always_prints():
    said = str(Problem("a\x1b[2J.jsonl", 1, "label \ud800 \x07\r\u202e", "text \x1b]0;x\x07"))
    assert said.isascii() and "\x1b" not in said and "\r" not in said and "\\x1b[2J" in said


def test_the_commands_say_it_too(run, assets, tmp_path):
    """As a user sees it: no traceback from a process of its own either, and the earlier outputs stay."""
    (assets / "raw.jsonl").write_text("[" * 100_000)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/silver.jsonl").write_text("earlier")
    for words in (
        ["check.py", "assets"],
        ["annotate.py", "assets/patterns.jsonl", "assets/raw.jsonl", "corpus/silver.jsonl"],
    ):
        done = run(*words)
        assert done.code == 1 and "raw.jsonl:1" in done.out and "Traceback" not in done.raw, done.raw
    assert (tmp_path / "corpus/silver.jsonl").read_text() == "earlier"
    assert sorted(path.name for path in (tmp_path / "corpus").iterdir()) == ["check.json", "silver.jsonl"]


def test_the_report_escapes_texts_and_labels():
    made = render("<b>x</b> & \0", [[0, 3, "<script>alert(1)</script>"], [3, 4, "\"'{0}{label}"]])
    assert "<script" not in made and "<b>" not in made and "&lt;script&gt;" in made
