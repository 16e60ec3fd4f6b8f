"""The learning curve and the trials, on a tiny project: they train what the update trains, once, and say what it is worth."""

import csv
import itertools
import random
from statistics import mean, stdev
from xml.etree import ElementTree

import pytest
import spacy
import srsly

from conftest import run_update
from ner_update.experiments.learning_curve import last_quarter
from ner_update.experiments.variant import nested
from tiny_project import STEPS, measure, small_assets


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = small_assets(tmp_path_factory.mktemp("measured project"))
    run_update(folder, steps=STEPS)
    spacy.blank("en").to_disk(folder / "training/vectors")
    return folder


@pytest.fixture(scope="module")
def curve(project):
    """What the command printed that measured it."""
    done = measure(project, "learning_curve", "training/learning_curve")
    assert done.code == 0, done.raw
    return done


def test_the_curve(project, curve):
    folder, store = project / "training/learning_curve", project / "training/variants"
    found, metrics = srsly.read_json(folder / "curve.json"), srsly.read_json(project / "training/metrics.json")
    rows = found["rows"]
    assert [row["share"] for row in rows] == [25, 50, 75, 100]
    assert [row["examples"] for row in rows] == sorted({row["examples"] for row in rows})
    # The last point is the update itself, and the others have as many rehearsal texts for each example.
    mix = srsly.read_json(project / "corpus/update/mix.json")["train"]
    assert rows[-1]["f"] == metrics["gain"]["f"] and rows[-1]["kept"] == metrics["retention"]["strict"]["percent"]
    # All are trained on the whole dev set, too.
    dev = srsly.read_json(project / "corpus/update/mix.json")["dev"]["gold"]["texts"]
    assert rows[-1]["examples"] == mix["gold"]["texts"] + dev and rows[-1]["rehearsal"] == mix["rehearsal"]["texts"]
    ratio = mix["rehearsal"]["texts"] / mix["gold"]["texts"]
    assert all(abs(row["rehearsal"] - ratio * (row["examples"] - dev)) <= 1 for row in rows)
    assert all(row["f_low"] <= row["f"] <= row["f_high"] for row in rows)
    assert found["last_quarter"]["says"] in curve.out
    with (folder / "curve.csv").open(encoding="utf8") as file:
        assert [float(row["f"]) for row in csv.DictReader(file)] == [row["f"] for row in rows]
    picture = ElementTree.parse(folder / "curve.svg")
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}circle")) == 8
    assert len(list(store.iterdir())) == 4, "only figures are kept"

    # A command that was stopped goes on: what is there is not trained again, what is missing is.
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    next(store.glob("*.json")).unlink()
    done = measure(project, "learning_curve", "training/learning_curve")
    assert done.out.count("kept from before") == 3 and done.out.count(": training") == 1, done.raw
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_trials(project, curve):
    rows = srsly.read_json(project / "training/learning_curve/curve.json")["rows"]
    # The first trial is the curve's last point.
    done = measure(project, "trials", "training/trials.json", "--number", 2)
    assert done.code == 0 and done.out.count("kept from before") == 1 and done.out.count(": training") == 1, done.raw
    trials = srsly.read_json(project / "training/trials.json")
    gain = trials["figures"]["gain_f"]
    assert trials["seeds"] == [0, 1] and gain["values"][0] == rows[-1]["f"]
    assert gain["mean"] == round(mean(gain["values"]), 2) and gain["sd"] == round(stdev(gain["values"]), 2)

    # Other settings, and other data, are other variants.
    for steps, text in ((STEPS + 5, ""), (STEPS, '{"text": "more", "entities": []}\n')):
        with (project / "corpus/silver.jsonl").open("a", encoding="utf8") as file:
            file.write(text)
        done = measure(project, "trials", "training/trials.json", "--number", 2, steps=steps)
        assert done.code == 0 and "kept from before" not in done.out, done.raw


def test_shares_are_nested_whatever_the_order():
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"text number {n}") for n in range(40)]
    mixed = random.Random(1).sample(docs, len(docs))
    shares = [{doc.text for doc in nested(docs, share, seed=0)} for share in (0.25, 0.5, 0.75, 1.0)]
    assert [len(share) for share in shares] == [10, 20, 30, 40]
    assert all(small < large for small, large in itertools.pairwise(shares))
    assert (
        {doc.text for doc in nested(mixed, 0.25, seed=0)}
        == shares[0]
        != {doc.text for doc in nested(docs, 0.25, seed=1)}
    )


@pytest.mark.parametrize(
    "before, after, says",
    [
        ([[1, 0, 1]] * 50, [[2, 0, 0]] * 50, "Worth annotating for: the last 30 examples: better by 33.3 F"),
        ([[2, 0, 0]] * 50, [[1, 0, 1]] * 50, "Not worth annotating for"),
        (
            [[1, 0, 1], [1, 0, 0]] * 25,
            [[1, 0, 0], [1, 0, 1]] * 25,
            "Not shown to be worth annotating for: the last 30 examples: not distinguishable",
        ),
    ],
)
def test_what_the_last_quarter_says(before, after, says):
    rows = [{"counts": before, "examples": 90}, {"counts": after, "examples": 120}]
    found = last_quarter(rows, seed=0)
    assert found["says"].startswith(says) and found["examples"] == 30
    low, high = found["interval"]
    assert low <= found["difference_f"] <= high


def test_one_seed_has_no_spread(project):
    done = measure(project, "trials", "training/none.json", "--number", 1)
    assert done.code == 1 and "no spread" in done.out and not (project / "training/none.json").exists()


def test_a_project_that_has_not_run_is_told_so(tmp_path):
    done = measure(tmp_path, "learning_curve", "training/learning_curve")
    assert done.code == 1 and "is missing" in done.out and "Traceback" not in done.raw, done.raw
