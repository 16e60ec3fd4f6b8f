"""Word vectors and transformers are extras: without them there is a clear message, with them the update uses them."""

import re
from importlib.util import find_spec

import numpy
import pytest
import spacy
import srsly

from conftest import ROOT, command, content, run_update, with_code, write
from ner_update.pipeline.vectors import table

PLAIN = find_spec("transformers") is None
GADGETS = ["Zune", "Kindle", "Walkman", "Lumio", "PalmPilot", "Tamagotchi"]


def test_no_encoder_means_no_vectors(run, tmp_path):
    assert run("vectors.py", "vectors").code == 0
    assert len(spacy.load(tmp_path / "vectors").vocab.vectors) == 0


def test_vectors_from_a_file(run, tmp_path):
    """As GloVe and word2vec write them, and as the npm package does; "US" has a row of its own, "Zara" that of "zara"."""
    rows = {"zara": [0.1, 0.2, 0.3], "us": [1, 2, 3], "US": [4, 5, 6], "über": [7, 8, 9]}
    lines = [" ".join(map(str, [word, *row])) for word, row in rows.items()]
    (tmp_path / "glove.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    (tmp_path / "word2vec.vec").write_text("\n".join(["4 3", *lines]) + "\n", encoding="utf8")
    srsly.write_json(
        tmp_path / "wink.json",
        {"dimensions": 3, "words": list(rows), "vectors": {w: [*row, 9, 9] for w, row in rows.items()}},
    )
    for name in ("glove.txt", "word2vec.vec", "wink.json"):
        done = run("vectors.py", "vectors", "--source", name)
        assert done.code == 0 and "of 4 words" in done.out, done.raw
        vocab = spacy.load(tmp_path / "vectors").vocab
        assert [vocab[word].vector.tolist()[0] for word in ("US", "us", "Über", "nothing")] == [4, 1, 7, 0]
        assert numpy.array_equal(vocab["ZARA"].vector, vocab["zara"].vector) and vocab["zara"].vector.any()
    run("vectors.py", "few", "--source", "glove.txt", "--words", 2)
    assert len(spacy.load(tmp_path / "few").vocab.vectors.data) == 2


@pytest.mark.parametrize("text", ["not vectors at all", "zara 0.1 0.2\nuniqlo 0.1\n", '{"words": ["a"]}', ""])
@pytest.mark.parametrize("name", ["broken.txt", "broken.json"])
def test_a_broken_file_of_vectors(run, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf8")
    done = run("vectors.py", "vectors", "--source", name)
    assert done.code == 1 and name in done.out and "vars.vectors_from" in done.out and "Traceback" not in done.raw
    assert not (tmp_path / "vectors").exists()


@pytest.mark.skipif(not PLAIN, reason="the extra is installed")
def test_vectors_without_the_extra(run, tmp_path):
    done = run("vectors.py", "vectors", "--source", "some/encoder")
    assert (
        done.code == 1
        and "make transformer" in done.out
        and "Traceback" not in done.raw
        and not (tmp_path / "vectors").exists()
    )


def test_transformer_refusals(run, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "base")
    words = [
        ROOT / "configs/update_transformer.cfg",
        "base",
        "corpus",
        "out",
        "log.jsonl",
        "threshold.jsonl",
        "--dev",
        "dev.spacy",
    ]
    done = run("update.py", *words)
    assert done.code == 1 and "vars.encoder" in done.out and "Traceback" not in done.raw
    if PLAIN:
        done = run("update.py", *words, "--encoder", "some/encoder")
        assert done.code == 1 and "make transformer" in done.out and "Traceback" not in done.raw
    assert not (tmp_path / "out").exists()


def test_a_teacher_without_an_encoder_is_refused_before_any_is_trained(run, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "base")
    for part in ("train", "dev"):
        (tmp_path / f"corpus/{part}.spacy").mkdir(parents=True)
    words = [
        ROOT / "configs/update.cfg",
        "base",
        "corpus",
        "distilled.spacy",
        "distilled.json",
        "--dev",
        "dev.spacy",
        "--raw",
        "raw.spacy",
        "--teachers",
        1,
    ]
    words += ["--transformers", 1, "--transformer-config", ROOT / "configs/transformer_teacher.cfg"]
    for more, advice in (((), "vars.encoder"), (("--encoder", "some/encoder"), "make transformer")):
        if PLAIN or not more:
            done = run("distil.py", *words, *more)
            assert (
                done.code == 1
                and advice in done.out
                and "Teacher 2 of 2" not in done.out
                and "Traceback" not in done.raw
            ), done.raw
    assert not list(tmp_path.glob("distilled.*"))


def test_the_update_generalises_by_word_vectors(tmp_path):
    """Words that are alike only in their vectors: an unseen one is found, and the base still has no use for them."""
    unseen = ["Qubit", "Blorp", "Snarf"]
    others = ["garden", "teacher", "morning", "river"]
    rng = numpy.random.default_rng(0)
    directions = {True: rng.normal(size=20), False: rng.normal(size=20)}
    rows = [directions[word in GADGETS + unseen] + rng.normal(size=20) / 10 for word in GADGETS + unseen + others]
    nlp = spacy.blank("en")
    nlp.vocab.vectors = table(
        [w.lower() for w in GADGETS + unseen + others], numpy.array(rows, dtype="f4"), nlp.vocab.strings
    )
    nlp.to_disk(tmp_path / "vectors")

    def framed(words, label=None):
        frames = ["my {} died today", "a {} froze again", "the {} again at work"]
        return [
            {"text": f.format(w), "entities": [[f.index("{"), f.index("{") + len(w), label]] if label else []}
            for w in words
            for f in frames
        ]

    write(
        tmp_path / "assets/annotated/a.jsonl",
        framed(GADGETS, "GADGET") + framed(others) + framed([w.title() for w in others]),
    )
    write(tmp_path / "assets/test/t.jsonl", framed(unseen, "GADGET") + framed(["River", "Morning"]))
    write(
        tmp_path / "assets/base/b.jsonl",
        [
            {"text": f"{name} saw the bus", "entities": [[0, len(name), "PERSON"]]}
            for name in ("Ines", "Yuto", "Carla", "Farid", "Abena", "Oddny")
        ],
    )
    write(tmp_path / "assets/raw.jsonl", [{"text": "Ines was here"}])
    write(tmp_path / "assets/patterns.jsonl", [])
    metrics = run_update(tmp_path, steps=150, options=("--vectors", tmp_path / "vectors"))
    updated = spacy.load(tmp_path / "training/updated/model-best")
    assert updated.vocab.vectors.shape == (13, 20) and numpy.array_equal(
        updated.vocab["Zune"].vector, updated.vocab["zune"].vector
    )
    assert metrics["seen_unseen"]["unseen"]["support"] == 9 and metrics["seen_unseen"]["unseen"]["r"] > 60
    base = spacy.load(tmp_path / "training/base/model-best")
    for name in ("tok2vec", "ner"):
        assert base.get_pipe(name).model.to_bytes() == updated.get_pipe(name).model.to_bytes()


@pytest.fixture
def encoder(tmp_path):
    """A Hugging Face encoder of random weights whose pieces are single letters."""
    if PLAIN:
        pytest.skip("needs the extra: make transformer")
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path / "encoder"
    folder.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(pieces), **shape)).save_pretrained(folder)
    return folder


def test_vectors_from_an_encoder(run, tmp_path, encoder):
    done = run("vectors.py", "vectors", "--source", encoder, "--words", 500, "--width", 8)
    assert done.code == 0, done.raw
    vocab = spacy.load(tmp_path / "vectors").vocab
    assert (
        vocab.vectors.shape == (500, 8)
        and vocab["The"].vector.any()
        and numpy.array_equal(vocab["The"].vector, vocab["the"].vector)
    )


def test_transformers_teach_an_update_that_is_none(tmp_path, encoder, assets):
    """On random weights they find little; but they vote, the same way each time, and are gone."""
    run_update(tmp_path, steps=40, teachers=1)
    base, words = (
        "training/base/model-best",
        [
            "corpus/distilled.spacy",
            "corpus/distilled.json",
            "--raw",
            "corpus/raw/train.spacy",
            "--dev",
            "corpus/new/dev.spacy",
        ],
    )
    config = [
        "--transformer-config",
        ROOT / "configs/transformer_teacher.cfg",
        "--encoder",
        encoder,
        "--max-steps",
        40,
        "--teachers",
        1,
        "--transformers",
        2,
    ]
    made = []
    for _ in range(2):
        done = command(
            "python",
            ROOT / "scripts/distil.py",
            ROOT / "configs/update.cfg",
            base,
            "corpus/update",
            *words,
            *config,
            cwd=tmp_path,
        )
        assert done.code == 0 and "Teacher 3 of 3, update.cfg, seed 0" in done.out, done.raw
        made.append((content(tmp_path / "corpus/distilled.spacy"), (tmp_path / "corpus/distilled.json").read_bytes()))
    assert made[0] == made[1]
    table = srsly.read_json(tmp_path / "corpus/distilled.json")
    assert [(row["config"], row["seed"]) for row in table["teachers"]] == [
        ("transformer_teacher.cfg", 0),
        ("transformer_teacher.cfg", 1),
        ("update.cfg", 0),
    ]
    # Which encoder it was is what the package's card says; where it lay on this machine is nobody's business.
    assert [row.get("encoder") for row in table["teachers"]] == [encoder.name, encoder.name, None]
    assert (
        set(table["votes"]) == {"1", "2", "3", "4", "5"}
        and not (tmp_path / "corpus/teachers").exists()
        and not (tmp_path / "corpus/.gold.tmp").exists()
    )


def test_a_transformer_teaches_as_it_was_trained_and_an_update_at_its_threshold(tmp_path, encoder, assets):
    """What a transformer leaves out, the update would learn to leave out; an update that teaches reads as one that ships."""
    run_update(tmp_path, steps=40)
    words = [
        ROOT / "configs/update.cfg",
        "training/base/model-best",
        "corpus/update",
        "corpus/distilled.spacy",
        "corpus/distilled.json",
    ]
    config = [
        "--transformer-config",
        ROOT / "configs/transformer_teacher.cfg",
        "--encoder",
        encoder,
        "--max-steps",
        40,
        "--teachers",
        1,
        "--transformers",
        1,
    ]
    # Without raw texts it ends after the trainings, and they stay for the next run.
    done = command(
        "python",
        ROOT / "scripts/distil.py",
        *words,
        "--raw",
        "corpus/nowhere",
        "--dev",
        "corpus/new/dev.spacy",
        *config,
        cwd=tmp_path,
    )
    assert done.code == 1 and "corpus/nowhere" in done.out, done.raw
    transformer, updating = (
        list(srsly.read_jsonl(tmp_path / f"corpus/teachers/{name}/threshold.jsonl")) for name in ("transformer-0", "0")
    )
    assert [row["lowered"] for row in transformer] == [0] and transformer[0]["chosen"]
    assert len(updating) > 1 and sum(row["chosen"] for row in updating) == 1


def test_a_transformer_learns_the_new_label(tmp_path, encoder, assets):
    config = ROOT / "configs/update_transformer.cfg"
    run_update(tmp_path, config=config, steps=20, options=("--encoder", encoder))
    updated = spacy.load(tmp_path / "training/updated/model-best")
    assert updated.pipe_names == ["tok2vec", "ner_gadget", "ner"] and len(updated("my iPhone X is dead")) == 5
    assert "Tok2VecTransformer" in updated.config["components"]["ner_gadget"]["model"]["tok2vec"]["@architectures"]
    # NumPy's matrices are small and gain nothing by a second thread; PyTorch's have all cores.
    said = with_code(
        tmp_path,
        "import atexit, torch\nall = torch.get_num_threads()\natexit.register(lambda: print('threads:', torch.get_num_threads(), 'of', all))\n",
    )
    words = [
        config,
        "training/base/model-best",
        "corpus/update",
        "model",
        "log.jsonl",
        "threshold.jsonl",
        "--dev",
        "corpus/new/dev.spacy",
    ]
    done = command(
        "python",
        ROOT / "scripts/update.py",
        *words,
        "--encoder",
        encoder,
        "--max-steps",
        2,
        cwd=tmp_path,
        PYTHONPATH=said,
    )
    assert done.code == 0 and re.search(r"threads: (\d+) of \1\b", done.raw), done.raw
