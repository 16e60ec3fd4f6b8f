"""Build the wheel and the sdist of the updated pipeline, with a model card, and with the same bytes each time."""

import shutil
from pathlib import Path

import spacy
import srsly
import typer
from spacy.cli.package import package as spacy_package
from wasabi import msg

from ner_update.packaging.build import build
from ner_update.packaging.model_card import write_meta
from ner_update.pipeline import text_context
from ner_update.pipeline.base import REQUIREMENTS, BasePipelineError, check_meta
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing
from ner_update.project.vars_model import problems


def main(
    model: Path,
    output: Path,
    metrics: Path = typer.Option(...),
    counts: Path = typer.Option(...),
    card: Path = typer.Option(..., help="jinja2 template of the model card"),
    name: str = typer.Option(...),
    version: str = typer.Option(...),
    license: str = "",
    breakdowns: Path | None = typer.Option(
        None, help="For the limits that the model card names; it has fewer without it"
    ),
    summary: Path | None = typer.Option(
        None, help="For how many texts it learnt from that nobody annotated, and who read them"
    ),
):
    # Both become part of file names and of a module's name.
    if found := problems({"package_name": name, "package_version": version}):
        fail(found, "Nothing was written.")
    nlp = spacy.load(model)
    try:
        check_meta(nlp, f"The pipeline in {model}")
    except BasePipelineError as error:
        fail([error], "Nothing was written.")
    taken = sorted({word for key in REQUIREMENTS for word in nlp.meta.get(key) or []})
    details = srsly.read_json(breakdowns) if breakdowns else None
    learnt = srsly.read_json(summary) if summary else {}
    meta = write_meta(
        nlp, srsly.read_json(metrics), srsly.read_json(counts), name, version, license, card, details, learnt
    )
    with replacing(output) as path:
        path.mkdir()
        nlp.meta.update(meta)
        nlp.to_disk(path / "model")
        try:
            options = {"name": name, "version": version, "code_paths": [Path(text_context.__file__)]}
            spacy_package(path / "model", path, **options, create_sdist=False, require_parent=True, silent=True)
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
    msg.good(f"Built {', '.join(file.name for file in sorted(output.iterdir()))} in {output}")


if __name__ == "__main__":
    run(main)
