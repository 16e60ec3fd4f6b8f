"""Write pre-annotated texts as tasks for an annotation tool, where people review them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from wasabi import msg

from ner_update.data.dataset import DataSet
from ner_update.data.json_files import read_values
from ner_update.data.reader import read_data
from ner_update.data.records import DataError, Example, Problem, label_counts
from ner_update.data.validation import LONGEST_LABEL
from ner_update.labelling.review_tasks import TOOLS, id_of
from ner_update.project.outputs import fail, refuse_overlap, replacing


def labels_of(sets: Iterable[Iterable[Example]], patterns: Path, problems: list[Problem]) -> list[str]:
    """List the labels of the examples and of the patterns, sorted."""
    found = set(label_counts(example for examples in sets for example in examples))
    entries = [entry for _, entry in read_values(patterns, problems)] if patterns.exists() else []
    named = {entry["label"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("label"), str)}
    return sorted(label for label in found | named if label.isprintable() and 0 < len(label) <= LONGEST_LABEL)


def once_each(data: DataSet) -> Iterator[Example]:
    """Take each text once.

    RAISES (DataError): If a text occurs twice with different spans, or two texts have one id: what came back could not
        be told apart.
    """
    texts: dict[str, tuple[str, Example]] = {}
    ids: dict[str, tuple[str, Example]] = {}
    problems = []
    for file, line, example in data.examples:
        here = (f"{file}:{line}", example)
        where, same = texts.setdefault(example.text, here)
        if sorted(same.entities) != sorted(example.entities):
            problems.append(
                Problem(
                    file, line, f"the text stands already at {where}, with other spans: keep one of them", example.text
                )
            )
        where, other = ids.setdefault(id_of(example), here)
        if other.text != example.text:
            problems.append(
                Problem(file, line, f"the id {example.id!r} stands already at {where}, with another text", example.text)
            )
        if same is example:
            yield example
    if problems:
        raise DataError(problems)


def export(source: Path, output: Path, assets: Path, tool: str, told: str) -> None:
    """Write a folder with the tasks, and what else the tool needs.

    source (Path): The pre-annotated texts.
    assets (Path): Folder whose annotated texts and patterns have labels, too.
    tool (str): One of TOOLS.
    told (str): The format that counts for files that could be read in more than one way.
    RAISES (typer.Exit): After a message, if a file cannot be used, or there is no label.
    """
    refuse_overlap(output, source, assets)
    if tool not in TOOLS:
        fail([f"vars.review_tool is {tool[:40]!r}: it must be one of {', '.join(TOOLS)}"], "Nothing was written.")
    problems: list[Problem] = []
    try:
        data = read_data(source, told=told)
        data.require()
        records = list(once_each(data))
        labels = labels_of(
            [records, read_data(assets / "annotated", told=told).require()], assets / "patterns.jsonl", problems
        )
        if problems:
            raise DataError(problems)
    except DataError as error:
        fail(error.problems, "Nothing was written. Mend the files and run the same command again.")
    if not labels:
        fail(
            [f"no label stands in {source}, {assets / 'annotated'} or {assets / 'patterns.jsonl'}"],
            "Annotate a text, or write a pattern.",
        )
    with replacing(output) as folder:
        folder.mkdir()
        for name, content in TOOLS[tool](records, labels, told).items():
            (folder / name).write_text(content, encoding="utf8", newline="\n")
    spans = sum(len(record.entities) for record in records)
    msg.good(
        f"{len(records)} texts with {spans} spans are in {output}, for people to review; labels: {', '.join(labels)}"
    )
