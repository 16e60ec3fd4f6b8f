"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold.

Beside the examples it writes what each pattern is good for: what it matches in the raw texts, which other pattern takes its
matches away, and how far it is right in the annotated texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import srsly
from tqdm import tqdm
from typer import Option

from ner_update.data.json_files import Part, parts_of_file, read_values
from ner_update.data.reader import JSON, data_files, read_data
from ner_update.data.records import DataError, Example, Problem
from ner_update.labelling.matcher import ADVICE, PatternError, matches
from ner_update.labelling.pattern_stats import PatternTable
from ner_update.labelling.silver import SilverMaker
from ner_update.parallel.engines import each_of
from ner_update.project.outputs import fail, replacing

# Bytes of raw texts that a worker matches at once: some 3,000 texts, a second's work.
PIECE = 500_000


@dataclass(frozen=True, kw_only=True)
class AnnotateSettings:
    """Which texts and patterns are read, and what is written."""

    patterns: Path
    raw: Path
    output: Path
    annotated: Annotated[Path | None, Option(help="Annotated texts, to see how far each pattern is right")] = None
    table: Annotated[Path | None, Option(help="JSON file: what each pattern matched")] = None
    lang: str = "en"
    told: Annotated[str, Option("--format", help="What files are that could be read in more than one way")] = ""
    engine: str = "local"
    workers: int = 0


def write_silver(settings: AnnotateSettings) -> PatternTable:
    """Write the silver examples, and what each pattern matched.

    RETURNS (PatternTable): What each pattern matched, to be shown.
    RAISES (typer.Exit): After a message, if a file cannot be used. Nothing is written then.
    """
    problems: list[Problem] = []
    entries = list(read_values(settings.patterns, problems))
    try:
        gold = read_data(settings.annotated, told=settings.told).require() if settings.annotated else []
        if problems:
            raise DataError(problems)
        known, found = {example.text: example for example in reversed(gold)}, PatternTable(entries)
        with replacing(settings.output) as path:
            with path.open("w", encoding="utf8") as file:
                file.writelines(annotate(settings.raw, known, found, settings.lang, settings.engine, settings.workers))
            if settings.table:
                with replacing(settings.table) as rows:
                    srsly.write_json(rows, found.as_json())
    except DataError as error:
        fail(error.problems, ADVICE)
    except PatternError as error:
        fail([Problem(str(settings.patterns), None, str(error), error.text)], ADVICE)
    return found


def annotate(
    raw: Path, known: dict[str, Example], table: PatternTable, lang: str, engine: str, workers: int
) -> Iterator[str]:
    """Match the patterns over raw texts, and over annotated ones to see how far they are right.

    known (dict): Annotated examples by their text.
    table (PatternTable): Of the patterns. It is filled.
    engine, workers: As `engines.each` takes them. They make no difference to what comes out.
    YIELDS (str): JSONL, a record for each raw text with a match: text, entities, meta.
    RAISES (DataError): After all texts, if a line of the raw ones cannot be used. (PatternError): As PatternMatcher.
    """
    for text, found in matches(tqdm(known, desc="gold", unit="text", disable=None), table.patterns, lang):
        table.add_gold(known[text], found)
    entries, parts, problems = list(zip(table.lines, table.patterns)), list(pieces(raw)), []
    made = each_of(SilverMaker, (entries, lang, frozenset(known)), parts, engine, workers)
    with tqdm(
        total=sum(part.length for part in parts), desc="annotate", unit="B", unit_scale=True, disable=None
    ) as bar:
        for silver, part in zip(made, parts):
            problems += silver.problems
            table.extend(silver.table)
            bar.update(part.length)
            yield silver.lines
    if problems:
        raise DataError(problems)


def pieces(raw: Path) -> Iterator[Part]:
    """Cut a file, or all files of a folder, into pieces small enough to be shared among workers."""
    for file in data_files(raw):
        if file.suffix not in JSON:
            yield Part(file)
        elif file.stat().st_size:
            yield from parts_of_file(file, PIECE)
