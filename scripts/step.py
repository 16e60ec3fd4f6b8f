"""Show one round of training on one text, with the real pipeline, and what it does to what was known. Nothing is saved.

1. weights: sourced from a finished pipeline, or initialised at random
2. the prediction
3. the comparison with the gold annotation
4. the loss, and the size of the gradient
5. the update of the weights
6. again: the prediction after 1, 5 and 20 updates

Then the same updates made in three ways, and what each does to sentences with the old labels.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import spacy
import srsly
import typer
from wasabi import msg

from ner_update.pages.render import page, render
from ner_update.pipeline.compute import use_openblas
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing
from ner_update.walkthrough.baselines import Project, begin, optimizer_of, ways
from ner_update.walkthrough.example import check_labels, from_line, from_words, one_that_is_wrong
from ner_update.walkthrough.one_update import LOOKS, looked_at, updates
from ner_update.walkthrough.step import chosen, rounded, show, verdict


def main(
    config: Path = typer.Argument(Path("configs/update.cfg")),
    base_config: Path = typer.Argument(Path("configs/base.cfg")),
    base: Path = typer.Argument(Path("training/base/model-best")),
    updated: Path = typer.Argument(Path("training/updated/model-best")),
    corpus: Path = typer.Argument(Path("corpus")),
    output: Path = typer.Argument(
        Path("training/step.json"), help="JSON; a page of the same name is written beside it"
    ),
    line: str = typer.Option("", help="FILE:LINE of an annotated text"),
    text: str = typer.Option("", help="A text, with its --span"),
    span: list[str] = typer.Option([], help="START:END:LABEL, in characters; may be given several times"),
    start: Literal["updated", "sourced", "random"] = typer.Option(
        "updated",
        help="Where the weights come from: the updated pipeline, a new recogniser as `update` begins it, or nlp.initialize",
    ),
    vectors: Path | None = typer.Option(None, help="Pipeline folder with word vectors, as for the update"),
    encoder: str = typer.Option("", help="Hugging Face encoder, as for the update"),
    others: int = typer.Option(8, min=0, help="Other new texts in a batch, beside the one that is shown"),
    told: str = typer.Option("", "--format", help="What a file is that could be read in more than one way"),
    template: Path = Path("templates/step.html"),
    seed: int = 0,
):
    if missing := [path for path in (base, updated, corpus / "update/train.spacy") if not path.exists()]:
        fail([f"{path} is missing" for path in missing], "Run the whole project first: make")
    if (line and text) or (span and not text):
        fail(
            ["--line and --text do not go together" if line and text else "--span needs the --text that it is in"],
            "Give one of the two.",
        )
    use_openblas()
    project = Project(config, base_config, base, updated, corpus, vectors, encoder, seed, others)
    beginning = begin(project, start)
    tokenizer = spacy.load(base)
    if line:
        gold, origin = from_line(line, told, tokenizer), line
    elif text:
        gold, origin = from_words(text, span, tokenizer), "from the command line"
    else:
        gold, origin = one_that_is_wrong(beginning.nlp, corpus / "new/test.spacy", beginning.labels)
    check_labels(gold, beginning.labels)
    reference, measured = project.reference(tokenizer)
    sentences, test = chosen(reference, tokenizer)
    known = sorted({*project.old, *project.new})
    told_ways = []
    for way in ways(project, beginning, start, gold):
        optimizer, drop, words = optimizer_of(way.config)
        looks = list(
            updates(
                way.nlp,
                way.trained,
                way.batches,
                optimizer,
                drop,
                seed,
                partial(looked_at, way.nlp, gold, sentences, test, known),
            )
        )
        told_ways.append(
            {
                "name": way.name,
                "short": way.short,
                "batch": way.batch,
                "learns": way.trained,
                "looks": looks,
                "optimizer": words,
            }
        )
    found = rounded({
        "text": gold.text, "gold": [[e.start_char, e.end_char, e.label_] for e in gold.ents], "origin": origin, "start": start,
        "components": beginning.components, "optimizer": told_ways[0]["optimizer"], "ways": told_ways, "texts": len(test), "measured": measured,
        "sentences": [{"text": s.text, "entities": [[e.start_char, e.end_char, e.label_] for e in s.ents]} for s in sentences], "seed": seed,
    })  # fmt: skip
    show(found)
    html = page(
        template, **found, render=lambda text, entities: render(text, entities, known), verdict=verdict, looked=LOOKS
    )
    with replacing(output) as path, replacing(output.with_suffix(".html")) as beside:
        srsly.write_json(path, found)
        beside.write_text(html, encoding="utf8", newline="\n")
    msg.good(f"Open {output.with_suffix('.html')} in a browser. No pipeline was changed")


if __name__ == "__main__":
    run(main)
