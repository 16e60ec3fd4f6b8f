"""The report shows what kinds of problems there are, and the first of each; the file has all of them, whatever was found."""

import json

import pytest
import srsly

from ner_update.checks.report import HEADER, SHOWN, CheckReport
from ner_update.checks.severity import CONFIG, KINDS, read_levels
from ner_update.data.records import Problem

OFF = CONFIG.read_text(encoding="utf8").replace("bare_form: warning", "bare_form: off")


@pytest.fixture
def report(tmp_path):
    (tmp_path / "check.yml").write_text(OFF, encoding="utf8")
    with CheckReport(read_levels(tmp_path / "check.yml"), tmp_path) as made:
        yield made


def problems():
    yield Problem(
        "a.jsonl",
        2,
        "a comma",
        "my Zune,",
        kind="edge_punctuation",
        id="x",
        span=(3, 8, "GADGET"),
        repair="use [3, 7] 'Zune'",
    )
    yield from (Problem("b.jsonl", n, f"number {n}", f"text {n}", kind="near_duplicate") for n in range(1, 31))
    yield Problem("c.jsonl", None, "no label", kind="unknown_label")
    yield Problem("c.jsonl", 7, "bad \x1b[2J \ud800", "text")
    yield Problem("d.jsonl", 1, "off", kind="bare_form")


def test_the_table(report):
    for problem in problems():
        report.add(problem)
    assert len(HEADER) == 5 and report.rows() == [
        ("unreadable", "error", "1", "c.jsonl:7", KINDS["unreadable"]),
        ("unknown_label", "error", "1", "c.jsonl", KINDS["unknown_label"]),
        ("edge_punctuation", "warning", "1", "a.jsonl:2", KINDS["edge_punctuation"]),
        ("near_duplicate", "warning", "30", "b.jsonl:1", KINDS["near_duplicate"]),
    ]
    assert (report.errors, report.warnings) == (2, 31)


def test_what_is_printed(report, capsys, tmp_path):
    for problem in problems():
        report.add(problem)
    report.show(tmp_path / "check.json")
    said = capsys.readouterr().out
    words = " ".join(said.split())
    assert "Kind Level How many First Repair" in words and "near_duplicate warning 30 b.jsonl:1" in words
    assert f"b.jsonl:{SHOWN}: number" in words and f"b.jsonl:{SHOWN + 1}:" not in words
    assert f"... and 10 more of the kind near_duplicate, all in {tmp_path / 'check.json'}" in words
    assert "a.jsonl:2: a comma text: 'my [[Zune,]]' repair: use [3, 7] 'Zune'" in words
    assert "off" not in words and "\x1b[2J" not in said
    assert (
        words.index("number 1 ")
        < words.index("a.jsonl:2: a comma")
        < words.index("c.jsonl: no label")
        < words.index("c.jsonl:7: bad")
    )


def test_nothing_is_printed_of_nothing(report, capsys, tmp_path):
    report.show(tmp_path / "check.json")
    report.write(tmp_path / "check.json", {"base": {}})
    assert capsys.readouterr().out == ""
    assert srsly.read_json(tmp_path / "check.json") == {
        "counts": {"base": {}},
        "errors": 0,
        "warnings": 0,
        "kinds": {},
        "problems": [],
    }


def test_the_file_has_all_of_them(report, tmp_path):
    output = tmp_path / "corpus/check.json"
    for problem in problems():
        report.add(problem)
    for _ in range(2):
        report.write(output, {"base": {"texts": 5}})
    made = json.loads(output.read_text(encoding="utf8"))
    assert list(made) == ["counts", "errors", "warnings", "kinds", "problems"] and (
        made["errors"],
        made["warnings"],
    ) == (2, 31)
    assert made["kinds"]["near_duplicate"] == {
        "level": "warning",
        "count": 30,
        "first": "b.jsonl:1",
        "repair": KINDS["near_duplicate"],
    }
    assert len(made["problems"]) == 33 and made["problems"][0] == {
        "file": "a.jsonl",
        "line": 2,
        "id": "x",
        "kind": "edge_punctuation",
        "level": "warning",
        "message": "a comma",
        "span": [3, 8, "GADGET"],
        "around": "my [[Zune,]]",
        "repair": "use [3, 7] 'Zune'",
    }
    assert all(problem["repair"] for problem in made["problems"])
    assert made["problems"][-1]["level"] == "error" and made["problems"][-1]["message"] == "bad \x1b[2J \\ud800"
    assert [path.name for path in output.parent.iterdir()] == ["check.json"]


def test_any_label_can_be_written(report, tmp_path):
    report.add(Problem("a\ud800", 1, "x", "text", kind="out_of_range", span=(0, 99, "GAD\ud83d" + "X" * 10_000)))
    report.write(tmp_path / "check.json", {"base": {"spans": {"\ud83d": 1}}})
    made = json.loads((tmp_path / "check.json").read_text(encoding="utf8"))
    assert made["problems"][0]["span"] == [0, 99, "GAD\\ud83d" + "X" * 116] and made["counts"] == {
        "base": {"spans": {"\ud83d": 1}}
    }


def test_a_million_problems_take_no_memory(report, monkeypatch, tmp_path):
    for n in range(3000):
        report.add(Problem("b.jsonl", n, "x", "word " * 1000, kind="near_duplicate"))
    assert sum(map(len, report._first.values())) == SHOWN
    report.write(tmp_path / "check.json", {})
    # Not each with its whole text.
    assert (tmp_path / "check.json").stat().st_size < 3000 * 400
