"""Every format is read into the same records, what is left out is counted, and what is broken is named.

The files in tests/data/formats hold the same three texts, each as its tool writes them.
"""

import json
import os
import random
import sys
import time
import zlib
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin, Span
from spacy.training import biluo_tags_to_offsets, iob_to_biluo, offsets_to_biluo_tags

from conftest import ROOT, write
from ner_update.data import reader as read_records
from ner_update.data.dataset import WRONG
from ner_update.data.offsets import from_utf16
from ner_update.data.reader import FORMATS, read_data
from ner_update.data.records import check_alignment
from ner_update.data.tag_schemes import TagError, scheme_of, spans_of

HERE = ROOT / "tests/data/formats"
NLP = spacy.blank("en")
TEXTS = [
    ("my iPhone X is dead", [(3, 11, "GADGET")]),
    ("😀 sold the Zune and a Kindle", [(11, 15, "GADGET"), (22, 28, "GADGET")]),
    ("my new phone is dead", []),
]
# What a file holds beside the three texts: for each reason texts and spans.
BESIDE = {
    "own.jsonl": {"answer is ignore": (1, 1)},
    "prodigy.jsonl": {"answer is reject": (1, 1), "answer is ignore": (1, 0)},
    "label_studio.json": {
        "a cancelled annotation": (0, 1),
        "more annotations of the same text": (0, 1),
        "skipped by the annotator": (1, 0),
        "not annotated yet": (1, 0),
    },
}
FILES = sorted(path.name for path in HERE.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_a_format(name):
    data = read_data(HERE / name)
    assert data.problems == []
    assert [(example.text, example.entities) for example in data.require()] == TEXTS
    beside = BESIDE.get(name, {})
    counts = data.counts()
    assert {reason: (n["texts"], n["spans"]) for reason, n in counts["left_out"].items()} == beside
    assert counts["texts"] == 3 and counts["texts_in"] == 3 + sum(texts for texts, _ in beside.values())
    assert counts["spans"] == {"GADGET": 3} and counts["spans_in"] == 3 + sum(spans for _, spans in beside.values())


def test_no_format_is_without_a_file():
    for name in FORMATS[1:]:
        assert name == "doccano_code_points" or any(file.startswith(name) for file in FILES) or name == "columns"


@pytest.mark.parametrize("name", [name for name in FILES if Path(name).suffix not in (".json", ".jsonl")])
@pytest.mark.parametrize("suffix", [".txt", ".conll", ".tsv"])
def test_columns_are_told_by_content(tmp_path, name, suffix):
    (tmp_path / f"x{suffix}").write_bytes((HERE / name).read_bytes())
    assert [(example.text, example.entities) for example in read_data(tmp_path).require()] == TEXTS


@pytest.mark.parametrize("name", [name for name in FILES if Path(name).suffix in (".json", ".jsonl")])
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".txt", ".data"])
def test_json_is_told_by_content(tmp_path, name, suffix):
    (tmp_path / f"x{suffix}").write_bytes((HERE / name).read_bytes())
    assert [(example.text, example.entities) for example in read_data(tmp_path).require()] == TEXTS


def docs():
    """The three texts as Docs."""
    for text, entities in TEXTS:
        doc = NLP.make_doc(text)
        doc.set_ents([doc.char_span(*entity) for entity in entities])
        yield doc


def test_spacys_own_files(tmp_path):
    DocBin(docs=docs()).to_disk(tmp_path / "a.spacy")
    DocBin(docs=docs(), attrs=["ENT_TYPE", "ENT_IOB", "LEMMA", "SENT_START"], store_user_data=True).to_disk(
        tmp_path / "b.spacy"
    )
    data = read_data(tmp_path)
    assert data.problems == [] and [(example.text, example.entities) for example in data.require()] == TEXTS * 2


def test_docs_without_spaces_and_without_annotation(tmp_path):
    odd = Doc(
        NLP.vocab, words=["a", "Zune", "\n", "!"], spaces=[True, False, False, True], ents=["O", "B-GADGET", "O", "O"]
    )
    loose = Doc(NLP.vocab, words=["a", "Zune", "!"], ents=["O", "B-GADGET", "O"])
    blocked = NLP.make_doc("no Zune")
    blocked.set_ents([], blocked=[Span(blocked, 1, 2)], default="outside")
    DocBin(docs=[odd, loose, blocked, NLP.make_doc("who knows")]).to_disk(tmp_path / "x.spacy")
    data = read_data(tmp_path)
    assert data.problems == [] and data.counts()["left_out"] == {"not annotated yet": {"texts": 1, "spans": 0}}
    assert [(e.text, e.entities) for e in data.require()] == [
        ("a Zune\n! ", [(2, 6, "GADGET")]),
        ("a Zune !", [(2, 6, "GADGET")]),
        ("no Zune", []),
    ]


def task(*annotations, text="the 😀 Zune", **more):
    return {"id": 7, "data": {"text": text}, "annotations": list(annotations), **more}


def annotation(*spans, **more):
    result = [
        {"type": "labels", "value": {"start": s, "end": e, "labels": [label], **said}} for s, e, label, said in spans
    ]
    return {"result": result, **more}


def result(**item):
    """A task with one annotation, which has one result, as a file."""
    return json.dumps([task({"result": [item]})])


ZUNE = (7, 11, "GADGET", {"text": "Zune"})
THE = {"start": 0, "end": 3, "text": "the"}
PATHS = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "hypertextlabels": ["A"]}


@pytest.mark.parametrize(
    "value, entities",
    [
        (task(annotation(ZUNE)), [(6, 10, "GADGET")]),
        # A program put them there, and it counted otherwise.
        (task(annotation((6, 10, "GADGET", {"text": "Zune"}))), [(6, 10, "GADGET")]),
        # A long span comes without its text.
        (task(annotation((7, 11, "GADGET", {}))), [(6, 10, "GADGET")]),
        (task(annotation((0, 8, "GADGET", {"text": "a\\nZune X"})), text="a\nZune X 😀"), [(0, 8, "GADGET")]),
        (task(annotation(ZUNE, ground_truth=True), annotation()), [(6, 10, "GADGET")]),
        (
            {
                "id": 7,
                "data": {"id": 5, "comment": "a Zune"},
                "annotations": [annotation((2, 6, "GADGET", {"text": "Zune"}))],
            },
            [(2, 6, "GADGET")],
        ),
    ],
)
def test_label_studio_tasks(tmp_path, value, entities):
    data = read_data(write(tmp_path / "x.jsonl", [value]))
    assert data.problems == [] and [example.entities for example in data.require()] == [entities]


def test_doccano_counts_in_the_unit_in_which_spans_hold_words(tmp_path):
    for spans in ([[7, 11, "GADGET"]], [[6, 10, "GADGET"]]):
        (example,) = read_data(write(tmp_path / "x.jsonl", [{"text": "the 😀 Zune", "label": spans}])).require()
        assert example.entities == [(6, 10, "GADGET")]
        (tmp_path / "x.jsonl").unlink()
    unsure = write(tmp_path / "y.jsonl", [{"text": "😀😀 a b c", "label": [[5, 6, "X"]]}])
    assert "doccano or doccano_code_points" in read_data(unsure).problems[0].message
    assert read_data(unsure, told="doccano").require()[0].entities == [(3, 4, "X")]
    assert read_data(unsure, told="doccano_code_points").require()[0].entities == [(5, 6, "X")]


def test_many_spans_in_a_long_text_are_converted_in_time(tmp_path):
    text = "😀 " + "a " * 400_000
    spans = [(2 * n + 3, 2 * n + 4, "GADGET", {"text": "a"}) for n in range(20_000)]
    long = [(0, 800_000, "GADGET", {"text": "a"})]
    start = time.process_time()
    data = read_data(
        write(
            tmp_path / "x.jsonl",
            [
                task(annotation(*spans), text=text),
                task(*[annotation(*long)] * 2000, text=text),
                {"text": text, "label": [span[:3] for span in spans]},
            ],
        )
    )
    assert time.process_time() - start < 10
    assert len(data.examples) == 2 and "but the export says 'a'" in data.problems[0].message and len(data.problems) == 1


def test_utf16_offsets_as_python_converts_them():
    rng = random.Random(0)
    for _ in range(200):
        text = "".join(rng.choice("a é\u200d\uffff😀👨") for _ in range(rng.randint(1, 12)))
        start, end = sorted(rng.sample(range(len(text) + 1), 2))
        units = [len(text[:at].encode("utf-16-le")) // 2 for at in (start, end)]
        assert from_utf16(text, [(*units, "X")]) == [(start, end, "X")]
    assert from_utf16("a😀b", [(2, 3, "X"), (3, 9, "X"), (-1, 4, "X")]) == [(-1, 2, "X"), (2, 9, "X"), (-1, 3, "X")]


def test_tags_as_spacy_converts_them():
    rng = random.Random(0)
    doc = Doc(NLP.vocab, words=list("abcdefgh"))
    for _ in range(300):
        tags = []
        for _ in doc:
            before = tags[-1] if tags else "O"
            tags.append(rng.choice(["O", "B-X", "B-Y", *([f"I-{before[2:]}"] * 2 if before != "O" else [])]))
        biluo = iob_to_biluo(tags)
        found = [(doc[s].idx, doc[e - 1].idx + 1, label) for s, e, label in spans_of(tags, "IOB2")]
        assert found == biluo_tags_to_offsets(doc, biluo)
        assert (
            spans_of(biluo, "BILUO")
            == spans_of(tags, "IOB2")
            == spans_of([t.replace("L-", "E-").replace("U-", "S-") for t in biluo], "BILUO")
        )
        assert offsets_to_biluo_tags(doc, found) == biluo


@pytest.mark.parametrize(
    "tags, scheme, spans",
    [
        ("O I-X I-X I-Y B-Y O", "IOB1", [(1, 3, "X"), (3, 4, "Y"), (4, 5, "Y")]),
        ("I-X O I-X", "IOB1", [(0, 1, "X"), (2, 3, "X")]),
        ("B-X B-X I-X", "IOB2", [(0, 1, "X"), (1, 3, "X")]),
        ("U-X B-X L-X", "BILUO", [(0, 1, "X"), (1, 3, "X")]),
        ("B-X M-X E-X W-X", "BILUO", [(0, 3, "X"), (3, 4, "X")]),
        ("B-X O I-X", "IOB2", 2),
        ("B-X I-Y", "IOB2", 1),
        ("U-X B-X O", "BILUO", 1),
        ("B-X L-Y", "BILUO", 0),
        ("O L-X", "BILUO", 1),
        ("U-X I-X", "BILUO", 1),
        ("U-X B-X", "BILUO", 1),
    ],
)
def test_schemes(tags, scheme, spans):
    assert scheme_of([tags.split()]) == scheme
    if isinstance(spans, list):
        assert spans_of(tags.split(), scheme) == spans
    else:
        with pytest.raises(TagError) as stop:
            spans_of(tags.split(), scheme)
        assert stop.value.index == spans


def test_sentences_of_a_document_stay_together():
    docs = [example.meta.get("doc") for example in read_data(HERE / "conll2003.conll").require()]
    assert docs[0] != docs[1] == docs[2]
    assert all("doc" not in example.meta for example in read_data(HERE / "label_studio.conll").require())


def test_label_studios_columns_with_spaces_in_a_label(tmp_path):
    (tmp_path / "x.conll").write_text(
        "-DOCSTART- -X- O\na -X- _ O\nZune -X- _ B-Old device\nHD -X- _ I-Old device\n\n\n"
    )
    (example,) = read_data(tmp_path).require()
    assert (example.text, example.entities) == ("a Zune HD", [(2, 9, "Old device")])


BROKEN = [
    (
        "two shapes",
        "x.jsonl",
        '{"text": "a b", "entities": [], "spans": []}',
        ["x.jsonl:1", "own or prodigy", "vars.format"],
    ),
    (
        "three shapes",
        "x.jsonl",
        '{"text": "a b", "label": [], "entities": [], "spans": []}',
        ["own or prodigy or doccano"],
    ),
    (
        "a span that says another text",
        "x.json",
        json.dumps([task(annotation((0, 3, "GADGET", {"text": "Zune"})))]),
        ["x.json:1", "span [0, 3] GADGET is 'the' in the text, but the export says 'Zune'", "the 😀 Zune"],
    ),
    (
        "annotators who differ",
        "x.json",
        json.dumps([task(annotation(ZUNE), annotation())]),
        ["x.json:1", "2 annotations of this text differ", "ground truth", "the 😀 Zune"],
    ),
    (
        "two labels on one span",
        "x.json",
        result(type="labels", value={**THE, "labels": ["A", "B"]}),
        ["x.json:1", "overlaps"],
    ),
    ("a span without a label", "x.json", result(type="labels", value={**THE, "labels": []}), ["a span has no label"]),
    ("a region without labels", "x.json", result(type="labels", value=THE), ["labels: Field required"]),
    ("labels without a place", "x.json", result(type="labels"), ["x.json:1", "valid dictionary"]),
    (
        "half an emoji",
        "x.json",
        result(type="labels", value={"start": 5, "end": 11, "labels": ["A"]}),
        ["x.json:1", "A is out of range"],
    ),
    ("HTML", "x.json", result(type="hypertextlabels", value=PATHS), ["marked in HTML"]),
    (
        "an image",
        "x.json",
        json.dumps([{"data": {"image": 5}, "annotations": []}]),
        ["which field is the text? There are image"],
    ),
    (
        "two fields",
        "x.json",
        json.dumps([{"data": {"title": "a", "body": "b"}, "annotations": []}]),
        ["which field is the text? There are body, title"],
    ),
    (
        "annotations that are none",
        "x.json",
        json.dumps([{"data": {"text": "a"}, "annotations": "none"}]),
        ["annotations: Input should be a valid list"],
    ),
    (
        "a label without places",
        "x.jsonl",
        '{"text": "a b", "label": ["positive"]}',
        ["x.jsonl:1", "label.0: Input should be a valid tuple"],
    ),
    (
        "an offset as text",
        "x.jsonl",
        '{"text": "a b", "entities": [{"start_offset": "0", "end_offset": 1, "label": "A"}]}',
        ["entities.0.start_offset"],
    ),
    ("beyond the text", "x.jsonl", '{"text": "a b", "label": [[0, 9, "A"]]}', ["span [0, 9] A is out of range"]),
    (
        "beyond a text with an emoji",
        "x.jsonl",
        '{"text": "a 😀", "label": [[0, 9, "A"]]}',
        ["x.jsonl:1", "span [0, 9] A is out of range"],
    ),
    ("tags that are numbers", "x.jsonl", '{"tokens": ["a"], "ner_tags": [3]}', ["the tags are numbers"]),
    ("too few tags", "x.jsonl", '{"tokens": ["a", "b"], "ner_tags": ["O"]}', ["2 tokens and 1 tags"]),
    ("a tag that is none", "x.jsonl", '{"tokens": ["a"], "ner_tags": ["X"]}', ["must be O or B-PERSON"]),
    (
        "I after O",
        "x.jsonl",
        '{"tokens": ["a", "b", "c"], "ner_tags": ["B-A", "O", "I-A"]}',
        ["I-A goes on with what did not begin"],
    ),
    ("one column", "x.conll", "a O\nb\n", ["x.conll:2", "a token and its tag should stand here"]),
    ("no tag", "x.conll", "a O\nb NNP\n", ["x.conll:2", "the last column must be a tag", "'NNP'"]),
    (
        "a number alone",
        "x.conll",
        "1\tmy\tO\n2\tZune\tB-A\n3\n",
        ["x.conll:3", "a token and its tag should stand here"],
    ),
    ("more columns", "x.conll", "a O\nNew York B-A\n", ["x.conll:2", "3 columns, where the lines before have 2"]),
    ("no token", "x.tsv", "a\tO\n\tB-A\n", ["x.tsv:2", "a token and its tag should stand here"]),
    ("missing annotation", "x.conll", "a O\nb -\n", ["x.conll:2", "not '-'"]),
    ("I without B", "x.conll", "a B-A\n\nb O\nc I-A\n", ["x.conll:4", "I-A goes on with what did not begin", "b c"]),
    ("B without L", "x.conll", "a U-A\n\nb B-A\nc O\n", ["x.conll:3", "no L-A (or E-) ends it", "b c"]),
    ("prose", "x.txt", "These are notes.\n" * 50, ["x.txt:1", "x.txt:20", "too many lines are no token and tag"]),
    ("a table", "x.csv", "text,label\na,b\n", ["x.csv", "what this is, its name does not say"]),
    ("only blank lines", "x.conll", "\n\n \n", ["x.conll", "the file is empty"]),
    ("only a tab", "x.txt", "\t", ["x.txt", "the file is empty"]),
    ("only a document", "x.conll", "-DOCSTART- -X- O\n\n", ["x.conll", "the file is empty"]),
    ("no .spacy file", "x.spacy", "hello", ["x.spacy", "no whole .spacy file"]),
    ("an empty .spacy file", "x.spacy", "", ["x.spacy", "no whole .spacy file"]),
]


@pytest.mark.parametrize("name, content, expected", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_broken_is_named(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content, encoding="utf8")
    data = read_data(tmp_path)
    said = "\n".join(map(str, data.problems))
    for part in expected:
        assert part in said
    assert all(problem.level == "error" for problem in data.problems)


def test_a_wrong_format_is_named(tmp_path):
    (problem,) = read_data(write(tmp_path / "x.jsonl", []), told="conll").problems
    assert "project.yml: vars.format is 'conll': it must be empty or one of own, " in str(problem)


def test_the_format_that_was_told_counts(tmp_path):
    path = write(
        tmp_path / "x.jsonl",
        [{"text": "a Zune", "entities": [[2, 6, "A"]], "spans": [{"start": 2, "end": 6, "label": "B"}]}],
    )
    assert read_data(path, told="own").require()[0].entities == [(2, 6, "A")]
    assert read_data(path, told="prodigy").require()[0].entities == [(2, 6, "B")]
    # A file that is plainly of another format is read as what it is: not all folders need hold the same.
    assert len(read_data(HERE, told="prodigy").require()) == 3 * len(FILES)


def test_damaged_docbins_are_named(tmp_path):
    whole = DocBin(docs=docs()).to_bytes()
    message = srsly.msgpack_loads(zlib.decompress(whole))
    rng = random.Random(0)
    for number in range(150):
        spoilt = dict(message)
        for key in rng.sample(sorted(spoilt), 2):
            value = spoilt[key]
            cut = value[: rng.randint(0, len(value))] if isinstance(value, (bytes, list)) else None
            spoilt[key] = rng.choice([cut, b"\xff" * 64, [], [5], None, [2**40], "x", {}])
        content = zlib.compress(srsly.msgpack_dumps(spoilt)) if number % 3 else whole[: rng.randint(0, len(whole) - 1)]
        (tmp_path / "x.spacy").write_bytes(content)
        data = read_data(tmp_path)
        assert data.problems or data.examples or data.left_out
        assert len("".join(map(str, data.problems))) < 5000


def test_a_docbin_that_would_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("ner_update.data.docbin.LARGEST", 1000)
    (tmp_path / "x.spacy").write_bytes(zlib.compress(b"\0" * 100_000))
    assert "more than 1,000 bytes when decompressed" in read_data(tmp_path).problems[0].message


def test_all_formats_through_the_commands(run, assets, tmp_path):
    """Files and subfolders of all formats in one label set; the same account from both commands."""
    for number, name in enumerate(FILES):
        target = assets / "annotated" / f"part {number % 3}" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((HERE / name).read_bytes())
    DocBin(docs=docs()).to_disk(assets / "annotated/docs.spacy")
    (assets / "annotated/README.md").write_text("Where they come from")
    done = run("check.py", "assets")
    assert done.code == 0, done.raw
    counts = srsly.read_json(tmp_path / "corpus/check.json")["counts"]["annotated"]
    texts, spans = 3 * (len(FILES) + 2), 3 * (len(FILES) + 2)
    assert (counts["texts"], counts["spans"]) == (texts, {"GADGET": spans})
    assert counts["texts_in"] == texts + 5 and counts["spans_in"] == spans + 4 and WRONG not in counts["left_out"]
    row = next(line for line in done.raw.splitlines() if line.startswith("annotated"))
    assert "answer is reject: 1 texts, 1 spans" in row and f"{spans} GADGET" in row
    assert run("preprocess.py", "corpus/checked", "corpus").code == 0


def test_what_nobody_asked_to_leave_out_stops_the_commands(run, assets, tmp_path):
    (assets / "annotated/more.conll").write_text("my O\nZune B-GADGET\nX\n\nmy O\nZune B-GADGET\n")
    done = run("check.py", "assets")
    assert done.code == 1 and "more.conll:3" in done.out and f"{WRONG}: 1 texts, 0 spans" in done.out, done.raw
    assert "Traceback" not in done.raw
    assert [path.name for path in (tmp_path / "corpus").rglob("*.*")] == ["check.json"]


SHARED = Path(os.environ.get("NER_SHARED_DATA", ROOT.parent / "shared/data"))


def accepted(path: Path) -> tuple[int, int]:
    """Texts and spans of a Prodigy file, counted by their marks alone."""
    lines = [line for line in path.read_text(encoding="utf8").splitlines() if '"answer":"accept"' in line]
    return len(lines), sum(line.count('"token_end":') for line in lines)


def begun(path: Path) -> tuple[int, int]:
    """Sentences and spans of columns: lines after a blank one, tags that begin with B-, or with I- and are not the line's before."""
    texts = spans = 0
    before = ""
    for line in path.read_text(encoding="utf8").splitlines():
        row = "" if line.startswith("-DOCSTART-") else line
        tag, last = ([*part.split(), ""][-2] if part.strip() else "" for part in (row, before))
        texts += bool(row.strip()) and not before.strip()
        spans += tag.startswith("B-") or (tag.startswith("I-") and tag[1:] != last[1:])
        before = row
    return texts, spans


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the data sets that NER_SHARED_DATA names")
@pytest.mark.parametrize(
    "name, count, expected",
    [
        ("fashion_brands/fashion_brands_training.jsonl", accepted, 527),
        ("fashion_brands/fashion_brands_eval.jsonl", accepted, 238),
        ("food_ingredients/food_data.jsonl", accepted, 1904),
        ("btc", begun, 14885),
        ("wikigold", begun, 3558),
    ],
)
def test_real_data(name, count, expected):
    """As many spans as an independent count finds, and all of them begin and end where tokens do."""
    data = read_data(SHARED / name)
    files = [SHARED / name] if (SHARED / name).is_file() else sorted((SHARED / name).glob("*.conll*"))
    texts, spans = (sum(numbers) for numbers in zip(*map(count, files)))
    counts = data.counts()
    assert sum(counts["spans"].values()) == counts["spans_in"] == spans == expected
    assert counts["left_out"] == {} and not [problem for problem in data.problems if problem.level == "error"]
    # One sentence of btc is made of tokens that are empty.
    assert counts["texts"] == texts - (name == "btc")
    for _, _, example in data.examples:
        assert list(check_alignment(example, NLP.make_doc(example.text))) == []


def test_brat_without_its_reader(monkeypatch):
    monkeypatch.setitem(sys.modules, "edsnlp.data.standoff", None)
    problems = read_data(ROOT / "tests/data/brat").problems
    assert [(Path(problem.file).name, problem.message) for problem in problems] == [
        (f"{name}.ann", "to read brat standoff, EDS-NLP is needed: run `make brat`") for name in "abc"
    ]


MARKS = [
    (
        "T1\tGADGET 0 3\tZune\n",
        ["x.ann:1", "span [0, 3] GADGET is 'the' in the text, but the export says 'Zune'", "the Zune"],
    ),
    ("T1\tGADGET 0 3;4 8\tthe Zune\n", None),
    ("T1\tGADGET 0 1;4 8\tt Zune\n", ["x.ann:1", "span [0, 8] GADGET is in 2 pieces"]),
    ("T1\tGADGET 4 8\tZune\nT2 GADGET\n", ["x.ann:2", "this is no line of brat standoff"]),
    ("T1\tGADGET 4 99\tZune\n", ["x.ann:1", "but the export says 'Zune'"]),
    ("\nR1\tsame Arg1:T1 Arg2:T2\n", ["x.ann:2", "no entity is read"]),
    ("E1\tGADGET:T1\n", ["x.ann:1", "no entity is read"]),
    ("T1\t" + "1 1;" * 10_000, ["x.ann:1", "more than 10,000 characters"]),
]


@pytest.mark.parametrize("marks, expected", MARKS)
def test_brat_that_is_broken(tmp_path, marks, expected):
    pytest.importorskip("edsnlp", reason="needs edsnlp: make brat")
    (tmp_path / "x.txt").write_text("the Zune")
    (tmp_path / "x.ann").write_text(marks)
    data = read_data(tmp_path)
    said = "\n".join(map(str, data.problems))
    assert all(part in said for part in expected or []) and bool(said) == bool(expected), said


def test_brat(tmp_path):
    pytest.importorskip("edsnlp", reason="needs edsnlp: make brat")
    data = read_data(ROOT / "tests/data/brat")
    assert data.problems == [] and [(example.text, example.entities) for example in data.require()] == TEXTS
    (tmp_path / "x.ann").write_text("T1\tGADGET 0 3\tthe\n")
    assert "x.txt: the file does not exist" in str(read_data(tmp_path).problems[0])


@pytest.mark.parametrize("documents, scheme", [(False, "IOB2"), (True, "IOB2"), (False, "BILUO")])
def test_large_columns_are_cut_between_sentences(tmp_path, monkeypatch, documents, scheme):
    """In pieces they say the same as in one piece: texts, spans, documents, and the lines of what is wrong."""
    rows = []
    for number in range(300):
        start = ["-DOCSTART- O", ""] if documents and number % 7 == 0 else []
        last = "L-GADGET" if scheme == "BILUO" else "I-GADGET"
        rows += [
            *start,
            f"text{number} O",
            "Zune B-GADGET",
            f"X{last if number % 50 else 'broken'}".replace("X", "X "),
            "",
        ]
    path = tmp_path / "a.conll"
    path.write_text("\n".join(rows))
    whole = read_data(path)
    monkeypatch.setattr(read_records, "BLOCK", 500)
    pieces = list(read_records.blocks(path))
    cut = read_data(path)
    assert len(pieces) > 10 and len(whole.problems) == 6
    assert (cut.examples, cut.problems, cut.counts()) == (whole.examples, whole.problems, whole.counts())


def test_large_json_lines_are_cut_between_lines(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    lines = [
        json.dumps({"text": f"text {n} 🙂 Zune", "entities": [[10, 14, "GADGET"]] if n % 10 else "x"})
        for n in range(10, 99)
    ]
    path.write_text("\n\n".join(lines), encoding="utf8")
    whole = read_data(path)
    monkeypatch.setattr(read_records, "BLOCK", 200)
    cut = read_data(path)
    assert len(list(read_records.blocks(path))) > 10 and len(whole.problems) == 9
    assert (cut.examples, cut.problems, cut.counts()) == (whole.examples, whole.problems, whole.counts())
