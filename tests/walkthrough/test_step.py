"""One round of training, shown on a tiny project: it is spaCy's own, it changes nothing, and forgetting is seen."""

import shutil

import numpy
import pytest
import spacy
import srsly
from spacy.tokens import Span
from spacy.training import Example
from spacy.util import fix_random_seed

from conftest import ROOT, command, content
from ner_update.walkthrough.baselines import optimizer_of
from ner_update.walkthrough.one_update import one_update

UPDATED = "training/updated/model-best"
CONFIGS = (ROOT / "configs/update.cfg", ROOT / "configs/base.cfg")


@pytest.fixture(scope="module")
def project(updated_project, tmp_path_factory):
    return shutil.copytree(updated_project, tmp_path_factory.mktemp("shown project"), dirs_exist_ok=True)


def shown(project, *words):
    """RETURNS (tuple): What the command printed, and what it wrote."""
    arguments = (
        *CONFIGS,
        "training/base/model-best",
        UPDATED,
        "corpus",
        "training/step.json",
        "--template",
        ROOT / "templates/step.html",
    )
    done = command("python", ROOT / "scripts/step.py", *arguments, *words, cwd=project)
    assert done.code == 0, done.raw
    return done, srsly.read_json(project / "training/step.json")


def test_a_round_is_shown_and_nothing_is_changed(project):
    before = {name: content(project / name) for name in ("corpus", "training/base", "training/updated")}
    done, found = shown(project, "--text", "Ines lost my Blip today", "--span", "13:17:GADGET")
    assert before == {name: content(project / name) for name in before}
    assert [(row["component"], row["learns"]) for row in found["components"]] == [
        ("tok2vec", False),
        ("ner_gadget", True),
        ("ner", False),
    ]
    looks = found["ways"][0]["looks"]
    assert [look["updates"] for look in looks] == [0, 1, 5, 20]
    first = looks[1]["round"]
    assert {row["part"] for row in first} == {"embedding", "encoder", "text context", "head"} and {
        row["component"] for row in first
    } == {"ner_gadget"}
    assert all(row["gradient"] > 0 and row["moved"] > 0 for row in first)
    assert [13, 17, "GADGET"] in looks[-1]["entities"] and "right: Blip GADGET" in done.out
    page = (project / "training/step.html").read_text(encoding="utf8")
    assert "Blip" in page and "http" not in page.replace("http-equiv", ""), "it must open without a network"


def test_the_naive_way_forgets_and_the_projects_way_does_not(project):
    _, found = shown(project)
    ours, _, naive = (way["looks"] for way in found["ways"])
    assert len(found["sentences"]) == 3 and all(s["right"] for s in naive[0]["sentences"])
    assert naive[-1]["f"] < naive[0]["f"] - 20
    assert ours[-1]["f"] > 90
    assert naive[1]["round"] and {row["component"] for row in naive[1]["round"]} == {"tok2vec", "ner"}


def test_the_same_command_gives_the_same_bytes(project):
    files = [project / f"training/step.{kind}" for kind in ("json", "html")]
    shown(project, "--line", "assets/annotated/g.jsonl:2")
    before = [path.read_bytes() for path in files]
    done, found = shown(project, "--line", "assets/annotated/g.jsonl:2")
    assert before == [path.read_bytes() for path in files]
    assert found["text"] == "my Zune died again" and "g.jsonl:2" in done.out


def test_weights_may_be_random_or_sourced(project):
    _, random = shown(project, "--start", "random")
    assert all(row["learns"] and "nlp.initialize" in row["from"] for row in random["components"])
    assert random["ways"][0]["looks"][0]["f"] < 50
    _, sourced = shown(project, "--start", "sourced")
    head = {row["part"]: row["gradient"] for row in sourced["ways"][0]["looks"][1]["round"]}
    assert head["head"] > 0 and head["embedding"] == 0, (
        "the output layer of a new recogniser is zero: no gradient gets past it"
    )


def test_the_update_is_spacys_own(project):
    """What is shown is what nlp.update does, to the last bit."""
    texts = ["my Blip died today", "Ines saw the dog"]
    made = []
    for way in ("ours", "spacy"):
        nlp = spacy.load(project / UPDATED)
        gold = [nlp.make_doc(text) for text in texts]
        gold[0].set_ents([Span(gold[0], 1, 2, "GADGET")])
        gold[1].set_ents([])
        optimizer, drop, _ = optimizer_of(CONFIGS[0])
        fix_random_seed(0)
        for _ in range(2):
            if way == "ours":
                one_update(nlp, ["ner_gadget"], gold, optimizer, drop)
            else:
                nlp.update(
                    [Example(nlp.make_doc(doc.text), doc) for doc in gold],
                    sgd=optimizer,
                    drop=drop,
                    exclude=["tok2vec", "ner"],
                )
                optimizer.step_schedules()
        made.append(nlp)
    for name in ("tok2vec", "ner_gadget", "ner"):
        assert made[0].get_pipe(name).model.to_bytes() == made[1].get_pipe(name).model.to_bytes(), name
    trained = spacy.load(project / UPDATED)
    assert not numpy.array_equal(
        *(nlp.get_pipe("ner_gadget").model.get_ref("upper").get_param("W") for nlp in (made[0], trained))
    )


@pytest.mark.parametrize(
    "words, message",
    [
        (["--text", "my Blip X", "--span", "3:5:GADGET"], "does not align with tokens"),
        (["--text", "my Blip X", "--span", "3:70:GADGET"], "out of range"),
        (["--text", "my Blip X", "--span", "3-7"], "START:END:LABEL"),
        (["--text", "my Blip X", "--span", "3:7:FRUIT"], "it knows GADGET"),
        (["--span", "3:7:GADGET"], "needs the --text"),
        (["--line", "assets/annotated/g.jsonl:9999"], "no annotated text stands there"),
        (["--line", "assets/nothing.jsonl:1"], "is no file"),
        (["--line", "assets/annotated/g.jsonl"], "no file and line"),
        (["--line", "broken.jsonl:2"], "broken.jsonl:2"),
    ],
)
def test_bad_input_gets_one_message(project, words, message):
    (project / "broken.jsonl").write_text('{"text": "a", "entities": []}\n{"text": "b"}\n', encoding="utf8")
    (project / "training/step.json").unlink(missing_ok=True)
    done = command(
        "python", ROOT / "scripts/step.py", *CONFIGS, "training/base/model-best", UPDATED, "corpus", *words, cwd=project
    )
    assert done.code == 1 and message in done.out and "Traceback" not in done.raw, done.raw
    assert not (project / "training/step.json").exists()


def test_a_project_that_has_not_run_is_told_so(tmp_path):
    done = command("python", ROOT / "scripts/step.py", cwd=tmp_path)
    assert done.code == 1 and "model-best is missing" in done.out and "make" in done.out, done.raw
