"""Find the one text that `step` shows: a line of the data, a text from the command line, or one that the pipeline gets wrong."""

from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ner_update.corpus.shards import read_docs
from ner_update.data.reader import read_data
from ner_update.data.records import Example, Problem, check_alignment, make_doc
from ner_update.data.validation import check_record
from ner_update.evaluation.scoring import entities
from ner_update.project.outputs import fail

ADVICE = 'Give a line of the data (--line assets/annotated/gadgets.jsonl:3), or a text with its spans (--text "iPhone X is coming" --span 0:8:GADGET).'


def from_line(place: str, told: str, tokenizer: Language) -> Doc:
    """Read one record of a data file of any format.

    place (str): FILE:LINE, as messages of `check` have it.
    told (str): vars.format.
    RETURNS (Doc): With its gold entities.
    RAISES (typer.Exit): After a message, if there is none there, or if something is wrong with it.
    """
    name, _, number = place.rpartition(":")
    if not name or not number.isdigit():
        fail([f"--line {place}: no file and line, separated by a colon"], ADVICE)
    if not Path(name).is_file():
        fail([f"{name} is no file"], ADVICE)
    found = read_data(Path(name), told=told)
    if problems := [p for p in found.problems if p.line in (None, int(number)) and p.level == "error"]:
        fail(problems, "Mend it, or show another line.")
    here = [(file, line, example) for file, line, example in found.examples if line == int(number)]
    if not here:
        last = max((line for _, line, _ in found.examples), default=0)
        fail([f"{place}: no annotated text stands there; the last one stands on line {last}"], ADVICE)
    return gold(*here[0], tokenizer)


def from_words(text: str, spans: list[str], tokenizer: Language) -> Doc:
    """Make a Doc of a text and gold entities given as "START:END:LABEL", in characters.

    RAISES (typer.Exit): After a message, if something is wrong with them.
    """
    parts = [span.split(":", 2) for span in spans]
    if wrong := [
        span for span, part in zip(spans, parts) if len(part) != 3 or not part[0].isdigit() or not part[1].isdigit()
    ]:
        fail([f"--span {span}: it must be START:END:LABEL, in characters" for span in wrong], ADVICE)
    return gold(
        "--text",
        None,
        Example(text=text, entities=[(int(start), int(end), label) for start, end, label in parts]),
        tokenizer,
    )


def gold(file: str, line: int | None, example: Example, tokenizer: Language) -> Doc:
    """Make a Doc of a record, with its gold entities.

    RAISES (typer.Exit): After a message, if something is wrong with the record.
    """
    findings = list(check_record(example)) or list(check_alignment(example, tokenizer.make_doc(example.text)))
    problems = [finding.at(file, line, example) for finding in findings]
    if errors := [problem for problem in problems if problem.level == "error"]:
        fail(errors, "Mend it, and run the same command again.")
    return make_doc(tokenizer, example)


def one_that_is_wrong(nlp: Language, corpus: Path, labels: list[str]) -> tuple[Doc, str]:
    """Find the first annotated text of a corpus that the pipeline gets wrong, or the first with an entity.

    RETURNS (tuple): The text, and where it is from.
    RAISES (typer.Exit): After a message, if no text has an entity.
    """
    docs = [doc for doc in read_docs(corpus, nlp.vocab) if doc.ents]
    if not docs:
        fail([f"{corpus} has no text with an entity"], ADVICE)
    for doc, said in zip(docs, nlp.pipe([doc.text for doc in docs])):
        if entities(doc, labels) != entities(said, labels):
            return doc, f"{corpus}, the first text that it gets wrong"
    return docs[0], f"{corpus}, the first text: it gets all of them right"


def check_labels(doc: Doc, known: list[str]) -> None:
    """Check that the recogniser that learns knows all labels of the text.

    RAISES (typer.Exit): After a message, if it does not.
    """
    unknown = [ent for ent in doc.ents if ent.label_ not in known]
    problems = [
        Problem(
            "The text",
            None,
            f"{ent.text!r} is marked {ent.label_}, which the recogniser that learns here does not know: it knows {', '.join(known)}",
            doc.text,
        )
        for ent in unknown
    ]
    if problems:
        fail(
            problems,
            "Mark it with one of these; or put examples of the label in assets/annotated, and run the whole project.",
        )
