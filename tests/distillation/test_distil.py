"""Several updates read the raw texts, and one learns what most of them find there: on tiny data, with real training."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.util import load_config

from conftest import ROOT, command, content, run_update, write
from ner_update.corpus.shards import read_docs
from ner_update.corpus.training_corpus import gold_alone, shards_with, training_corpus
from ner_update.distillation.voting import agreed, as_example, votes_of
from tiny_project import GADGETS, NAMES, WHEN, measure, small_assets

UPDATED = "training/updated/model-best"
BEGIN = (ROOT / "configs/update.cfg", "training/base/model-best", "corpus/update")
HOW = ("--dev", "corpus/new/dev.spacy", "--max-steps", 100)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which three teachers have read raw texts with gadgets of which some are new, and the update learnt from them."""
    folder = small_assets(tmp_path_factory.mktemp("distilled project"))
    new = [
        {"text": f"my {gadget} {verb} {when}"}
        for gadget in [*GADGETS, "Blip", "Frobnicator"]
        for verb in ("broke", "melted")
        for when in WHEN
    ]
    write(
        folder / "assets/raw.jsonl",
        [*new, *({"text": f"{name} was here with the {thing}"} for name in NAMES for thing in ("dog", "bus", "map"))],
    )
    run_update(folder, steps=100, teachers=3)
    return folder


def distil(project, *words, **variables):
    outputs = ("corpus/distilled.spacy", "corpus/distilled.json", "--raw", "corpus/raw/train.spacy")
    return command("python", ROOT / "scripts/distil.py", *BEGIN, *outputs, *HOW, *words, cwd=project, **variables)


@pytest.fixture(scope="module")
def taught(project, tmp_path_factory):
    """The same, interrupted after the first teacher: with RESUME=1 it is not trained again."""
    folder = shutil.copytree(project, tmp_path_factory.mktemp("taught project"), dirs_exist_ok=True)
    outputs = [f"corpus/teachers/0/{name}" for name in ("model", "log.jsonl", "threshold.jsonl")]
    done = command("python", ROOT / "scripts/update.py", *BEGIN, *outputs, *HOW, "--update-on", "train", cwd=folder)
    assert done.code == 0, done.raw
    return folder


def docs(project, corpus):
    return list(read_docs(project / corpus, spacy.blank("en").vocab))


def test_what_most_teachers_find_becomes_an_example(project):
    found, table = docs(project, "corpus/distilled.spacy"), srsly.read_json(project / "corpus/distilled.json")
    raw = {doc.text for doc in docs(project, "corpus/raw/train.spacy")}
    assert (
        found
        and {doc.text for doc in found} <= raw
        and len({doc.text for doc in found}) == len(found) == table["texts"]
    )
    assert all(doc.ents for doc in found), "a text in which nothing was agreed on is no example"
    assert Counter(ent.label_ for doc in found for ent in doc.ents) == table["spans"] and set(table["spans"]) == {
        "GADGET"
    }
    # Two votes of three are enough, so that there are as many entities as were found by two or three.
    assert table["votes"]["2"] + table["votes"]["3"] == table["spans"]["GADGET"]
    assert [row["seed"] for row in table["teachers"]] == [0, 1, 2] and all(row["f"] > 60 for row in table["teachers"])


def test_what_the_patterns_made_an_example_of_is_left_out(project, taught, tmp_path):
    shutil.copytree(taught, tmp_path, dirs_exist_ok=True)
    shard = DocBin(docs=docs(project, "corpus/distilled.spacy")[:5])
    shard.to_disk(tmp_path / "corpus/update/train.spacy/1-silver-ab.spacy")
    done = distil(tmp_path, "--teachers", 1, RESUME="1")
    silver = {doc.text for doc in shard.get_docs(spacy.blank("en").vocab)}
    assert done.code == 0 and not silver & {doc.text for doc in docs(tmp_path, "corpus/distilled.spacy")}, done.raw


def test_a_vote_makes_entities_missing_tokens_and_outside():
    nlp = spacy.blank("en")
    text = "my old iPhone X beats a Zune and Rio"
    found = [(3, 15, "GADGET", 1), (7, 15, "GADGET", 3), (24, 28, "GADGET", 2), (33, 36, "GADGET", 4)]
    doc = as_example(nlp, text, found, 4)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("iPhone X", "GADGET"), ("Rio", "GADGET")]
    # "old" and "Zune", which half of them or fewer found, teach nothing.
    assert [token.ent_iob_ for token in doc] == ["O", "", "B", "I", "O", "O", "", "O", "B"]


@pytest.mark.slow
def test_the_same_again_gives_the_same_bytes(project, tmp_path):
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    before = content(tmp_path / "corpus/distilled.spacy"), (tmp_path / "corpus/distilled.json").read_bytes()
    done = distil(tmp_path, "--teachers", 3, "--workers", 1)
    assert done.code == 0 and "3 of 3, update.cfg, seed 2" in done.out, done.raw
    assert before == (content(tmp_path / "corpus/distilled.spacy"), (tmp_path / "corpus/distilled.json").read_bytes())
    assert not (tmp_path / "corpus/teachers").exists()


def test_no_more_than_wanted(taught, tmp_path):
    gold = srsly.read_json(taught / "corpus/update/mix.json")["train"]["gold"]["texts"]
    few, all_there_are = (shutil.copytree(taught, tmp_path / name) for name in ("few", "all"))
    done = distil(few, "--teachers", 1, "--ratio", 0.1, RESUME="1")
    assert done.code == 0 and len(docs(few, "corpus/distilled.spacy")) == round(0.1 * gold), done.raw
    done = distil(all_there_are, "--teachers", 1, "--ratio", 100, RESUME="1")
    assert done.code == 0 and "(all there are)" in done.out, done.raw


def test_a_run_that_was_interrupted_keeps_its_finished_teachers(taught, tmp_path):
    shutil.copytree(taught, tmp_path, dirs_exist_ok=True)
    # One of another run, which had more teachers, has no vote.
    shutil.copytree(tmp_path / "corpus/teachers/0", tmp_path / "corpus/teachers/5")
    before = content(tmp_path / "corpus/distilled.spacy")
    done = distil(tmp_path, "--teachers", 3, RESUME="1")
    assert done.code == 0 and done.out.count("Pipeline: ['ner_new']") == 2, done.raw
    assert before == content(tmp_path / "corpus/distilled.spacy")


def test_without_teachers_the_update_is_what_it_was(project, tmp_path):
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    done = distil(tmp_path)
    assert done.code == 0 and "vars.teachers is 0" in done.out and not docs(tmp_path, "corpus/distilled.spacy"), (
        done.raw
    )
    made = {}
    for name, more in (("with", ("--distilled", "corpus/distilled.spacy")), ("without", ())):
        shutil.rmtree(tmp_path / "training/updated")
        outputs = [f"training/updated/{one}" for one in ("model-best", "log.jsonl", "threshold.jsonl")]
        words = [*BEGIN, *outputs, *HOW, "--max-steps", 40, *more]
        done = command("python", ROOT / "scripts/update.py", *words, cwd=tmp_path)
        assert done.code == 0, done.raw
        made[name] = content(tmp_path / "training/updated")
    assert made["with"] == made["without"] != content(project / "training/updated")


def test_annotated_and_rehearsal_texts_count_twice_beside_distilled_ones(project, tmp_path):
    """So that more distilled texts take nothing from what the update keeps of the base."""

    def texts(path):
        return Counter(doc.text for doc in read_docs(path, spacy.blank("en").vocab))

    shutil.copytree(project / "corpus/update", tmp_path / "update")
    corpus, distilled = tmp_path / "update", project / "corpus/distilled.spacy"
    silver = Counter(["a silver example"])
    sure = texts(corpus / "train.spacy") + texts(corpus / "dev.spacy")
    DocBin(docs=[spacy.blank("en")("a silver example")]).to_disk(corpus / "train.spacy/1-silver-ab.spacy")
    (tmp_path / "one").mkdir()
    made = texts(training_corpus(corpus, ("train", "dev"), distilled, tmp_path / "one"))
    assert made == sure + sure + silver + texts(distilled)
    # Where there is none, nothing is put together that was not before.
    DocBin().to_disk(tmp_path / "empty.spacy")
    assert training_corpus(corpus, ("train",), tmp_path / "empty.spacy", tmp_path) == corpus / "train.spacy"
    assert texts(training_corpus(corpus, ("train", "dev"), None, tmp_path)) == texts(corpus / "train.spacy") + texts(
        corpus / "dev.spacy"
    )


def test_the_vote_of_a_transformer_counts_twice():
    assert [
        votes_of(Path(name)) for name in ("corpus/teachers/0", "corpus/teachers/12", "corpus/teachers/transformer-0")
    ] == [1, 1, 2]
    # With another or alone, beside three others, it has more than half, or not.
    assert agreed(2 + 1, 5) and agreed(1 + 1 + 1, 5) and not agreed(2, 5) and agreed(2, 3)


def test_transformers_are_trained_on_annotated_texts_alone(project, tmp_path):
    shutil.copytree(project / "corpus/update", tmp_path / "update")
    shutil.copy(
        tmp_path / "update/train.spacy" / shards_with("gold", tmp_path / "update/train.spacy")[0].name,
        tmp_path / "update/train.spacy/1-silver-ab.spacy",
    )
    (tmp_path / "alone").mkdir()
    gold_alone(tmp_path / "update", tmp_path / "alone")
    for part in ("train", "dev"):
        new = {doc.text for doc in docs(project, f"corpus/new/{part}.spacy")}
        found = docs(tmp_path, f"alone/{part}.spacy")
        assert {doc.text for doc in found} == new and len(found) == len(new) < len(
            docs(project, f"corpus/update/{part}.spacy")
        )


def test_a_transformer_that_teaches_is_one_that_updates_but_for_batches_steps_and_rate():
    teacher, updating = (
        load_config(ROOT / "configs" / name) for name in ("transformer_teacher.cfg", "update_transformer.cfg")
    )
    for config in (teacher, updating):
        del (
            config["training"]["batcher"]["batcher"],
            config["training"]["max_steps"],
            config["training"]["optimizer"]["encoder_scale"],
        )
    assert teacher == updating


def test_no_entity_in_the_raw_texts_is_said(project, taught, tmp_path):
    shutil.copytree(taught, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "corpus/raw/train.spacy")
    shutil.copytree(project / "corpus/base/train.spacy", tmp_path / "corpus/raw/train.spacy")
    done = distil(tmp_path, "--teachers", 2, RESUME="1")
    assert done.code == 0 and "They agree on no entity in the raw texts" in done.out, done.raw
    assert not docs(tmp_path, "corpus/distilled.spacy")


@pytest.mark.slow
def test_fewer_examples_get_teachers_of_their_own(project, tmp_path):
    """Else the points of a learning curve would be taught by examples that they are without."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    spacy.blank("en").to_disk(tmp_path / "training/vectors")
    done = measure(tmp_path, "learning_curve", "training/learning_curve", "--teachers", 1, "--ratio", 1, steps=20)
    assert done.code == 0 and done.out.count("Teacher 1 of 1") == 3, done.raw
