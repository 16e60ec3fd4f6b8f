"""What is wrong with a file is said in exactly these words: one row for each kind of mistake, and nothing else is found.

`make test-fuzz` and tests/data/test_hostile_data.py try what nobody does by mistake.
"""

import json
from collections import Counter

import pytest

from conftest import check_all
from ner_update.checks.severity import KINDS

NEW = "annotated/new.jsonl"
# These speak of sets as small as the ones here; tests/checks/test_check_set.py and tests/checks/test_bare_forms.py have their words.
OF_SMALL_SETS = {"few_examples", "near_duplicate", "bare_form", "other_length", "other_casing"}


def text(words, *entities):
    return json.dumps({"text": words, "entities": entities})


MISTAKES = [
    (
        "a bracket left open",
        NEW,
        '{"text": "a b", "entities": [}',
        ["unreadable error: annotated/new.jsonl:1: broken JSON, column 30: Expecting value"],
    ),
    (
        "a line cut off",
        NEW,
        '{"text": "a b", "ent',
        ["unreadable error: annotated/new.jsonl:1: broken JSON, column 17: Unterminated string starting at"],
    ),
    (
        "a comma too many",
        NEW,
        '{"text": "a b", "entities": [],}',
        [
            "unreadable error: annotated/new.jsonl:1: broken JSON, column 32: Expecting property name enclosed in double quotes"
        ],
    ),
    (
        "single quotes",
        NEW,
        "{'text': 'a b', 'entities': []}",
        [
            "unreadable error: annotated/new.jsonl:1: broken JSON, column 2: Expecting property name enclosed in double quotes"
        ],
    ),
    (
        "two records on a line",
        NEW,
        '{"text": "a b", "entities": []} {"text": "c d", "entities": []}',
        ["unreadable error: annotated/new.jsonl:1: broken JSON, column 33: Extra data"],
    ),
    (
        "a raw line break",
        NEW,
        '{"text": "a',
        ["unreadable error: annotated/new.jsonl:1: broken JSON, column 10: Unterminated string starting at"],
    ),
    (
        "a raw tab",
        NEW,
        '{"text": "a\tb", "entities": []}',
        ["unreadable error: annotated/new.jsonl:1: broken JSON, column 12: Invalid control character at"],
    ),
    (
        "a bad escape",
        NEW,
        '{"text": "a\\x b", "entities": []}',
        ["unreadable error: annotated/new.jsonl:1: broken JSON, column 12: Invalid \\escape"],
    ),
    (
        "a key twice",
        NEW,
        '{"text": "a", "text": "b", "entities": []}',
        [
            "unreadable error: annotated/new.jsonl:1: broken JSON: the key 'text' stands twice in one object, and only one of its values can count"
        ],
    ),
    (
        "not a number",
        NEW,
        '{"text": "a b", "entities": [[0, NaN, "GADGET"]]}',
        ["unreadable error: annotated/new.jsonl:1: broken JSON: NaN is no JSON number"],
    ),
    (
        "not UTF-8",
        NEW,
        b'{"text": "caf\xe9", "entities": []}',
        ["unreadable error: annotated/new.jsonl:1: not valid UTF-8: save the file as UTF-8"],
    ),
    (
        "UTF-16",
        NEW,
        text("a b").encode("utf-16"),
        ["unreadable error: annotated/new.jsonl:1: not valid UTF-8: save the file as UTF-8"],
    ),
    (
        "a number",
        NEW,
        "5",
        ["unreadable error: annotated/new.jsonl:1: a record must be an object with `text` and `entities`"],
    ),
    (
        "a text alone",
        NEW,
        '"my iPhone"',
        ["unreadable error: annotated/new.jsonl:1: a record must be an object with `text` and `entities`"],
    ),
    (
        "null",
        NEW,
        "null",
        ["unreadable error: annotated/new.jsonl:1: a record must be an object with `text` and `entities`"],
    ),
    (
        "a list of three",
        NEW,
        '["a", {"entities": []}, 5]',
        ["unreadable error: annotated/new.jsonl:1: a record must be an object with `text` and `entities`"],
    ),
    ("no text", NEW, '{"entities": []}', ["unreadable error: annotated/new.jsonl:1: text: Field required"]),
    (
        "no entities",
        NEW,
        '{"text": "hello there"}',
        [
            'unreadable error: annotated/new.jsonl:1: no `entities`: write `"entities": []` if a person looked and found none'
        ],
    ),
    (
        "a text that is a number",
        NEW,
        '{"text": 5, "entities": []}',
        ["unreadable error: annotated/new.jsonl:1: text: Input should be a valid string"],
    ),
    (
        "a text that is null",
        NEW,
        '{"text": null, "entities": []}',
        ["unreadable error: annotated/new.jsonl:1: text: Input should be a valid string"],
    ),
    (
        "entities that are null",
        NEW,
        '{"text": "a b", "entities": null}',
        ["unreadable error: annotated/new.jsonl:1: entities: Input should be a valid list"],
    ),
    (
        "entities that are an object",
        NEW,
        '{"text": "a b", "entities": {"0": 1}}',
        ["unreadable error: annotated/new.jsonl:1: entities: Input should be a valid list"],
    ),
    (
        "an entity of two",
        NEW,
        text("a b", [0, 1]),
        ["unreadable error: annotated/new.jsonl:1: entities.0.2: Field required"],
    ),
    (
        "an entity of four",
        NEW,
        text("a b", [0, 1, "GADGET", "x"]),
        [
            "unreadable error: annotated/new.jsonl:1: entities.0: Tuple should have at most 3 items after validation, not 4"
        ],
    ),
    (
        "an offset as text",
        NEW,
        text("a b", ["0", 1, "GADGET"]),
        ["unreadable error: annotated/new.jsonl:1: entities.0.0: Input should be a valid integer"],
    ),
    (
        "a fraction as an offset",
        NEW,
        text("a b", [0.5, 1, "GADGET"]),
        ["unreadable error: annotated/new.jsonl:1: entities.0.0: Input should be a valid integer"],
    ),
    (
        "true as an offset",
        NEW,
        '{"text": "a b", "entities": [[true, 1, "GADGET"]]}',
        ["unreadable error: annotated/new.jsonl:1: entities.0.0: Input should be a valid integer"],
    ),
    (
        "a label that is a number",
        NEW,
        text("a b", [0, 1, 5]),
        ["unreadable error: annotated/new.jsonl:1: entities.0.2: Input should be a valid string"],
    ),
    (
        "an answer that is none",
        NEW,
        '{"text": "a b", "entities": [], "answer": "maybe"}',
        ["unreadable error: annotated/new.jsonl:1: answer: Input should be 'accept', 'reject' or 'ignore'"],
    ),
    (
        "meta that is a list",
        NEW,
        '{"text": "a b", "entities": [], "meta": []}',
        ["unreadable error: annotated/new.jsonl:1: meta: Input should be a valid dictionary"],
    ),
    (
        "two things wrong",
        NEW,
        '{"text": 5, "entities": [[0, "1", "GADGET"]]}',
        [
            "unreadable error: annotated/new.jsonl:1: text: Input should be a valid string; entities.0.1: Input should be a valid integer"
        ],
    ),
    ("an empty file", NEW, "", ["unreadable error: annotated/new.jsonl: the file is empty: add records or delete it"]),
    (
        "blank lines only",
        NEW,
        "\n \n\n",
        ["unreadable error: annotated/new.jsonl: the file is empty: add records or delete it"],
    ),
    (
        "an empty text",
        NEW,
        '{"text": "", "entities": []}',
        ["empty_text error: annotated/new.jsonl:1: the text is empty"],
    ),
    (
        "a text of spaces",
        NEW,
        '{"text": " \\n ", "entities": []}',
        ["empty_text error: annotated/new.jsonl:1: the text is empty"],
    ),
    (
        "NUL",
        NEW,
        '{"text": "a\\u0000b", "entities": []}',
        ["nul error: annotated/new.jsonl:1: the text holds a NUL character: take it out"],
    ),
    (
        "half a pair",
        NEW,
        '{"text": "a \\ud83d b", "entities": []}',
        [
            "lone_surrogate error: annotated/new.jsonl:1: the text holds half of a surrogate pair: save the file as UTF-8 again"
        ],
    ),
    (
        "a byte order mark inside",
        NEW,
        '{"text": "a b \\ufeff c", "entities": []}',
        [
            "byte_order_mark warning: annotated/new.jsonl:1: the text holds a byte order mark (U+FEFF), at 4: take it out, and move the spans after it"
        ],
    ),
    (
        "carriage returns",
        NEW,
        text("my\r\nZune\r\n", [4, 8, "GADGET"]),
        [
            "crlf warning: annotated/new.jsonl:1: the text holds 2 carriage returns: write \\n instead; its spans are [3, 7] then"
        ],
    ),
    (
        "a carriage return, and no span moves",
        NEW,
        text("my Zune\r", [3, 7, "GADGET"]),
        ["crlf warning: annotated/new.jsonl:1: the text holds 1 carriage return: write \\n instead"],
    ),
    (
        "too long a text",
        NEW,
        text("word " * 200_001),
        [
            "too_long error: annotated/new.jsonl:1: the text has 1,000,005 characters, and spaCy takes 1,000,000: cut it into several"
        ],
    ),
    (
        "too long a word",
        NEW,
        text("so " + "(" * 6000),
        [
            "long_word error: annotated/new.jsonl:1: more than 5,000 characters without a space, from 3 on ('(((((((((((((((((((('): cut them, or take them out"
        ],
    ),
    ("no label", NEW, text("a b", [0, 1, ""]), ["no_label error: annotated/new.jsonl:1: a span has no label"]),
    (
        "a label of two lines",
        NEW,
        text("a b", [0, 1, "GAD\nGET"]),
        [
            "bad_label error: annotated/new.jsonl:1: a label must be one line of at most 100 printable characters, not 'GAD\\nGET'"
        ],
    ),
    (
        "too long a label",
        NEW,
        text("a b", [0, 1, "G" * 101]),
        [
            "bad_label error: annotated/new.jsonl:1: a label must be one line of at most 100 printable characters, not 'GGGGGGGGGGGGGGGGGGGG'"
        ],
    ),
    (
        "out of range",
        NEW,
        text("a b", [0, 99, "GADGET"]),
        ["out_of_range error: annotated/new.jsonl:1: span [0, 99] GADGET is out of range: the text has 3 characters"],
    ),
    (
        "before the text",
        NEW,
        text("a b", [-3, 1, "GADGET"]),
        ["out_of_range error: annotated/new.jsonl:1: span [-3, 1] GADGET is out of range: the text has 3 characters"],
    ),
    (
        "empty span",
        NEW,
        text("a b", [1, 1, "GADGET"]),
        [
            "empty_span error: annotated/new.jsonl:1: span [1, 1] GADGET is empty or reversed: the end must be greater than the start"
        ],
    ),
    (
        "reversed span",
        NEW,
        text("a b", [2, 1, "GADGET"]),
        [
            "reversed_span error: annotated/new.jsonl:1: span [2, 1] GADGET is empty or reversed: the end must be greater than the start"
        ],
    ),
    (
        "the same span twice",
        NEW,
        text("a Zune", [2, 6, "GADGET"], [2, 6, "GADGET"]),
        ["duplicate_span error: annotated/new.jsonl:1: span [2, 6] GADGET 'Zune' stands twice: keep one of them"],
    ),
    (
        "two labels on one span",
        NEW,
        text("a Zune", [2, 6, "GADGET"], [2, 6, "TOOL"]),
        [
            "overlap error: annotated/new.jsonl:1: span [2, 6] TOOL 'Zune' overlaps [2, 6] GADGET 'Zune': keep one of them"
        ],
    ),
    (
        "overlap",
        NEW,
        text("my iPhone X", [3, 11, "GADGET"], [3, 9, "GADGET"]),
        [
            "overlap error: annotated/new.jsonl:1: span [3, 9] GADGET 'iPhone' overlaps [3, 11] GADGET 'iPhone X': keep one of them"
        ],
    ),
    (
        "partly overlapping",
        NEW,
        text("an old iPhone X", [3, 13, "GADGET"], [7, 15, "GADGET"]),
        [
            "overlap error: annotated/new.jsonl:1: span [7, 15] GADGET 'iPhone X' overlaps [3, 13] GADGET 'old iPhone': keep one of them"
        ],
    ),
    (
        "a space before",
        NEW,
        text("my Zune", [2, 7, "GADGET"]),
        [
            "edge_whitespace error: annotated/new.jsonl:1: span [2, 7] GADGET ' Zune' begins or ends with white space: use [3, 7] 'Zune'"
        ],
    ),
    (
        "a line break after",
        NEW,
        text("my Zune\n", [3, 8, "GADGET"]),
        [
            "edge_whitespace error: annotated/new.jsonl:1: span [3, 8] GADGET 'Zune\\n' begins or ends with white space: use [3, 7] 'Zune'"
        ],
    ),
    (
        "nothing but a space",
        NEW,
        text("my  Zune", [2, 4, "GADGET"]),
        [
            "edge_whitespace error: annotated/new.jsonl:1: span [2, 4] GADGET '  ' begins or ends with white space: take it out, or mark it again"
        ],
    ),
    (
        "a comma after",
        NEW,
        text("my Zune, too", [3, 8, "GADGET"]),
        [
            "edge_punctuation warning: annotated/new.jsonl:1: span [3, 8] GADGET 'Zune,' begins or ends with punctuation: use [3, 7] 'Zune'"
        ],
    ),
    (
        "an open bracket",
        NEW,
        text("my (Zune) too", [3, 8, "GADGET"]),
        [
            "edge_punctuation warning: annotated/new.jsonl:1: span [3, 8] GADGET '(Zune' begins or ends with punctuation: use [4, 8] 'Zune'"
        ],
    ),
    (
        "nothing but a comma",
        NEW,
        text("a , b", [2, 3, "GADGET"]),
        [
            "edge_punctuation warning: annotated/new.jsonl:1: span [2, 3] GADGET ',' begins or ends with punctuation: take it out, or mark it again"
        ],
    ),
    (
        "inside a word",
        NEW,
        text("my iPhone X", [3, 8, "GADGET"]),
        [
            "misaligned error: annotated/new.jsonl:1: span [3, 8] GADGET 'iPhon' does not align with tokens: use [3, 9] 'iPhone'"
        ],
    ),
    (
        "inside two words",
        NEW,
        text("my iPhone Xs", [4, 11, "GADGET"]),
        [
            "misaligned error: annotated/new.jsonl:1: span [4, 11] GADGET 'Phone X' does not align with tokens: use [3, 12] 'iPhone Xs'"
        ],
    ),
    (
        "inside the first of two words",
        NEW,
        text("my iPhone X", [4, 11, "GADGET"]),
        [
            "misaligned error: annotated/new.jsonl:1: span [4, 11] GADGET 'Phone X' does not align with tokens: use [3, 11] 'iPhone X' or [10, 11] 'X'"
        ],
    ),
    (
        "inside one token",
        NEW,
        text("my iPhone X", [4, 6, "GADGET"]),
        [
            "misaligned error: annotated/new.jsonl:1: span [4, 6] GADGET 'Ph' does not align with tokens: use [3, 9] 'iPhone'"
        ],
    ),
    (
        "unknown in the test set",
        "test/test.jsonl",
        text("a Zune", [2, 6, "GADGTE"]),
        [
            "unknown_label error: test/test.jsonl:1: span [2, 6] 'Zune' has label GADGTE, unknown to any training text: did you mean GADGET?"
        ],
    ),
    (
        "like nothing known",
        "test/test.jsonl",
        text("a Zune", [2, 6, "XYZZY"]),
        [
            "unknown_label error: test/test.jsonl:1: span [2, 6] 'Zune' has label XYZZY, unknown to any training text: known are GADGET, GPE, ORG, PERSON"
        ],
    ),
    (
        "misspelt",
        NEW,
        "\n".join(
            [
                *(text(f"my Zune {n}", [3, 7, "GADGET"]) for n in "abcdefghijklmnopqrstuvwxyz"),
                text("a Zune", [2, 6, "GADGETS"]),
            ]
        ),
        [
            "no_bare_texts warning: annotated: every text has an entity: add texts without one, or the model will find one everywhere",
            "misspelt_label error: annotated/new.jsonl:27: span [2, 6] 'Zune' has label GADGETS, which looks like a misspelt GADGET: mend it",
        ],
    ),
    (
        "the same again",
        NEW,
        '{"text": "a b", "entities": []}\n{"text": "my Zune", "entities": [[3, 7, "GADGET"]]}\n{"text": "a b", "entities": []}',
        [
            "repeated_text warning: annotated/new.jsonl:3: the text stands already at assets/annotated/new.jsonl:1, with the same spans; the first one counts"
        ],
    ),
    (
        "annotated differently",
        NEW,
        '{"text": "my Zune", "entities": []}\n{"text": "my Zune", "entities": [[3, 7, "GADGET"]]}',
        [
            "conflicting_text warning: annotated/new.jsonl:2: the text stands already at assets/annotated/new.jsonl:1, with DIFFERENT spans; the first one counts"
        ],
    ),
    (
        "nothing to learn",
        NEW,
        '{"text": "a b", "entities": []}',
        [
            "no_entities error: annotated: no text has an entity: there is nothing to learn",
            "unknown_label error: test/test.jsonl:1: span [9, 13] 'Zune' has label GADGET, unknown to any training text: known are GPE, ORG, PERSON",
            "bad_pattern error: patterns.jsonl:1: label GADGET is not in assets/annotated, which has none",
        ],
    ),
    (
        "no text without an entity",
        NEW,
        text("my Zune", [3, 7, "GADGET"]),
        [
            "no_bare_texts warning: annotated: every text has an entity: add texts without one, or the model will find one everywhere"
        ],
    ),
    (
        "two formats at once",
        NEW,
        '{"text": "a b", "entities": [], "spans": []}',
        ["unreadable error: annotated/new.jsonl:1: this could be own or prodigy: say which in vars.format"],
    ),
    (
        "a span without a label",
        NEW,
        '{"text": "a b", "spans": [{"start": 0, "end": 1}]}',
        ["unreadable error: annotated/new.jsonl:1: a span lacks 'label': a span needs start, end and label"],
    ),
    (
        "spans that are text",
        NEW,
        '{"text": "a", "spans": "abc"}',
        ["unreadable error: annotated/new.jsonl:1: `spans` is no list of objects: a span needs start, end and label"],
    ),
    (
        "a span that says another text",
        "annotated/x.json",
        '[{"data": {"text": "the Zune"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 3, "text": "Zune", "labels": ["GADGET"]}}]}]}]',
        ["unreadable error: annotated/x.json:1: span [0, 3] GADGET is 'the' in the text, but the export says 'Zune'"],
    ),
    (
        "annotators who differ",
        "annotated/x.json",
        '[{"data": {"text": "the Zune"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 4, "end": 8, "text": "Zune", "labels": ["GADGET"]}}]}, {"result": []}]}]',
        [
            "unreadable error: annotated/x.json:1: 2 annotations of this text differ: keep one, or mark it as ground truth"
        ],
    ),
    (
        "half an emoji",
        "annotated/x.json",
        '[{"data": {"text": "the \\ud83d\\ude00 Zune"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 5, "end": 11, "labels": ["GADGET"]}}]}]}]',
        ["out_of_range error: annotated/x.json:1: span [-1, 10] GADGET is out of range: the text has 10 characters"],
    ),
    (
        "an emoji, and no word to tell by",
        NEW,
        '{"text": "😀😀 a b c", "label": [[5, 6, "GADGET"]]}',
        [
            "unreadable error: annotated/new.jsonl:1: with an emoji in the text, [5, 6] GADGET could count UTF-16 code units or code points: say which in vars.format, doccano or doccano_code_points"
        ],
    ),
    (
        "tags that are numbers",
        NEW,
        '{"tokens": ["a"], "ner_tags": [3]}',
        [
            "unreadable error: annotated/new.jsonl:1: the tags are numbers: write their names, which the features of the data set tell, into `ner_tags`"
        ],
    ),
    (
        "too few tags",
        NEW,
        '{"tokens": ["a", "b"], "ner_tags": ["O"]}',
        ["unreadable error: annotated/new.jsonl:1: there are 2 tokens and 1 tags"],
    ),
    (
        "a tag out of nothing",
        NEW,
        '{"tokens": ["a", "b"], "ner_tags": ["B-GADGET", "I-THING"]}',
        [
            "unreadable error: annotated/new.jsonl:1: I-THING goes on with what did not begin: B-THING must stand before it, or here"
        ],
    ),
    (
        "a column missing",
        "annotated/x.conll",
        "a O\nb\n",
        ["unreadable error: annotated/x.conll:2: a token and its tag should stand here"],
    ),
    (
        "no tag in the last column",
        "annotated/x.conll",
        "a O\nb NNP\n",
        ["unreadable error: annotated/x.conll:2: the last column must be a tag such as O or B-PERSON, not 'NNP'"],
    ),
    (
        "a column more",
        "annotated/x.conll",
        "a O\nNew York B-GADGET\n",
        ["unreadable error: annotated/x.conll:2: 3 columns, where the lines before have 2"],
    ),
    (
        "no token",
        "annotated/x.tsv",
        "a\tO\n\tO\nZune\tB-GADGET\n",
        ["passed_over warning: annotated/x.tsv:2: no token before the tag O: the line is passed over"],
    ),
    (
        "a .json file of one object",
        "annotated/x.json",
        '{"a": 1}',
        ["unreadable error: annotated/x.json:1: a .json file must hold one list of records"],
    ),
    (
        "no .spacy file",
        "annotated/x.spacy",
        "hello",
        [
            "unreadable error: annotated/x.spacy: this is no whole .spacy file of Docs with entities: Error -3 while decompressing data: incorrect header check"
        ],
    ),
    (
        "a table",
        "annotated/x.csv",
        "text,label\na,b\n",
        [
            "unreadable error: annotated/x.csv: what this is, its name does not say: known are .jsonl, .json, .conll, .conll2003, .iob, .iob2, .bio, .bilou, .biluo, .bioes, .ner, .tsv, .txt, .spacy, .ann. Rename it, or take it away"
        ],
    ),
    (
        "a raw text without text",
        "raw.jsonl",
        '{"texts": "oops"}',
        ["unreadable error: raw.jsonl:1: text: Field required"],
    ),
    (
        "a raw text with NUL",
        "raw.jsonl",
        '{"text": "a\\u0000b"}',
        ["nul error: raw.jsonl:1: the text holds a NUL character: take it out"],
    ),
    (
        "no raw texts",
        "raw.jsonl",
        "",
        [
            "no_raw_texts warning: raw.jsonl: no raw texts: with them the update forgets less, and annotate has something to match"
        ],
    ),
    (
        "a pattern without a label",
        "patterns.jsonl",
        '{"pattern": "zune"}',
        [
            'bad_pattern error: patterns.jsonl:1: not a pattern (it lacks \'label\'): write {"label": ..., "pattern": ...}'
        ],
    ),
    (
        "a pattern of an unknown label",
        "patterns.jsonl",
        '{"label": "GIZMO", "pattern": "zune"}',
        ["bad_pattern error: patterns.jsonl:1: label GIZMO is not in assets/annotated, which has GADGET"],
    ),
]


@pytest.fixture
def found(assets, tmp_path, monkeypatch):
    """RETURNS (Callable): Puts content into a file of good data, and returns what the check says of it."""
    monkeypatch.chdir(tmp_path)

    def find(name, content):
        good = (assets / NEW).read_text(encoding="utf8").splitlines()[:2]
        if name == NEW and not {"no_entities", "no_bare_texts", "misspelt_label"} & {
            row.split()[0] for row in find.expected
        }:
            # So that the set as a whole has all it needs.
            (assets / "annotated/more.jsonl").write_text("\n".join(good) + "\n", encoding="utf8")
        (assets / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
        _, problems = check_all(assets.relative_to(tmp_path))
        return [problem for problem in problems if problem.kind not in OF_SMALL_SETS]

    return find


@pytest.mark.parametrize("name, content, expected", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake(found, name, content, expected):
    found.expected = expected
    problems = found(name, content)
    assert sorted(f"{p.kind} {p.level}: {p.where.removeprefix('assets/')}: {p.message}" for p in problems) == sorted(
        expected
    )
    # Whatever has a span shows it, and says what would mend it.
    for problem in problems:
        assert problem.kind in KINDS and (
            not problem.span or problem.repair or problem.kind in ("out_of_range", "empty_span", "reversed_span")
        )


def test_there_are_enough_of_them():
    """Every kind that one file alone can show has a row."""
    shown = Counter(row.split()[0] for _, _, _, expected in MISTAKES for row in expected)
    assert len(MISTAKES) >= 90 and set(KINDS) - set(shown) == OF_SMALL_SETS | {
        "leak",
        "near_leak",
        "no_texts",
        "too_many_labels",
    }
