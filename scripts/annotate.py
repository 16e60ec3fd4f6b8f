"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold."""

from collections import Counter
from pathlib import Path
from typing import Iterator

import spacy
import srsly
from spacy.util import filter_spans
from tqdm import tqdm
from wasabi import msg

from command import run
from outputs import fail, replacing
from read_records import read_data
from records import DataError, RawText


def annotate(texts: list[str], patterns: list[dict], lang: str) -> Iterator[dict]:
    """Find the patterns with spaCy's SpanRuler; where matches overlap, the longest one stays.

    texts (list): Raw texts.
    patterns (list): In EntityRuler format. Phrases match whatever their case; token patterns as they say.
    lang (str): Language code.
    YIELDS (dict): A record for each text with a match: text, entities, meta.
    """
    nlp = spacy.blank(lang)
    ruler = nlp.add_pipe("span_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns(patterns)
    for doc in tqdm(nlp.pipe(texts), total=len(texts), desc="annotate", unit="text", disable=None):
        spans = sorted(filter_spans(doc.spans["ruler"]), key=lambda span: span.start)
        if spans:
            entities = [[span.start_char, span.end_char, span.label_] for span in spans]
            yield {"text": doc.text, "entities": entities, "meta": {"source": "patterns"}}


def main(patterns: Path, raw: Path, output: Path, lang: str = "en"):
    try:
        texts = [record.text for record in read_data(raw, RawText).require()] if raw.stat().st_size else []
    except DataError as error:
        fail(error.problems, "Mend the raw texts and run the same command again.")
    records = list(annotate(texts, list(srsly.read_jsonl(patterns)), lang))
    with replacing(output) as path:
        srsly.write_jsonl(path, records)
    labels = Counter(label for record in records for _, _, label in record["entities"])
    msg.good(f"{len(records)} of {len(texts)} raw texts have a match ({dict(labels) or 'none'}); review them in {output}")


if __name__ == "__main__":
    run(main)
