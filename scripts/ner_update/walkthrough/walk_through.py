"""Show one round of training on one text, and write it as JSON and as a page."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from typer import Argument, Option
from wasabi import msg

from ner_update.pages.render import page, render
from ner_update.pipeline.compute import use_openblas
from ner_update.project.outputs import fail, replacing
from ner_update.walkthrough.baselines import Beginning, Project, begin, optimizer_of, ways
from ner_update.walkthrough.example import check_labels, from_line, from_words, one_that_is_wrong
from ner_update.walkthrough.one_update import LOOKS, looked_at, marked, updates
from ner_update.walkthrough.step import chosen, rounded, show, verdict


@dataclass(frozen=True, kw_only=True)
class StepSettings:
    """Which text is shown, and which pipelines learn from it."""

    config: Annotated[Path, Argument()] = Path("configs/update.cfg")
    base_config: Annotated[Path, Argument()] = Path("configs/base.cfg")
    base: Annotated[Path, Argument()] = Path("training/base/model-best")
    updated: Annotated[Path, Argument()] = Path("training/updated/model-best")
    corpus: Annotated[Path, Argument()] = Path("corpus")
    output: Annotated[Path, Argument(help="JSON; a page of the same name is written beside it")] = Path(
        "training/step.json"
    )
    line: Annotated[str, Option(help="FILE:LINE of an annotated text")] = ""
    text: Annotated[str, Option(help="A text, with its --span")] = ""
    span: Annotated[list[str], Option(help="START:END:LABEL, in characters; may be given several times")] = field(
        default_factory=list
    )
    start: Annotated[
        Literal["updated", "sourced", "random"],
        Option(
            help="Where the weights come from: the updated pipeline, a new recogniser as `update` begins it, or nlp.initialize"
        ),
    ] = "updated"
    vectors: Annotated[Path | None, Option(help="Pipeline folder with word vectors, as for the update")] = None
    encoder: Annotated[str, Option(help="Hugging Face encoder, as for the update")] = ""
    others: Annotated[int, Option(min=0, help="Other new texts in a batch, beside the one that is shown")] = 8
    told: Annotated[str, Option("--format", help="What a file is that could be read in more than one way")] = ""
    template: Path = Path("templates/step.html")
    seed: int = 0


def walk_through(settings: StepSettings) -> None:
    """Update a pipeline in several ways, print what each does, and write it down.

    RAISES (typer.Exit): After a message, if the project has not run, or the text cannot be used.
    """
    needed = (settings.base, settings.updated, settings.corpus / "update/train.spacy")
    if missing := [path for path in needed if not path.exists()]:
        fail([f"{path} is missing" for path in missing], "Run the whole project first: make")
    if (settings.line and settings.text) or (settings.span and not settings.text):
        problem = "--line and --text do not go together" if settings.line else "--span needs the --text that it is in"
        fail([problem], "Give one of the two.")
    use_openblas()
    project = Project(
        settings.config,
        settings.base_config,
        settings.base,
        settings.updated,
        settings.corpus,
        settings.vectors,
        settings.encoder,
        settings.seed,
        settings.others,
    )
    beginning = begin(project, settings.start)
    tokenizer = spacy.load(settings.base)
    gold, origin = example(settings, beginning, tokenizer)
    check_labels(gold, beginning.labels)
    reference, measured = project.reference(tokenizer)
    sentences, test = chosen(reference, tokenizer)
    known = sorted({*project.old, *project.new})
    tried = []
    for way in ways(project, beginning, settings.start, gold):
        optimizer, drop, words = optimizer_of(way.config)
        look = partial(looked_at, way.nlp, gold, sentences, test, known)
        looks = list(updates(way.nlp, way.trained, way.batches, optimizer, drop, settings.seed, look))
        tried.append({"name": way.name, "short": way.short, "batch": way.batch, "learns": way.trained, "looks": looks, "optimizer": words})  # fmt: skip
    found = rounded({
        "text": gold.text, "gold": marked(gold), "origin": origin, "start": settings.start, "components": beginning.components,
        "optimizer": tried[0]["optimizer"], "ways": tried, "texts": len(test), "measured": measured,
        "sentences": [{"text": one.text, "entities": marked(one)} for one in sentences], "seed": settings.seed,
    })  # fmt: skip
    show(found)
    html = page(
        settings.template,
        **found,
        render=lambda text, entities: render(text, entities, known),
        verdict=verdict,
        looked=LOOKS,
    )
    shown = settings.output.with_suffix(".html")
    with replacing(settings.output) as path, replacing(shown) as beside:
        srsly.write_json(path, found)
        beside.write_text(html, encoding="utf8", newline="\n")
    msg.good(f"Open {shown} in a browser. No pipeline was changed")


def example(settings: StepSettings, beginning: Beginning, tokenizer: Language) -> tuple[Doc, str]:
    """Take the text that is shown from the options, or one of the test set that the pipeline gets wrong.

    RETURNS (tuple): The gold Doc, and where it is from.
    """
    if settings.line:
        return from_line(settings.line, settings.told, tokenizer), settings.line
    if settings.text:
        return from_words(settings.text, settings.span, tokenizer), "from the command line"
    return one_that_is_wrong(beginning.nlp, settings.corpus / "new/test.spacy", beginning.labels)
