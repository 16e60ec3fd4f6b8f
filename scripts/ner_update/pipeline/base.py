"""Find the pipeline that is to be updated, and say clearly when it cannot be used."""

import os
import re

import spacy
from packaging.requirements import InvalidRequirement, Requirement
from spacy.language import Language
from spacy.pipeline import EntityRecognizer

from ner_update.pipeline import text_context  # noqa: F401  (a pipeline that this project updated needs it to load)
from ner_update.project.vars_model import LANG

# Names of pipelines, their versions and their components become names of files and folders.
PLAIN = re.compile(r"\w[\w .+!()-]{0,99}")
# What of meta.json spaCy's setup.py hands to pip when somebody installs the package.
REQUIREMENTS = ("requirements", "setup_requires")


class BasePipelineError(ValueError):
    """Raised when the base pipeline is missing, has another version, or holds what must not get into a package."""


def load_base(base_model: str, version: str = "") -> Language:
    """Load an installed pipeline by package name, or one from a folder.

    base_model (str): Package name such as "en_core_web_sm", path of a pipeline folder, or "blank:en" for none.
    version (str): The version it must have. Empty for any.
    RETURNS (Language): The pipeline. It may lack an entity recogniser: then it gets one.
    RAISES (BasePipelineError): With what to do about it, also where check_meta finds something.
    """
    try:
        nlp = spacy.load(base_model)
    except Exception as error:
        # A folder may hold anything, and each of its files fails in a way of its own.
        installed = os.path.exists(base_model) or _is_package(base_model)
        reason = f"cannot be loaded: {error}" if installed else "is neither installed nor a folder"
        raise BasePipelineError(
            f"The base pipeline {base_model!r} {reason}. Install it (python -m spacy download {base_model}), "
            "or put a package name or the path of a pipeline folder in vars.base_model of project.yml."
        ) from error
    if version and nlp.meta["version"] != version:
        raise BasePipelineError(
            f"The base pipeline {base_model!r} has version {nlp.meta['version']}, but vars.base_model_version "
            f"says {version}. Install that version, or change the var in project.yml."
        )
    check_meta(nlp, f"The base pipeline {base_model!r}")
    return nlp


def check_meta(nlp: Language, shown: str) -> None:
    """Check what a pipeline would bring into file names, and into what pip installs with its package.

    A pipeline folder holds no code, so whoever takes one does not expect that a requirement runs any, or that it writes elsewhere.

    shown (str): What it is called in a message.
    RAISES (BasePipelineError): With everything that is wrong.
    """
    found = []
    if nlp.meta["lang"] != nlp.lang:
        found.append(f"meta.json says that its language is {nlp.meta['lang']!r}, but config.cfg says {nlp.lang!r}")
    names = {f"its {key} in meta.json": nlp.meta[key] for key in ("name", "version")} | {
        f"component {name!r}": name for name in nlp.component_names
    }
    found += [
        f"{where} is {name!r}, which is no plain name"
        for where, name in names.items()
        if not isinstance(name, str) or not PLAIN.fullmatch(name)
    ]
    for key in REQUIREMENTS:
        listed = nlp.meta.get(key) or []
        if not isinstance(listed, list):
            found.append(f"{key} in meta.json is no list")
            continue
        found += [
            f"{key} in meta.json has {word!r}, which is no name of a package with versions"
            for word in listed
            if not _from_index(word)
        ]
    if found:
        raise BasePipelineError(
            f"{shown} cannot be used: {'; '.join(found)}. Correct its meta.json or config.cfg if you trust it, or use another one."
        )


def recognisers(nlp: Language) -> list[str]:
    """List the names of the entity recognisers of a pipeline, in order."""
    return [name for name, pipe in nlp.pipeline if isinstance(pipe, EntityRecognizer)]


def entity_labels(nlp: Language) -> list[str]:
    """List all labels that the entity recognisers of a pipeline know, sorted."""
    return sorted({label for name in recognisers(nlp) for label in nlp.pipe_labels[name]})


def tokenizer_for(lang: str, base: Language | None = None) -> Language:
    """Get what makes Docs out of texts: the base pipeline's tokenizer, or the language's.

    RAISES (BasePipelineError): If there is no such language. Its code becomes part of the package's name and path.
    """
    if not LANG.fullmatch(lang):
        raise BasePipelineError(
            f"vars.lang is {lang[:40]!r}: it must be a language code of small letters, such as en or xx."
        )
    try:
        return base if base is not None else spacy.blank(lang)
    except ImportError as error:
        raise BasePipelineError(f"vars.lang is {lang!r}, which spaCy cannot make a tokenizer for: {error}") from error


def _from_index(word: object) -> bool:
    """Check that a requirement has a name, and extras, versions and a marker if it likes, but no address."""
    try:
        return isinstance(word, str) and word.isprintable() and Requirement(word).url is None
    except InvalidRequirement:
        return False


def _is_package(name: str) -> bool:
    try:
        return spacy.util.is_package(name)
    except ValueError:
        return False
