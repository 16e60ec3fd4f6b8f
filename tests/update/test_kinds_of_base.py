"""Whatever pipeline is updated, its other components say afterwards what they said before."""

import numpy
import pytest
import spacy
import srsly
from spacy.training import Example

from conftest import ROOT, run_update, write

SENTENCE = "Ines Moreau saw the old bus in Lyon"
GOLD = {
    "tags": ["NNP", "NNP", "VBD", "DT", "JJ", "NN", "IN", "NNP"],
    "heads": [1, 2, 2, 5, 5, 2, 2, 6],
    "deps": ["compound", "nsubj", "ROOT", "det", "amod", "dobj", "prep", "pobj"],
    "entities": [(0, 11, "PERSON"), (31, 35, "GPE")],
}
PEOPLE = ["Ines Moreau", "Tomasz Wit", "Abena Osei", "Yuto Mori", "Carla Diaz", "Oddny Berg"]
PLACES = ["Lyon", "Porto", "Accra", "Kyoto", "Lima", "Oslo"]


def trained(nlp, *names):
    """Add components and train them on a few sentences until they say something."""
    for name in names:
        nlp.add_pipe(name)
    examples = []
    for person, place in zip(PEOPLE, PLACES):
        text = SENTENCE.replace("Ines Moreau", person).replace("Lyon", place)
        gold = GOLD if "parser" in nlp.pipe_names else {}
        spans = [(0, len(person), "PERSON"), (len(text) - len(place), len(text), "GPE")]
        examples.append(Example.from_dict(nlp.make_doc(text), {**gold, "entities": spans}))
    nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples)
    return nlp


def with_vectors():
    nlp = spacy.blank("en")
    words = sorted({word for name in [*PEOPLE, *PLACES] for word in name.split()} | set(SENTENCE.split()))
    rows = numpy.random.default_rng(0).normal(size=(len(words), 20)).astype("f4")
    nlp.vocab.vectors = spacy.vectors.Vectors(strings=nlp.vocab.strings, data=rows, keys=words, name="own")
    return trained(nlp, "ner")


def with_vectors_in_use():
    nlp = with_vectors()
    nlp.remove_pipe("ner")
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": True,
        "width": 96,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    }
    nlp.add_pipe(
        "ner",
        config={
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "ner",
                "extra_state_tokens": False,
                "hidden_width": 64,
                "maxout_pieces": 2,
                "use_upper": False,
                "tok2vec": tok2vec,
            }
        },
    )
    return trained(nlp)


def with_all():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    nlp.add_pipe(
        "parser",
        config={
            "min_action_freq": 1,
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "parser",
                "extra_state_tokens": False,
                "hidden_width": 64,
                "maxout_pieces": 2,
                "use_upper": True,
                "tok2vec": listener,
            },
        },
    )
    trained(nlp, "ner")
    ruler = nlp.add_pipe("attribute_ruler", after="parser")
    ruler.add([[{"TAG": "NNP"}]], {"POS": "PROPN"})
    ruler.add([[{"TAG": "NN"}]], {"POS": "NOUN"})
    return nlp


def without_ner():
    nlp = with_all()
    nlp.remove_pipe("ner")
    return nlp


KINDS = {
    "its own vectors": with_vectors,
    "vectors in use": with_vectors_in_use,
    "tagger and parser": with_all,
    "no ner": without_ner,
}


# What the others have, too, but for vectors.
ALL = "tagger and parser"


@pytest.fixture(
    scope="module", params=[ALL, *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind != ALL)]
)
def pair(request, tmp_path_factory):
    """A base pipeline of one kind, and an update of it by the real commands."""
    folder = tmp_path_factory.mktemp("kind of base")
    KINDS[request.param]().to_disk(folder / "given")
    gadgets = [
        {"text": f"my {g} {verb} {when}", "entities": [[3, 3 + len(g), "GADGET"]]}
        for g in ("Zune", "Kindle", "Walkman", "Lumio")
        for verb in ("died", "froze")
        for when in ("today", "again", "in june")
    ]
    plain = [
        {"text": f"my {thing} {verb} today", "entities": []}
        for thing in ("dog", "bus", "car")
        for verb in ("died", "froze")
    ]
    write(folder / "assets/annotated/g.jsonl", gadgets + plain)
    write(folder / "assets/test/t.jsonl", [{"text": "the Zune slept", "entities": [[4, 8, "GADGET"]]}])
    write(folder / "assets/raw.jsonl", [{"text": SENTENCE.replace("Ines Moreau", name)} for name in PEOPLE])
    write(folder / "assets/patterns.jsonl", [{"label": "GADGET", "pattern": "zune"}])
    (folder / "assets/base").mkdir()
    metrics = run_update(folder, "given")
    return spacy.load(folder / "given"), spacy.load(folder / "training/updated/model-best"), metrics


def said(doc):
    return [(t.text, t.tag_, t.pos_, t.dep_, t.head.i, str(t.morph), t.lemma_, t.is_sent_start) for t in doc]


def test_the_other_components_say_what_they_said(pair):
    base, updated, _ = pair
    texts = [record["text"] for record in srsly.read_jsonl(ROOT / "assets/raw.jsonl")][:500]
    assert len(texts) == 500
    for before, after in zip(base.pipe(texts), updated.pipe(texts)):
        assert said(before) == said(after)
        spans = {(e.start, e.end, e.label_) for e in after.ents if e.label_ != "GADGET"}
        if not any(e.label_ == "GADGET" for e in after.ents):
            assert spans == {(e.start, e.end, e.label_) for e in before.ents}


def test_the_new_label_is_learnt(pair):
    _, updated, metrics = pair
    assert [e.text for e in updated("my Walkman froze again").ents if e.label_ == "GADGET"] == ["Walkman"]
    assert [name for name in updated.pipe_names if name.startswith("ner_")] == ["ner_gadget"]
    assert metrics["labels"]["new"] == ["GADGET"]


def test_what_is_kept_has_its_right_name(pair):
    base, _, metrics = pair
    if "ner" in base.pipe_names:
        assert metrics["retention"]["measured"].startswith("agreement") and metrics["retention"]["kept"]
    else:
        assert metrics["retention"]["measured"].startswith("nothing") and metrics["retention"]["kept"] is None
