"""Build the wheel and the sdist of the updated pipeline, with a model card."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import spacy
import srsly
from spacy.cli.package import package as spacy_package
from typer import Option
from wasabi import msg

from ner_update.packaging.build import build
from ner_update.packaging.model_card import Release, write_meta
from ner_update.pipeline import text_context
from ner_update.pipeline.base import REQUIREMENTS, BasePipelineError, check_meta
from ner_update.project.outputs import fail, replacing
from ner_update.project.vars_model import problems


@dataclass(frozen=True, kw_only=True)
class PackageSettings:
    """What is packaged, under which name, and what its model card is made from."""

    model: Path
    output: Path
    metrics: Annotated[Path, Option()]
    counts: Annotated[Path, Option()]
    card: Annotated[Path, Option(help="jinja2 template of the model card")]
    name: Annotated[str, Option()]
    version: Annotated[str, Option()]
    license: str = ""
    breakdowns: Annotated[
        Path | None, Option(help="For the limits that the model card names; it has fewer without it")
    ] = None
    summary: Annotated[
        Path | None, Option(help="For how many texts it learnt from that nobody annotated, and who read them")
    ] = None


def package(settings: PackageSettings) -> None:
    """Write the wheel and the sdist to the output folder.

    RAISES (typer.Exit): After a message, if the name or the version is none, or the pipeline cannot be packaged.
    """
    name, version = settings.name, settings.version
    # Both become part of file names and of a module's name.
    if found := problems({"package_name": name, "package_version": version}):
        fail(found, "Nothing was written.")
    nlp = spacy.load(settings.model)
    try:
        check_meta(nlp, f"The pipeline in {settings.model}")
    except BasePipelineError as error:
        fail([error], "Nothing was written.")
    taken = sorted({word for key in REQUIREMENTS for word in nlp.meta.get(key) or []})
    meta = write_meta(
        nlp,
        srsly.read_json(settings.metrics),
        srsly.read_json(settings.counts),
        Release(name, version, settings.license, settings.card),
        srsly.read_json(settings.breakdowns) if settings.breakdowns else None,
        srsly.read_json(settings.summary) if settings.summary else {},
    )
    with replacing(settings.output) as path:
        path.mkdir()
        nlp.meta.update(meta)
        nlp.to_disk(path / "model")
        try:
            spacy_package(
                path / "model",
                path,
                name=name,
                version=version,
                code_paths=[Path(text_context.__file__)],
                create_sdist=False,
                require_parent=True,
                silent=True,
            )
            (made,) = path.glob(f"{nlp.lang}_{name}-*")
            build(made)
        except (RuntimeError, SystemExit) as error:
            fail([f"the package could not be built: {error}"], "Nothing was written.")
        for file in sorted((made / "dist").iterdir()):
            file.rename(path / file.name)
        (made / "README.md").rename(path / "README.md")
        for folder in (path / "model", made):
            shutil.rmtree(folder)
    msg.info(f"Requirements that the wheel takes over from the base: {', '.join(taken) or 'none'}")
    msg.good(f"Built {', '.join(file.name for file in sorted(settings.output.iterdir()))} in {settings.output}")
