"""Find what there is to decide in a raw text, as a candidate for annotation.

It is:

- where patterns and pipeline disagree. What only the patterns find counts 1, for they are right more often than not; what
  only the pipeline finds counts little, for patterns know only some of the entities;
- where the pipeline is unsure: at each token 1 minus the probability of what it says there (confidence.py);
- what was found, by either of them, and is spelt as no annotated entity: a new surface form.

Each of these belongs to a form or a word. A long text has more to decide than a short one, and takes longer to read.
Figures, and where the weights come from, are in benchmarks/README.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ner_update.labelling.confidence import recognise
from ner_update.labelling.matcher import matches
from ner_update.labelling.pattern_stats import PatternTable
from ner_update.pipeline.base import recognisers

ONLY_PATTERNS, ONLY_PIPELINE, NEW_FORM = 1.0, 0.1, 0.1
AGAIN = 0.5
# A token of which the pipeline is so unsure is named; of all the others the sum counts.
UNSURE = 0.1
BATCH = 128
NAMED = 3


@dataclass
class Candidate:
    """A raw text, what the pipeline finds in it, and what there is to decide: by form, how much it counts, and why."""

    text: str
    entities: list[list]
    items: dict[str, tuple[float, list[str]]]
    rest: float

    def score(self, chosen: Counter) -> float:
        """Compute how much there is to decide.

        chosen (Counter): How many chosen texts have each form.
        """
        return self.rest + sum(weight * AGAIN ** chosen[form] for form, (weight, _) in self.items.items())

    def why(self) -> str:
        """Describe in one line what counts most."""
        ordered = sorted(self.items.values(), key=lambda item: -item[0])
        more = [f"and {len(ordered) - NAMED} more"] if len(ordered) > NAMED else []
        return "; ".join([", ".join(reasons) for _, reasons in ordered[:NAMED]] + more)


def candidates(
    nlp: Language, texts: Iterable[str], table: PatternTable, known: set[str], lang: str
) -> Iterator[Candidate]:
    """Read texts with the pipeline and with the patterns.

    nlp (Language): The pipeline. What it learnt last is its first recogniser, and its labels are those that count.
    table (PatternTable): Of the patterns.
    known (set): Lower-cased texts of the annotated entities.
    YIELDS (Candidate): One for each text that has a token.
    RAISES (PatternError): As `matches`.
    """
    name = recognisers(nlp)[0]
    recogniser: Any = nlp.get_pipe(name)
    later = nlp.pipe_names[nlp.pipe_names.index(name) :]
    for batch in minibatch(matches(texts, table.patterns, lang), BATCH):
        docs = list(nlp.pipe([text for text, _ in batch], disable=later))
        full = [(doc, found) for doc, (_, found) in zip(docs, batch) if len(doc)]
        for (doc, found), sure in zip(full, recognise(recogniser, [doc for doc, _ in full])):
            of_patterns = {}
            for match in found:
                if match.winner == match.pattern and table.patterns[match.pattern]["label"] in recogniser.labels:
                    of_patterns[match.start, match.end, table.patterns[match.pattern]["label"]] = table.lines[
                        match.pattern
                    ]
            yield _candidate(doc, of_patterns, sure, known)


def _candidate(doc: Doc, of_patterns: dict[tuple, int], sure: numpy.ndarray, known: set[str]) -> Candidate:
    items: dict[str, tuple[float, list[str]]] = {}

    def add(form: str, weight: float, reason: str) -> None:
        before, reasons = items.get(form.lower(), (0.0, []))
        items[form.lower()] = (before + weight, [*reasons, reason])

    said = {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}
    for span, line in of_patterns.items():
        form = doc.text[span[0] : span[1]]
        others = [other for other in said if other[0] < span[1] and span[0] < other[1]]
        if others and span not in said:
            ours = " and ".join(f"{doc.text[a:b]!r} {label}" for a, b, label in sorted(others))
            add(form, ONLY_PATTERNS, f"patterns mark {form!r} {span[2]} (line {line}), the pipeline {ours}")
        elif not others:
            add(form, ONLY_PATTERNS, f"only patterns find {form!r} (line {line})")
    for start, end, _ in sorted(said):
        if not any(a < end and start < b for a, b, _ in of_patterns):
            add(doc.text[start:end], ONLY_PIPELINE, f"only the pipeline finds {doc.text[start:end]!r}")
    for form in sorted({doc.text[start:end] for start, end, _ in {*said, *of_patterns}}):
        if form.lower() not in known:
            add(form, NEW_FORM, f"{form!r} is new")
    doubts = 1 - sure
    # Something must stand in the line of reasons.
    named = [int(n) for n in numpy.flatnonzero(doubts >= UNSURE)] or ([] if items else [int(doubts.argmax())])
    for n in named:
        add(doc[n].text, float(doubts[n]), f"unsure at {doc[n].text!r} ({sure[n]:.2f})")
    rest = float(sum(doubt for n, doubt in enumerate(doubts) if n not in named))
    return Candidate(doc.text, [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents], items, rest)
