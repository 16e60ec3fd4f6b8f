"""An embedding layer (tok2vec) that tells each token what kind of text it stands in. It goes into the package.

spaCy's convolutions see a few words to each side. Rehearsal shows them names of all kinds with "no entity here", and
a recogniser that sees no further learns that names it has not met are none of its own: what it finds of new brands,
say, is gone. Told the text's mean vector as well, it learns that such names are none in texts of *that* kind.
The mean of a text as a feature of each token: Deep Sets (Zaheer et al. 2017, arxiv.org/abs/1703.06114).
Figures are in benchmarks/README.md.
"""

from typing import Callable

from spacy import registry
from spacy.ml.models.tok2vec import build_Tok2Vec_model
from spacy.tokens import Doc
from thinc.api import LayerNorm, Linear, Model, chain
from thinc.types import Floats2d

NAME = "tok2vec_in_context"
PIECES = 2


@registry.architectures("ner_update.Tok2VecInContext.v1")
def build_tok2vec_in_context(
    embed: Model[list[Doc], list[Floats2d]], encode: Model[list[Floats2d], list[Floats2d]]
) -> Model[list[Doc], list[Floats2d]]:
    """spacy.Tok2Vec.v2, and then the text's mean mixed into each token.

    embed, encode (Model): As for spacy.Tok2Vec.v2.
    """
    width = encode.get_dim("nO")
    model = chain(build_Tok2Vec_model(embed, encode), text_context(width))
    model.name = NAME
    model.set_dim("nO", width)
    return model


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
    pieces += ops.xp.repeat(shared, lengths.tolist(), axis=0)
    best, which = ops.maxout(pieces.reshape(-1, width, PIECES))
    mixed, backprop_norm = norm(best, is_train)

    def backprop(d_texts: list[Floats2d]) -> list[Floats2d]:
        d_out = ops.flatten(d_texts)
        d_pieces = ops.backprop_maxout(backprop_norm(d_out), which, PIECES).reshape(-1, width * PIECES)
        d_means = backprop_text(ops.reduce_sum(d_pieces, lengths))
        return ops.unflatten(d_out + backprop_token(d_pieces) + ops.backprop_reduce_mean(d_means, lengths), lengths)

    return ops.unflatten(tokens + mixed, lengths), backprop
