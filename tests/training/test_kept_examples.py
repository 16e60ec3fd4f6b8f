"""What is learnt from Examples that are kept has the same bytes as what spaCy learns from new ones at each step."""

import random

import pytest
from spacy.lang.en import English
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed

from ner_update.training.cached_examples import update_with_kept_gold

# One is longer than what spaCy learns from at a time (100 words), one has no entity, one nothing that anybody looked for.
TEXTS = [
    ("my zune died", [(3, 7, "GADGET")]),
    ("the zune of Ada Lovelace", [(4, 8, "GADGET"), (12, 24, "PERSON")]),
    ("nothing to see here", []),
    ("a very long text " * 90 + "zune", [(1530, 1534, "GADGET")]),
]


def examples(nlp):
    made = [Example.from_dict(nlp.make_doc(text), {"entities": spans}) for text, spans in TEXTS]
    return [*made, Example(nlp.make_doc("who knows"), nlp.make_doc("who knows"))]


@pytest.fixture(params=["its own", "shared"])
def nlp(request):
    """A recogniser with an embedding of its own, or one that listens to a shared one."""
    fix_random_seed(0)
    nlp = English()
    if request.param == "shared":
        nlp.add_pipe("tok2vec")
        nlp.add_pipe("ner", config={"model": {"tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}}})
    else:
        nlp.add_pipe("ner")
    nlp.initialize(lambda: examples(nlp))
    return nlp


def trained(nlp, learn, annotates=()):
    """RETURNS (tuple): The bytes of the pipeline after six steps as spaCy's loop takes them, and the losses."""
    start, losses = nlp.to_bytes(), {}
    fix_random_seed(1)
    texts, optimizer = examples(nlp), nlp.create_optimizer()
    for _ in range(6):
        random.shuffle(texts)
        learn(nlp, texts[:4], drop=0.1, losses=losses, exclude=[], annotates=annotates, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
    learnt = nlp.to_bytes()
    nlp.from_bytes(start)
    return learnt, losses, start


@pytest.mark.parametrize("annotates", [(), ("ner",)])
def test_the_same_is_learnt(nlp, annotates):
    plain, kept = trained(nlp, Language.update, annotates), trained(nlp, update_with_kept_gold, annotates)
    assert kept == plain
    assert plain[0] != plain[2] and plain[1]["ner"] > 0
