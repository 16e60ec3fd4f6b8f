"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold."""

import json
from collections import Counter
from functools import lru_cache, partial
from pathlib import Path
from typing import Iterator

import spacy
import srsly
from spacy.language import Language
from spacy.util import filter_spans
from tqdm import tqdm
from wasabi import msg

from command import run
from in_time import in_time
from outputs import fail, replacing
from read_json import read_values
from read_records import read_data
from records import DataError, Problem, RawText

# Texts go in batches of so many characters. The slowest text that the check lets pass takes a second per thousand.
BATCH = 100_000
SECONDS = 120.0


class SlowPatterns(RuntimeError):
    """Raised when the patterns do not come to an end. `texts` are those that they were matched over."""

    def __init__(self, texts: list[str]):
        super().__init__(f"the patterns take more than {SECONDS:.0f} seconds, or all memory, over {sum(map(len, texts)):,} characters")
        self.texts = texts


def annotate(texts: list[str], patterns: list[dict], lang: str) -> Iterator[dict]:
    """Find the patterns with spaCy's SpanRuler; where matches overlap, the longest one stays.

    texts (list): Raw texts.
    patterns (list): In EntityRuler format. Phrases match whatever their case; token patterns as they say.
    lang (str): Language code.
    YIELDS (dict): A record for each text with a match: text, entities, meta.
    RAISES (SlowPatterns): If the patterns run away.
    """
    given = json.dumps(patterns)
    todo = list(batches(texts))
    with tqdm(total=len(texts), desc="annotate", unit="text", disable=None) as bar:
        for batch, found in zip(todo, in_time(partial(find, given, lang), todo, SECONDS)):
            if found is None:
                raise SlowPatterns(batch)
            bar.update(len(batch))
            for text, entities in zip(batch, found):
                if entities:
                    yield {"text": text, "entities": entities, "meta": {"source": "patterns"}}


def find(patterns: str, lang: str, texts: list[str]) -> list[list]:
    """RETURNS (list): For each text the entities that the patterns, given as JSON, find in it."""
    found = []
    for doc in _ruler(patterns, lang).pipe(texts):
        spans = sorted(filter_spans(doc.spans["ruler"]), key=lambda span: span.start)
        found.append([[span.start_char, span.end_char, span.label_] for span in spans])
    return found


def batches(texts: list[str]) -> Iterator[list[str]]:
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


@lru_cache(maxsize=1)
def _ruler(patterns: str, lang: str) -> Language:
    nlp = spacy.blank(lang)
    nlp.add_pipe("span_ruler", config={"phrase_matcher_attr": "LOWER"}).add_patterns(json.loads(patterns))
    return nlp


def main(patterns: Path, raw: Path, output: Path, lang: str = "en"):
    advice = "Mend the raw texts and the patterns (the check command lists every problem) and run the same command again."
    problems: list[Problem] = []
    entries = [entry for _, entry in read_values(patterns, problems)]
    try:
        texts = [record.text for record in read_data(raw, RawText).require()] if raw.stat().st_size else []
        if problems:
            raise DataError(problems)
        records = list(annotate(texts, entries, lang))
    except DataError as error:
        fail(error.problems, advice)
    except SlowPatterns as error:
        fail([Problem(str(patterns), None, f"{error}; the first of them", error.texts[0])], advice)
    except Exception as error:
        # Whatever spaCy says of patterns that no check has seen.
        fail([Problem(str(patterns), None, f"the patterns cannot be matched: {' '.join(str(error).split())}")], advice)
    with replacing(output) as path:
        srsly.write_jsonl(path, records)
    labels = Counter(label for record in records for _, _, label in record["entities"])
    msg.good(f"{len(records)} of {len(texts)} raw texts have a match ({dict(labels) or 'none'}); review them in {output}")


if __name__ == "__main__":
    run(main)
