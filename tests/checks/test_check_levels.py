"""configs/check.yml says how bad each kind of problem is, and nothing that cannot be trained on can be waved through."""

import re
import shutil

import pytest
import srsly

from conftest import ROOT, command, write
from ner_update.checks.severity import CONFIG, KINDS, LevelsError, read_levels
from ner_update.data.records import ALWAYS_ERRORS, Finding, Problem, RawText

TEXT = CONFIG.read_text(encoding="utf8")


def test_the_committed_levels_are_complete():
    levels = read_levels()
    assert set(levels.root) == set(KINDS) and set(KINDS) >= ALWAYS_ERRORS
    assert set(re.findall(r"(?m)^(\w+): error +# always", TEXT)) == ALWAYS_ERRORS
    made = {
        kind
        for path in (ROOT / "scripts").rglob("*.py")
        for kind in re.findall(r'Finding\("(\w+)"|kind="(\w+)"', path.read_text(encoding="utf8"))
    }
    assert {a or b for a, b in made} <= set(KINDS)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("crlf: warning", "crfl: warning", "there is no kind 'crfl': did you mean crlf?"),
        ("crlf: warning", "crfl: warning", "no level for crlf: write `crlf: warning`, or error, or off"),
        ("crlf: warning", "xyzzy: warning", "there is no kind 'xyzzy'; there are unreadable, passed_over"),
        ("crlf: warning", "crlf: fatal", "crlf is 'fatal': it must be error, warning or off"),
        ("crlf: warning", "crlf: 5", "crlf is 5: it must be error, warning or off"),
        ("crlf: warning", "crlf: true", "crlf is True: it must be error, warning or off"),
        (
            "overlap: error",
            "overlap: warning",
            "overlap is warning, and must be error: nothing could be trained on such data",
        ),
        (
            "misaligned: error",
            "misaligned: off",
            "misaligned is off, and must be error: nothing could be trained on such data",
        ),
        (TEXT, "- a\n- b\n", "it must have a line for each kind of problem, such as `overlap: error`"),
        (TEXT, "", "it must have a line for each kind of problem, such as `overlap: error`"),
        (TEXT, "a: [", "cannot be read"),
        (TEXT, "!!python/object/apply:os.system [ls]", "check.yml: "),
    ],
)
def test_what_is_wrong_with_the_file_is_said(tmp_path, old, new, message):
    path = tmp_path / "check.yml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new), encoding="utf8")
    with pytest.raises(LevelsError) as stop:
        read_levels(path)
    assert any(problem.startswith(f"{path}: ") and message in problem for problem in stop.value.problems), (
        stop.value.problems
    )


def test_a_level_counts(tmp_path):
    path = tmp_path / "check.yml"
    path.write_text(
        TEXT.replace("crlf: warning", "crlf: error")
        .replace("near_leak: warning", "near_leak: off")
        .replace("bad_pattern: error", "bad_pattern: warning")
    )
    levels = read_levels(path)
    assert levels.apply(Problem("x", 1, "m", kind="crlf")).level == "error"
    assert levels.apply(Problem("x", 1, "m", kind="near_leak")) is None and not levels.is_on("near_leak")
    assert levels.apply(Problem("x", 1, "m", kind="bad_pattern", level="error")).level == "warning"
    assert levels.apply(Problem("x", 1, "m")).level == "error"
    path.write_text(TEXT)
    assert read_levels(path).apply(Problem("x", 1, "m", kind="crlf")).level == "warning"


def test_the_check_reads_it(clone):
    """As a user sets it: the same data pass with a warning, and stop the run as an error."""
    lines = [{"text": "my Zune, too", "entities": [[3, 8, "GADGET"]]}, {"text": "no more\r\n", "entities": []}]
    shutil.rmtree(clone / "assets")
    for name in ("base", "annotated", "test"):
        write(clone / "assets" / name / "x.jsonl", lines)
    write(clone / "assets/raw.jsonl", [{"text": "good morning"}])
    words = ["python", "scripts/check.py", "assets"]
    done = command(*words, cwd=clone)
    assert done.code == 0 and "'Zune,' begins or ends with punctuation: use [3, 7] 'Zune'" in done.out, done.raw
    assert srsly.read_json(clone / "corpus/check.json")
    path = clone / "configs/check.yml"
    path.write_text(TEXT.replace("edge_punctuation: warning", "edge_punctuation: error"))
    done = command(*words, cwd=clone)
    assert done.code == 1 and "3 error(s)" in done.out, done.raw
    path.write_text(TEXT.replace("edge_punctuation: warning", "edge_punctuation: of"))
    done = command(*words, cwd=clone)
    assert (
        done.code == 1
        and "edge_punctuation is 'of': it must be error, warning or off" in done.out
        and "Traceback" not in done.raw
    ), done.raw


def test_a_problem_shows_its_span_and_how_to_mend_it():
    text = "x" * 60 + " my Zune, and more " + "y" * 60
    span = (64, 69, "GADGET")
    problem = Finding("edge_punctuation", "span ...", span, "use [64, 68] 'Zune'").at("a.jsonl", 3, RawText(text=text))
    assert problem.around == "..." + "x" * 36 + " my [[Zune,]] and more " + "y" * 30 + "..."
    assert str(problem) == f"a.jsonl:3: span ...\n    text: {problem.around!r}\n    repair: use [64, 68] 'Zune'"
    assert problem.to_json() == {
        "file": "a.jsonl",
        "line": 3,
        "id": None,
        "kind": "edge_punctuation",
        "level": "warning",
        "message": "span ...",
        "span": [64, 69, "GADGET"],
        "around": problem.around,
        "repair": "use [64, 68] 'Zune'",
    }


def test_a_problem_can_always_be_written():
    problem = Problem("a\ud800.jsonl", None, "half \udfff", "text \ud83d here", repair="\ud800")
    srsly.json_dumps(problem.to_json()).encode("utf8")
    assert len(Problem("x", 1, "m", "a" * 10**6, span=(0, 10**6, "X")).around) < 200
