"""The update on tiny data with real training: what the base knew stays, the new label is there, numbers add up."""

import re
import shutil
from pathlib import Path

import numpy
import pytest
import spacy
import srsly
from spacy.scorer import Scorer
from spacy.tokens import DocBin, Span
from spacy.training import Example

from conftest import ROOT, command
from ner_update.corpus.shards import read_docs
from ner_update.evaluation.scoring import compare, f_score, retention
from ner_update.update.recipe import component_name
from ner_update.update.threshold import GIVEN_UP, STEPS, choose, lower_outside, too_many, tune_threshold
from tiny_project import GADGETS, NAMES


@pytest.fixture
def project(updated_project):
    """Read it, or copy it."""
    return updated_project


def test_new_label_is_learnt_and_old_one_kept(project):
    metrics = srsly.read_json(project / "training/metrics.json")
    assert metrics["labels"] == {"new": ["GADGET"], "old": ["PERSON"], "taken_over": []}
    assert metrics["gain"]["base_f"] == 0 and metrics["gain"]["f"] > 60
    assert metrics["retention"]["strict"]["percent"] > 90
    assert metrics["retention"]["strict"]["percent"] <= metrics["retention"]["plain"]["percent"]


def test_the_base_is_inside_unchanged(project):
    base, updated = (project / f"training/{name}/model-best" for name in ("base", "updated"))
    assert spacy.load(updated).pipe_names == ["tok2vec", "ner_gadget", "ner"]
    files = [path.relative_to(base) for name in ("tok2vec", "ner") for path in (base / name).rglob("*")]
    assert len(files) >= 4
    for path in files:
        assert (base / path).read_bytes() == (updated / path).read_bytes()


def test_nothing_is_left_lying_about(project):
    assert sorted(p.name for p in (project / "training/updated").iterdir()) == [
        "log.jsonl",
        "model-best",
        "threshold.jsonl",
    ]
    assert sorted(p.name for p in (project / "training/base").iterdir()) == ["log.jsonl", "model-best"]


def tables(*rows, texts):
    """For each row, (hits, errors, misses) in every hundredth text, as counts of so many texts."""
    return [numpy.array([row if n % 100 < share else (1, 0, 0) for n in range(texts)]) for row, share in rows]


def test_the_threshold_moves_only_as_far_as_the_evidence_goes():
    """One more hit and one error in 50 texts are chance; 20 more hits and two errors in 2,000 are not."""
    steps = [-1.0, 0.0, 1.0]
    for texts, chosen in ((50, 0.0), (2000, 1.0)):
        as_trained, lower = tables(((0, 0, 1), 10), ((0, 0, 1), 10), texts=texts)
        lower[::50], lower[25::1000, 1] = (1, 0, 0), 1
        assert steps[choose(steps, [as_trained, as_trained, lower], [0, 0, 0], 10)] == chosen
        # With too many false positives in the rehearsal texts it does not go there.
        assert steps[choose(steps, [as_trained, as_trained, lower], [0, 0, 11], 10)] == 0.0


def test_retention_costs_at_most_one_point_of_dev_f():
    """Of 200 false positives in the rehearsal texts 50 are allowed."""
    steps = [-4.0, -2.0, -1.0, 0.0, 1.0]

    def chosen(*missed, wrong):
        counts = tables(*(((0, 0, 1), share) for share in missed), texts=1000)
        return steps[choose(steps, counts, wrong, 50)]

    assert chosen(12, 11, 10, 10, 10, wrong=[0, 40, 100, 200, 300]) == -2.0
    # Where the target cannot be reached for a point, it goes as far as a point goes.
    assert chosen(40, 30, 11, 10, 10, wrong=[0, 40, 100, 200, 300]) == -1.0
    assert chosen(40, 30, 20, 10, 10, wrong=[0, 40, 100, 200, 300]) == 0.0
    # 55 instead of 50 are no evidence of too many.
    assert chosen(12, 11, 10, 10, 10, wrong=[0, 0, 0, 55, 300]) == 0.0
    assert too_many(200, 50) and not too_many(55, 50) and not too_many(0, 0)


def test_with_no_other_threshold_to_choose_it_stays_as_it_was_trained(project):
    """So a transformer reads raw texts: what it leaves out, the update would learn to leave out."""
    nlp = spacy.load(project / "training/updated/model-best", exclude=["tok2vec", "ner"])
    before = nlp.get_pipe("ner_gadget").to_bytes()
    dev = docs(*((f"my {g} died again", (1, 2, "GADGET"), (3, 4, "GADGET")) for g in GADGETS))
    (row,) = tune_threshold(nlp, "ner_gadget", dev, [], 1000, [0.0])
    assert row["chosen"] and row["lowered"] == 0 and row["p"] > 0 and nlp.get_pipe("ner_gadget").to_bytes() == before


def test_the_rows_are_those_of_the_thresholds_and_the_model_has_the_chosen_one(project):
    dev = docs(*((f"my {g} died", (1, 2, "GADGET")) for g in GADGETS), ("my dog died again", (3, 4, "GADGET")))
    rehearsal = docs(*((f"{name} lost the {thing}",) for name in [*NAMES, "Xu"] for thing in ("Bus", "frob")))
    nlp = spacy.load(project / "training/updated/model-best", exclude=["tok2vec", "ner"])
    rows = tune_threshold(nlp, "ner_gadget", dev, rehearsal, 1000)
    assert [row["lowered"] for row in rows] == STEPS
    found = [row["r"] for row in rows]
    assert found == sorted(found) and rows[-1]["wrong"] > rows[0]["wrong"]
    (chosen,) = (row for row in rows if row["chosen"])
    assert [
        round(100 * score, 2)
        for score in (
            nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in dev])[f"ents_{key}"] for key in "prf"
        )
    ] == [chosen[key] for key in "prf"]


def test_a_new_threshold_that_would_forget_too_much_is_said(project, tmp_path):
    """The rehearsal texts are full of the new label: what the update finds there is wrong, and a higher threshold costs too much."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    made = docs(*((f"my {g} died {when}",) for g in GADGETS for when in ("today", "again", "at work")))
    for shard in (tmp_path / "corpus/update/dev.spacy").glob("2-rehearsal-*.spacy"):
        shard.unlink()
    DocBin(docs=made).to_disk(tmp_path / "corpus/update/dev.spacy/2-rehearsal-gadgets.spacy")
    out = [f"training/again/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    words = [
        ROOT / "configs/update.cfg",
        "training/base/model-best",
        "corpus/update",
        *out,
        "--dev",
        "corpus/new/dev.spacy",
        "--max-steps",
        60,
        "--update-on",
        "train",
    ]
    done = command("python", ROOT / "scripts/update.py", *words, cwd=tmp_path)
    assert (
        done.code == 0 and "new entities in 18 rehearsal texts" in done.out and "vars.min_retention decides" in done.out
    ), done.raw
    (chosen,) = (row for row in srsly.read_jsonl(tmp_path / out[2]) if row["chosen"])
    (zero,) = (row for row in srsly.read_jsonl(tmp_path / out[2]) if not row["lowered"])
    assert chosen["f"] >= zero["f"] - GIVEN_UP


def test_the_dev_texts_are_learnt_from_when_they_have_served(project, tmp_path):
    """A label that stands in them alone is learnt, and what chose is the same; unless nobody wants that."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    dev = list(read_docs(tmp_path / "corpus/update/dev.spacy", spacy.blank("en").vocab))
    (gadget,) = [doc for doc in dev if doc.ents][:1]
    gadget.ents = [Span(gadget, 0, 1, "OWNER"), *gadget.ents]
    shutil.rmtree(tmp_path / "corpus/update/dev.spacy")
    DocBin(docs=dev).to_disk(tmp_path / "corpus/update/dev.spacy")
    learnt, logs = {}, {}
    for parts in ("train+dev", "train"):
        out = [f"{parts}/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl")]
        words = [
            "configs/update.cfg",
            "training/base/model-best",
            "corpus/update",
            *out,
            "--dev",
            "corpus/new/dev.spacy",
            "--max-steps",
            60,
        ]
        done = command(
            "python", ROOT / "scripts/update.py", ROOT / words[0], *words[1:], "--update-on", parts, cwd=tmp_path
        )
        assert done.code == 0, done.raw
        (component,) = (name for name in spacy.load(tmp_path / out[0]).pipe_names if name.startswith("ner_"))
        learnt[parts] = set(spacy.load(tmp_path / out[0]).get_pipe(component).labels)
        logs[parts] = [(tmp_path / name).read_bytes() for name in out[1:]]
        assert sorted(path.name for path in (tmp_path / parts).iterdir()) == sorted(Path(name).name for name in out)
        assert ("Best after step" in done.out) == (parts == "train+dev")
    assert learnt == {"train": {"GADGET"}, "train+dev": {"GADGET", "OWNER"}}
    assert logs["train"] == logs["train+dev"]


FALLING = """
[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
warmup_steps = 5
total_steps = ${training.max_steps}
initial_rate = 0.001
"""


@pytest.mark.parametrize("rate, steps", [("learn_rate = 0.001", 40), (FALLING, 60)], ids=["constant", "falling"])
def test_the_second_training_keeps_to_what_the_first_one_found(project, tmp_path, rate, steps):
    """Its steps, but all where the learning rate falls until the last, and its threshold: so low a one, as no dev set chooses, that O is never predicted."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    config = (ROOT / "configs/update.cfg").read_text(encoding="utf8")
    assert "\nlearn_rate = 0.001\n" in config
    (tmp_path / "update.cfg").write_text(config.replace("learn_rate = 0.001", rate), encoding="utf8")
    log, rows = (
        [{"step": 20, "score": 0.25}, {"step": 40, "score": 0.5}, {"step": 60, "score": 0.125}],
        [{"lowered": 0.0, "chosen": False}, {"lowered": 1e6, "chosen": True}],
    )
    first = tmp_path / "training/updated/first_training"
    first.mkdir()
    srsly.write_jsonl(first / "log.jsonl", log)
    srsly.write_jsonl(first / "threshold.jsonl", rows)
    out = [f"training/updated/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    words = [
        "update.cfg",
        "training/base/model-best",
        "corpus/update",
        *out,
        "--dev",
        "corpus/new/dev.spacy",
        "--max-steps",
        60,
    ]
    done = command("python", ROOT / "scripts/update.py", *words, cwd=tmp_path, RESUME="1")
    assert (
        done.code == 0
        and f"Best after step 40. Now {steps} steps" in done.out
        and re.search(rf" {steps} +[\d.]+ +[\d.]+", done.out)
        and done.out.count("Pipeline: ['ner_new']") == 1
    ), done.raw
    assert (
        [*srsly.read_jsonl(tmp_path / out[1])] == log
        and [*srsly.read_jsonl(tmp_path / out[2])] == rows
        and not first.exists()
    )
    doc = spacy.load(tmp_path / out[0], exclude=["ner"])("nothing to see in here")
    assert sum(len(ent) for ent in doc.ents) == len(doc)


def test_a_lower_threshold_finds_more(project):
    nlp = spacy.load(project / "training/updated/model-best")
    texts = [
        "the Frobnicator 9 froze",
        "my Blip died again",
        "a Zune",
        "hello there",
        "she was at the Bus stop",
        "nothing to see here",
    ]
    counts = []
    for _ in range(3):
        counts.append(sum(ent.label_ == "GADGET" for doc in nlp.pipe(texts) for ent in doc.ents))
        lower_outside(nlp, "ner_gadget", 5.0)
    assert counts == sorted(counts) and counts[-1] > counts[0]


def test_component_names():
    assert component_name(["GADGET"], ["ner"]) == "ner_gadget"
    assert component_name(["GADGET"], ["ner_gadget"]) == "ner_gadget_2"
    assert component_name(["../A b", "É"], []) == "ner_a_b"


def docs(*rows):
    """Docs of one text each, ("a b c", (start, end, label), ...)."""
    nlp, made = spacy.blank("en"), []
    for text, *ents in rows:
        doc = nlp.make_doc(text)
        doc.set_ents([Span(doc, start, end, label) for start, end, label in ents])
        made.append(doc)
    return made


def test_figures_agree_with_spacys_scorer():
    gold = docs(("Ines met Yuto", (0, 1, "P"), (2, 3, "P")), ("a Zune here", (1, 2, "G")))
    said = docs(("Ines met Yuto", (0, 1, "P")), ("a Zune here", (0, 2, "G")))
    result = compare(gold, said, said, ["G", "P"], seed=0)
    expected = Scorer().score([Example(p, g) for p, g in zip(said, gold)])
    assert result["all"]["updated"]["f"] == pytest.approx(100 * expected["ents_f"], abs=0.01)
    for label in "GP":
        assert result["labels"][label]["base"]["r"] == pytest.approx(
            100 * expected["ents_per_type"][label]["r"], abs=0.01
        )
    assert result["all"]["difference_f"] == 0 and result["all"]["interval"] == [0, 0]


def test_strict_retention_counts_wrong_new_labels():
    gold = docs(("Ines met Yuto", (0, 1, "P"), (2, 3, "P")))
    updated = docs(("Ines met Yuto", (0, 1, "P"), (1, 2, "G"), (2, 3, "P")))
    kept = retention(gold, gold, updated, ["P"], ["G"], seed=0)
    assert kept["plain"]["percent"] == 100 and kept["strict"]["percent"] == 80 and kept["new_label_predictions"] == 1


def test_f_of_nothing_is_zero():
    assert f_score(numpy.zeros((1, 3))) == 0
