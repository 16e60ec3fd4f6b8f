"""Corpora too large for memory: read shard by shard, in another order each round, and every label is learnt all the same."""

from collections import Counter

import pytest
import spacy
import srsly
from spacy.tokens import DocBin, Span

from conftest import ROOT, command
from ner_update.corpus.readers import create_sampled, create_streamed
from ner_update.corpus.shards import DocShard, count_texts, read_docs, sample, shards_of

TEXTS = [f"my zune {n} died" for n in range(60)]


def in_shards(folder, texts, shards, label=lambda n: "GADGET"):
    """Write a corpus of so many shards; in each text the second word is an entity."""
    nlp = spacy.blank("en")
    for first in range(shards):
        shard = DocShard()
        for n in range(first * len(texts) // shards, (first + 1) * len(texts) // shards):
            doc = nlp.make_doc(texts[n])
            doc.set_ents([Span(doc, 1, 2, label(n))])
            shard.add(doc)
        folder.mkdir(parents=True, exist_ok=True)
        shard.complete(nlp.vocab.strings).to_disk(folder / f"{first:02}.spacy")
    return folder


@pytest.fixture
def corpus(tmp_path):
    return in_shards(tmp_path / "train.spacy", TEXTS, 6)


def rounds(corpus, seed, number=3):
    reader, nlp = create_streamed(corpus, seed), spacy.blank("en")
    return [[example.text for example in reader(nlp)] for _ in range(number)]


def test_each_round_has_all_texts_in_an_order_of_its_own(corpus):
    first, second, third = rounds(corpus, 0)
    assert sorted(first) == sorted(second) == sorted(third) == sorted(TEXTS)
    assert len({tuple(order) for order in (first, second, third, TEXTS)}) == 4
    # Not only the shards change places, and texts of several are mixed.
    ten = {tuple(sorted(TEXTS[n : n + 10])) for n in range(0, 60, 10)}
    assert not any(tuple(sorted(first[n : n + 10])) in ten for n in range(0, 60, 10))


def test_the_seed_decides_on_the_order(corpus):
    assert rounds(corpus, 1) == rounds(corpus, 1) != rounds(corpus, 2)


def test_what_is_read_is_what_was_written(corpus):
    examples = list(create_streamed(corpus)(spacy.blank("en")))
    assert {example.text: [(e.text, e.label_) for e in example.reference.ents] for example in examples} == {
        text: [("zune", "GADGET")] for text in TEXTS
    }
    assert all(not example.predicted.ents for example in examples)


@pytest.mark.parametrize("most", [0, 1, 7, 59, 60, 1000])
def test_a_sample_is_taken_from_all_over(corpus, most):
    nlp = spacy.blank("en")
    taken = [doc.text for doc in sample(shards_of(corpus), nlp.vocab, most)]
    assert count_texts(corpus) == 60
    assert taken == [example.text for example in create_sampled(corpus, limit=most)(nlp)]
    assert len(taken) == (min(most, 60) or 60) and taken == [text for text in TEXTS if text in set(taken)]
    if most == 7:
        assert max(Counter(TEXTS.index(text) // 10 for text in taken).values()) == 2
    if most in (0, 60, 1000):
        assert taken == [doc.text for doc in read_docs(corpus, nlp.vocab)]


def test_a_sample_of_what_spacy_wrote_has_its_entities(corpus, tmp_path):
    """A DocBin holds more attributes than our shards, in another order."""
    nlp = spacy.blank("en")
    DocBin(docs=read_docs(corpus, nlp.vocab)).to_disk(tmp_path / "dev.spacy")
    taken = list(sample(shards_of(tmp_path / "dev.spacy"), nlp.vocab, 7))
    assert [[ent.text for ent in doc.ents] for doc in taken] == [["zune"]] * 7


def train(folder, config=ROOT / "configs/base.cfg", *options):
    return command(
        "python",
        ROOT / "scripts/train.py",
        config,
        "corpus",
        "training/model-best",
        "training/log.jsonl",
        "--max-steps",
        40,
        "--stream-over",
        100,
        *options,
        cwd=folder,
    )


@pytest.fixture
def large(tmp_path):
    """Of 300 texts only the last ones have a label of their own."""
    texts = [f"my {'zune' if n < 270 else 'chair'} died on day {n}" for n in range(300)]
    in_shards(tmp_path / "corpus/train.spacy", texts, 5, label=lambda n: "GADGET" if n < 270 else "THING")
    in_shards(tmp_path / "corpus/dev.spacy", texts[::3], 2, label=lambda n: "GADGET" if n < 90 else "THING")
    return tmp_path


def test_a_streamed_training_learns_all_labels_and_gives_the_same_bytes(large):
    done = train(large)
    assert done.code == 0, done.raw
    nlp = spacy.load(large / "training/model-best")
    # spaCy itself would look for labels in the first 100 texts.
    assert nlp.get_pipe("ner").labels == ("GADGET", "THING")
    assert [(e.text, e.label_) for e in nlp("my zune died on day 5").ents] == [("zune", "GADGET")]
    assert nlp.config["corpora"]["train"]["@readers"] == "ner_update.StreamedCorpus.v1"
    assert nlp.config["corpora"]["dev"] == {
        **nlp.config["corpora"]["dev"],
        "@readers": "ner_update.SampledCorpus.v1",
        "limit": 10,
    }
    weights, log = (
        (large / "training/model-best/ner/model").read_bytes(),
        srsly.read_json(large / "training/model-best/meta.json"),
    )
    assert train(large).code == 0
    assert (large / "training/model-best/ner/model").read_bytes() == weights and srsly.read_json(
        large / "training/model-best/meta.json"
    ) == log


def test_a_smaller_corpus_is_trained_on_as_ever(large):
    assert train(large, ROOT / "configs/base.cfg", "--stream-over", 300).code == 0
    config = spacy.load(large / "training/model-best").config
    assert config["corpora"]["train"]["@readers"] == "spacy.Corpus.v1" and config["training"]["max_epochs"] == 0


def test_a_config_that_counts_epochs_is_left_alone(large):
    config = large / "epochs.cfg"
    config.write_text(
        (ROOT / "configs/base.cfg").read_text(encoding="utf8").replace("max_epochs = 0", "max_epochs = 1"),
        encoding="utf8",
    )
    done = train(large, config)
    assert (
        done.code == 0 and "the config has max_epochs, or a reader of its own: all of it goes into memory" in done.out
    )
    assert spacy.load(large / "training/model-best").config["training"]["max_epochs"] == 1


def test_debug_looks_at_a_sample(large):
    (large / "corpus").rename(large / "new")
    done = command(
        "python",
        ROOT / "scripts/debug.py",
        ROOT / "configs/base.cfg",
        ".",
        "debug.txt",
        "--stream-over",
        90,
        "--base-model",
        "some",
        cwd=large,
    )
    assert done.code == 0, done.raw
    report = (large / "debug.txt").read_text(encoding="utf8")
    assert (
        "train: a sample of 90 of 300 texts\ndev: a sample of 90 of 100 texts\n" in report
        and "90 training docs" in report
    )
