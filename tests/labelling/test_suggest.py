"""What to annotate next: texts in which patterns and pipeline differ, or the pipeline is unsure, or something is new."""

import random
import shutil

import pytest
import spacy
import srsly
from spacy.training import Example

from conftest import ROOT, command, write
from ner_update.labelling.candidates import Candidate
from ner_update.labelling.confidence import recognise
from ner_update.labelling.suggest import choose
from tiny_project import GADGETS, NAMES, WHEN, marked

PIPELINE = "training/updated/model-best"
SUGGEST = ("suggest.py", "assets", PIPELINE, "corpus/suggested.jsonl")
KNOWN, HIDDEN = GADGETS[:4], GADGETS[4:]
GOLD = [marked(f"my {g} {verb} {when}", g, "GADGET") for g in KNOWN for verb in ("died", "froze") for when in WHEN]
PLAIN = [
    {"text": f"my {thing} {verb} {when}", "entities": []}
    for thing in ("dog", "phone", "bus")
    for verb in ("died", "froze")
    for when in WHEN
]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """A recogniser that knows four gadgets, and that dogs and people are none."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    people = [{"text": f"{name} lost the {thing}", "entities": []} for name in NAMES for thing in ("dog", "key")]
    examples = [
        Example.from_dict(nlp.make_doc(row["text"]), {"entities": row["entities"]}) for row in [*GOLD, *PLAIN, *people]
    ]
    nlp.initialize(lambda: examples)
    for _ in range(15):
        random.Random(0).shuffle(examples)
        for batch in spacy.util.minibatch(examples, 16):
            nlp.update(batch)
    path = tmp_path_factory.mktemp("trained") / "model-best"
    nlp.to_disk(path)
    return path


@pytest.fixture
def project(assets, pipeline, tmp_path):
    shutil.copytree(pipeline, tmp_path / PIPELINE)
    write(assets / "annotated/new.jsonl", [*GOLD, *PLAIN])
    write(assets / "patterns.jsonl", [{"label": "GADGET", "pattern": name} for name in [*KNOWN, "old dog"]])
    return assets


def suggested(run, *words):
    """RETURNS (tuple): The records, and what was printed."""
    done = run(*SUGGEST, *words)
    assert done.code == 0, done.raw
    return done


def rows(tmp_path):
    return list(srsly.read_jsonl(tmp_path / "corpus/suggested.jsonl"))


def test_planted_disagreements_come_first_each_with_its_reason(run, project, tmp_path):
    agreed = [f"my {g} {verb} {when} too" for g in KNOWN for verb in ("died", "froze") for when in ("today", "again")]
    planted = ["the old dog barked at me", "she fed one old dog"]
    write(project / "raw.jsonl", [{"text": text} for text in [*agreed, *planted]])
    done = suggested(run)
    found = rows(tmp_path)
    assert {row["text"] for row in found[:2]} == set(planted) and len(found) == len(agreed) + 2
    for row in found[:2]:
        assert (
            "only patterns find 'old dog' (line 5)" in row["meta"]["why"] and "'old dog' is new" in row["meta"]["why"]
        )
    scores = [row["meta"]["score"] for row in found]
    assert scores == sorted(scores, reverse=True)
    assert all(
        row["meta"]["source"] == "suggest" and row["meta"]["why"] and "\n" not in row["meta"]["why"] for row in found
    )
    # The first ten are shown, each with its line.
    assert (
        done.out.count("only patterns find 'old dog'") == 2 and f" {len(found)} of {len(found)} raw texts" in done.out
    )
    # A reviewer corrects what the pipeline says, and does not begin from nothing.
    nlp = spacy.load(tmp_path / PIPELINE)
    for row in found:
        assert row["entities"] == [[ent.start_char, ent.end_char, ent.label_] for ent in nlp(row["text"]).ents]
    assert any(row["entities"] for row in found) and len({row["id"] for row in found}) == len(found)


def test_new_forms_are_named(run, project, tmp_path):
    write(project / "raw.jsonl", [{"text": f"my {g} died today"} for g in HIDDEN])
    suggested(run)
    found = {row["text"]: row for row in rows(tmp_path)}
    for g in HIDDEN:
        row = found[f"my {g} died today"]
        assert row["entities"] == [[3, 3 + len(g), "GADGET"]]
        assert f"only the pipeline finds {g!r}" in row["meta"]["why"] and f"{g!r} is new" in row["meta"]["why"]


def test_what_is_annotated_and_what_is_alike_is_not_suggested(run, project, tmp_path):
    write(project / "test/test.jsonl", [{"text": "one for the test", "entities": [], "meta": {"doc": "d1"}}])
    write(
        project / "raw.jsonl",
        [
            {"text": GOLD[0]["text"]},
            {"text": GOLD[1]["text"].upper() + "!"},
            {"text": "One for the test."},
            {"text": "of the same document", "meta": {"doc": "d1"}},
            {"text": "nothing to see here"},
            {"text": "room 12 is free"},
            {"text": "Room 7 is free!"},
        ],
    )
    suggested(run)
    assert [row["text"] for row in rows(tmp_path)] == ["room 12 is free"]
    write(project / "raw.jsonl", [{"text": GOLD[0]["text"]}])
    done = suggested(run)
    assert "Nothing is left to suggest" in done.out and rows(tmp_path) == []


def test_not_fifty_texts_for_one_form(run, project, tmp_path):
    """Twelve texts with one form, and one with another that counts a little less: it comes second or third."""
    many = [
        f"the old dog barked {n}"
        for n in (
            "at me",
            "at you",
            "at her",
            "at him",
            "at us",
            "at them",
            "once",
            "twice",
            "loudly",
            "softly",
            "outside",
            "inside",
        )
    ]
    write(project / "raw.jsonl", [{"text": text} for text in [*many, "my Tamagotchi died today"]])
    suggested(run, "--number", "4")
    found = rows(tmp_path)
    alone = {row["text"]: row["meta"]["score"] for row in found}
    assert len(found) == 4 and alone[found[0]["text"]] > 1.5 * alone[found[1]["text"]]
    named = [{"a": (1.0, ["a"])}, {"a": (1.0, ["a"])}, {"a": (1.0, ["a"])}, {"b": (0.6, ["b"])}]
    ranked = [
        (one.text, score)
        for one, score in choose((Candidate(str(n), [], items, 0.0) for n, items in enumerate(named)), 4)
    ]
    assert [score for _, score in ranked] == [1.0, 0.6, 0.5, 0.25] and ranked[1][0] == "3"


def test_the_first_texts_hold_more_errors_than_any_others(run, project, tmp_path):
    """Texts with known entities as if they were raw: the pipeline errs where the gadget stands in an unknown frame."""
    frames = [
        "my {} died today too",
        "she gave the {} back",
        "a {} is what he wants",
        "{} or nothing, they said",
        "no {} for us",
    ]
    gold = {
        row["text"]: row["entities"]
        for frame in frames
        for g in GADGETS
        for row in [marked(frame.format(g), g, "GADGET")]
    }
    gold |= {
        f"my {thing} {verb} {n} too": []
        for thing in ("dog", "phone", "bus")
        for verb in ("died", "froze")
        for n in ("today", "at work", "in june")
    }
    write(project / "raw.jsonl", [{"text": text} for text in sorted(gold)])
    suggested(run)
    wrong = [len({tuple(e) for e in row["entities"]} ^ {tuple(e) for e in gold[row["text"]]}) for row in rows(tmp_path)]
    fifth = len(wrong) // 5
    assert len(wrong) == len(gold) and sum(wrong) > 3
    assert sum(wrong[:fifth]) > 1.5 * sum(wrong) * fifth / len(wrong)


def test_the_same_bytes_twice(run, project, tmp_path):
    write(
        project / "raw.jsonl",
        [{"text": f"{name} has a {g} {when}"} for name in NAMES for g in GADGETS for when in WHEN],
    )
    made = []
    for _ in range(2):
        suggested(run)
        made.append((tmp_path / "corpus/suggested.jsonl").read_bytes())
    assert made[0] == made[1] and made[0].count(b"\n") == 100


def test_without_a_pipeline_it_says_what_to_run(run, project, tmp_path):
    shutil.rmtree(tmp_path / "training")
    done = run(*SUGGEST)
    assert (
        done.code == 1
        and f"no pipeline in {PIPELINE}" in done.out
        and "make" in done.out
        and "Traceback" not in done.raw
    ), done.raw
    assert not (tmp_path / "corpus/suggested.jsonl").exists()


@pytest.mark.parametrize(
    "file, line, said",
    [
        ("raw.jsonl", '{"text": 5}', "raw.jsonl:1"),
        ("patterns.jsonl", "{", "patterns.jsonl:1: broken JSON"),
        ("patterns.jsonl", '{"label": "GADGET", "pattern": [{"POS": "X"}]}', "patterns cannot be matched"),
        ("annotated/new.jsonl", '{"text": "a"}', "new.jsonl:1"),
    ],
)
def test_bad_input_is_named(run, project, tmp_path, file, line, said):
    (project / file).write_text(line)
    done = run(*SUGGEST)
    assert done.code == 1 and said in done.out and "Traceback" not in done.raw, done.raw
    assert not (tmp_path / "corpus/suggested.jsonl").exists()


def test_how_sure_it_is_and_that_it_says_the_same(pipeline):
    nlp = spacy.load(pipeline)
    texts = [
        *(row["text"] for row in GOLD),
        "my Lumio \n died again",
        "the Zune Kindle",
        "Zune",
        "a Tamagotchi is what he wants",
        " ",
    ]
    docs = [nlp.make_doc(text) for text in texts]
    sure = recognise(nlp.get_pipe("ner"), docs)
    for doc, row, text in zip(docs, sure, texts):
        assert [(e.start, e.end, e.label_) for e in doc.ents] == [(e.start, e.end, e.label_) for e in nlp(text).ents]
        assert row.shape == (len(doc),) and ((row > 0) & (row <= 1)).all()
    # Of what it learnt it is sure, and less so of what it never saw.
    learnt, other = (min(row.min() for row in rows) for rows in (sure[: len(GOLD)], sure[len(GOLD) :]))
    assert learnt > 0.9 and learnt > other


@pytest.mark.reruns
def test_as_a_command_of_the_project(ran_with_spacy, tmp_path):
    project = shutil.copytree(ran_with_spacy, tmp_path / "project", symlinks=True)
    done = command("python", "-m", "spacy", "project", "run", "suggest", ".", "--vars.suggestions", "5", cwd=project)
    assert done.code == 0, done.raw
    assert len(list(srsly.read_jsonl(project / "corpus/suggested.jsonl"))) == 5
    assert "suggest" not in srsly.read_yaml(ROOT / "dvc.yaml")["stages"]
