"""Tell each token, in an embedding layer (tok2vec), what kind of text it is in.

The layer goes into the package, and with it what makes the whole pipeline multiply its matrices faster.

spaCy's convolutions see a few words to each side. Rehearsal shows them names of all kinds with "no entity here", and
a recogniser that sees no further learns that names it has not met are none of its own: what it finds of new brands,
say, is gone. Told the text's mean vector as well, it learns that such names are none in texts of *that* kind.
The mean of a text as a feature of each token: Deep Sets (Zaheer et al. 2017, arxiv.org/abs/1703.06114).
Figures are in benchmarks/README.md.
"""

import os
from collections.abc import Callable, Iterable
from ctypes import CDLL, c_float, c_int, c_int64, c_void_p
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy
from spacy import registry
from spacy.attrs import NORM, ORTH
from spacy.language import Language
from spacy.ml.models.tok2vec import build_Tok2Vec_model
from spacy.tokens import Doc
from thinc.api import LayerNorm, Linear, Model, NumpyOps
from thinc.layers.chain import forward as chain_forward
from thinc.layers.chain import init as chain_init
from thinc.types import Floats2d

NAME = "tok2vec_in_context"
CALLBACK = "ner_update.with_openblas.v1"
# As CBLAS numbers them.
ROW_MAJOR, AS_IT_IS, TRANSPOSED = 101, 111, 112
PIECES = 2
# Words: 1,000 x 288 values of 4 bytes are 1.2 MB.
PIECE = 1000
# What spaCy keeps of a word and not of a place in a text, but for NORM, which an exception of the tokenizer may set.
WORD_ATTRS = {"ORTH", "LOWER", "NORM", "PREFIX", "SUFFIX", "SHAPE"}


@registry.architectures("ner_update.Tok2VecInContext.v1")
def build_tok2vec_in_context(
    embed: Model[list[Doc], list[Floats2d]], encode: Model[list[Floats2d], list[Floats2d]]
) -> Model[list[Doc], list[Floats2d]]:
    """spacy.Tok2Vec.v2, and then the text's mean mixed into each token.

    embed, encode (Model): As for spacy.Tok2Vec.v2.
    """
    width = encode.get_dim("nO")
    layers: list[Model] = [build_Tok2Vec_model(each_word_once(embed), encode), text_context(width)]
    return Model(NAME, piece_by_piece, init=chain_init, layers=layers, dims={"nO": width})


def piece_by_piece(model: Model, docs: list[Doc], is_train: bool) -> tuple[list[Floats2d], Callable]:
    """As thinc's chain. But where a CPU predicts, what follows the embedding gets so few words at once that its matrices stay in the cache."""
    if is_train or not isinstance(model.ops, NumpyOps):
        return chain_forward(model, docs, is_train)
    tok2vec, context = model.layers
    embed, encode = tok2vec.layers
    texts = embed.predict(docs)
    # Not spaCy's minibatch_by_words: it lets long texts go first.
    pieces = groupby(zip(texts, numpy.cumsum([len(text) for text in texts]) // PIECE), key=itemgetter(1))
    return [
        row for _, piece in pieces for row in context.predict(encode.predict([text for text, _ in piece]))
    ], lambda d_texts: []


@cache
def openblas() -> CDLL | None:
    """Load a second copy of NumPy's OpenBLAS, for one thread.

    OpenBLAS keeps one number of threads for the whole process. The copy has another one: nothing is switched at a
    multiplication, and the program that uses the pipeline keeps its number.

    RETURNS (CDLL): None where there is no such copy: not on Linux, or NumPy came with another library.
    """
    try:
        (path,) = Path(numpy.__file__).parents[1].glob("numpy.libs/libscipy_openblas64_*")
        # In memory: a server's disk may be read-only. It stays open, for the loader takes a file of the same name
        # for this one.
        copy = Path(f"/proc/self/fd/{os.memfd_create('openblas')}")
        copy.write_bytes(path.read_bytes())
        # Deep: with its own variables, even where NumPy's are global.
        library: Any = CDLL(str(copy), mode=os.RTLD_LOCAL | os.RTLD_DEEPBIND)
        library.scipy_openblas_set_num_threads64_(1)
        # It started a thread for each core.
        library.blas_thread_shutdown_()
        size: Any = c_int64
        alpha, beta, array = c_float, c_float, [c_void_p, size]
        library.scipy_cblas_sgemv64_.argtypes = [c_int] * 2 + [size] * 2 + [alpha, *array, *array, beta, *array]
        library.scipy_cblas_sgemm64_.argtypes = [c_int] * 3 + [size] * 3 + [alpha, *array, *array, beta, *array]
    except (OSError, AttributeError, ValueError):
        return None
    return library


class OneThread(NumpyOps):
    """Multiply matrices with that copy: the same bytes as NumPy on one thread.

    A second thread gains little at these sizes, costs as much again, and gets in the way of other threads and
    processes.
    """

    def __init__(self):
        super().__init__(use_blis=False)

    def gemm(self, x, y, *, out=None, trans1=False, trans2=False):
        rows, inner = x.shape[::-1] if trans1 else x.shape
        same, columns = y.shape[::-1] if trans2 else y.shape
        found = numpy.empty((rows, columns), dtype="f4") if out is None else out
        fits = inner == same and found.shape == (rows, columns) and found.flags.c_contiguous
        single = x.dtype == y.dtype == found.dtype == "f4"
        # What is left to NumPy is an error, or so small that it takes one thread.
        if not (fits and single and x.size and y.size) or rows == columns == 1:
            return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)
        x, y = self.as_contig(x), self.as_contig(y)
        first, second, into = (array.ctypes.data for array in (x, y, found))
        way1, way2 = (TRANSPOSED if trans else AS_IT_IS for trans in (trans1, trans2))
        sgemm, sgemv = openblas().scipy_cblas_sgemm64_, openblas().scipy_cblas_sgemv64_
        # NumPy tells a vector from a matrix, too, and their last digits differ.
        if rows == 1:
            way = AS_IT_IS if trans2 else TRANSPOSED
            sgemv(ROW_MAJOR, way, *y.shape, 1, second, y.shape[1], first, 1, 0, into, 1)
        elif columns == 1:
            sgemv(ROW_MAJOR, way1, *x.shape, 1, first, x.shape[1], second, 1, 0, into, 1)
        else:
            sizes = rows, columns, inner
            sgemm(ROW_MAJOR, way1, way2, *sizes, 1, first, x.shape[1], second, y.shape[1], 0, into, columns)
        return found


@registry.callbacks(CALLBACK)
def create_with_openblas(then: Callable[[Language], Language] | None = None) -> Callable[[Language], Language]:
    """Make a callback by which all components multiply with OpenBLAS, as they do in training.

    It is for nlp.after_pipeline_creation. With what spaCy takes by default, BLIS, multiplying takes two to five times
    the time, and the last digits are others. Where there is no copy of OpenBLAS it stays at that.

    then (Callable): What the pipeline had there before.
    """

    def with_openblas(nlp: Language) -> Language:
        nlp = then(nlp) if then else nlp
        if not openblas():
            return nlp
        ops: Any = OneThread()
        for _, component in nlp.components:
            model = getattr(component, "model", None)
            nodes: Iterable[Any] = model.walk() if isinstance(model, Model) else ()
            for node in nodes:
                # No subclass: Apple's is faster still.
                if type(node.ops) is NumpyOps and node.ops.use_blis:
                    node.ops = ops
        return nlp

    return with_openblas


def take_openblas(nlp: Language) -> None:
    """Have a pipeline do so wherever it is loaded from now on."""
    then = nlp.config["nlp"].get("after_pipeline_creation")
    if not then or then["@callbacks"] != CALLBACK:
        nlp.config["nlp"]["after_pipeline_creation"] = {"@callbacks": CALLBACK, "then": then}


def each_word_once(embed: Model[list[Doc], list[Floats2d]]) -> Model[list[Doc], list[Floats2d]]:
    """Let a layer that embeds words for themselves read each of them once a batch, however often it occurs there.

    Where it predicts: in training it reads all. thinc's `uniqued` does so for one column of numbers, and this one reads
    Docs.

    embed (Model): As for spacy.Tok2Vec.v2, which wants one that is independent of the context.
    RETURNS (Model): The layer itself, if it has a feature that depends on the place.
    """
    if any(not set(node.attrs.get("columns", [])) <= WORD_ATTRS for node in embed.walk()):
        return embed
    return Model("each_word_once", embed_each_word_once, init=initialize_embed, layers=[embed])


def initialize_embed(model: Model, X=None, Y=None) -> None:
    model.layers[0].initialize(X, Y)


def embed_each_word_once(model: Model, docs: list[Doc], is_train: bool) -> tuple[list[Floats2d], Callable]:
    embed = model.layers[0]
    # A word of another vocab has no string in the first one's.
    if is_train or not any(map(len, docs)) or len({id(doc.vocab) for doc in docs}) > 1:
        return embed(docs, is_train)
    tokens = numpy.concatenate([doc.to_array([ORTH, NORM]) for doc in docs])
    # Both are hashes of 64 bits; so is what is made of them.
    _, first, kinds = numpy.unique(
        tokens[:, 0] * numpy.uint64(3) + tokens[:, 1], return_index=True, return_inverse=True
    )
    vocab = docs[0].vocab
    ops: Any = model.ops
    # Given the spaces, it is made in half the time.
    words: Any = Doc(
        vocab, words=[vocab.strings[word] for word in tokens[first, 0].tolist()], spaces=[False] * len(first)
    )
    words.from_array([NORM], tokens[first, 1:])
    rows = embed.predict([words])[0][ops.asarray1i(kinds)]
    return ops.unflatten(rows, ops.asarray1i([len(doc) for doc in docs])), lambda d_rows: []


def without_context(layer: Model) -> Model:
    """Get the spacy.Tok2Vec inside an embedding layer of this kind; any other layer as it is."""
    return layer.layers[0] if layer.name == NAME else layer


def text_context(width: int) -> Model[list[Floats2d], list[Floats2d]]:
    """Add to each token what a small network makes of the token and the mean of its text.

    It is a maxout layer, whose weights for the mean are multiplied once a text.

    width (int): Of the vectors, in and out. Each text is an array of shape (tokens, width).
    """
    layers = [Linear(nO=PIECES * width, nI=width), Linear(nO=PIECES * width, nI=width), LayerNorm(nI=width)]
    return Model("text_context", forward, init=initialize, layers=layers, dims={"nO": width, "nI": width})


def initialize(model: Model, X=None, Y=None) -> None:
    for layer in model.layers:
        layer.initialize()


def forward(model: Model, texts: list[Floats2d], is_train: bool) -> tuple[list[Floats2d], Callable]:
    width = model.get_dim("nI")
    ops: Any = model.ops
    of_token, of_text, norm = model.layers
    lengths = ops.asarray1i([len(text) for text in texts])
    if not int(lengths.sum()):
        return texts, lambda d_texts: d_texts
    tokens = ops.flatten(texts)
    pieces, backprop_token = of_token(tokens, is_train)
    shared, backprop_text = of_text(ops.reduce_mean(tokens, lengths), is_train)
    for rows, row in zip(ops.unflatten(pieces, lengths), shared):
        rows += row
    best, which = ops.maxout(pieces.reshape(-1, width, PIECES))
    mixed, backprop_norm = norm(best, is_train)

    def backprop(d_texts: list[Floats2d]) -> list[Floats2d]:
        d_out = ops.flatten(d_texts)
        d_pieces = ops.backprop_maxout(backprop_norm(d_out), which, PIECES).reshape(-1, width * PIECES)
        d_means = backprop_text(ops.reduce_sum(d_pieces, lengths))
        return ops.unflatten(d_out + backprop_token(d_pieces) + ops.backprop_reduce_mean(d_means, lengths), lengths)

    mixed += tokens
    return ops.unflatten(mixed, lengths), backprop
