"""The texts that the template ships are what its data card says, and read like texts, not like filled-in frames."""

import re
from collections import Counter

import pytest
import srsly

from conftest import ROOT
from ner_update.data.reader import read_data
from ner_update.data.records import RawText, label_counts

ASSETS = ROOT / "assets"


def examples(name):
    model = {"model": RawText} if name == "raw.jsonl" else {}
    return read_data(ASSETS / name, **model).require()


def words(example):
    """The words of a text, with entities and numbers masked."""
    text = example.text
    for start, end, _ in sorted(getattr(example, "entities", []), reverse=True):
        text = f"{text[:start]} ENT {text[end:]}"
    return tuple(re.findall(r"\w+", re.sub(r"\d+", "0", text.lower())))


@pytest.fixture(scope="module")
def masked():
    return [words(example) for name in ("base", "annotated", "test", "raw.jsonl") for example in examples(name)]


def test_there_is_enough(masked):
    base, new, test, raw = (examples(name) for name in ("base", "annotated", "test", "raw.jsonl"))
    assert len(base) >= 1200 and set(label_counts(base)) == {"PERSON", "ORG", "GPE"}
    assert len(new) >= 700 and set(label_counts(new)) == {"GADGET"}
    assert len(test) >= 200 and set(label_counts(test)) == {"PERSON", "ORG", "GPE", "GADGET"}
    assert len(raw) >= 700
    assert sum(not example.entities for example in new) >= len(new) / 3


def test_half_of_the_test_gadgets_are_new():
    forms = {e.text[s:t].lower() for e in examples("annotated") for s, t, _ in e.entities}
    mentions = [e.text[s:t].lower() for e in examples("test") for s, t, label in e.entities if label == "GADGET"]
    assert sum(mention not in forms for mention in mentions) >= len(mentions) / 2


def test_no_two_texts_are_equal_when_masked(masked):
    repeated = [" ".join(key) for key, n in Counter(masked).items() if n > 1]
    assert not repeated


def test_no_frame_is_used_again_and_again(masked):
    grams = Counter(g for text in masked for g in {text[i : i + 6] for i in range(len(text) - 5)})
    gram, n = grams.most_common(1)[0]
    assert n <= len(masked) / 100, f"{' '.join(gram)} occurs in {n} texts"


def test_lengths_vary_from_one_word_to_sixty():
    lengths = [len(e.text.split()) for name in ("base", "annotated", "test", "raw.jsonl") for e in examples(name)]
    assert min(lengths) <= 2 and max(lengths) <= 60 and max(lengths) > 45
    assert sum(n >= 30 for n in lengths) > 300 and sum(n < 6 for n in lengths) > 200


def test_hard_negatives_are_there():
    """Words that name a gadget elsewhere stand in texts where they do not."""
    bare = " ".join(e.text.lower() for e in examples("annotated") if not e.entities)
    for word in ("phone", "apple", "pixel", "galaxy", "echo", "switch", "kindle", "surface"):
        assert word in bare, word


def test_the_data_card_counts_right():
    card = (ASSETS / "README.md").read_text(encoding="utf8")
    for name, path in (
        ("base", "base/people_orgs_places.jsonl"),
        ("annotated", "annotated/gadgets.jsonl"),
        ("test", "test/all_labels.jsonl"),
    ):
        rows = examples(name)
        spans = ", ".join(f"{n:,} {label}" for label, n in label_counts(rows).most_common())
        bare = sum(not example.entities for example in rows)
        assert f"| `{path}` | {len(rows):,} | {bare:,} | {spans} |" in card
    assert f"| `raw.jsonl` | {len(examples('raw.jsonl')):,} |" in card
    assert f"{len(list(srsly.read_jsonl(ASSETS / 'patterns.jsonl')))} patterns" in card
