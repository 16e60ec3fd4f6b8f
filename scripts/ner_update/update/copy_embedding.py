"""A function for configs/update.cfg: start the new recogniser from a copy of the base pipeline's embedding layer."""

from typing import Any

import spacy
from spacy.language import Language
from spacy.pipeline import Tok2Vec
from thinc.api import Model

from ner_update.pipeline.base import recognisers
from ner_update.pipeline.text_context import without_context


def embedding(nlp: Language) -> tuple[dict, Model] | None:
    """Find the layer (tok2vec) that embeds the tokens for a pipeline's first entity recogniser.

    If it has none, it is the layer that its other components share.

    RETURNS (tuple): Its config, and the spacy.Tok2Vec itself. None if there is no such layer, or if it is of another
        kind (a transformer, say): then the new recogniser has one of its own.
    """
    blocks = nlp.config.interpolate()["components"]
    shared = [(name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, Tok2Vec)]
    found = [(blocks[name]["model"], pipe.model) for name, pipe in shared[:1]]
    if recognisers(nlp):
        name = recognisers(nlp)[0]
        # spaCy's parser model puts a projection behind the layer that its config calls tok2vec.
        recogniser: Any = nlp.get_pipe(name)
        layer = recogniser.model.get_ref("tok2vec").layers[0]
        heard = [name for name, pipe in shared if any(node in pipe.listeners for node in layer.walk())]
        found = [(blocks[name]["model"], pipe.model) for name, pipe in shared if name in heard] or [
            (blocks[name]["model"]["tok2vec"], layer)
        ]
    usable = ((block, without_context(model)) for block, model in found if {"embed", "encode"} <= set(block))
    return next(usable, None)


def copy_weights(source: Model, target: Model) -> None:
    """Copy the weights of an embedding layer, as far as the target has the same parts.

    The target may have fewer layers in a row (a smaller depth), and static vectors beside the hashed features: what
    belongs to those keeps its random weights.
    """

    def parts(model: Model) -> list[Model]:
        return [node for node in model.walk(order="dfs_pre") if node.param_names]

    vectors = any(node.name == "static_vectors" for node in parts(source))
    for old, new in zip(parts(source), (n for n in parts(target) if vectors or n.name != "static_vectors")):
        for name in old.param_names:
            weights: Any = new.get_param(name).copy()
            weights[..., : old.get_param(name).shape[-1]] = old.get_param(name)
            new.set_param(name, weights)


@spacy.registry.callbacks("copy_embedding_from_base.v1")
def copy_embedding_from_base(path: str, component: str):
    """Make a callback that gives a component the base's embedding weights, after initialisation.

    path (str): Folder of the base pipeline.
    component (str): Name of the new recogniser, whose tok2vec has the same config as the base's.
    """

    def after_init(nlp: Language) -> Language:
        found = embedding(spacy.load(path))
        if found is not None:
            recogniser: Any = nlp.get_pipe(component)
            copy_weights(found[1], without_context(recogniser.model.get_ref("tok2vec").layers[0]))
        return nlp

    return after_init
