"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold.

Beside the examples it writes what each pattern is good for: what it matches in the raw texts, which other pattern takes its
matches away, and how far it is right in the annotated texts.
"""

import json
from functools import lru_cache, partial
from itertools import chain, tee
from pathlib import Path
from typing import Iterable, Iterator, Optional

import spacy
import srsly
import typer
from spacy.language import Language
from spacy.tokens import Span
from spacy.util import filter_spans
from tqdm import tqdm

from command import run
from in_time import in_time
from outputs import fail, replacing
from pattern_table import Match, PatternTable
from read_json import read_values
from read_records import read_data
from records import DataError, Example, Problem, RawText

# Texts go in batches of so many characters. The slowest text that the check lets pass takes a second per thousand.
BATCH = 100_000
SECONDS = 120.0
ADVICE = "Mend the texts and the patterns (the check command lists every problem) and run the same command again."


class PatternError(RuntimeError):
    """Raised when patterns do not come to an end, or are none. `text` is the first of those that they were matched over."""

    text = ""


def matches(texts: Iterable[str], patterns: list[dict], lang: str) -> Iterator[tuple[str, list[Match]]]:
    """Find patterns with spaCy's SpanRuler. No more than a batch of texts is held.

    texts (Iterable): Raw or annotated ones.
    patterns (list): In EntityRuler format. Phrases match whatever their case; token patterns as they say.
    lang (str): Language code.
    YIELDS (tuple): Each text and what was found in it, as `find` says.
    RAISES (PatternError): If the patterns run away, or spaCy does not take them.
    """
    # Without a text first, so that bad patterns are noticed where there is none.
    todo, sent = tee(chain([[]], batches(texts)))
    for batch, found in zip(sent, in_time(partial(find, json.dumps(patterns), lang), todo, SECONDS)):
        if found is None:
            size = sum(map(len, batch))
            error = PatternError(f"the patterns take more than {SECONDS:.0f} seconds, or all memory, over {size:,} characters; the first of them")
            error.text = "".join(batch[:1])
            raise error
        yield from zip(batch, found)


def find(patterns: str, lang: str, texts: list[str]) -> list[list[Match]]:
    """Match patterns over texts. Of matches that overlap the longest stays, of equally long ones the first in the text, of
    those in the same place the one of the pattern that stands first.

    patterns (str): As JSON.
    RETURNS (list): For each text its matches, in the order of the text. What a pattern matches inside, or across, a match
        that it keeps is none of its own.
    RAISES (PatternError): If spaCy does not take the patterns.
    """
    try:
        return [_settle(doc.spans["ruler"]) for doc in _ruler(patterns, lang).pipe(texts)]
    except MemoryError:
        raise
    except Exception as error:
        # Whatever spaCy says of patterns that no check has seen.
        raise PatternError(f"the patterns cannot be matched: {' '.join(str(error).split())}") from None


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """YIELDS (list): Texts in their order, each list as long as it may be, or one text."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and size + len(text) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _settle(spans: Iterable[Span]) -> list[Match]:
    found = sorted(spans, key=lambda span: int(span.id_))
    kept = filter_spans(found)
    holders = {i: span for span in kept for i in range(span.start, span.end)}
    settled = [(span, span) for span in kept]
    for pattern in dict.fromkeys(span.id_ for span in found):
        for span in filter_spans(span for span in found if span.id_ == pattern):
            over = list(dict.fromkeys(holders[i] for i in range(span.start, span.end) if i in holders))
            if all(other.id_ != pattern for other in over):
                settled.append((span, max(over, key=len)))
    rows = [Match(span.start_char, span.end_char, int(span.id_), int(winner.id_), span.text == winner.text) for span, winner in settled]
    return sorted(rows)


@lru_cache(maxsize=1)
def _ruler(patterns: str, lang: str) -> Language:
    nlp = spacy.blank(lang)
    # The number of a pattern in place of its own id, which others may share.
    numbered = [{**entry, "id": str(number)} for number, entry in enumerate(json.loads(patterns))]
    nlp.add_pipe("span_ruler", config={"phrase_matcher_attr": "LOWER"}).add_patterns(numbered)
    return nlp


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
