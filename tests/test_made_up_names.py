"""The augmenter that makes the update look at the words around a name: what it changes, and what it leaves."""

import random

import made_up_names
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Corpus, Example

TEXT = "Yesterday my old iPhone X fell into the Seine and Maria laughed 🙁"
make = made_up_names.create_made_up_names


@pytest.fixture
def example():
    nlp = spacy.blank("en")
    return nlp, Example.from_dict(nlp.make_doc(TEXT), {"entities": [(17, 25, "GADGET")]})


def words(example):
    return [token.text for token in example.predicted]


def test_the_text_itself_comes_first(example):
    nlp, original = example
    made = list(make(copies=3, others=0.0)(nlp, original))
    assert made[0] is original and len(made) == 4


def test_only_the_name_is_made_up_where_others_is_none(example):
    nlp, original = example
    _, copy = make(copies=1, others=0.0)(nlp, original)
    changed = [(old, new) for old, new in zip(words(original), words(copy), strict=True) if old != new]
    assert [old for old, _ in changed] == ["iPhone"]
    (ent,) = copy.reference.ents
    assert (ent.start, ent.end, ent.label_) == (3, 5, "GADGET") and ent.text.endswith(" X")
    assert [bool(token.whitespace_) for token in copy.predicted] == [bool(token.whitespace_) for token in original.predicted]


def test_other_words_are_made_up_too(example):
    nlp, original = example
    copies = list(make(copies=40, others=1.0)(nlp, original))[1:]
    assert all(words(copy)[8] != "Seine" and words(copy)[8].istitle() for copy in copies)
    assert all(words(copy)[-1] == "🙁" for copy in copies)
    bare = sum(words(copy)[1] != "my" for copy in copies)
    assert 0 < bare < 20


def test_the_same_text_always_gives_the_same_copies(example):
    nlp, original = example
    first, second = (list(map(words, make(copies=2, others=0.5)(nlp, original))) for _ in "ab")
    random.random()
    assert first == second and first[1] != first[2]


def test_texts_without_an_entity_stay_as_they_are():
    nlp = spacy.blank("en")
    plain = Example.from_dict(nlp.make_doc("nothing here"), {"entities": []})
    assert list(make(copies=2, others=1.0)(nlp, plain)) == [plain]


def test_what_is_not_annotated_stays_so():
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Ines sold her Zune yesterday")
    doc.set_ents([Span(doc, 3, 4, "GADGET")], missing=[doc[1:3]], default="outside")
    _, copy = make(copies=1, others=0.0)(nlp, Example(nlp.make_doc(doc.text), doc))
    assert [token.ent_iob_ for token in copy.reference] == ["O", "", "", "B", "O"]


@pytest.mark.parametrize("text, span", [("X", (0, 1)), ("7 II", (2, 4)), ("ПК сломан", (0, 2)), ("我的手机", (0, 4))])
def test_odd_texts(text, span, tmp_path):
    nlp = spacy.blank("xx")
    doc = nlp.make_doc(text)
    doc.set_ents([doc.char_span(*span, label="G", alignment_mode="expand")])
    spacy.tokens.DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    made = list(Corpus(tmp_path / "a.spacy", augmenter=make(copies=2, others=1.0))(nlp))
    assert len(made) == 3 and all(len(copy.reference.ents) == 1 for copy in made)
