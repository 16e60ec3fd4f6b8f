"""Annotation that no reader reads is named and stops the run: such a text never passes for one without an entity."""

import json
import os
import shutil
from pathlib import Path

import pytest
import spacy
import srsly
import typer
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

import check as check_script
from conftest import ROOT, command, write
from ner_update.data.dataset import WRONG
from ner_update.project.options import with_options

CLI = typer.Typer()
CLI.command()(with_options(check_script.main))
NLP = spacy.blank("en")
HERE = ROOT / "tests/formats"

TEXT = "my Zune is dead"
WORDS = TEXT.split()
SPAN = {"start": 3, "end": 7, "label": "GADGET"}
TAGS = ["O", "B-GADGET", "O", "O"]
TOKENS = [
    {"text": word, "start": start, "end": start + len(word), "id": n}
    for n, (word, start) in enumerate(zip(WORDS, (0, 3, 8, 11)))
]
REGION = {"start": 3, "end": 7, "text": "Zune", "labels": ["GADGET"]}
ACCEPTED = {"text": TEXT, "tokens": TOKENS, "_input_hash": 1, "_task_hash": 2, "answer": "accept"}


@pytest.fixture
def checked(assets, tmp_path, monkeypatch):
    """Run the check command in this process: checked() gives its exit code, the counts of assets/annotated, and the errors
    by file and line."""
    monkeypatch.chdir(tmp_path)

    def run():
        done = CliRunner().invoke(CLI, ["assets"])
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        report = srsly.read_json("corpus/check.json")
        errors: dict[str, list[str]] = {}
        for row in report["problems"]:
            if row["level"] == "error":
                where = f"{row['file'].removeprefix('assets/')}:{row['line'] or ''}".rstrip(":")
                errors.setdefault(where, []).append(row["message"])
        assert (done.exit_code == 0) == (not errors) == Path("corpus/check.passed").exists()
        return done.exit_code, report["counts"]["annotated"], errors

    return run


def task(*results, **more):
    return {"data": {"text": TEXT}, "annotations": [{"result": list(results)}], **more}


def region(value=REGION, kind="labels"):
    return {"id": "a", "from_name": "label", "to_name": "text", "type": kind, "value": value}


def other(name):
    """A region with labels of another kind."""
    return {"start": 3, "end": 7, "text": "Zune", name: [["GADGET"]] if name == "taxonomy" else ["GADGET"]}


MIN = {"text": TEXT, "annotator": 1, "annotation_id": 5, "id": 3}
ARGILLA = {
    "text": TEXT,
    "tokens": WORDS,
    "prediction": None,
    "annotation": [["GADGET", 3, 7]],
    "status": "Validated",
    "metadata": {},
}
REFUSED = {
    # A key that no format has, and what else there is makes it look like a task of Prodigy without a span.
    "spans in another key": ({**ACCEPTED, "mentions": [SPAN]}, "`mentions`"),
    "lists": ({**ACCEPTED, "mentions": [["GADGET", 3, 7]]}, "`mentions`"),
    "lists with the label in between": ({**ACCEPTED, "mentions": [[3, "GADGET", 7]]}, "`mentions`"),
    "offsets as text": ({**ACCEPTED, "mentions": [{"begin": "3", "end": "7", "type": "GADGET"}]}, "`mentions`"),
    "pairs of offsets": ({**ACCEPTED, "gadgets": [[3, 7]]}, "`gadgets`"),
    "spans in an object": ({**ACCEPTED, "result": {"found": [SPAN]}}, "`result`"),
    "spans by label": ({**ACCEPTED, "label": {"GADGET": {"Zune": [[3, 6]]}}}, "`label`"),
    "one span": ({**ACCEPTED, "mention": {"start_char": 3, "end_char": 7, "label": "GADGET"}}, "`mention`"),
    "spans by number": ({**ACCEPTED, "mentions": {"0": SPAN}}, "`mentions`"),
    "spans in meta, and no other": ({**ACCEPTED, "meta": {"spans": [SPAN]}}, "`meta`"),
    "places in lists": (
        {**ACCEPTED, "passages": [{"type": "GADGET", "offsets": [[3, 7]], "text": ["Zune"]}]},
        "`passages`",
    ),
    "tags": ({**ACCEPTED, "bio": TAGS}, "`bio`"),
    "numbered tags": ({**ACCEPTED, "bio": [0, 1, 0, 0]}, "`bio`"),
    "tags without B and I": ({**ACCEPTED, "names": ["O", "GADGET", "O", "O"]}, "`names`"),
    "tags in an object": ({**ACCEPTED, "layer": {"bio": TAGS}}, "`layer`"),
    "tags in the tokens": (
        {**ACCEPTED, "tokens": [{**token, "ner": tag} for token, tag in zip(TOKENS, TAGS)]},
        "`tokens.ner`",
    ),
    # An empty list in the known key.
    "entities are empty": ({"text": TEXT, "entities": [], "ents": [SPAN]}, "`ents`"),
    "spans are empty": ({**ACCEPTED, "spans": [], "annotations": [{"result": [SPAN]}]}, "`annotations`"),
    "label is empty": (
        {"text": TEXT, "label": [], "annotation": [{"points": [SPAN], "label": ["GADGET"]}]},
        "`annotation`",
    ),
    "ents are empty": ({"text": TEXT, "ents": [], "tokens": [], "spans": {"sc": [SPAN]}}, "`spans`"),
    "entities of spaCy v2 are empty": ([TEXT, {"entities": [], "spans": [[3, 7, "GADGET"]]}], "`spans`"),
    "all tags are O": ({"tokens": WORDS, "ner_tags": ["O"] * 4, "fine_tags": TAGS}, "`fine_tags`"),
    # No known key at all: the message must not advise an empty list.
    "a text and spans": ({"text": TEXT, "ents_of_mine": [SPAN]}, "`ents_of_mine`"),
    "spaCy v2 with another key": ([TEXT, {"ents": [[3, 7, "GADGET"]]}], "`ents`"),
    "span groups": ({"text": TEXT, "tokens": [], "spans": {"sc": [SPAN]}}, "`spans`"),
    "Argilla, predictions alone": (
        {"text": TEXT, "tokens": WORDS, "prediction": [["GADGET", 3, 7, 0.9]]},
        "`prediction`",
    ),
    "Argilla 2": ({"text": TEXT, "span.responses": [[SPAN]], "status": "completed"}, "`span.responses`"),
    "Argilla with another key": ({**ARGILLA, "annotation": [], "annotations": [["GADGET", 3, 7]]}, "`annotations`"),
    "neither text nor entities": ({"sentence": TEXT, "found": "Zune"}, "neither `text` nor `entities`"),
    "tokens and numbered tags": ({"tokens": WORDS, "tags": [0, 1, 0, 0]}, "the tags are numbers"),
    # Label Studio.
    "paragraphs": (
        {
            "data": {"dialogue": [{"author": "a", "text": TEXT}], "title": TEXT},
            "annotations": [
                {
                    "result": [
                        region(
                            {
                                "start": "0",
                                "end": "0",
                                "startOffset": 3,
                                "endOffset": 7,
                                "text": "Zune",
                                "paragraphlabels": ["GADGET"],
                            },
                            "paragraphlabels",
                        )
                    ]
                }
            ],
        },
        "marked with paragraphlabels",
    ),
    "HTML": (
        task(
            region(
                {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "hypertextlabels": ["GADGET"]}, "hypertextlabels"
            )
        ),
        "marked in HTML",
    ),
    "a taxonomy": (task(region(other("taxonomy"), "taxonomy")), "marked with taxonomy"),
    "an image": (
        task(region({"x": 1, "y": 2, "width": 3, "height": 4, "rectanglelabels": ["GADGET"]}, "rectanglelabels")),
        "marked with rectanglelabels",
    ),
    "a taxonomy beside labels": (
        task(region(), region({**other("taxonomy"), "start": 8, "end": 10, "text": "is"}, "taxonomy")),
        "marked with taxonomy",
    ),
    "no result": ({"data": {"text": TEXT}, "annotations": [{"results": [region()]}]}, "annotations.0.result"),
    "annotations in another key": ({"data": {"text": TEXT}, "annotation": [{"result": [region()]}]}, "`annotation`"),
    "spans in the data of a task": ({"data": {"text": TEXT, "entities": [SPAN]}}, "`data`"),
    "two lists of annotations": (task(completions=[{"result": [region()]}]), "2 annotations of this text differ"),
    "JSON_MIN, a taxonomy": ({**MIN, "kind": [other("taxonomy")]}, "marked with taxonomy"),
    "JSON_MIN, HTML": ({**MIN, "kind": [other("hypertextlabels")]}, "marked with hypertextlabels"),
    "JSON_MIN, in an object": ({**MIN, "label": {"found": [REGION]}}, "`label`"),
}


def test_a_record_with_unread_annotation_is_refused(checked, assets):
    rows = [value for value, _ in REFUSED.values()]
    write(assets / "annotated/new.jsonl", [{"text": "my iPhone X", "entities": [[3, 11, "GADGET"]]}, *rows])
    code, counts, errors = checked()
    assert code == 1 and counts["texts"] == 1
    for line, (name, (_, expected)) in enumerate(REFUSED.items(), 2):
        (message,) = errors.pop(f"annotated/new.jsonl:{line}")
        assert expected in message and '"entities": []' not in message, name
        assert expected[0] != "`" or "spacy_v2, prodigy, doccano" in message
    assert not errors


KEPT = {
    "Prodigy, no span": (ACCEPTED, []),
    "Prodigy, spans are null": ({**ACCEPTED, "spans": None}, []),
    "Prodigy, tokens and spans": (
        {**ACCEPTED, "spans": [{**SPAN, "token_start": 1, "token_end": 1}]},
        [[3, 7, "GADGET"]],
    ),
    "choices": (
        {
            **ACCEPTED,
            "options": [{"id": 1, "text": "1", "meta": "x"}, {"id": 2, "text": "2", "meta": "y"}],
            "accept": ["1"],
        },
        [],
    ),
    "meta": ({**ACCEPTED, "spans": [], "meta": {"pages": [{"from": 3, "to": 4, "file": "x"}], "section": "chat"}}, []),
    "meta of our own": ({"text": TEXT, "entities": [], "meta": {"spans": [SPAN]}}, []),
    "other reviewers": ({**ACCEPTED, "spans": [], "versions": [{"text": TEXT, "spans": [SPAN]}]}, []),
    "scores and keywords": (
        {
            "text": TEXT,
            "entities": [],
            "scores": [0.5, 1.0],
            "keywords": ["B-52", "E-mail"],
            "page": 3,
            "lines": [3, 4],
        },
        [],
    ),
    "more keys, and entities": ({"text": TEXT, "entities": [[3, 7, "GADGET"]], "program": [SPAN]}, [[3, 7, "GADGET"]]),
    "CoNLL-2003 of Hugging Face": (
        {"tokens": WORDS, "ner_tags": ["O"] * 4, "pos_tags": [1, 2, 3, 4], "chunk_tags": ["B-NP", "I-NP", "B-VP", "O"]},
        [],
    ),
    "WikiANN": (
        {"tokens": WORDS, "ner_tags": TAGS, "langs": ["en"] * 4, "spans": ["GADGET: Zune"]},
        [[3, 7, "GADGET"]],
    ),
    "Doc.to_json": (
        {
            "text": TEXT,
            "ents": [],
            "sents": [{"start": 0, "end": 15}],
            "tokens": [{**token, "lemma": "E-mail", "dep": "x", "head": 0} for token in TOKENS],
        },
        [],
    ),
    "displaCy": ({"text": TEXT, "ents": [SPAN], "title": None}, [[3, 7, "GADGET"]]),
    "Argilla as a data set": (
        {**ARGILLA, "annotation": [SPAN], "prediction": [{**SPAN, "score": 0.5}]},
        [[3, 7, "GADGET"]],
    ),
    "Argilla, no entity": ({**ARGILLA, "annotation": [], "prediction": [["GADGET", 3, 7, 0.5]]}, []),
    "doccano": (
        {
            "id": 3,
            "text": TEXT,
            "entities": [{"id": 1, **{"start_offset": 3, "end_offset": 7}, "label": "GADGET"}],
            "relations": [],
            "Comments": [],
        },
        [[3, 7, "GADGET"]],
    ),
    "completions": ({"data": {"text": TEXT}, "completions": [{"id": 1, "result": [region()]}]}, [[3, 7, "GADGET"]]),
    "one of two is the truth": (
        {"data": {"text": TEXT}, "completions": [{"result": []}, {"result": [region()], "honeypot": True}]},
        [[3, 7, "GADGET"]],
    ),
    "a choice, a note and a relation": (
        task(
            region(),
            region({"start": 3, "end": 7, "text": ["old"]}, "textarea"),
            region(other("choices"), "choices"),
            region({"choices": ["x"]}, "choices"),
            {"type": "relation", "from_id": "a", "to_id": "a", "direction": "right", "labels": []},
        ),
        [[3, 7, "GADGET"]],
    ),
    "no entity, and predictions": (task(predictions=[{"result": [region()]}], drafts=[{"result": [region()]}]), []),
    "JSON_MIN": ({**MIN, "label": [REGION], "sure": [other("choices")], "topic": ["a", "b"]}, [[3, 7, "GADGET"]]),
    "JSON_MIN, no entity": ({**MIN, "created_at": "2024", "lead_time": 3.5}, []),
}
LEFT_OUT = {
    "not annotated yet": [
        {**ARGILLA, "annotation": None, "prediction": [["GADGET", 3, 7, 0.5]]},
        {"data": {"text": TEXT}, "predictions": [{"result": [region()]}]},
        {"data": {"text": TEXT}, "annotations": [], "predictions": [{"result": [region()]}]},
        {**MIN, "annotation_id": None, "label": [REGION]},
    ],
    "discarded by the annotator": [{**ARGILLA, "status": "Discarded"}],
    "skipped by the annotator": [{"data": {"text": TEXT}, "completions": [{"result": [], "skipped": True}]}],
    "answer is reject": [
        {**ACCEPTED, "mentions": [SPAN], "answer": "reject"},
        {"tokens": WORDS, "tags": TAGS, "answer": "reject"},
    ],
}


def test_what_is_legitimate_is_read_as_it_was(checked, assets):
    rows = [
        json.loads(json.dumps(value).replace("is dead", f"is dead{n}")) for n, (value, _) in enumerate(KEPT.values())
    ]
    write(assets / "annotated/new.jsonl", [*rows, *(row for some in LEFT_OUT.values() for row in some)])
    code, counts, errors = checked()
    assert code == 0, errors
    assert counts["texts"] == len(KEPT) and counts["spans"] == {
        "GADGET": sum(len(entities) for _, entities in KEPT.values())
    }
    assert counts["texts_without_entity"] == sum(not entities for _, entities in KEPT.values())
    assert {reason: n["texts"] for reason, n in counts["left_out"].items() if n["texts"]} == {
        reason: len(rows) for reason, rows in LEFT_OUT.items()
    }


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.json*")))
def test_a_known_file_with_its_key_renamed_moved_or_emptied(checked, assets, name):
    """Whatever becomes of the key, no text with an entity passes for one without."""
    content = (HERE / name).read_text(encoding="utf8")
    rows = (
        json.loads(content)
        if content.lstrip().startswith("[\n")
        else [json.loads(line) for line in content.splitlines()]
    )
    keys = (
        "entities",
        "spans",
        "ents",
        "label",
        "labels",
        "ner_tags",
        "tags",
        "annotation",
        "annotations",
        "completions",
        "result",
    )
    variants = []
    for row in rows:
        for place in filter(lambda inner: isinstance(inner, dict), [row, *(row if isinstance(row, list) else [])]):
            for key in [
                key
                for key in keys
                if "GADGET" in json.dumps(place.get(key)) and place.get("answer", "accept") == "accept"
            ]:
                rest = {other: value for other, value in place.items() if other != key}
                for changed in (
                    {**rest, "unheard_of": place[key]},
                    {**rest, "unheard_of": {"inner": place[key]}},
                    {**rest, key: [], "unheard_of": place[key]},
                ):
                    variants.append([row[0], changed] if isinstance(row, list) else changed)
    write(assets / "annotated/new.jsonl", [{"text": "my iPhone X", "entities": [[3, 11, "GADGET"]]}, *variants])
    code, counts, errors = checked()
    # How the list of spans in JSON_MIN is called, the labelling config says: it is read whatever its key is.
    read = 4 if name == "label_studio_min.json" else 0
    assert variants and code == 1 and counts["texts"] == 1 + read and counts["left_out"].keys() <= {WRONG}
    assert (
        counts["texts_without_entity"] == 0
        and len(errors) == len(variants) - read
        and all(len(said) == 1 for said in errors.values())
    )


def lines(*columns, sentences=1):
    """A file of columns, each a string with a space between its values."""
    rows = ["\t".join(row) for row in zip(*(column.split() for column in columns), strict=True)]
    return "\n".join([*rows, ""] * sentences) + "\n"


WORD, POS, GOLD, NONE, CHUNK = TEXT, "PRP NN VBZ JJ", " ".join(TAGS), "O O O O", "B-NP I-NP B-VP B-ADJP"
COUNT = "1 2 3 4"
COLUMNS = {
    "gold and predicted": (lines(WORD, GOLD, NONE), "columns 2 (B-GADGET) and 3 (only O) hold tags"),
    "predicted first": (lines(WORD, POS, NONE, GOLD), "columns 3 (only O) and 4 (B-GADGET) hold tags"),
    "outer and inner": (
        "#\thttp://example.org [2024-01-01]\n" + lines(COUNT, WORD, GOLD, NONE),
        "columns 3 (B-GADGET) and 4 (only O) hold tags",
    ),
    "chunks after entities": (lines(WORD, GOLD, CHUNK), "columns 2 (B-GADGET) and 3 (B-ADJP, B-NP, B-VP) hold tags"),
    "tags without B and I": (lines(WORD, "O GADGET O O", NONE), "columns 2 (GADGET) and 3 (only O) hold tags"),
    "two with |": ("my|O|O Zune|B-GADGET|O is|O|O dead|O|O\n", "columns 2 (B-GADGET) and 3 (only O) hold tags"),
    "numbers and no words": (lines(COUNT, GOLD), "the first column holds numbers"),
    "ranges among the numbers": (
        "1-2\tcannot\t_\tO\n" + lines(COUNT, WORD, POS, GOLD),
        "the first column holds numbers",
    ),
    "offsets before the words": (lines("0 3 8 11", "2 7 10 15", WORD, GOLD), "the first column holds numbers"),
    "the sentence before the words": (lines("s1 s1 s1 s1", WORD, GOLD), "or the same in most lines"),
    "entities in MISC": (
        lines(COUNT, WORD, POS, "_ Entity=B-GADGET _ SpaceAfter=No", sentences=30),
        "the last column must be a tag such as O or B-PERSON, not 'Entity=B-GADGET'",
    ),
}


@pytest.mark.parametrize("content, expected", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("copies", [1, 3000], ids=["small", "large"])
def test_columns_that_are_not_certain(checked, assets, content, expected, copies):
    """One message for a file, also for one that is read in several pieces."""
    (assets / "annotated/more.conll").write_text(
        content * (copies * 15 if copies > 1 and len(content) < 100 else copies)
    )
    code, counts, errors = checked()
    assert code == 1 and counts["texts"] == 3 and len(errors) == 1
    (message,) = errors["annotated/more.conll"]
    assert expected in message


READ = {
    "NeuroNLP2": lines(COUNT, WORD, POS, CHUNK, GOLD),
    "numbers from 0": lines("0 1 2 3", WORD, GOLD),
    "numbers through the file": lines(COUNT, WORD, GOLD) + lines("5 6 7 8", WORD, GOLD),
    "CoNLL-U": "# newdoc\n# text = my Zune\n"
    + lines(COUNT, WORD, WORD, POS, "_ _ _ _", "2 4 4 0", "x y z root", "_ _ _ _", GOLD),
    "CoNLL-2003": "-DOCSTART- -X- -X- O\n\n" + lines(WORD, POS, CHUNK, GOLD),
    "German CoNLL-2003": lines(WORD, WORD, POS, "I-NC I-NC I-VC O", GOLD),
    "lemmas that look like tags": lines(WORD, "B-52 E-mail be dead", GOLD),
    "all O": lines(WORD, NONE, NONE) + lines(WORD, NONE, NONE),
}


def test_columns_that_are_read(checked, assets):
    (assets / "annotated/new.jsonl").unlink()
    for number, (name, content) in enumerate(READ.items()):
        (assets / f"annotated/{number}.conll").write_text(content.replace("dead", f"dead{number}"))
    code, counts, errors = checked()
    assert (code, errors) == (0, {}) and counts["spans"] == {"GADGET": 8} and counts["texts"] == 10
    texts = [
        doc.text
        for path in Path("corpus/checked/annotated").glob("*.spacy")
        for doc in DocBin().from_disk(path).get_docs(NLP.vocab)
    ]
    assert {text.rstrip("01234567") for text in texts} == {TEXT}


def test_span_groups_of_docs(checked, assets):
    docs = [NLP.make_doc(f"{TEXT} {n}") for n in range(5)]
    for doc in (docs[0], docs[1], docs[2]):
        doc.spans["sc"] = [Span(doc, 1, 2, "GADGET")]
    docs[0].spans["other"] = [Span(docs[0], 1, 2, "GADGET")]
    docs[1].set_ents([], default="outside")
    docs[2].set_ents([Span(docs[2], 1, 2, "GADGET")])
    docs[3].spans["empty"] = []
    docs[3].set_ents([], default="outside")
    DocBin(docs=docs).to_disk(assets / "annotated/docs.spacy")
    code, counts, errors = checked()
    assert code == 1 and [*errors] == ["annotated/docs.spacy:1", "annotated/docs.spacy:2"]
    assert "spans are in doc.spans: other, sc. Set doc.ents" in errors["annotated/docs.spacy:1"][0]
    assert "spans are in doc.spans: sc. Set doc.ents" in errors["annotated/docs.spacy:2"][0]
    # The fourth was annotated and has none; nobody annotated the fifth.
    assert counts["texts"] == 3 + 2 and counts["left_out"]["not annotated yet"] == {"texts": 1, "spans": 0}


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("name", ["base", "annotated", "test"])
@pytest.mark.parametrize("target", ["elsewhere", "..", "."])
def test_a_link_to_a_folder_is_named(checked, assets, tmp_path, name, target):
    shutil.copytree(assets / name, tmp_path / "elsewhere")
    (assets / name / "linked").symlink_to(
        tmp_path / "elsewhere" if target == "elsewhere" else target, target_is_directory=True
    )
    code, _, errors = checked()
    assert code == 1 and [*errors] == [f"{name}/linked"] and "a link to a folder" in errors[f"{name}/linked"][0]
    done = CliRunner().invoke(CLI, ["assets", "--fix", "repaired"])
    assert done.exit_code == 1 and "a link to a folder" in " ".join(done.output.split())


def test_a_linked_file_and_a_linked_set_are_read(checked, assets, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.move(assets / "annotated/new.jsonl", tmp_path / "elsewhere/new.jsonl")
    (assets / "annotated/linked.jsonl").symlink_to(tmp_path / "elsewhere/new.jsonl")
    shutil.move(assets / "base", tmp_path / "base")
    (assets / "base").symlink_to(tmp_path / "base", target_is_directory=True)
    code, counts, errors = checked()
    assert (code, errors) == (0, {}) and counts["texts"] == 3
    assert srsly.read_json("corpus/check.json")["counts"]["base"]["texts"] == 3


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_in_place_of_the_raw_texts(checked, assets, empty):
    content = (assets / "raw.jsonl").read_text()
    (assets / "raw.jsonl").unlink()
    (assets / "raw.jsonl").mkdir()
    if not empty:
        (assets / "raw.jsonl/texts.jsonl").write_text(content)
    code, _, errors = checked()
    assert code == 1 and "a folder stands where a file should" in errors["raw.jsonl"][0]


# To root, who may read everything, nothing is denied: so it gives that up.
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.name == "posix" and os.geteuid() == 0 else []


@pytest.mark.skipif(
    os.name != "posix" or (bool(PLAIN) and not shutil.which(PLAIN[0])),
    reason="permissions of POSIX, and setpriv for root",
)
@pytest.mark.parametrize("place", ["annotated/part", "base/part", "test"])
def test_a_folder_that_may_not_be_read(assets, tmp_path, place):
    locked = assets / place
    locked.mkdir(exist_ok=True)
    write(locked / "more.jsonl", [{"text": TEXT, "entities": [[3, 7, "GADGET"]]}])
    locked.chmod(0)
    try:
        done = command(*PLAIN, "python", ROOT / "scripts/check.py", "assets", cwd=tmp_path)
    finally:
        locked.chmod(0o755)
    assert (
        done.code == 1 and f"assets/{place}: the folder cannot be read" in done.out and "Traceback" not in done.raw
    ), done.raw
