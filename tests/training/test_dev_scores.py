"""The dev texts of a training are read once, and scored as spaCy scores them."""

import pytest
from spacy.lang.en import English
from spacy.training import Example

from ner_update.training.cached_dev import dev_read_once

TEXTS = [(f"my zune {n} died", [(3, 3 + 4 + 1 + len(str(n)), "GADGET")] if n % 3 else []) for n in range(40)]


@pytest.fixture(scope="module")
def nlp():
    nlp = English()
    nlp.add_pipe("ner")
    optimizer = nlp.initialize(lambda: list(examples(nlp)))
    for _ in range(12):
        nlp.update(list(examples(nlp)), sgd=optimizer)
    return nlp


@pytest.fixture(autouse=True)
def reader(nlp):
    nlp.config["corpora"]["dev"] = {"@readers": "spacy.Corpus.v1", "augmenter": None}
    return nlp.config["corpora"]["dev"]


def examples(nlp, texts=TEXTS):
    """YIELDS (Example): As spacy.Corpus.v1 does, with nothing predicted."""
    for text, spans in texts:
        yield Example.from_dict(nlp.make_doc(text), {"entities": spans})


def entity_scores(scores):
    return {name: value for name, value in scores.items() if name.startswith("ents")}


def test_scores_are_spacys_own_at_each_look(nlp):
    plain = entity_scores(nlp.evaluate(examples(nlp)))
    assert 0 < plain["ents_f"] <= 1
    with dev_read_once(nlp, nlp.pipe):
        looks = [entity_scores(nlp.evaluate(examples(nlp))) for _ in range(2)]
        with nlp.select_pipes(disable="ner"):
            assert not entity_scores(nlp.evaluate(examples(nlp)))
    assert looks == [plain, plain]
    assert "token_acc" in nlp.evaluate(examples(nlp))


def test_texts_are_read_at_the_first_look_only(nlp):
    with dev_read_once(nlp, nlp.pipe):
        nlp.evaluate(examples(nlp))
        unread = examples(nlp)
        nlp.evaluate(unread)
        assert len(list(unread)) == len(TEXTS)


@pytest.mark.parametrize(
    "setting", [{"augmenter": {"@augmenters": "spacy.lower_case.v1", "level": 0.5}}, {"@readers": "my_reader.v1"}]
)
def test_a_dev_set_that_is_another_each_time_is_read_each_time(nlp, reader, setting):
    reader |= setting
    with dev_read_once(nlp, nlp.pipe):
        nlp.evaluate(examples(nlp))
        unread = examples(nlp)
        nlp.evaluate(unread)
        assert not list(unread)
