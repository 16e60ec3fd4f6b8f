"""The embedding layer that knows what kind of text it reads: what it can tell apart, and that its gradient is right."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, load_config
from thinc.api import NumpyOps, set_current_ops
from threadpoolctl import threadpool_limits

from conftest import ROOT, command
from ner_update.pipeline import text_context

OURS, STOCK = "ner_update.Tok2VecInContext.v1", "spacy.Tok2Vec.v2"
# Eight words to each side of the name are the same: more than two layers of convolution see.
NEAR = "well as you may know by now I {} again and that is all for today"
TECH = ["the battery and the screen died after an update", "which charger and cable does the tablet need"]
GARDEN = ["roses and tulips want rain and a lot of sun", "mow the lawn before you plant the hedge"]


def trained(architecture: str) -> spacy.Language:
    """A recogniser that saw the same names as entities in texts of one kind, and as none in texts of another."""
    config = load_config(ROOT / "configs/update.cfg", interpolate=True)["components"]["ner_new"]
    config["model"]["tok2vec"]["@architectures"] = architecture
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config={"model": config["model"]})
    examples = []
    for far, names in ((TECH, True), (GARDEN, False)):
        for start in far:
            for name in ("Zune", "Pixel"):
                text = f"{start} {NEAR.format(name)}"
                spans = [(text.index(name), text.index(name) + len(name), "GADGET")] if names else []
                examples.append(Example.from_dict(nlp.make_doc(text), {"entities": spans}))
    nlp.initialize(lambda: examples)
    for _ in range(100):
        nlp.update(examples, sgd=nlp._optimizer)
    return nlp


def test_a_name_is_an_entity_in_one_kind_of_text_only():
    nlp = trained(OURS)
    tech = nlp(f"my charger and the battery {NEAR.format('Zune')}")
    garden = nlp(f"plant tulips and roses {NEAR.format('Zune')}")
    assert [ent.text for ent in tech.ents] == ["Zune"] and not garden.ents


def test_spacys_own_layer_cannot_tell_them_apart():
    nlp = trained(STOCK)
    found = [bool(nlp(f"{far} {NEAR.format('Zune')}").ents) for far in (*TECH, *GARDEN)]
    assert len(set(found)) == 1


def test_texts_without_a_token():
    nlp = trained(OURS)
    assert [len(doc) for doc in nlp.pipe(["", "", "my Zune", ""])] == [0, 0, 2, 0]
    assert len(nlp("")) == 0


@pytest.mark.parametrize("vectors", [False, True])
def test_words_that_are_read_once_say_what_they_say_read_each_time(vectors):
    nlp = spacy.blank("en")
    config = load_config(ROOT / "configs/update.cfg", interpolate=True)["components"]["ner_new"]["model"]["tok2vec"][
        "embed"
    ]
    if vectors:
        for row, word in enumerate(("my", "tablet", "cup")):
            nlp.vocab.set_vector(word, numpy.full(3, row + 1, dtype="f4"))
    embed = spacy.registry.resolve({"model": config | {"include_static_vectors": vectors, "width": 96}})["model"]
    # "can't" and "wo" have a NORM that is not the word's own.
    docs = [nlp.make_doc(text) for text in ("My tablet can't, my cup won't.", "", "my My tablet\n  wo", "Tablet")]
    once = text_context.each_word_once(embed)
    once.initialize(docs)
    read = []
    embed.layers[0]._func = watched(embed.layers[0]._func, read)
    found = once.predict(docs)
    (words,) = read
    assert sorted((token.orth_, token.norm_) for token in words[0]) == sorted(
        {(t.orth_, t.norm_) for doc in docs for t in doc}
    )
    for doc, rows, expected in zip(docs, found, embed.predict(docs), strict=True):
        assert rows.shape == (len(doc), 96)
        assert rows == pytest.approx(expected, abs=1e-5)


def watched(forward, read: list):
    def watching(model, docs, is_train):
        read.append(docs)
        return forward(model, docs, is_train)

    return watching


def test_a_feature_that_depends_on_the_place_is_read_each_time():
    nlp = spacy.blank("en")
    config = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 8,
        "attrs": ["NORM", "ENT_TYPE"],
        "rows": [50, 50],
        "include_static_vectors": False,
    }
    embed = spacy.registry.resolve({"model": config})["model"]
    doc = nlp.make_doc("a cup a cup")
    doc.set_ents([doc.char_span(0, 5, "GADGET")])
    layer = text_context.each_word_once(embed)
    layer.initialize([doc])
    rows = layer.predict([doc])[0]
    assert (rows[0] != rows[2]).any()


def test_few_words_at_once_say_what_all_say_at_once(monkeypatch):
    nlp = trained(OURS)
    layer = nlp.get_pipe("ner").model.get_ref("tok2vec").layers[0]
    # Texts longer than a piece, shorter ones before and after, and some without a word.
    docs = [nlp.make_doc(" ".join(NEAR.split()[:n] * 3)) for n in (2, 9, 0, 1, 13, 3, 0)]
    expected = layer.predict(docs)
    monkeypatch.setattr(text_context, "PIECE", 10)
    for rows, others in zip(layer.predict(docs), expected, strict=True):
        assert rows.shape == others.shape and rows == pytest.approx(others, abs=1e-5)


def test_docs_of_several_vocabs_in_one_batch():
    nlp = trained(OURS)
    texts = [f"{far} {NEAR.format('Zune')}" for far in (*TECH, *GARDEN)]
    layer = nlp.get_pipe("ner").model.get_ref("tok2vec").layers[0]
    apart = [layer.predict([nlp.make_doc(text)])[0] for text in texts]
    for rows, expected in zip(layer.predict([spacy.blank("en").make_doc(text) for text in texts]), apart, strict=True):
        assert rows == pytest.approx(expected, abs=1e-5)


@spacy.registry.callbacks("test.said_hello.v1")
def said_hello():
    def hello(nlp):
        nlp.meta["hello"] = True
        return nlp

    return hello


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A pipeline with two components that have weights and one that has none, which spaCy would let multiply with BLIS."""
    set_current_ops(NumpyOps(use_blis=False))
    nlp = trained(OURS)
    nlp.add_pipe("tagger").initialize(lambda: [Example.from_dict(nlp.make_doc("a b"), {"tags": ["A", "B"]})], nlp=nlp)
    nlp.add_pipe("sentencizer")
    nlp.config["nlp"]["after_pipeline_creation"] = {"@callbacks": "test.said_hello.v1"}
    for _ in range(2):
        text_context.take_openblas(nlp)
    nlp.to_disk(path := tmp_path_factory.mktemp("saved"))
    return path


def test_a_loaded_pipeline_says_to_the_byte_what_it_said_in_training_where_spacy_takes_blis(saved):
    said = []
    for ops in (NumpyOps(use_blis=True), NumpyOps(use_blis=False)):
        set_current_ops(ops)
        nlp = spacy.load(saved, disable=["tagger"])
        docs = [nlp.make_doc(f"{far} {NEAR.format('Zune')}") for far in (*TECH, *GARDEN)]
        # Training has one thread.
        with threadpool_limits(1, "blas"):
            said.append(numpy.vstack(nlp.get_pipe("ner").model.get_ref("tok2vec").predict(docs)))
        assert not any(
            node.ops.use_blis for _, pipe in nlp.components if hasattr(pipe, "model") for node in pipe.model.walk()
        )
    assert (said[0] == said[1]).all()


def test_what_the_base_did_after_its_creation_is_still_done(saved):
    assert spacy.load(saved).meta["hello"]


def test_a_faster_library_than_openblas_stays(saved):
    class Faster(NumpyOps):
        pass

    set_current_ops(Faster())
    nlp = spacy.load(saved)
    set_current_ops(NumpyOps(use_blis=False))
    # spaCy takes its own for the last layer of a recogniser.
    layers = (nlp.get_pipe("ner").model.get_ref("tok2vec"), nlp.get_pipe("tagger").model)
    assert all(type(node.ops) is Faster for layer in layers for node in layer.walk())


@pytest.mark.parametrize("transposed", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize(
    "sizes", [(1, 288, 96), (60, 96, 1), (1, 96, 1), (3, 1, 4), (300, 288, 192), (0, 96, 96), (2, 0, 3)]
)
def test_matrices_are_multiplied_to_the_byte_as_numpy_does(sizes, transposed):
    rows, inner, columns = sizes
    rng = numpy.random.default_rng(0)
    shapes = zip(((rows, inner), (inner, columns)), transposed)
    x, y = (rng.normal(size=shape[::-1] if trans else shape).astype("f4") for shape, trans in shapes)
    ways = {"trans1": transposed[0], "trans2": transposed[1]}
    ops = text_context.OneThread()
    with threadpool_limits(1, "blas"):
        expected = NumpyOps(use_blis=False).gemm(x, y, **ways)
    # spaCy's recogniser has it written into a larger array.
    inside = numpy.full((rows + 1, columns), 7, dtype="f4")
    ops.gemm(x, y, out=inside[1:], **ways)
    for found in (ops.gemm(x, y, **ways), inside[1:]):
        assert found.shape == expected.shape and (found == expected).all()
    assert (inside[0] == 7).all()


def test_matrices_that_cannot_be_multiplied_are_an_error():
    ops, ones = text_context.OneThread(), numpy.ones((2, 3), dtype="f4")
    assert (ops.gemm(ones.astype("f8"), ones, trans2=True) == 3).all()
    for y, out in ((ones, None), (ones.T, numpy.empty((3, 3), dtype="f4"))):
        with pytest.raises(ValueError):
            ops.gemm(ones, y, out=out)


# Short texts, as a server gets them.
NAMES = ("Zune", "Pixel", "Kindle", "Walkman", "iPod")
MANY = [f"{far} {NEAR.format(name)}" for far in (*TECH, *GARDEN) for name in NAMES] * 6


def as_installed(path: Path) -> spacy.Language:
    """RETURNS (Language): A pipeline loaded where spaCy multiplies as it does by default."""
    set_current_ops(NumpyOps())
    return spacy.load(path)


def found(doc: Doc) -> list[tuple[str, str]]:
    return [(token.tag_, token.ent_type_) for token in doc]


def in_threads(nlp: spacy.Language, threads: int) -> list[list[tuple[str, str]]]:
    """RETURNS (list): What a pipeline finds in each text, read by so many threads, which are gone afterwards."""
    with ThreadPoolExecutor(threads) as pool:
        return [found(doc) for doc in pool.map(nlp, MANY)]


@pytest.mark.alone
def test_four_threads_are_as_fast_as_one_and_say_the_same(saved):
    nlp = as_installed(saved)
    seconds: dict[int, list[float]] = {1: [], 4: []}
    # Two at least, whatever an earlier test set.
    with threadpool_limits(2, "blas"):
        expected = [found(nlp(text)) for text in MANY]
        # The best of several tries, and more of them on a machine that is busy.
        for _ in range(15):
            for threads in (1, 4):
                started = time.perf_counter()
                assert in_threads(nlp, threads) == expected
                seconds[threads].append(time.perf_counter() - started)
            if len(seconds[4]) >= 3 and min(seconds[4]) <= 1.5 * min(seconds[1]):
                break
    assert min(seconds[4]) <= 1.5 * min(seconds[1]), seconds


# A program that sets nothing by itself: what the variable says is its number.
SERVER = """
import sys
from concurrent.futures import ThreadPoolExecutor
import spacy, ner_update.pipeline.text_context
from threadpoolctl import ThreadpoolController
spacy.registry.callbacks("test.said_hello.v1")(lambda: lambda nlp: nlp)
blas = ThreadpoolController().select(user_api="blas").lib_controllers
nlp, texts, seen = spacy.load(sys.argv[1]), sys.argv[2:], set()
with ThreadPoolExecutor(4) as pool:
    read = pool.map(nlp, texts * 3)
    # This thread comes and leaves while the others are at work.
    for text in texts:
        nlp(text)
        seen |= {library.num_threads for library in blas}
print(seen, {library.num_threads for library in blas})
"""


def test_the_program_keeps_its_number_of_blas_threads_meanwhile_and_afterwards(saved, tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    variables = {"PYTHONPATH": str(ROOT / "scripts"), "OPENBLAS_NUM_THREADS": "2"}
    done = command("python", "server.py", saved, *MANY[:40], cwd=tmp_path, **variables)
    assert done.code == 0 and done.out == "{2} {2}", done.raw


def test_processes_say_the_same(saved):
    nlp = as_installed(saved)
    expected = [found(doc) for doc in nlp.pipe(MANY)]
    assert [found(doc) for doc in nlp.pipe(MANY, n_process=2, batch_size=20)] == expected


def test_where_there_is_no_second_copy_spacys_own_library_multiplies(saved, tmp_path):
    # No room for it: files of this process may have a megabyte.
    (tmp_path / "run.py").write_text(
        "import resource, sys, spacy, ner_update.pipeline.text_context\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n"
        "spacy.registry.callbacks('test.said_hello.v1')(lambda: lambda nlp: nlp)\n"
        "nlp = spacy.load(sys.argv[1])\n"
        "models = [pipe.model for _, pipe in nlp.components if hasattr(pipe, 'model')]\n"
        "print(len(nlp('my Zune')), {node.ops.use_blis for model in models for node in model.walk()})\n"
    )
    done = command("python", "run.py", saved, cwd=tmp_path, PYTHONPATH=str(ROOT / "scripts"))
    assert done.code == 0 and done.out == "2 {True}", done.raw


@pytest.mark.parametrize("place", [(0, 0, 1), (0, 2, 3), (1, 1, 0), (1, 4, 2)])
def test_the_gradient_is_that_of_finite_differences(place):
    set_current_ops(NumpyOps(use_blis=False))
    fix_random_seed(1)
    layer = text_context.text_context(4)
    layer.initialize()
    rng = numpy.random.default_rng(0)
    texts, weights = ([rng.normal(size=(n, 4)).astype("f4") for n in (3, 5)] for _ in "xy")
    text, row, column = place

    def loss(change: float) -> float:
        moved = [x.copy() for x in texts]
        moved[text][row, column] += change
        return float(sum((y * w).sum() for y, w in zip(layer.predict(moved), weights)))

    for node in layer.walk():
        if "dropout_rate" in node.attrs:
            node.attrs["dropout_rate"] = 0.0
    _, backprop = layer(texts, is_train=True)
    gradient = backprop([w.copy() for w in weights])
    assert gradient[text][row, column] == pytest.approx((loss(1e-2) - loss(-1e-2)) / 2e-2, rel=0.05, abs=0.02)
