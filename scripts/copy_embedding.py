"""A function for configs/update.cfg: start the new recogniser from a copy of the base pipeline's embedding layer."""

import spacy
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from thinc.api import Model


def embedding(nlp: Language) -> tuple[dict, Model]:
    """Find the layer (tok2vec) that embeds the tokens for a pipeline's first entity recogniser.

    RETURNS (tuple): Its config, and the layer itself; the shared one where the recogniser listens to it.
    """
    name, recogniser = next((name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, EntityRecognizer))
    # spaCy's parser model puts a projection behind the layer that its config calls tok2vec.
    layer = recogniser.model.get_ref("tok2vec").layers[0]
    blocks = nlp.config.interpolate()["components"]
    for node in layer.walk():
        for shared, pipe in nlp.pipeline:
            if node in getattr(pipe, "listeners", []):
                return blocks[shared]["model"], pipe.model
    return blocks[name]["model"]["tok2vec"], layer


@spacy.registry.callbacks("copy_embedding_from_base.v1")
def copy_embedding_from_base(path: str, component: str):
    """RETURNS (Callable): Called after initialisation; gives a component the base's embedding weights.

    path (str): Folder of the base pipeline.
    component (str): Name of the new recogniser, whose tok2vec has the same config as the base's.
    """

    def after_init(nlp: Language) -> Language:
        _, layer = embedding(spacy.load(path))
        nlp.get_pipe(component).model.get_ref("tok2vec").layers[0].from_bytes(layer.to_bytes())
        return nlp

    return after_init
