"""A pattern of any origin is refused with a clear message, or comes to an end; it never fills the memory."""

import json
import multiprocessing
import subprocess
import sys
import threading

import psutil
import pytest
import typer

from conftest import ROOT, write
from ner_update.checks import patterns
from ner_update.labelling import matcher as pattern_matches
from ner_update.labelling.annotate import AnnotateSettings, write_silver
from ner_update.parallel import time_limit as processes
from ner_update.parallel.time_limit import in_time

# A hang is a failure here.
pytestmark = pytest.mark.timeout(120)


def checked(tmp_path, *found, labels=("GADGET",)):
    """RETURNS (list): What is wrong with patterns for GADGET, given as lists of tokens, phrases or whole lines."""
    lines = [
        line if isinstance(line, str) and line[:1] in '{["' else json.dumps({"label": "GADGET", "pattern": line})
        for line in found
    ]
    (tmp_path / "patterns.jsonl").write_text("\n".join(lines), encoding="utf8")
    return patterns.check_patterns(tmp_path / "patterns.jsonl", "en", set(labels))


def regex(value):
    return [{"TEXT": {"REGEX": value}}]


# From reports of real packages, and the classics.
ENDLESS = [
    r"(a+)+$",
    r"^(a|aa)+$",
    r"(a|a?)+$",
    r"^x(a+)+y$",
    r"(x+x+)+y",
    r"(.*a){20}x",
    r"^(\w+\s?)*$",
    r"^(\d+\.?)+$",
    r"([a-z]+)*=",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3}))$",
]


@pytest.mark.parametrize("value", ENDLESS)
def test_a_regular_expression_that_never_ends(tmp_path, monkeypatch, value):
    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    (problem,) = checked(tmp_path, "iphone", regex(value), regex("^fine$"))
    assert problem.line == 2 and "take out repeats inside a repeat" in problem.message and "REGEX" in problem.text


@pytest.mark.parametrize(
    "token",
    [
        {"LOWER": {"REGEX": {"IN": ["fine", "(a+)+$"]}}},
        {"lower": {"regex": {"not_in": ["(a+)+$"]}}},
        {"_": {"x": {"REGEX": "(a+)+$"}}},
    ],
)
def test_wherever_the_regular_expression_stands(token):
    assert "(a+)+$" in list(patterns.regexes([{"LOWER": "a"}, token]))


def test_the_check_ends_after_some_that_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    found = checked(tmp_path, *[regex(f"({c}+)+$") for c in "abcdefghijklmnopq"])
    assert [problem.line for problem in found] == [1, 2, 3, 4, 5, 5] and "were not tried" in found[-1].message


def test_shipped_and_usual_patterns_pass(tmp_path):
    usual = [
        r"^\$?\d{1,3}(,\d{3})*(\.\d+)?$",
        r"\w+\w+\w+$",
        r"^[A-Z][a-z]+(-[A-Z][a-z]+)*$",
        r"^(?!un)\w+ing$",
        r"x{1000}",
        ".*",
        "(?i)^a$",
    ]
    more = [
        [{"IS_DIGIT": True, "OP": "{1,4}"}, {"LOWER": "gb"}],
        [{"TEXT": {"FUZZY2": "iphone"}}],
        [{"OP": "!", "LOWER": "x"}, {"LOWER": "y"}],
    ]
    assert checked(tmp_path, *map(regex, usual), *more) == []
    shipped = ROOT / "assets/patterns.jsonl"
    assert patterns.check_patterns(shipped, "en", {"GADGET"}) == []


REFUSED = {
    "a million tokens": ([{"TEXT": "a", "OP": "{1000000}"}], "longer than 200 tokens"),
    "more than Python counts": ([{"TEXT": "a", "OP": "{1," + "9" * 6000 + "}"}], "longer than 200 tokens"),
    "a hundred optional ones": ([{"OP": "{1,100}"}], "99 tokens of the pattern are optional"),
    "many stars": ([{"IS_ALPHA": True, "OP": "*"}] * 5, "20 tokens of the pattern are optional"),
    "many question marks": ([{"OP": "?"}] * 17, "17 tokens of the pattern are optional"),
    "a phrase without end": ("(" * 100_000, "longer than 200 tokens"),
    "an open bracket": (regex("(a"), "not a regular expression: missing )"),
    "a bad repeat": (regex("a{99999999999}"), "not a pattern"),
    "ten thousand brackets": (regex("(" * 10_000), "not a pattern"),
    "a part of speech": ([{"POS": "NOUN"}], "not a pattern ([E155]"),
    "an attribute that nobody set": ([{"_": {"is_gadget": True}}], "not a pattern ([E046]"),
    "a wrong range": ([{"TEXT": "a", "OP": "{5,2}"}], "E011"),
    "half a pair": ([{"TEXT": "\ud800"}], "not a pattern"),
    "no token": ([], "not a pattern"),
    "a token that is a number": ([5], "not a token pattern"),
    "a number": (5, "not a pattern"),
    "a label that is a list": ('{"label": ["GADGET"], "pattern": "a"}', "not a pattern"),
    "no label": ('{"pattern": "a"}', "it lacks 'label'"),
    "no object": ('["GADGET", "a"]', "not a pattern"),
    "deep": ('{"label": "GADGET", "pattern": ' + "[" * 100_000, "stand in each other"),
}


@pytest.mark.parametrize("found, expected", REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, found, expected):
    (problem,) = checked(tmp_path, "iphone", found, [{"LOWER": "kindle"}])
    assert problem.line == 2 and expected in str(problem), str(problem)


def test_the_commands_end_too(run, assets, tmp_path):
    """As a user sees it: the check names file, line and pattern; annotate, without a check before it, ends as well."""
    write(assets / "patterns.jsonl", [{"label": "GADGET", "pattern": regex(r"^(a+)+$")}])
    done = run("check.py", "assets")
    assert (
        done.code == 1 and "patterns.jsonl:1: the pattern runs more than" in done.out and "Traceback" not in done.raw
    ), done.raw
    for line, said in (
        ('{"label": "GADGET", "pattern": [{"POS": "X"}]}', "patterns cannot be matched"),
        ("{", "patterns.jsonl:1: broken JSON"),
    ):
        (assets / "patterns.jsonl").write_text(line)
        done = run("annotate.py", "assets/patterns.jsonl", "assets/raw.jsonl", "corpus/silver.jsonl")
        assert done.code == 1 and said in done.out and "Traceback" not in done.raw, done.raw
    assert not (tmp_path / "corpus/silver.jsonl").exists()


@pytest.mark.parametrize(
    "tokens, word", [(regex(r"^(a+)+$"), "a" * 40 + "b"), ([{"OP": "*"}] * 12, "a " * 400)], ids=["time", "memory"]
)
def test_annotate_ends_what_runs_away(tmp_path, monkeypatch, tokens, word):
    monkeypatch.setattr(pattern_matches, "SECONDS", 5.0)
    monkeypatch.setattr(processes, "MEMORY", 2**29)
    write(tmp_path / "patterns.jsonl", [{"label": "GADGET", "pattern": tokens}])
    raw = write(tmp_path / "raw.jsonl", [{"text": "good morning"}, {"text": word}])
    with pytest.raises(typer.Exit) as ended:
        write_silver(AnnotateSettings(patterns=tmp_path / "patterns.jsonl", raw=raw, output=tmp_path / "silver.jsonl"))
    assert ended.value.exit_code == 1 and not (tmp_path / "silver.jsonl").exists()


def test_batches_keep_all_texts_in_order():
    texts = ["a" * size for size in (10, 99_990, 1, 300_000, 5)]
    made = list(pattern_matches.batches(texts))
    assert [text for batch in made for text in batch] == texts and [len(batch) for batch in made] == [2, 1, 1, 1]


def takes(all: bool) -> bool:
    while all:
        pass
    return all


def test_what_takes_too_long_is_left_out_and_the_rest_goes_on():
    assert list(in_time(takes, [False, True, False, True, False], 1.0)) == [False, None, False, None, False]


def waits(seconds: float) -> float:
    threading.Event().wait(seconds)
    return seconds


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_busy_machine_is_not_held_against_it(monkeypatch, method):
    """What is counted is the time in which it worked: not what others did, nor what it takes to start a process (Python 3.14 does not fork)."""
    monkeypatch.setattr(processes, "Pool", multiprocessing.get_context(method).Pool)
    assert list(in_time(waits, [1.2, 0.0], 0.5)) == [1.2, 0.0]


def test_nothing_is_left_when_the_command_is_killed():
    code = "import re; from ner_update.parallel.time_limit import in_time; list(in_time(re.compile('^(a+)+$').search, ['a' * 60 + 'b'], 3))"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT / "scripts") as command:
        while not (children := psutil.Process(command.pid).children()):
            assert command.poll() is None
        command.kill()
    # It ends by itself, when it has used up its seconds.
    _, left = psutil.wait_procs(children, timeout=60)
    assert not left


def test_its_errors_are_its_own():
    with pytest.raises(ZeroDivisionError):
        list(in_time(divide, [0], 5.0))


def divide(number):
    return 1 / number
