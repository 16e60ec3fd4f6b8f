"""Word vectors and transformers are extras: without them there is a clear message, with them the update uses them."""

from importlib.util import find_spec

import numpy
import pytest
import spacy
from conftest import ROOT, run_update, write
from vectors import table

PLAIN = find_spec("transformers") is None
GADGETS = ["Zune", "Kindle", "Walkman", "Lumio", "PalmPilot", "Tamagotchi"]


def test_no_encoder_means_no_vectors(run, tmp_path):
    assert run("vectors.py", "vectors").code == 0
    assert len(spacy.load(tmp_path / "vectors").vocab.vectors) == 0


@pytest.mark.skipif(not PLAIN, reason="the extra is installed")
def test_vectors_without_the_extra(run, tmp_path):
    done = run("vectors.py", "vectors", "--encoder", "some/encoder")
    assert done.code == 1 and "make transformer" in done.out and "Traceback" not in done.raw and not (tmp_path / "vectors").exists()


def test_transformer_refusals(run, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "base")
    words = [ROOT / "configs/update_transformer.cfg", "base", "corpus", "out", "log.jsonl", "threshold.jsonl"]
    done = run("update.py", *words)
    assert done.code == 1 and "vars.encoder" in done.out and "Traceback" not in done.raw
    if PLAIN:
        done = run("update.py", *words, "--encoder", "some/encoder")
        assert done.code == 1 and "make transformer" in done.out and "Traceback" not in done.raw
    assert not (tmp_path / "out").exists()


def test_the_update_generalises_by_word_vectors(tmp_path):
    """Words that are alike only in their vectors: an unseen one is found, and the base still has no use for them."""
    unseen = ["Qubit", "Blorp", "Snarf"]
    others = ["garden", "teacher", "morning", "river"]
    rng = numpy.random.default_rng(0)
    directions = {True: rng.normal(size=20), False: rng.normal(size=20)}
    rows = [directions[word in GADGETS + unseen] + rng.normal(size=20) / 10 for word in GADGETS + unseen + others]
    nlp = spacy.blank("en")
    nlp.vocab.vectors = table([w.lower() for w in GADGETS + unseen + others], numpy.array(rows, dtype="f4"), nlp.vocab.strings)
    nlp.to_disk(tmp_path / "vectors")

    def framed(words, label=None):
        frames = ["my {} died today", "a {} froze again", "the {} again at work"]
        return [{"text": f.format(w), "entities": [[f.index("{"), f.index("{") + len(w), label]] if label else []} for w in words for f in frames]

    write(tmp_path / "assets/annotated/a.jsonl", framed(GADGETS, "GADGET") + framed(others) + framed([w.title() for w in others]))
    write(tmp_path / "assets/test/t.jsonl", framed(unseen, "GADGET") + framed(["River", "Morning"]))
    write(tmp_path / "assets/base/b.jsonl", [{"text": f"{name} saw the bus", "entities": [[0, len(name), "PERSON"]]} for name in ("Ines", "Yuto", "Carla", "Farid", "Abena", "Oddny")])
    write(tmp_path / "assets/raw.jsonl", [{"text": "Ines was here"}])
    write(tmp_path / "assets/patterns.jsonl", [])
    metrics = run_update(tmp_path, steps=150, options=("--vectors", tmp_path / "vectors"))
    updated = spacy.load(tmp_path / "training/updated/model-best")
    assert updated.vocab.vectors.shape == (13, 20) and numpy.array_equal(updated.vocab["Zune"].vector, updated.vocab["zune"].vector)
    assert metrics["seen_unseen"]["unseen"]["support"] == 9 and metrics["seen_unseen"]["unseen"]["r"] > 60
    base = spacy.load(tmp_path / "training/base/model-best")
    for name in ("tok2vec", "ner"):
        assert base.get_pipe(name).model.to_bytes() == updated.get_pipe(name).model.to_bytes()
