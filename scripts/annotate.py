"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold.

Beside the examples it writes what each pattern is good for: what it matches in the raw texts, which other pattern takes its
matches away, and how far it is right in the annotated texts.
"""

from pathlib import Path
from typing import Iterator, Optional

import srsly
import typer
from tqdm import tqdm

from command import run
from outputs import fail, replacing
from pattern_matches import PatternError, matches
from pattern_table import PatternTable
from read_json import read_values
from read_records import read_data
from records import DataError, Example, Problem, RawText

ADVICE = "Mend the texts and the patterns (the check command lists every problem) and run the same command again."


def annotate(texts: list[str], gold: list[Example], table: PatternTable, lang: str) -> Iterator[dict]:
    """Match the patterns over raw texts, and over annotated ones to see how far they are right.

    table (PatternTable): Of the patterns. It is filled.
    YIELDS (dict): A record for each raw text with a match: text, entities, meta.
    RAISES (PatternError): As `matches`.
    """
    known = {example.text: example for example in reversed(gold)}
    for text, found in matches(tqdm(known, desc="gold", unit="text", disable=None), table.patterns, lang):
        table.add_gold(known[text], found)
    for text, found in matches(tqdm(texts, desc="annotate", unit="text", disable=None), table.patterns, lang):
        table.add_raw(found, annotated=text in known)
        if found:
            yield {"text": text, "entities": table.entities(found), "meta": {"source": "patterns"}}


def main(
    patterns: Path,
    raw: Path,
    output: Path,
    annotated: Optional[Path] = typer.Option(None, help="Annotated texts, to see how far each pattern is right"),
    table: Optional[Path] = typer.Option(None, help="JSON file: what each pattern matched"),
    lang: str = "en",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    problems: list[Problem] = []
    entries = list(read_values(patterns, problems))
    try:
        texts = [record.text for record in read_data(raw, RawText).require()] if raw.stat().st_size else []
        gold = read_data(annotated, told=told).require() if annotated else []
        if problems:
            raise DataError(problems)
        found = PatternTable(entries)
        with replacing(output) as path:
            srsly.write_jsonl(path, annotate(texts, gold, found, lang))
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
