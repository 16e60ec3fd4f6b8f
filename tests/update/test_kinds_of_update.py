"""More data for a label that the base knows, several new labels at once, an update of an update, and no base at all."""

import pytest
import spacy
import srsly

from conftest import ROOT, command, run_update, write

NAMES = ["Ines", "Tomasz", "Abena", "Yuto", "Carla", "Dmitro", "Oddny", "Farid"]
GADGETS = ["Zune", "Kindle", "Walkman", "Lumio", "PalmPilot", "Tamagotchi"]
BRANDS = ["Filson", "Gucci", "Viberg", "Uniqlo", "Prada", "Levis"]


def marked(text, span, label):
    start = text.index(span)
    return {"text": text, "entities": [[start, start + len(span), label]]}


def filled(words, label, frames):
    """Every word in every frame, marked with the label."""
    return [marked(frame.format(word), word, label) for word in words for frame in frames]


PEOPLE = filled(NAMES, "PERSON", ["{} saw the bus", "{} lost the key", "{} saw the dog", "{} lost the car"])
NOBODY = [
    {"text": f"my {thing} {verb} {when}", "entities": []}
    for thing in ("dog", "phone", "bus")
    for verb in ("died", "froze")
    for when in ("today", "again", "at work")
]
MY_GADGETS = filled(GADGETS, "GADGET", ["my {} died today", "my {} froze again", "my {} froze at work"])
MY_BRANDS = filled(BRANDS, "FASHION_BRAND", ["boots by {} fit", "a coat by {} fits", "a hat by {} fits"])


def assets(folder, annotated, test, base=PEOPLE):
    (folder / "assets/base").mkdir(parents=True, exist_ok=True)
    if base:
        write(folder / "assets/base/b.jsonl", base)
    write(folder / "assets/annotated/a.jsonl", annotated + NOBODY)
    write(folder / "assets/test/t.jsonl", test)
    write(
        folder / "assets/raw.jsonl",
        [{"text": f"{name} was here with the {thing}"} for name in NAMES for thing in ("dog", "bus", "map")],
    )
    write(folder / "assets/patterns.jsonl", [])
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """PERSON and then GADGET: the pipeline that the next rounds update."""
    folder = assets(tmp_path_factory.mktemp("first round"), MY_GADGETS, filled(GADGETS, "GADGET", ["my {} died again"]))
    return folder, run_update(folder, steps=100)


def test_an_update_of_an_update_keeps_all_earlier_labels(first, tmp_path):
    base = first[0] / "training/updated/model-best"
    folder = assets(
        tmp_path, MY_BRANDS, filled(BRANDS, "FASHION_BRAND", ["boots by {} fit again"]), PEOPLE + MY_GADGETS
    )
    metrics = run_update(folder, str(base), steps=100)
    updated = spacy.load(folder / "training/updated/model-best")
    assert updated.pipe_names == ["tok2vec", "ner_fashion_brand", "ner_gadget", "ner"]
    assert metrics["labels"] == {"new": ["FASHION_BRAND"], "old": ["GADGET", "PERSON"], "taken_over": []}
    assert metrics["gain"]["f"] > 60 and metrics["retention"]["strict"]["percent"] > 90
    assert set(metrics["base_test"]["labels"]) == {"GADGET", "PERSON"}


def test_more_data_mends_a_label_that_the_base_knows(first, tmp_path):
    base = first[0] / "training/updated/model-best"
    others = ["mbali", "sanne", "pavol", "ottilie", "kwame", "brigid"]
    frames = ["please call {} tonight", "please ask {} later", "please tell {} now"]
    folder = assets(
        tmp_path,
        filled(others, "PERSON", frames),
        filled(others, "PERSON", ["please call {} now"]),
        PEOPLE + MY_GADGETS,
    )
    metrics = run_update(folder, str(base), steps=100)
    updated = spacy.load(folder / "training/updated/model-best")
    # The recogniser that knew nothing else is gone: as many components as before.
    assert updated.pipe_names == ["tok2vec", "ner_person", "ner_gadget"]
    assert metrics["labels"] == {"new": ["PERSON"], "old": ["GADGET"], "taken_over": ["PERSON"]}
    assert metrics["gain"]["f"] > metrics["gain"]["base_f"] and metrics["retention"]["strict"]["percent"] > 90


def test_a_label_taken_over_is_never_predicted_by_the_old_recogniser(tmp_path):
    both = PEOPLE + filled(GADGETS, "GADGET", ["the {} lost", "a {} saw it"])
    folder = assets(tmp_path, MY_GADGETS, filled(GADGETS, "GADGET", ["my {} died again"]), both)
    metrics = run_update(folder, steps=100)
    updated = spacy.load(folder / "training/updated/model-best")
    assert updated.pipe_names == ["tok2vec", "ner_gadget", "ner"] and metrics["labels"]["taken_over"] == ["GADGET"]
    updated.remove_pipe("ner_gadget")
    texts = [record["text"] for record in [*both, *MY_GADGETS]]
    found = {ent.label_ for doc in updated.pipe(texts) for ent in doc.ents}
    assert found == {"PERSON"}


@pytest.mark.slow
def test_several_new_labels_at_once(tmp_path):
    test = filled(GADGETS, "GADGET", ["my {} died again"]) + filled(BRANDS, "FASHION_BRAND", ["boots by {} fit again"])
    folder = assets(tmp_path, MY_GADGETS + MY_BRANDS, test)
    metrics = run_update(folder, steps=150)
    assert metrics["labels"]["new"] == ["FASHION_BRAND", "GADGET"]
    assert min(metrics["new_test"]["labels"][label]["updated"]["f"] for label in ("FASHION_BRAND", "GADGET")) > 60
    assert spacy.load(folder / "training/updated/model-best").pipe_names == [
        "tok2vec",
        "ner_fashion_brand_gadget",
        "ner",
    ]


def test_no_base_at_all(tmp_path):
    folder = assets(tmp_path, MY_GADGETS, filled(GADGETS, "GADGET", ["my {} died again"]), [])
    metrics = run_update(folder, "blank:en", steps=100)
    assert spacy.load(folder / "training/updated/model-best").pipe_names == ["ner_gadget"]
    assert metrics["labels"]["old"] == [] and metrics["gain"]["f"] > 60
    assert metrics["retention"]["kept"] is None
    assert "retention" not in srsly.read_json(folder / "training/summary.json")
    page = [
        "training/metrics.json",
        "training/rows.jsonl",
        "report.html",
        "--breakdowns",
        "training/breakdowns.json",
        "--made",
        "report.made",
        "--template",
        ROOT / "templates/report.html",
    ]
    srsly.write_json(folder / "versions.json", {"spacy": "3"})
    logs = [
        "--base-log",
        "training/base/log.jsonl",
        "--update-log",
        "training/updated/log.jsonl",
        "--counts",
        "corpus/counts.json",
        "--versions",
        "versions.json",
    ]
    done = command("python", ROOT / "scripts/report.py", *page, *logs, cwd=folder)
    assert done.code == 0, done.raw
