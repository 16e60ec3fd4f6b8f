"""An embedding layer (tok2vec) that tells each token what kind of text it stands in. It goes into the package, and with it
what makes the whole pipeline multiply its matrices faster.

spaCy's convolutions see a few words to each side. Rehearsal shows them names of all kinds with "no entity here", and
a recogniser that sees no further learns that names it has not met are none of its own: what it finds of new brands,
say, is gone. Told the text's mean vector as well, it learns that such names are none in texts of *that* kind.
The mean of a text as a feature of each token: Deep Sets (Zaheer et al. 2017, arxiv.org/abs/1703.06114).
Figures are in benchmarks/README.md.
"""

from contextlib import contextmanager
from functools import cache
from itertools import groupby
from operator import itemgetter
from threading import Lock
from typing import Callable, Iterator, Optional

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
from threadpoolctl import ThreadpoolController

NAME = "tok2vec_in_context"
CALLBACK = "ner_update.with_openblas.v1"
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
    layers = [build_Tok2Vec_model(each_word_once(embed), encode), text_context(width)]
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
    return [row for _, piece in pieces for row in context.predict(encode.predict([text for text, _ in piece]))], lambda d_texts: []


@cache
def controller() -> ThreadpoolController:
    """RETURNS (ThreadpoolController): Of the BLAS that NumPy carries; spaCy's own, BLIS, has one thread anyway. To look for it takes milliseconds."""
    return ThreadpoolController()


class OneThread(NumpyOps):
    """Multiply matrices with the OpenBLAS that NumPy carries, on one thread. A second gains little at these sizes, costs as much
    again, and gets in the way of `nlp.pipe(n_process=2)`; what else uses NumPy has its threads back after each multiplication.
    """

    lock, inside = Lock(), 0

    def __init__(self):
        super().__init__(use_blis=False)

    @classmethod
    @contextmanager
    def held(cls) -> Iterator[None]:
        # Limits of several Python threads may overlap: the first one to come sets it, the last one to leave lifts it.
        with cls.lock:
            if not cls.inside:
                cls.limit = controller().limit(limits=1, user_api="blas")
            cls.inside += 1
        try:
            yield
        finally:
            with cls.lock:
                cls.inside -= 1
                if not cls.inside:
                    cls.limit.restore_original_limits()

    def gemm(self, x, y, *, out=None, trans1=False, trans2=False):
        with self.held():
            return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)


@registry.callbacks(CALLBACK)
def create_with_openblas(then: Optional[Callable[[Language], Language]] = None) -> Callable[[Language], Language]:
    """For nlp.after_pipeline_creation: all components multiply with OpenBLAS, as they do in training. With what spaCy takes by default,
    BLIS, it takes up to twice the time, and the last digits are others.

    then (Callable): What the pipeline had there before.
    """

    def with_openblas(nlp: Language) -> Language:
        nlp = then(nlp) if then else nlp
        openblas = OneThread()
        for _, component in nlp.components:
            model = getattr(component, "model", None)
            for node in model.walk() if isinstance(model, Model) else ():
                # No subclass: Apple's is faster still.
                if type(node.ops) is NumpyOps and node.ops.use_blis:
                    node.ops = openblas
        return nlp

    return with_openblas


def take_openblas(nlp: Language) -> None:
    """Have a pipeline do so wherever it is loaded from now on."""
    then = nlp.config["nlp"].get("after_pipeline_creation")
    if not then or then["@callbacks"] != CALLBACK:
        nlp.config["nlp"]["after_pipeline_creation"] = {"@callbacks": CALLBACK, "then": then}


def each_word_once(embed: Model[list[Doc], list[Floats2d]]) -> Model[list[Doc], list[Floats2d]]:
    """Let a layer that embeds words for themselves read each of them once a batch, however often it stands there. Where it
    predicts: in training it reads all, as ever. thinc's `uniqued` does so for one column of numbers, and this one reads Docs.

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
    _, first, kinds = numpy.unique(tokens[:, 0] * numpy.uint64(3) + tokens[:, 1], return_index=True, return_inverse=True)
    vocab = docs[0].vocab
    # Given the spaces, it is made in half the time.
    words = Doc(vocab, words=[vocab.strings[word] for word in tokens[first, 0].tolist()], spaces=[False] * len(first))
    words.from_array([NORM], tokens[first, 1:])
    rows = embed.predict([words])[0][model.ops.asarray1i(kinds)]
    return model.ops.unflatten(rows, model.ops.asarray1i([len(doc) for doc in docs])), lambda d_rows: []


def without_context(layer: Model) -> Model:
    """RETURNS (Model): The spacy.Tok2Vec inside an embedding layer of this kind; any other layer as it is."""
    return layer.layers[0] if layer.name == NAME else layer


def text_context(width: int) -> Model[list[Floats2d], list[Floats2d]]:
    """Add to each token what a small network makes of the token and the mean of its text: a maxout layer, whose
    weights for the mean are multiplied once a text.

    width (int): Of the vectors, in and out. Each text is an array of shape (tokens, width).
    """
    layers = [Linear(nO=PIECES * width, nI=width), Linear(nO=PIECES * width, nI=width), LayerNorm(nI=width)]
    return Model("text_context", forward, init=initialize, layers=layers, dims={"nO": width, "nI": width})


def initialize(model: Model, X=None, Y=None) -> None:
    for layer in model.layers:
        layer.initialize()


def forward(model: Model, texts: list[Floats2d], is_train: bool) -> tuple[list[Floats2d], Callable]:
    width, ops = model.get_dim("nI"), model.ops
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
