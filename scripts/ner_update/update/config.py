"""The config of the new recogniser, fitted to the base pipeline it is trained for."""

from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from thinc.api import Config

from ner_update.project.outputs import fail
from ner_update.training.loop import read_config
from ner_update.update import augmentation as made_up_names  # noqa: F401
from ner_update.update import optimizer as encoder_optimizer  # noqa: F401  (configs name what it and the next register)
from ner_update.update.copy_embedding import embedding
from ner_update.update.settings import UpdateSettings

NEW = "ner_new"


def update_config(config: Path, base: Language, vectors: bool) -> Config:
    """Fit the config of the new recogniser to the base pipeline.

    vectors (bool): Whether to use static vectors beside the hashed features.
    RETURNS (Config): With the base's language, and its kind of embedding layer if the config starts from a copy of it.
    """
    made = read_config(config)
    made["nlp"]["lang"] = base.lang
    model = made["components"][NEW]["model"]
    found = embedding(base)
    if found is not None and "after_init" in made["initialize"]:
        depth = min(model["tok2vec"]["encode"]["depth"], found[0]["encode"]["depth"])
        model["tok2vec"] |= {part: deepcopy(found[0][part]) for part in ("embed", "encode")}
        model["tok2vec"]["encode"]["depth"] = depth
    if vectors and "include_static_vectors" in model["tok2vec"].get("embed", {}):
        model["tok2vec"]["embed"]["include_static_vectors"] = True
    return made


def fitted(settings: UpdateSettings, base: Language) -> tuple[Config, dict[str, Any]]:
    """Fit the config of an update to its base pipeline.

    base (Language): The pipeline in `settings.base`, loaded.
    RETURNS (tuple): The config, and the values that are set in it when it is used.
    RAISES (typer.Exit): After a message, if the config trains a transformer, and that cannot be.
    """
    words = spacy.load(settings.vectors).vocab.vectors if settings.vectors and not len(base.vocab.vectors) else None
    overrides = {
        "paths.train": str(settings.corpus / "train.spacy"),
        "paths.dev": str(settings.corpus / "dev.spacy"),
        "paths.base": str(settings.base),
        "paths.vectors": str(settings.vectors) if words is not None and len(words) else None,
        "training.max_steps": settings.max_steps,
        "system.seed": settings.seed,
    }
    made = update_config(settings.config, base, vectors=bool(overrides["paths.vectors"] or len(base.vocab.vectors)))
    if "encoder" in made["paths"]:
        if not settings.encoder:
            fail(
                [f"{settings.config} trains a transformer, and none is named"],
                "Put a Hugging Face name or a folder in vars.encoder.",
            )
        if find_spec("spacy_transformers") is None:
            fail(["spacy-transformers is not installed"], "Run: make transformer")
        overrides["paths.encoder"] = settings.encoder
    return made, overrides
