"""Input that nobody thought of: the reader and the check say what is wrong with it, and nothing else happens.

The first tests run with all others, the same inputs each time. `make test-fuzz` runs the others (marker: fuzz), with new inputs
for NER_FUZZ_SECONDS (600) in all, and prints how many there were.
"""

import json
import os
import re
import subprocess
import sys
import time
import zlib
from copy import deepcopy
from functools import partial
from pathlib import Path

import pytest
import spacy
import srsly
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from tqdm import tqdm

from conftest import ROOT, check_all, write
from ner_update.checks import check_data as check
from ner_update.checks import patterns as check_patterns
from ner_update.data.reader import read_data
from ner_update.data.records import DataError, Problem, RawText

SECONDS = float(os.environ.get("NER_FUZZ_SECONDS", 600))
# Longer than any input of this size may take.
SLOW = 15.0
GOOD = [
    {"text": "my iPhone X is dead", "entities": [[3, 11, "GADGET"]], "id": "a1", "meta": {"doc": "d"}},
    {"text": "kindle won't sync 🙁", "entities": []},
    {"text": "a Zune", "spans": [{"start": 2, "end": 6, "label": "GADGET"}], "answer": "accept", "_task_hash": 5},
    {"text": "a Zune", "tokens": [], "answer": "reject"},
    ["a Zune for Ines", {"entities": [[2, 6, "GADGET"], [11, 15, "PERSON"]]}],
    {"text": "a 😀 Zune", "label": [[5, 9, "GADGET"]], "id": 1, "Comments": []},
    {"text": "a 😀 Zune", "entities": [{"label": "GADGET", "start_offset": 5, "end_offset": 9, "id": 1}]},
    {
        "id": 1,
        "data": {"text": "a 😀 Zune"},
        "annotations": [
            {
                "result": [{"type": "labels", "value": {"start": 5, "end": 9, "text": "Zune", "labels": ["GADGET"]}}],
                "was_cancelled": False,
                "ground_truth": True,
            },
            {"result": [], "was_cancelled": True},
        ],
    },
    {
        "text": "a Zune",
        "label": [{"start": 2, "end": 6, "text": "Zune", "labels": ["GADGET"]}],
        "annotator": 1,
        "annotation_id": 5,
    },
    {"tokens": ["a", "Zune"], "ner_tags": ["O", "B-GADGET"]},
]
PATTERNS = [
    {"label": "GADGET", "pattern": "iphone x", "id": "x"},
    {
        "label": "GADGET",
        "pattern": [
            {"LOWER": "apple", "OP": "?"},
            {"LOWER": {"REGEX": "^air(pods?|tags?)$"}},
            {"IS_DIGIT": True, "OP": "{1,3}"},
        ],
    },
    {
        "label": "GADGET",
        "pattern": [{"TEXT": {"FUZZY1": "zune"}}, {"LOWER": {"IN": ["pro", "max"]}, "OP": "*"}, {"LENGTH": {">=": 3}}],
    },
]
WORDS = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "\ufeff",
        "\u2028",
        "😀",
        "é",
        "text",
        "entities",
        "spans",
        "start",
        "end",
        "label",
        "meta",
        "answer",
        "accept",
        "data",
        "annotations",
        "result",
        "value",
        "labels",
        "start_offset",
        "annotation_id",
        "tokens",
        "ner_tags",
        "O",
        "B-X",
        "I-X",
        "GADGET",
        "PERSON",
        "pattern",
        "LOWER",
        "TEXT",
        "REGEX",
        "OP",
        "IN",
        "FUZZY",
        "LENGTH",
        "_",
        "POS",
        "*",
        "+",
        "?",
        "!",
        "{1,3}",
        "{,99999}",
        "(a+)+$",
        "[",
        "\\",
    ]
)
# What spaCy writes for two Docs.
DOCBIN = srsly.msgpack_loads(
    zlib.decompress(
        DocBin(docs=[Doc(spacy.blank("en").vocab, words=["a", "Zune"], ents=["O", "B-GADGET"])] * 2).to_bytes()
    )
)
STRINGS = WORDS | st.text(max_size=20) | st.text(st.characters(), max_size=5)
NUMBERS = st.integers(-3, 30) | st.integers() | st.floats() | st.booleans() | st.none()
JSON = st.recursive(
    NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def mutated(draw, sources: list) -> object:
    """A good value in which some places were replaced, removed or doubled."""
    value = deepcopy(draw(st.sampled_from(sources)))
    for _ in range(draw(st.integers(0, 3))):
        at = value
        while isinstance(at, (dict, list)) and at:
            key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            inner = at[key]
            if not isinstance(inner, (dict, list)) or not inner or draw(st.booleans()):
                how = draw(st.sampled_from(["replace", "remove", "double"]))
                if how == "remove":
                    del at[key]
                elif how == "double" and isinstance(at, list):
                    at.insert(key, deepcopy(inner))
                else:
                    at[key] = draw(JSON)
                break
            at = inner
    return value


@st.composite
def lines(draw, sources: list) -> bytes:
    """A file: good, mutated and arbitrary values, and bytes that are none of it, some of them cut or spoilt."""
    rows = []
    for value in draw(st.lists(mutated(sources) | JSON | st.binary(max_size=30), max_size=5)):
        row = (
            value
            if isinstance(value, bytes)
            else json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf8", "surrogatepass")
        )
        if draw(st.integers(0, 9)) == 0:
            cut = draw(st.integers(0, len(row)))
            row = row[:cut] + draw(st.binary(max_size=4)) + row[cut + draw(st.integers(0, 3)) :]
        rows.append(row)
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\r\n"])) + draw(
        st.sampled_from([b"\n", b"\r\n", b"\n\n", b","])
    ).join(rows)


@st.composite
def columns(draw) -> bytes:
    """A file of columns: tokens, tags of all schemes, and what may stand between, most of it in its place."""
    words = [
        "Zune",
        "a",
        "😀",
        "New York",
        "",
        "|",
        "#",
        "# id",
        "-DOCSTART-",
        "-X-",
        "_",
        "NNP",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "\0",
    ]
    cell = st.sampled_from(words) | st.text(max_size=5)
    tag = st.sampled_from(["O", "O", "B-X", "I-X", "L-X", "U-X", "E-X", "S-X", "I-Y", "B-", "-", "X", "B-a b"])
    mark = draw(st.sampled_from(["\t", " ", "|", " -X- _ "]))
    rows = draw(st.lists(st.tuples(st.lists(cell, min_size=1, max_size=2), tag) | st.none(), max_size=12))
    joined = [
        mark.join([*row[0], row[1]]) if row else draw(st.sampled_from(["", " ", "-DOCSTART- -X- O"])) for row in rows
    ]
    return draw(st.sampled_from(["\n", "\r\n", " "])).join(joined).encode("utf8", "surrogatepass")


@st.composite
def docbins(draw) -> bytes:
    """A .spacy file of which a part was replaced, or that was cut."""
    message = dict(DOCBIN)
    for key in draw(st.lists(st.sampled_from(sorted(message)), max_size=2)):
        value = message[key]
        pieces = [value[: draw(st.integers(0, len(value)))], value * 2] if isinstance(value, (bytes, list)) else []
        numbers = st.lists(st.integers(-(2**40), 2**40), max_size=4)
        message[key] = draw(st.sampled_from([*pieces, None, {}]) | st.binary(max_size=64) | numbers)
    content = zlib.compress(srsly.msgpack_dumps(message))
    return content[: draw(st.sampled_from([len(content), len(content) // 2, 1, 0]))]


def can_be_shown(problems: list) -> None:
    assert all(isinstance(problem, Problem) for problem in problems)
    for problem in problems:
        assert "\x1b" not in str(problem).encode("utf8").decode()


def read(folder: Path, content: bytes, suffix: str, raw: bool) -> None:
    """The reader returns problems, or examples; nothing else."""
    path = folder / f"x{suffix}"
    path.write_bytes(b"[" + content + b"]" if suffix == ".json" else content)
    found = read_data(path, *([RawText] if raw else []))
    can_be_shown(found.problems)
    try:
        found.require()
    except DataError as error:
        can_be_shown(error.problems)


def checked(folder: Path, files: dict[str, bytes]) -> None:
    """The check returns problems and counts that can be written down; nothing else."""
    assets = folder / "assets"
    for name in ("base", "annotated", "test"):
        write(assets / name / "x.jsonl", GOOD[:2])
    write(assets / "raw.jsonl", [{"text": "good morning"}])
    write(assets / "patterns.jsonl", PATTERNS[:1])
    for name, content in files.items():
        (assets / name).write_bytes(content)
    counts, problems = check_all(assets)
    can_be_shown(problems)
    json.dumps(counts)


FILES = st.fixed_dictionaries(
    {},
    optional={
        "base/x.jsonl": lines(GOOD),
        "annotated/x.jsonl": lines(GOOD),
        "test/x.jsonl": lines(GOOD),
        "raw.jsonl": lines(GOOD),
    },
)
TARGETS = {
    "reader": (
        read,
        {"content": lines(GOOD), "suffix": st.sampled_from([".jsonl", ".json", ".txt"]), "raw": st.booleans()},
    ),
    "columns": (read, {"content": columns(), "suffix": st.sampled_from([".conll", ".txt"]), "raw": st.just(False)}),
    "docbins": (read, {"content": docbins(), "suffix": st.just(".spacy"), "raw": st.just(False)}),
    "check": (checked, {"files": FILES}),
    "patterns": (checked, {"files": st.fixed_dictionaries({"patterns.jsonl": lines(PATTERNS)})}),
}


@pytest.fixture
def target(tmp_path, monkeypatch):
    """Call a target with inputs of its kind: target(name, examples, number) returns how many and how long the longest took."""
    monkeypatch.setattr(check, "tqdm", partial(tqdm, disable=True))
    monkeypatch.setattr(check_patterns, "SECONDS", 2.0)

    def run(name, examples, number):
        function, inputs = TARGETS[name]
        took = [0.0]

        @seed(number)
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(**inputs)
        def one(**values):
            # Of this process: other tests may run meanwhile.
            start = time.process_time()
            function(tmp_path, **values)
            took.append(time.process_time() - start)
            assert took[-1] < SLOW, values

        one()
        return len(took) - 1, max(took)

    return run


@pytest.mark.parametrize(
    "name, examples", [("reader", 400), ("columns", 300), ("docbins", 150), ("check", 80), ("patterns", 40)]
)
def test_a_few_inputs(target, name, examples):
    count, _ = target(name, examples, 0)
    assert count >= examples / 2


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "name, share", [("reader", 0.25), ("columns", 0.1), ("docbins", 0.1), ("check", 0.2), ("patterns", 0.2)]
)
def test_as_many_inputs_as_there_is_time_for(target, name, share, capsys):
    end, count, longest, number = time.monotonic() + share * SECONDS, 0, 0.0, time.time_ns()
    while time.monotonic() < end:
        more, took = target(name, 100, number + count)
        count, longest = count + more, max(longest, took)
    with capsys.disabled():
        print(f"\n{name}: {count:,} inputs in {share * SECONDS:.0f} seconds, the slowest took {longest:.2f}")
    assert count


@pytest.mark.fuzz
def test_guided_by_what_an_input_reaches(tmp_path, capsys):
    pytest.importorskip("atheris", reason="needs atheris: make test-fuzz installs it, on Linux")
    for number, value in enumerate(GOOD):
        (tmp_path / str(number)).write_bytes(b"P" + json.dumps(value).encode())
    words = [
        sys.executable,
        str(ROOT / "tests/fuzz_reader.py"),
        f"-max_total_time={max(1, round(0.15 * SECONDS))}",
        "-timeout=15",
        str(tmp_path),
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    count = int(re.search(r"Done (\d+) runs", done.stderr + done.stdout)[1])
    with capsys.disabled():
        print(f"\natheris: {count:,} inputs through the reader")
    assert count
