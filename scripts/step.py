"""Show one round of training on one text, with the real pipeline, and what it does to what was known. Nothing is saved.

1. weights: sourced from a finished pipeline, or initialised at random
2. the prediction
3. the comparison with the gold annotation
4. the loss, and the size of the gradient
5. the update of the weights
6. again: the prediction after 1, 5 and 20 updates

Then the same updates made in three ways, and what each does to sentences with the old labels.
"""

from hashlib import md5
from pathlib import Path
from typing import Any, Literal, Optional

import numpy
import spacy
import srsly
import typer
from spacy.tokens import Doc
from wasabi import msg

from ner_update.project.command import run
from ner_update.pages.render import render
from ner_update.pages.render import page
from ner_update.walkthrough.example import check_labels, from_line, from_words, one_that_is_wrong
from ner_update.project.outputs import fail, replacing
from ner_update.data.records import printable
from ner_update.pipeline.compute import use_openblas
from ner_update.walkthrough.one_update import LOOKS, looked_at, updates
from ner_update.walkthrough.baselines import Project, begin, optimizer_of, ways

# Texts with the old labels on which F is measured, and sentences that are shown.
TEXTS, SENTENCES, SHORT = 500, 3, 100


def chosen(test: list[Doc], base: spacy.Language) -> tuple[list[Doc], list[Doc]]:
    """RETURNS (tuple): Three short sentences that the base gets right, with as many labels as can be; and some texts of all."""
    ordered = sorted(test, key=lambda doc: md5(doc.text.encode("utf8")).hexdigest())[:TEXTS]
    said = base.pipe([doc.text for doc in ordered])
    right = [gold for gold, doc in zip(ordered, said) if len(gold.text) <= SHORT and gold.ents and as_spans(gold) == as_spans(doc)]
    picked: list[Doc] = []
    while right and len(picked) < SENTENCES:
        shown = {ent.label_ for doc in picked for ent in doc.ents}
        picked.append(max(right, key=lambda doc: len({ent.label_ for ent in doc.ents} - shown)))
        right.remove(picked[-1])
    return picked, ordered


def as_spans(doc: Doc) -> list[tuple]:
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def rounded(value: Any) -> Any:
    """RETURNS: The same with floats of four digits that count."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, (float, numpy.floating)) else value


def bracketed(text: str, entities: list) -> str:
    """RETURNS (str): A text with its entities in brackets: "[iPhone X GADGET] is coming"."""
    for start, end, label in sorted(entities, reverse=True):
        text = f"{text[:start]}[{text[start:end]} {label}]{text[end:]}"
    return printable(text)


def verdict(pair: dict) -> str:
    """RETURNS (str): One line on an entity: 'missed: iPhone X is GADGET'."""
    gold, said = (side and f"{side['text']} {side['label']}" for side in (pair["gold"], pair["said"]))
    words = {"correct": f"right: {gold}", "missed": f"missed: {gold}", "spurious": f"spurious: {said}"}
    return printable(words.get(pair["kind"], f"wrong {pair['kind'].replace('_', ' ')}: {said} instead of {gold}"))


def show(found: dict) -> None:
    """Print all of it."""
    first, main_way = found["ways"][0]["looks"], found["ways"][0]
    text = found["text"]
    msg.divider("1. Weights")
    msg.table([(row["component"], row["from"], "learns" if row["learns"] else "frozen") for row in found["components"]], aligns=("l", "l", "l"), max_col=70)
    msg.divider("2. Prediction")
    msg.text(f"{found['origin']}:")
    print(bracketed(text, first[0]["entities"]))
    msg.divider("3. Comparison with the gold annotation")
    print("\n".join(map(verdict, first[0]["comparison"])) or "no entity, and none was found")
    msg.divider(f"4. Loss and gradient, 5. update ({found['optimizer']})")
    print(f"One batch: {main_way['batch']}.")
    rows = [(r["component"], r["part"], f"{r['parameters']:,}", f"{r['loss']:.3g}" if r["loss"] is not None else "", f"{r['gradient']:.3g}", f"{r['moved']:.2f} %") for r in first[1]["round"]]
    msg.table(rows, header=("Component", "Part", "Weights", "Loss", "Gradient", "Moved by"), divider=True, aligns=("l", "l", "r", "r", "r", "r"))
    msg.divider("6. Again")
    for look in first:
        print(f"after {look['updates']:2} update{'s' * (look['updates'] != 1)}: {'; '.join(map(verdict, look['comparison'])) or 'right: no entity'}")
    if not found["sentences"]:
        msg.info("The base pipeline recognises no entities that could be forgotten, or there is no text to see it in.")
        return
    msg.divider(f"What {LOOKS[-1]} updates did to the old labels")
    rows = [(way["name"], *(f"{sum(s['right'] for s in look['sentences'])} of {len(look['sentences'])}" for look in way["looks"]), *(look["f"] for look in (way["looks"][0], way["looks"][-1]))) for way in found["ways"]]
    header = ("", *(f"after {n}" for n in LOOKS), "F before", f"F after {LOOKS[-1]}")
    msg.table(rows, header=header, divider=True, aligns=("l", *("r" for _ in header[1:])), max_col=50)
    for n, sentence in enumerate(found["sentences"]):
        print(f"{'gold':>24}: {bracketed(sentence['text'], sentence['entities'])}")
        for way in found["ways"]:
            after = way["looks"][-1]["sentences"][n]
            print(f"{way['short']:>24}: {'the same' if after['right'] else bracketed(sentence['text'], after['entities'])}")
    msg.text(f"F: of all labels on {found['texts']} texts with the old labels, {found['measured']}; a new label found there counts as an error.")


def main(
    config: Path = typer.Argument(Path("configs/update.cfg")),
    base_config: Path = typer.Argument(Path("configs/base.cfg")),
    base: Path = typer.Argument(Path("training/base/model-best")),
    updated: Path = typer.Argument(Path("training/updated/model-best")),
    corpus: Path = typer.Argument(Path("corpus")),
    output: Path = typer.Argument(Path("training/step.json"), help="JSON; a page of the same name is written beside it"),
    line: str = typer.Option("", help="FILE:LINE of an annotated text"),
    text: str = typer.Option("", help="A text, with its --span"),
    span: list[str] = typer.Option([], help="START:END:LABEL, in characters; may be given several times"),
    start: Literal["updated", "sourced", "random"] = typer.Option("updated", help="Where the weights come from: the updated pipeline, a new recogniser as `update` begins it, or nlp.initialize"),
    vectors: Optional[Path] = typer.Option(None, help="Pipeline folder with word vectors, as for the update"),
    encoder: str = typer.Option("", help="Hugging Face encoder, as for the update"),
    others: int = typer.Option(8, min=0, help="Other new texts in a batch, beside the one that is shown"),
    told: str = typer.Option("", "--format", help="What a file is that could be read in more than one way"),
    template: Path = Path("templates/step.html"),
    seed: int = 0,
):
    if missing := [path for path in (base, updated, corpus / "update/train.spacy") if not path.exists()]:
        fail([f"{path} is missing" for path in missing], "Run the whole project first: make")
    if line and text or span and not text:
        fail(["--line and --text do not go together" if line and text else "--span needs the --text that it is in"], "Give one of the two.")
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
        looks = list(updates(way.nlp, way.trained, way.batches, optimizer, drop, seed, lambda: looked_at(way.nlp, gold, sentences, test, known)))
        told_ways.append({"name": way.name, "short": way.short, "batch": way.batch, "learns": way.trained, "looks": looks, "optimizer": words})
    found = rounded({
        "text": gold.text, "gold": [[e.start_char, e.end_char, e.label_] for e in gold.ents], "origin": origin, "start": start,
        "components": beginning.components, "optimizer": told_ways[0]["optimizer"], "ways": told_ways, "texts": len(test), "measured": measured,
        "sentences": [{"text": s.text, "entities": [[e.start_char, e.end_char, e.label_] for e in s.ents]} for s in sentences], "seed": seed,
    })  # fmt: skip
    show(found)
    html = page(template, **found, render=lambda text, entities: render(text, entities, known), verdict=verdict, looked=LOOKS)
    with replacing(output) as path, replacing(output.with_suffix(".html")) as beside:
        srsly.write_json(path, found)
        beside.write_text(html, encoding="utf8", newline="\n")
    msg.good(f"Open {output.with_suffix('.html')} in a browser. No pipeline was changed")


if __name__ == "__main__":
    run(main)
