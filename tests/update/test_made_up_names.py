"""The batcher that makes the update look at the words around a name: what it changes, and what it leaves."""

import random

import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example

from ner_update.update.augmentation import create_batcher, with_made_up_names

TEXT = "Yesterday my old iPhone X fell into the Seine and Maria laughed 🙁"


@pytest.fixture
def gold():
    nlp = spacy.blank("en")
    return Example.from_dict(nlp.make_doc(TEXT), {"entities": [(17, 25, "GADGET")]}).reference


def words(doc):
    return [token.text for token in doc]


def copies(gold, others, number=1):
    rng = random.Random(0)
    return [with_made_up_names(gold, others, rng) for _ in range(number)]


def batches(examples, share, seed=0):
    return create_batcher(lambda all: ([example] for example in all), share, 0.5, seed)(examples)


def test_only_the_name_is_made_up_where_others_is_none(gold):
    (copy,) = copies(gold, others=0.0)
    changed = [(old, new) for old, new in zip(words(gold), words(copy.predicted), strict=True) if old != new]
    assert [old for old, _ in changed] == ["iPhone"]
    (ent,) = copy.reference.ents
    assert (ent.start, ent.end, ent.label_) == (3, 5, "GADGET") and ent.text.endswith(" X")
    assert [bool(token.whitespace_) for token in copy.predicted] == [bool(token.whitespace_) for token in gold]
    assert not copy.predicted.ents


def test_other_words_are_made_up_too(gold):
    made = [words(copy.predicted) for copy in copies(gold, others=1.0, number=40)]
    assert all(row[8] != "Seine" and row[8].istitle() and row[-1] == "🙁" for row in made)
    assert 0 < sum(row[1] != "my" for row in made) < 20


def test_a_share_of_the_texts_with_entities(gold):
    nlp = spacy.blank("en")
    plain = Example.from_dict(nlp.make_doc("nothing here"), {"entities": []})
    named = Example(nlp.make_doc(TEXT), gold)
    assert list(batches([plain, named] * 50, share=0.0)) == [[plain], [named]] * 50
    made = [example for (example,) in batches([plain, named] * 200, share=0.25)]
    assert made[::2] == [plain] * 200
    assert 30 < sum(example is not named for example in made[1::2]) < 70


def test_each_round_has_other_names_and_each_seed(gold):
    named = Example(spacy.blank("en").make_doc(TEXT), gold)
    batcher = create_batcher(lambda all: ([example] for example in all), 1.0, 0.5, 0)
    first, second = ([words(example.predicted) for (example,) in batcher([named] * 3)] for _ in "ab")
    again = [words(example.predicted) for (example,) in batches([named] * 3, share=1.0)]
    other = [words(example.predicted) for (example,) in batches([named] * 3, share=1.0, seed=1)]
    assert first == again and first != second and first != other


def test_what_is_not_annotated_stays_so():
    doc = spacy.blank("en")("Ines sold her Zune yesterday")
    doc.set_ents([Span(doc, 3, 4, "GADGET")], missing=[doc[1:3]], default="outside")
    (copy,) = copies(doc, others=0.0)
    assert [token.ent_iob_ for token in copy.reference] == ["O", "", "", "B", "O"]


@pytest.mark.parametrize("text, span", [("X", (0, 1)), ("7 II", (2, 4)), ("ПК сломан", (0, 2)), ("我的手机", (0, 4))])
def test_odd_texts(text, span):
    doc = spacy.blank("xx")(text)
    doc.set_ents([doc.char_span(*span, label="G", alignment_mode="expand")])
    assert all(len(copy.reference.ents) == 1 and len(copy.predicted) == len(doc) for copy in copies(doc, 1.0, 20))
