"""Out to an annotation tool and back: nothing is lost, nothing unreviewed becomes gold, nothing is overwritten.

What a tool makes of its tasks is written here as each tool writes it; tests/system/test_label_studio.py asks a real server.
"""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import command, write
from ner_update.data.dataset import DataSet
from ner_update.data.offsets import from_utf16, to_utf16
from ner_update.data.reader import read_data
from ner_update.data.records import Example
from ner_update.labelling.review_import import read_reviewed, written
from ner_update.labelling.review_merge import merge
from ner_update.labelling.review_tasks import TOOLS

NLP = spacy.blank("en")
SILVER = [
    {
        "text": "😀 sold the Zune and a Kindle",
        "entities": [[11, 15, "GADGET"], [22, 28, "GADGET"]],
        "id": "a-1",
        "meta": {"source": "patterns"},
    },
    {"text": "nothing was found", "entities": []},
    {"text": "the Zune\nof Ines", "entities": [[4, 8, "GADGET"]], "meta": {"source": "patterns"}},
]


def label_studio(content: str) -> str:
    """Somebody submits each prediction. From a server's own export, version 1.23."""
    exported = []
    for number, task in enumerate(json.loads(content), 1):
        (prediction,) = task["predictions"]
        result = [{**region, "origin": "prediction"} for region in prediction["result"]]
        for region in result:
            # The page writes the marked text anew.
            region["value"] = {**region["value"], "text": region["value"]["text"].replace("\n", "\\n")}
        annotation = {
            "id": number,
            "completed_by": 1,
            "result": result,
            "was_cancelled": False,
            "ground_truth": False,
            "prediction": {"id": number},
        }
        exported.append(
            {
                "id": number,
                "annotations": [annotation],
                "drafts": [],
                "predictions": [number],
                "data": task["data"],
                "meta": {},
                "project": 1,
            }
        )
    return json.dumps(exported)


def label_studio_min(content: str) -> str:
    """The same as JSON_MIN: the number of the task takes the place of any `id`, and no span is no key."""
    exported = []
    for task in json.loads(label_studio(content)):
        spans = [region["value"] for region in task["annotations"][0]["result"]]
        more = {
            "id": task["id"],
            **({"label": spans} if spans else {}),
            "annotator": 1,
            "annotation_id": task["id"],
            "lead_time": None,
        }
        exported.append({**task["data"], **more})
    return json.dumps(exported, ensure_ascii=False, indent=2)


def prodigy(content: str) -> str:
    """Prodigy adds tokens and hashes, and db-out a line for each answer."""
    rows = []
    for number, row in enumerate(content.strip("\n").split("\n")):
        task = json.loads(row)
        doc = NLP.make_doc(task["text"])
        for span in task["spans"]:
            found = doc.char_span(span["start"], span["end"])
            span.update(token_start=found.start, token_end=found.end - 1)
        tokens = [
            {"text": t.text, "start": t.idx, "end": t.idx + len(t), "id": t.i, "ws": bool(t.whitespace_)} for t in doc
        ]
        rows.append(
            {
                **task,
                "tokens": tokens,
                "_input_hash": number,
                "_task_hash": -number,
                "_view_id": "ner_manual",
                "answer": "accept",
            }
        )
    return "".join(json.dumps(row) + "\n" for row in rows)


def doccano(content: str) -> str:
    """doccano writes a number as `id`, over it the other columns of the line that it was given, and the spans sorted."""
    rows = []
    for number, row in enumerate(content.strip("\n").split("\n"), 1):
        columns = json.loads(row)
        text, label = columns.pop("text"), sorted(columns.pop("label"))
        rows.append({"id": number, "text": text, **columns, "label": label, "Comments": []})
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


# What goes out, and what comes back when somebody agrees to all of it: tool, vars.format, name of the export, what writes it.
REVIEWS = {
    "label_studio": ("label_studio", "", "export.json", label_studio),
    "label_studio_min": ("label_studio", "", "export.json", label_studio_min),
    "prodigy": ("prodigy", "", "export.jsonl", prodigy),
    "doccano": ("doccano", "", "all.jsonl", doccano),
    "doccano_code_points": ("doccano", "doccano_code_points", "all.jsonl", doccano),
}
PIECES = st.sampled_from(
    [
        "Zune",
        "iPhone X",
        "😀",
        "👨‍👩‍👧",
        "🇨🇭",
        "e\u0301",
        "שלום",
        "مرحبا",
        "\u200f",
        "ไทย",
        "東京",
        "a\u0300\u0328",
        "\ufeff",
        "𝒵une",
        '"',
        "'",
        "<b>",
        "&amp;",
        "\\n",
        "\\",
        "\n",
        "\r\n",
        "\t",
        "\u2028",
        "\u00a0",
        " ",
        "  ",
        "{}",
        "[0, 1]",
        "$text",
        "3.50",
        "don't",
    ]
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6)
META = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
LABELS = st.sampled_from(["GADGET", '"><x', "a & b", "名", "a, b", "$x"])


@st.composite
def examples(draw) -> Example:
    """Any text, with some of its tokens marked."""
    text = draw(
        st.lists(PIECES, min_size=1, max_size=12)
        .map(lambda parts: " ".join(parts) if len(parts) % 2 else "".join(parts))
        .filter(str.strip)
    )
    doc, entities, at = NLP.make_doc(text), [], 0
    while at < len(doc) and draw(st.booleans()):
        start = draw(st.integers(at, len(doc) - 1))
        at = draw(st.integers(start + 1, len(doc)))
        span = doc[start:at]
        # White space at an edge is an error, which the reader's own tests look at.
        if span.text == span.text.strip():
            entities.append((span.start_char, span.end_char, draw(LABELS)))
    return Example(text=text, entities=entities, id=draw(st.none() | st.text(min_size=1, max_size=6)), meta=draw(META))


SETS = st.lists(
    examples(), min_size=1, max_size=5, unique_by=(lambda example: example.text, lambda example: example.id or object())
)


@pytest.mark.parametrize("kind", REVIEWS)
def test_there_and_back_is_the_identity(tmp_path_factory, kind):
    tool, told, name, reviewed_as_is = REVIEWS[kind]
    folder = tmp_path_factory.mktemp("review")
    export, target = folder / name, folder / "annotated/reviewed.jsonl"
    target.parent.mkdir()

    @given(SETS)
    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    def there_and_back(records):
        content = next(iter(TOOLS[tool](records, ["GADGET"], told).values()))
        export.write_text(reviewed_as_is(content), encoding="utf8", newline="\n")
        target.unlink(missing_ok=True)
        data = read_reviewed(export, folder / "sent", NLP, told)
        assert not [problem for problem in data.problems if problem.level == "error"]
        new, replaced = merge(data, DataSet(), DataSet(), target)
        target.write_text(written(target, new, replaced), encoding="utf8", newline="\n")
        standing = read_data(target)
        assert not [problem for problem in standing.problems if problem.level == "error"]
        assert {record.text: record for record in standing.require()} == {record.text: record for record in records}
        # Twice is once.
        assert merge(read_reviewed(export, folder / "sent", NLP, told), standing, DataSet(), target) == ([], {})

    there_and_back()


@given(st.lists(PIECES).map("".join), st.data())
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_offsets_there_and_back(text, data):
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    ((first, last, _),) = sent = to_utf16(text, [(start, end, "A")])
    assert text.encode("utf-16-le")[2 * first : 2 * last].decode("utf-16-le") == text[start:end]
    assert from_utf16(text, sent) == [(start, end, "A")]


@pytest.fixture
def export(run_here, assets, tmp_path):
    """Send texts to a tool: export("prodigy", SILVER). Gives the content of its tasks."""

    def send(tool: str, records: list, told: str = "") -> str:
        write(tmp_path / "silver.jsonl", records)
        done = run_here("review_export.py", "silver.jsonl", f"sent/{tool}", "assets", "--tool", tool, "--format", told)
        assert done.code == 0, done.raw
        return next((tmp_path / "sent" / tool).glob("tasks.*")).read_text(encoding="utf8")

    return send


@pytest.fixture
def take_back(run_here, tmp_path):
    """Take an export back: take_back("all.jsonl", content). Gives the finished command."""

    def take(name: str, content: str, *words: str):
        (tmp_path / "reviewed").mkdir(exist_ok=True)
        (tmp_path / "reviewed" / name).write_text(content, encoding="utf8", newline="\n")
        return run_here(
            "review_import.py",
            "reviewed",
            "assets",
            "--sent",
            "sent/" + ("label_studio" if name.endswith(".json") else "prodigy"),
            *words,
        )

    return take


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(tmp_path: Path) -> list[dict]:
    return list(srsly.read_jsonl(tmp_path / "assets/annotated/reviewed.jsonl"))


@pytest.mark.parametrize("kind", ["label_studio", "prodigy", "doccano"])
def test_through_the_commands(assets, export, take_back, tmp_path, kind):
    tool, _told, name, reviewed_as_is = REVIEWS[kind]
    content = reviewed_as_is(export(tool, SILVER))
    done = take_back(name, content)
    assert done.code == 0 and "3 texts are new in assets/annotated/reviewed.jsonl" in done.out, done.raw
    assert rows(tmp_path) == sorted(SILVER, key=lambda record: (record.get("id", ""), record["text"]))
    before = all_files(assets)
    done = take_back(name, content)
    assert done.code == 0 and "0 texts are new" in done.out and "stands already: 3 texts, 3 spans" in done.out, done.raw
    assert all_files(assets) == before


def test_the_order_of_an_export_does_not_matter(assets, export, take_back, tmp_path):
    tasks = json.loads(label_studio(export("label_studio", SILVER)))
    contents = []
    for order in (tasks, tasks[::-1]):
        assert take_back("export.json", json.dumps(order)).code == 0
        contents.append((assets / "annotated/reviewed.jsonl").read_bytes())
        (assets / "annotated/reviewed.jsonl").unlink()
    assert contents[0] == contents[1]


def test_the_config_has_all_labels_and_they_do_no_harm(run, assets, export, tmp_path):
    write(assets / "annotated/more.jsonl", [{"text": "a Lumio", "entities": [[2, 7, '"><x']]}])
    write(
        assets / "patterns.jsonl",
        [{"label": "A & B", "pattern": "x"}, {"label": "</View>", "pattern": [{"LOWER": "y"}]}],
    )
    export("label_studio", [{"text": "Ines", "entities": [[0, 4, "PERSON"]]}])
    view = ElementTree.parse(tmp_path / "sent/label_studio/labelling_config.xml").getroot()
    assert [element.tag for element in view] == ["Labels", "Text"]
    assert [label.get("value") for label in view.find("Labels")] == ['"><x', "</View>", "A & B", "GADGET", "PERSON"]
    export("prodigy", SILVER)
    assert (tmp_path / "sent/prodigy/labels.txt").read_text().splitlines() == ['"><x', "</View>", "A & B", "GADGET"]


def test_predictions_fit_the_config(export, tmp_path):
    tasks = json.loads(export("label_studio", SILVER))
    view = ElementTree.parse(tmp_path / "sent/label_studio/labelling_config.xml").getroot()
    for task in tasks:
        for region in task["predictions"][0]["result"]:
            assert (region["from_name"], region["to_name"]) == (
                view.find("Labels").get("name"),
                view.find("Text").get("name"),
            )
            assert view.find("Labels").get("toName") == region["to_name"] and view.find("Text").get("value") == "$text"
    # An emoji counts twice.
    assert tasks[0]["predictions"][0]["result"][0]["value"]["start"] == 12


@pytest.mark.parametrize(
    "records, expected",
    [
        (
            [{"text": "a Zune", "entities": []}, {"text": "a Zune", "entities": [[2, 6, "GADGET"]]}],
            ["silver.jsonl:2", "stands already at silver.jsonl:1, with other spans", "a Zune"],
        ),
        (
            [{"text": "a", "entities": [], "id": "x"}, {"text": "b", "entities": [], "id": "x"}],
            ["silver.jsonl:2", "the id 'x' stands already at silver.jsonl:1"],
        ),
        (
            [{"text": "a Zune", "entities": [[2, 99, "GADGET"]]}],
            ["silver.jsonl:1", "span [2, 99] GADGET is out of range"],
        ),
        ([], ["silver.jsonl: the file is empty"]),
    ],
)
def test_what_cannot_go_out_is_named(run, assets, tmp_path, records, expected):
    write(tmp_path / "silver.jsonl", records)
    done = run("review_export.py", "silver.jsonl", "sent", "assets")
    assert done.code == 1 and not (tmp_path / "sent").exists() and "Traceback" not in done.raw, done.raw
    assert all(part in done.out for part in expected), done.raw


def test_a_text_that_stands_twice_goes_out_once(export):
    assert len(json.loads(export("label_studio", [SILVER[0], SILVER[0]]))) == 1


def test_an_unknown_tool_is_named(run, assets, tmp_path):
    write(tmp_path / "silver.jsonl", SILVER)
    done = run("review_export.py", "silver.jsonl", "sent", "assets", "--tool", "brat")
    assert done.code == 1 and "vars.review_tool is 'brat': it must be one of label_studio, prodigy, doccano" in done.out


def unannotated(content: str) -> str:
    return json.dumps([{**task, "annotations": []} for task in json.loads(label_studio(content))])


def unannotated_min(content: str) -> str:
    return json.dumps(
        [{**row, "annotator": None, "annotation_id": None} for row in json.loads(label_studio_min(content))]
    )


def test_what_nobody_reviewed_is_left_out(assets, export, take_back, tmp_path):
    content = export("label_studio", SILVER)
    before = all_files(assets)
    (tmp_path / "reviewed").mkdir()
    (tmp_path / "reviewed/min.json").write_text(unannotated_min(content), encoding="utf8")
    done = take_back("export.json", unannotated(content))
    assert done.code == 0 and "not annotated yet: 6 texts" in done.out and "0 texts are new" in done.out, done.raw
    assert all_files(assets) == before


def test_suggestions_do_not_pass_for_a_review(assets, export, take_back, tmp_path):
    """None of these files is taken, and each is named."""
    sent = export("prodigy", SILVER)
    before = all_files(assets)
    (tmp_path / "reviewed").mkdir()
    for name, content in {
        "no_answer.jsonl": '{"text": "a Zune", "spans": []}\n',
        "own.jsonl": '{"text": "a Lumio", "entities": [[2, 7, "GADGET"]]}\n',
        "number.jsonl": "5\n",
        "columns.conll": "a O\nKindle B-GADGET\n",
    }.items():
        (tmp_path / "reviewed" / name).write_text(content, encoding="utf8")
    done = take_back("x.jsonl", sent)
    assert done.code == 1 and "Traceback" not in done.raw, done.raw
    for said in (
        "x.jsonl: this is what was sent, and nobody reviewed it",
        "no_answer.jsonl:1: there is no `answer`, so nobody reviewed it",
        "own.jsonl:1: no annotation tool exported this",
        "number.jsonl:1: a record must be an object",
        "columns.conll: the export must be JSON or JSONL",
    ):
        assert said in done.out, done.raw
    assert all_files(assets) == before


def test_only_what_was_accepted_comes_back(export, take_back, tmp_path):
    lines = [json.loads(line) for line in prodigy(export("prodigy", SILVER)).splitlines()]
    lines[0]["answer"], lines[2]["answer"] = "reject", "ignore"
    done = take_back("x.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert (
        done.code == 0
        and "answer is reject: 1 texts, 2 spans" in done.out
        and "answer is ignore: 1 texts, 1 spans" in done.out
    ), done.raw
    # A person looked, and found none.
    assert rows(tmp_path) == [{"text": "nothing was found", "entities": []}]


def reviewed(*records: tuple) -> str:
    """RETURNS (str): As Prodigy writes it, of text, spans and id."""
    lines = [
        {
            "text": text,
            "spans": [{"start": s, "end": e, "label": label} for s, e, label in spans],
            "answer": "accept",
            **({"id": id} if id else {}),
        }
        for text, spans, id in records
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_conflicts_are_all_listed_and_nothing_is_written(assets, take_back, tmp_path):
    assert take_back("x.jsonl", reviewed(("a Zune here", [(2, 6, "GADGET")], "z"), ("a Lumio", [], None))).code == 0
    before = all_files(assets)
    again = reviewed(
        ("a Zune here", [], None),
        ("my new phone is dead", [(3, 12, "GADGET")], None),
        ("another text", [], "z"),
        ("quite new", [], None),
    )
    done = take_back("x.jsonl", again)
    assert done.code == 1 and "3 conflict(s)" in done.out and "Traceback" not in done.raw, done.raw
    for part in (
        'x.jsonl:1: reviewed as [], but assets/annotated/reviewed.jsonl:2 has [[2, 6, "GADGET"]]',
        'x.jsonl:2: reviewed as [[3, 12, "GADGET"]], but assets/annotated/new.jsonl:2 has []',
        "x.jsonl:3: the id 'z' stands at assets/annotated/reviewed.jsonl:2, with another text: 'a Zune here'",
        "text: 'my new phone is dead'",
        "--force",
    ):
        assert part in done.out, done.raw
    assert all_files(assets) == before


def test_force_lets_a_review_win_over_an_earlier_one(assets, take_back, tmp_path):
    assert take_back("x.jsonl", reviewed(("a Zune here", [(2, 6, "GADGET")], None), ("a Lumio", [], None))).code == 0
    target = assets / "annotated/reviewed.jsonl"
    target.write_text(
        target.read_text().replace(
            '{"text": "a Lumio", "entities": []}', '{"entities":[],"text":"a Lumio","note":"by hand"}'
        )
    )
    changed = reviewed(("a Zune here", [], None), ("quite new", [], None))
    done = take_back("x.jsonl", changed, "--force")
    assert done.code == 0 and "1 texts are new" in done.out and "1 were replaced" in done.out, done.raw
    assert rows(tmp_path) == [
        {"entities": [], "text": "a Lumio", "note": "by hand"},
        {"text": "a Zune here", "entities": []},
        {"text": "quite new", "entities": []},
    ]
    before = all_files(assets)
    assert take_back("x.jsonl", changed, "--force").code == 0 and all_files(assets) == before


def test_force_never_touches_somebodys_own_file(assets, take_back):
    before = all_files(assets)
    done = take_back("x.jsonl", reviewed(("my new phone is dead", [(3, 12, "GADGET")], None)), "--force")
    assert (
        done.code == 1
        and "assets/annotated/new.jsonl:2" in done.out
        and "Mend what stands in your own files" in done.out
    ), done.raw
    assert all_files(assets) == before


def test_a_review_that_contradicts_itself(assets, take_back):
    before = all_files(assets)
    done = take_back("x.jsonl", reviewed(("a Zune", [], None), ("a Zune", [(2, 6, "GADGET")], None)), "--force")
    assert done.code == 1 and 'x.jsonl:2: reviewed as [[2, 6, "GADGET"]], but reviewed/x.jsonl:1 has []' in done.out, (
        done.raw
    )
    assert all_files(assets) == before


def test_what_stands_in_the_test_set_is_not_learnt(run, assets, take_back, tmp_path):
    done = take_back("x.jsonl", reviewed(("Sold the ZUNE to Ines!", [], None), ("a Lumio", [], None)))
    assert (
        done.code == 0
        and "stands in the test set: 1 texts, 0 spans" in done.out
        and "1 texts were left out" in done.out
    ), done.raw
    assert [row["text"] for row in rows(tmp_path)] == ["a Lumio"]
    done = run("check.py", "assets")
    assert done.code == 0, done.raw


def test_a_bad_export_never_lands_in_assets(assets, take_back):
    """Also not the good part of it."""
    before = all_files(assets)
    done = take_back(
        "x.jsonl",
        reviewed(
            ("a good Zune", [], None),
            ("😀 the Zune", [(6, 8, "GADGET")], None),
            ("a Lumio", [(2, 99, "GADGET")], None),
            ("a Kindle", [(2, 8, " ")], None),
            ("a Walkman", [(2, 9, "GADGET"), (2, 9, "PERSON")], None),
        ),
    )
    assert done.code == 1 and "Traceback" not in done.raw, done.raw
    for said in (
        "x.jsonl:2: span [6, 8] GADGET 'Zu' does not align with tokens",
        "text: '😀 the [[Zu]]ne'",
        "x.jsonl:3: span [2, 99] GADGET is out of range",
        "x.jsonl:4: a span has no label",
        "x.jsonl:5: span [2, 9] PERSON 'Walkman' overlaps",
    ):
        assert said in done.out, done.raw
    assert all_files(assets) == before


def test_a_text_that_a_tool_changed_is_named(assets, export, take_back):
    content = label_studio(export("label_studio", SILVER[1:])).replace("nothing was", "Nothing was")
    done = take_back("export.json", content)
    assert done.code == 1 and "export.json:1: the text is not the one that was sent" in done.out, done.raw
    assert not (assets / "annotated/reviewed.jsonl").exists()


def test_nothing_came_back_yet(run, assets, tmp_path):
    (tmp_path / "reviewed").mkdir()
    for path, said in (
        ("reviewed", "no file is here: put the tool's export here"),
        ("nowhere", "the file does not exist"),
    ):
        done = run("review_import.py", path, "assets", "--sent", "sent")
        assert done.code == 1 and said in done.out and "Traceback" not in done.raw, done.raw


def test_the_file_for_reviews_must_be_lines(assets, take_back):
    (assets / "annotated/reviewed.jsonl").write_text('[{"text": "a", "entities": []}]')
    done = take_back("x.jsonl", reviewed(("a Zune", [], None)))
    assert done.code == 1 and "reviewed.jsonl must be JSONL, with a record a line" in done.out, done.raw


def test_the_commands_of_the_project(clone):
    write(clone / "corpus/silver.jsonl", SILVER)
    done = command("python", "-m", "spacy", "project", "run", "review-export", cwd=clone)
    assert done.code == 0, done.raw
    tasks = (clone / "review/label_studio/tasks.json").read_text(encoding="utf8")
    (clone / "review/reviewed").mkdir()
    (clone / "review/reviewed/project-1.json").write_text(label_studio(tasks), encoding="utf8")
    for new in (3, 0):
        done = command("python", "-m", "spacy", "project", "run", "review-import", cwd=clone)
        assert done.code == 0 and f"{new} texts are new" in done.out, done.raw
    # What is under review is nobody's commit.
    assert command("git", "status", "--porcelain", cwd=clone).raw.split() == ["??", "assets/annotated/reviewed.jsonl"]
