"""A bad input gets one clear message that names file, line, text and span; exit code 1; nothing overwritten."""

import pytest
import spacy
import srsly

from conftest import write

CHECK = ["check.py", "assets"]
LONE = {"text": "my iPhone X is dead", "entities": [[3, 11, "GADGET"]]}


def refuses(run, tmp_path, *expected: str, words=()):
    """Assert that check fails with all of the expected words and leaves the earlier outputs alone."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "counts.json").write_text("earlier")
    done = run(*CHECK, *words)
    assert done.code == 1, done.raw
    assert "Traceback" not in done.raw
    for part in expected:
        assert part in done.out, done.raw
    assert (tmp_path / "corpus" / "counts.json").read_text() == "earlier"
    assert not (tmp_path / "corpus" / "check.passed").exists()


def test_good_data_pass(run, assets, tmp_path):
    done = run(*CHECK)
    assert done.code == 0, done.raw
    report = srsly.read_json(tmp_path / "corpus" / "check.json")
    assert report["counts"]["annotated"] == {
        "texts_in": 3,
        "texts": 3,
        "texts_without_entity": 1,
        "spans_in": 3,
        "spans": {"GADGET": 3},
        "left_out": {},
    }


ANNOTATED = [
    ("broken json", '{"text": "a b", "entities": [}', ["new.jsonl:1", "broken JSON, column"]),
    ("no entities", '{"text": "hello there"}', ["new.jsonl:1", "no `entities`", "hello there"]),
    ("no text", '{"entities": []}', ["new.jsonl:1", "text: Field required"]),
    ("text is a number", '{"text": 5, "entities": []}', ["new.jsonl:1", "text: Input should be a valid string"]),
    ("offset is text", '{"text": "a b", "entities": [["0", 1, "GADGET"]]}', ["new.jsonl:1", "entities.0.0"]),
    ("not an object", '"hello"', ["new.jsonl:1", "a record must be an object"]),
    ("spans without label", '{"text": "a b", "spans": [{"start": 0, "end": 1}]}', ["new.jsonl:1", "lacks 'label'"]),
    ("empty text", '{"text": " ", "entities": []}', ["new.jsonl:1", "the text is empty"]),
    (
        "out of range",
        '{"text": "a b", "entities": [[0, 99, "GADGET"]]}',
        ["new.jsonl:1", "span [0, 99] GADGET is out of range", "3 characters", "a b"],
    ),
    (
        "negative",
        '{"text": "a b", "entities": [[-3, 1, "GADGET"]]}',
        ["new.jsonl:1", "span [-3, 1] GADGET is out of range"],
    ),
    ("reversed", '{"text": "a b", "entities": [[2, 1, "GADGET"]]}', ["new.jsonl:1", "empty or reversed"]),
    (
        "overlap",
        '{"text": "my iPhone X", "entities": [[3, 11, "GADGET"], [3, 9, "GADGET"]]}',
        ["new.jsonl:1", "span [3, 9] GADGET 'iPhone' overlaps [3, 11] GADGET 'iPhone X'"],
    ),
    (
        "misaligned",
        '{"text": "my iPhone X", "entities": [[3, 8, "GADGET"]]}',
        ["new.jsonl:1", "span [3, 8] GADGET 'iPhon' does not align", "[3, 9] 'iPhone'"],
    ),
    ("empty file", "", ["new.jsonl", "the file is empty"]),
    ("bad utf-8", b'{"text": "caf\xe9", "entities": []}', ["new.jsonl:1", "not valid UTF-8"]),
    (
        "two formats at once",
        '{"text": "a b", "entities": [], "spans": []}',
        ["new.jsonl:1", "own or prodigy: say which in vars.format"],
    ),
    (
        "annotators who differ",
        '{"data": {"text": "a Zune"}, "annotations": [{"result": []}, {"result": [{"type": "labels", "value": '
        '{"start": 2, "end": 6, "text": "Zune", "labels": ["GADGET"]}}]}]}',
        ["new.jsonl:1", "2 annotations of this text differ", "a Zune"],
    ),
    (
        "another text at the span",
        '{"data": {"text": "a Zune"}, "annotations": [{"result": [{"type": "labels", "value": '
        '{"start": 0, "end": 4, "text": "Zune", "labels": ["GADGET"]}}]}]}',
        ["new.jsonl:1", "span [0, 4] GADGET is 'a Zu' in the text, but the export says 'Zune'"],
    ),
    (
        "an emoji, and no word to tell the unit by",
        '{"text": "😀😀 a b c", "label": [[5, 6, "GADGET"]]}',
        ["new.jsonl:1", "[5, 6] GADGET could count UTF-16"],
    ),
    (
        "tags that do not follow",
        '{"tokens": ["a", "b"], "ner_tags": ["B-GADGET", "I-THING"]}',
        ["new.jsonl:1", "I-THING goes on with what did not begin"],
    ),
    ("half a surrogate pair", '{"text": "a \\ud83d b", "entities": []}', ["new.jsonl:1", "surrogate"]),
]


@pytest.mark.parametrize("content, expected", [row[1:] for row in ANNOTATED], ids=[row[0] for row in ANNOTATED])
def test_bad_annotation(run, assets, tmp_path, content, expected):
    path = assets / "annotated" / "new.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    refuses(run, tmp_path, *expected)


def test_all_problems_are_listed_at_once(run, assets, tmp_path):
    rows = [LONE, {"text": "a b", "entities": [[0, 9, "GADGET"]]}, {"text": "c d"}]
    write(assets / "annotated" / "new.jsonl", rows)
    refuses(run, tmp_path, "new.jsonl:2", "new.jsonl:3", "2 error(s)")


def test_missing_folder(run, assets, tmp_path):
    (assets / "annotated" / "new.jsonl").unlink()
    (assets / "annotated").rmdir()
    refuses(run, tmp_path, "assets/annotated", "the file does not exist")


def test_empty_folder(run, assets, tmp_path):
    (assets / "annotated" / "new.jsonl").unlink()
    refuses(run, tmp_path, "assets/annotated: no annotated texts")


def test_nothing_to_learn(run, assets, tmp_path):
    write(assets / "annotated" / "new.jsonl", [{"text": "hello", "entities": []}])
    refuses(run, tmp_path, "no text has an entity")


def test_no_base(run, assets, tmp_path):
    (assets / "base" / "base.jsonl").unlink()
    refuses(run, tmp_path, "no base texts", "vars.base_model")


def test_unknown_label_in_test_set(run, assets, tmp_path):
    write(assets / "test" / "test.jsonl", [{"text": "a Zune", "entities": [[2, 6, "GADGTE"]]}])
    refuses(run, tmp_path, "test.jsonl:1", "span [2, 6] 'Zune' has label GADGTE", "did you mean GADGET?")


def test_misspelt_label(run, assets, tmp_path):
    rows = [{"text": f"my iPhone X is dead {n}", "entities": [[3, 11, "GADGET"]]} for n in range(40)]
    rows.append({"text": "a Zune", "entities": [[2, 6, "GADGETS"]]})
    write(assets / "annotated" / "new.jsonl", rows)
    refuses(run, tmp_path, "new.jsonl:41", "looks like a misspelt GADGET")


def test_pattern_of_unknown_label(run, assets, tmp_path):
    write(assets / "patterns.jsonl", [{"label": "GIZMO", "pattern": "zune"}])
    refuses(run, tmp_path, "patterns.jsonl:1", "label GIZMO")


def test_broken_token_pattern(run, assets, tmp_path):
    write(assets / "patterns.jsonl", [{"label": "GADGET", "pattern": [{"LOWRE": "zune"}]}])
    refuses(run, tmp_path, "patterns.jsonl:1", "not a token pattern")


def test_base_not_installed(run, assets, tmp_path):
    refuses(
        run,
        tmp_path,
        "'xx_nowhere' is neither installed nor a folder",
        "vars.base_model",
        words=["--base-model", "xx_nowhere"],
    )


def test_base_of_another_version(run, assets, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PERSON")
    nlp.initialize()
    nlp.to_disk(tmp_path / "old")
    words = ["config.cfg", "corpus", "training/base", "training/log.jsonl", "--base-model", tmp_path / "old"]
    done = run("train.py", *words, "--base-model-version", "9.9.9")
    assert done.code == 1 and "has version 0.0.0, but vars.base_model_version says 9.9.9" in done.out
    assert not (tmp_path / "training/base").exists()
    assert run("train.py", *words, "--base-model-version", "0.0.0").code == 0


def test_a_failed_check_keeps_the_earlier_texts(run, assets, tmp_path):
    assert run(*CHECK).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "corpus/checked").rglob("*.*")}
    with (assets / "annotated" / "new.jsonl").open("a") as file:
        file.write('{"text": "a b", "entities": [[0, 9, "GADGET"]]}\n')
    done = run(*CHECK)
    assert done.code == 1 and "new.jsonl:4" in done.out and "Traceback" not in done.raw
    assert before and {path: path.read_bytes() for path in (tmp_path / "corpus/checked").rglob("*.*")} == before


def test_preprocess_without_a_check(run, tmp_path):
    done = run("preprocess.py", "corpus/checked", "corpus")
    assert done.code == 1 and "A file is missing" in done.out and "Traceback" not in done.raw
    assert not (tmp_path / "corpus/new").exists()


def test_raw_text_without_text(run, assets, tmp_path):
    write(assets / "raw.jsonl", [{"texts": "oops"}])
    refuses(run, tmp_path, "raw.jsonl:1", "text: Field required")


def test_package_name_must_be_a_name(run, tmp_path):
    done = run(
        "package.py",
        "m",
        "out",
        "--metrics",
        "x",
        "--counts",
        "x",
        "--card",
        "x",
        "--name",
        "../evil",
        "--version",
        "1.0",
    )
    assert done.code == 1 and "'../evil'" in done.out and "Traceback" not in done.raw
