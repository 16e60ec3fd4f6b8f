"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold.

Beside the examples it writes what each pattern is good for: what it matches in the raw texts, which other pattern takes its
matches away, and how far it is right in the annotated texts.
"""

from pathlib import Path

import srsly
import typer

from ner_update.data.json_files import read_values
from ner_update.data.reader import read_data
from ner_update.data.records import DataError, Problem
from ner_update.labelling.annotate import annotate
from ner_update.labelling.matcher import ADVICE, PatternError
from ner_update.labelling.pattern_stats import PatternTable
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing


def main(
    patterns: Path,
    raw: Path,
    output: Path,
    annotated: Path | None = typer.Option(None, help="Annotated texts, to see how far each pattern is right"),
    table: Path | None = typer.Option(None, help="JSON file: what each pattern matched"),
    lang: str = "en",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
    engine: str = "local",
    workers: int = 0,
):
    problems: list[Problem] = []
    entries = list(read_values(patterns, problems))
    try:
        gold = read_data(annotated, told=told).require() if annotated else []
        if problems:
            raise DataError(problems)
        known, found = {example.text: example for example in reversed(gold)}, PatternTable(entries)
        with replacing(output) as path:
            with path.open("w", encoding="utf8") as file:
                file.writelines(annotate(raw, known, found, lang, engine, workers))
            if table:
                with replacing(table) as rows:
                    srsly.write_json(rows, found.as_json())
    except DataError as error:
        fail(error.problems, ADVICE)
    except PatternError as error:
        fail([Problem(str(patterns), None, str(error), error.text)], ADVICE)
    found.show(output, table)


if __name__ == "__main__":
    run(main)
