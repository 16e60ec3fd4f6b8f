"""`check --fix` mends what it can, into copies of their own: these pass the check, and what is left out is said aloud."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import spacy
import srsly
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import check_all, content, write
from ner_update.checks.labels import label_hints
from ner_update.checks.repair import EDITS, repair, repaired
from ner_update.checks.repaired_files import RepairError, fix, refuse, write_repaired
from ner_update.data.offsets import edited
from ner_update.data.reader import read_data
from ner_update.data.records import ALWAYS_ERRORS, Example, RawText, check_alignment, label_counts
from ner_update.data.validation import check_record

NLP = spacy.blank("en")
HINTS = {"GADGTE": "GADGET", "XYZ": ""}


@pytest.mark.parametrize(
    "text, entities, after, expected, why",
    [
        ("my\r\nZune", [(4, 8, "G")], "my\nZune", [(3, 7, "G")], "wrote \\n for carriage returns"),
        ("my\rZune\r\n", [(3, 7, "G")], "my\nZune\n", [(3, 7, "G")], "wrote \\n for carriage returns"),
        ("a\0 Zu\0ne", [(3, 8, "G")], "a Zune", [(2, 6, "G")], "took out NUL and byte order marks"),
        ("\ufeffmy Zune", [(4, 8, "G")], "my Zune", [(3, 7, "G")], "took out NUL and byte order marks"),
        ("a \ud83d\ude42 Zune", [(5, 9, "G")], "a \U0001f642 Zune", [(4, 8, "G")], "joined halves of characters"),
        ("my Zune, too", [(2, 8, "G")], None, [(3, 7, "G")], "cut the edges of span [2, 8] G ' Zune,': 'Zune'"),
        ("my iPhone X", [(3, 8, "G")], None, [(3, 9, "G")], "widened span [3, 8] G 'iPhon' to whole tokens: 'iPhone'"),
        (
            "Zune-HD",
            [(0, 4, "G"), (3, 7, "H")],
            None,
            [(0, 4, "G"), (4, 7, "H")],
            "narrowed span [3, 7] H 'e-HD' to whole tokens: '-HD'",
        ),
        ("a Zune", [(2, 6, "G"), (2, 6, "G")], None, [(2, 6, "G")], "merged spans that stood twice"),
        (
            "my iPhone X",
            [(3, 9, "G"), (3, 11, "G")],
            None,
            [(3, 11, "G")],
            "took out span [3, 9] G: a longer one overlaps it",
        ),
        (
            "a b c d",
            [(0, 3, "G"), (2, 7, "H"), (6, 7, "I")],
            None,
            [(2, 7, "H")],
            "took out span [0, 3] G: a longer one overlaps it",
        ),
        ("a Zune", [(2, 6, "GADGTE")], None, [(2, 6, "GADGET")], "wrote GADGET for GADGTE"),
    ],
)
def test_what_can_be_mended(text, entities, after, expected, why):
    before = Example(text=text, entities=entities, id="a1", meta={"doc": "d"})
    copy = before.model_copy(deep=True)
    mended, done, left = repair(before, NLP.make_doc, HINTS)
    assert (mended.text, mended.entities, left) == (text if after is None else after, expected, []) and why in done
    assert (mended.id, mended.meta) == ("a1", {"doc": "d"}) and before == copy
    assert repair(mended, NLP.make_doc, HINTS) == (mended, [], [])


@pytest.mark.parametrize(
    "text, entities, why",
    [
        ("a b", [(0, 9, "G")], "span [0, 9] G is out of range: the text has 3 characters"),
        ("a b", [(1, 1, "G")], "span [1, 1] G is empty or reversed: the end must be greater than the start"),
        ("a b", [(2, 1, "G")], "span [2, 1] G is empty or reversed: the end must be greater than the start"),
        ("a \ud83d b", [], "the text holds half of a surrogate pair: save the file as UTF-8 again"),
        (" \0", [], "the text is empty"),
        ("a b", [(0, 1, " ")], "a span has no label"),
        ("a  b", [(1, 3, "G")], "span [1, 3] G '  ' begins or ends with white space: take it out, or mark it again"),
        ("a\0b", [(1, 2, "G")], "span [1, 1] G is empty or reversed: the end must be greater than the start"),
        ("a b", [(0, 1, "XYZ")], "label XYZ is unknown, and like none that is known"),
        (
            "x" * 6000,
            [],
            "more than 5,000 characters without a space, from 0 on ('xxxxxxxxxxxxxxxxxxxx'): cut them, or take them out",
        ),
    ],
)
def test_what_only_a_person_can_mend(text, entities, why):
    mended, _, left = repair(Example(text=text, entities=entities), NLP.make_doc, HINTS)
    assert mended is None and left == [why]


def test_raw_texts_are_mended_too():
    assert repair(RawText(text="a\r\nb"), NLP.make_doc, {})[0] == RawText(text="a\nb")


def test_a_text_that_stands_again_is_dropped():
    one, other = Example(text="a b", entities=[(0, 1, "X")]), Example(text="a b", entities=[])
    rows = list(
        repaired(
            [("f", 1, one), ("f", 2, one), ("f", 3, other), ("f", 4, Example(text="a b", entities=[(0, 1, "X")] * 2))],
            NLP.make_doc,
            {},
        )
    )
    assert [row.after for row in rows] == [one, None, other, None]
    assert rows[1].done == ["took it out: it stands already at f:1"] and not any(row.left for row in rows)


def test_many_broken_spans_in_time():
    """Each against all others would take for ever."""
    entities = [(5 * n, 5 * n + 3, "X") for n in range(2_000)]
    mended, _, _ = repair(Example(text="word " * 2_000, entities=[*entities, (0, 9_999, "Y")]), NLP.make_doc, {})
    assert mended.entities == [(0, 9_999, "Y")]


TEXTS = st.lists(
    st.sampled_from(
        [
            "Zune",
            "HD",
            "a",
            " ",
            " ",
            ",",
            ".",
            "(",
            ")",
            "-",
            "\r\n",
            "\r",
            "\0",
            "\ufeff",
            "\ud83d",
            "\ude42",
            "\U0001f642",
            "can't",
            "\n",
        ]
    ),
    max_size=12,
).map("".join)
SPANS = st.lists(
    st.tuples(st.integers(-1, 20), st.integers(-1, 30), st.sampled_from(["GADGET", "GADGET", "GADGTE", "XYZ", ""])),
    max_size=4,
)


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(text=TEXTS, entities=SPANS)
def test_a_record_is_mended_or_left_out_and_a_clean_one_stays(text, entities):
    record = Example(text=text, entities=entities)

    def wrong(example):
        unknown = [label for _, _, label in example.entities if label in HINTS]
        found = [
            f
            for f in check_record(example)
            if f.kind in {*ALWAYS_ERRORS, "edge_punctuation", "crlf", "byte_order_mark"}
        ]
        return found or unknown or list(check_alignment(example, NLP.make_doc(example.text)))

    mended, done, left = repair(record, NLP.make_doc, HINTS)
    assert (mended is None) == bool(left)
    if mended is not None:
        assert [f for f in wrong(mended) if getattr(f, "kind", "") != "edge_punctuation"] == []
        assert bool(done) == (mended != record)
        assert repair(mended, NLP.make_doc, HINTS)[0] == mended
    if not wrong(record):
        assert mended is record and done == []


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(text=TEXTS, places=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_a_span_holds_what_it_held(text, places):
    """Whatever is edited around it, and in it; only an edit that it cuts through makes a difference."""
    start, end = sorted(min(place, len(text)) for place in places)
    for pattern, new, _ in EDITS:
        cut = any(match.start() < place < match.end() for match in pattern.finditer(text) for place in (start, end))
        after, [(left, right, _)] = edited(text, [(start, end, "X")], pattern, new)
        assert after == pattern.sub(new, text)
        assert cut or after[left:right] == pattern.sub(new, text[start:end])


def broken(assets: Path) -> None:
    """Put one of each kind into the good data."""
    rows = [
        {"text": "my iPhone X\r\nis dead", "entities": [[3, 8, "GADGET"]], "id": 5},
        {"text": "a Zune, no", "entities": [[2, 7, "GADGET"], [2, 7, "GADGET"]]},
        {"text": "out of it", "entities": [[0, 99, "GADGET"]]},
        {"text": "my Kindle", "entities": [[3, 9, "GADGTE"]]},
        *({"text": f"my Zune {n}", "entities": [[3, 7, "GADGET"]]} for n in "abcdefghijklmnopqrstuvwxyz"),
        {"text": "my Zune a", "entities": [[3, 7, "GADGET"]]},
    ]
    (assets / "annotated/new.jsonl").unlink()
    write(assets / "annotated/new.jsonl", rows)
    with (assets / "annotated/new.jsonl").open("a") as file:
        file.write('{"text": "broken\n{"text": "half \\ud83d", "entities": [[0, 4, "GAD\\ud83d"]]}\n')
    (assets / "annotated/more").mkdir()
    (assets / "annotated/more/x.conll").write_text("my O\nZune B-GADGET\n")
    srsly.write_json(assets / "annotated/more/x.json", [{"text": "an old Zune", "entities": [[7, 11, "GADGET"]]}])
    with (assets / "raw.jsonl").open("a") as file:
        file.write('{"text": "a\\u0000b"}\n')


def hints(assets: Path) -> dict:
    return label_hints(
        {
            name: label_counts(e for _, _, e in read_data(assets / name).examples)
            for name in ("base", "annotated", "test")
        },
        {"PERSON", "ORG", "GPE"},
        False,
    )


def test_repaired_copies_pass_the_check(assets, tmp_path, capsys):
    broken(assets)
    before, folder = content(assets), tmp_path / "fixed"
    for _ in range(2):
        # A folder that it made is replaced.
        with pytest.raises(typer.Exit) as stop:
            fix(assets, folder, NLP, hints(assets))
        assert stop.value.exit_code == 1
        said = " ".join(capsys.readouterr().out.split())
        for part in (
            "3 record(s) LEFT OUT",
            "new.jsonl:3: left out, only a person can mend it: span [0, 99]",
            "new.jsonl:32: left out, only a person can mend it: broken JSON",
            "new.jsonl:33: left out",
            "half of a surrogate pair",
            "5 record(s) changed",
        ):
            assert part in said, said
    assert content(assets) == before
    made = content(folder)
    assert set(made) == {
        "annotated/new.jsonl",
        "annotated/more/x.conll.jsonl",
        "annotated/more/x.json.jsonl",
        "base/base.jsonl",
        "test/test.jsonl",
        "raw.jsonl",
        "patterns.jsonl",
        "repairs.jsonl",
    }
    rows = list(srsly.read_jsonl(folder / "annotated/new.jsonl"))
    assert rows[0] == {"text": "my iPhone X\nis dead", "entities": [[3, 9, "GADGET"]], "id": "5"}
    assert rows[1:3] == [
        {"text": "a Zune, no", "entities": [[2, 6, "GADGET"]]},
        {"text": "my Kindle", "entities": [[3, 9, "GADGET"]]},
    ]
    listed = list(srsly.read_jsonl(folder / "repairs.jsonl"))
    assert len(listed) == 8 and {"file", "line", "before", "after", "why"} == set(listed[0])
    assert (listed[0]["line"], listed[0]["before"]["entities"], listed[0]["after"]["entities"]) == (
        1,
        [[3, 8, "GADGET"]],
        [[3, 9, "GADGET"]],
    )
    counts, problems = check_all(folder)
    assert [problem for problem in problems if problem.level == "error"] == [] and counts["annotated"]["texts"] == len(
        rows
    ) + 2


def test_clean_data_come_out_as_they_are(assets, tmp_path, capsys):
    fix(assets, tmp_path / "fixed", NLP, hints(assets))
    assert "0 record(s) changed" in " ".join(capsys.readouterr().out.split())
    for name in ("base", "annotated", "test"):
        assert [e for _, _, e in read_data(tmp_path / "fixed" / name).examples] == [
            e for _, _, e in read_data(assets / name).examples
        ]
    assert (tmp_path / "fixed/repairs.jsonl").read_text() == ""


def test_an_empty_set_stays_one(assets, tmp_path):
    shutil.rmtree(assets / "test")
    (assets / "test").mkdir()
    (assets / "raw.jsonl").write_text("")
    changed, left_out = write_repaired(assets, tmp_path / "fixed", NLP, {})
    assert (
        (changed, left_out) == (0, [])
        and (tmp_path / "fixed/test").is_dir()
        and (tmp_path / "fixed/raw.jsonl").read_text() == ""
    )


@pytest.mark.parametrize(
    "name, message",
    [
        ("assets", "is, holds or lies in"),
        ("assets/new", "is, holds or lies in"),
        ("assets/../assets/base", "is, holds or lies in"),
        (".", "is, holds or lies in"),
        ("full", "holds what --fix did not make (mine.txt)"),
        ("data", "holds what --fix did not make (no repairs.jsonl)"),
        ("file", "is no folder"),
    ],
)
def test_nothing_of_anybody_is_written_over(assets, tmp_path, name, message):
    write(tmp_path / "full/mine.txt", [{}])
    write(tmp_path / "full/repairs.jsonl", [])
    write(tmp_path / "data/base/x.jsonl", [{}])
    (tmp_path / "file").write_text("mine")
    before = content(tmp_path)
    with pytest.raises(RepairError, match=message.replace("(", r"\(").replace(")", r"\)")):
        refuse(assets, tmp_path / name)
    with pytest.raises(typer.Exit):
        fix(assets, tmp_path / name, NLP, {})
    assert content(tmp_path) == before


def test_a_link_into_the_originals_is_seen(assets, tmp_path):
    (tmp_path / "link").symlink_to(assets)
    with pytest.raises(RepairError):
        refuse(assets, tmp_path / "link/fixed")


def test_hints_are_those_of_the_check():
    counts = {
        "annotated": Counter(GADGET=40, GADGETS=1),
        "base": Counter(PERSON=5),
        "test": Counter(GADGTE=1, XYZZY=1, PERSON=2),
    }
    assert label_hints(counts, {"PERSON"}, False) == {
        "annotated": {"GADGETS": "GADGET", "PERSON": "", "GADGTE": "GADGET", "XYZZY": ""},
        "base": {"GADGET": "", "GADGETS": "", "GADGTE": "", "XYZZY": ""},
        "test": {"GADGTE": "GADGET", "XYZZY": ""},
    }


def test_a_link_to_a_folder_is_left_to_a_person(assets, tmp_path):
    (tmp_path / "outside").mkdir()
    (assets / "annotated/link").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(typer.Exit):
        fix(assets, tmp_path / "fixed", NLP, {})
    listed = [row["why"] for row in srsly.read_jsonl(tmp_path / "fixed/repairs.jsonl") if "link" in row["file"]]
    assert len(listed) == 1 and "only a person can mend it" in listed[0][0]
