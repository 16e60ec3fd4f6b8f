"""Rank raw texts for annotation: those from which the next training would learn most come first, each with the reason.

A text's score is the sum of what there is to decide in it:

- where patterns and pipeline disagree. What only the patterns find counts 1, for they are right more often than not; what
  only the pipeline finds counts little, for patterns know only some of the entities;
- where the pipeline is unsure: at each token 1 minus the probability of what it says there (scripts/confidence.py);
- what was found, by either of them, and is spelt as no annotated entity: a new surface form.

Each of these stands for a form or a word. When a text is chosen, its forms count half from then on, so that the list is not
fifty texts for one of them. Figures, and where the weights come from, are in benchmarks/README.md.
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import md5
from heapq import heapify, heappop, heappush, nlargest
from pathlib import Path
from typing import Iterable, Iterator

import numpy
import spacy
import srsly
import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from tqdm import tqdm
from wasabi import msg

import text_context  # noqa: F401  (the pipeline needs it to load)
from annotate import ADVICE, PatternError, matches
from base_pipeline import recognisers
from command import run
from confidence import recognise
from outputs import fail, replacing
from pattern_table import PatternTable
from preprocess import group_key
from read_json import read_values
from read_records import read_data
from records import DataError, Example, Problem, RawText
from spacy_training import use_openblas

ONLY_PATTERNS, ONLY_PIPELINE, NEW_FORM = 1.0, 0.1, 0.1
AGAIN = 0.5
# A token of which the pipeline is so unsure is named; of all the others the sum counts.
UNSURE = 0.1
BATCH = 128
# So many texts for each that is wanted are held, the best by themselves.
HELD = 50
NAMED = 3


@dataclass
class Candidate:
    """A raw text, what the pipeline finds in it, and what there is to decide: by form, how much it counts, and why."""

    text: str
    entities: list[list]
    items: dict[str, tuple[float, list[str]]]
    rest: float

    def score(self, chosen: Counter) -> float:
        """RETURNS (float): What there is to decide. chosen (Counter): How many chosen texts have each form."""
        return self.rest + sum(weight * AGAIN ** chosen[form] for form, (weight, _) in self.items.items())

    def why(self) -> str:
        """RETURNS (str): What counts most, in one line."""
        ordered = sorted(self.items.values(), key=lambda item: -item[0])
        more = [f"and {len(ordered) - NAMED} more"] if len(ordered) > NAMED else []
        return "; ".join([", ".join(reasons) for _, reasons in ordered[:NAMED]] + more)


def candidates(nlp: Language, texts: Iterable[str], table: PatternTable, known: set[str], lang: str) -> Iterator[Candidate]:
    """Read texts with the pipeline and with the patterns.

    nlp (Language): The pipeline. What it learnt last is its first recogniser, and its labels are those that count.
    table (PatternTable): Of the patterns.
    known (set): Lower-cased texts of the annotated entities.
    YIELDS (Candidate): One for each text that has a token.
    RAISES (PatternError): As `matches`.
    """
    name = recognisers(nlp)[0]
    recogniser, later = nlp.get_pipe(name), nlp.pipe_names[nlp.pipe_names.index(name) :]
    for batch in minibatch(matches(texts, table.patterns, lang), BATCH):
        docs = list(nlp.pipe([text for text, _ in batch], disable=later))
        full = [(doc, found) for doc, (_, found) in zip(docs, batch) if len(doc)]
        for (doc, found), sure in zip(full, recognise(recogniser, [doc for doc, _ in full])):
            of_patterns = {}
            for match in found:
                if match.winner == match.pattern and table.patterns[match.pattern]["label"] in recogniser.labels:
                    of_patterns[match.start, match.end, table.patterns[match.pattern]["label"]] = table.lines[match.pattern]
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


def choose(found: Iterable[Candidate], number: int) -> Iterator[tuple[Candidate, float]]:
    """Choose one text after the other, each time the one with the highest score; forms of chosen ones count less and less.

    YIELDS (tuple): Candidate and score, `number` of them at most.
    """
    chosen: Counter = Counter()
    held = nlargest(HELD * number, ((one.score(chosen), one.text, one) for one in found), key=lambda row: row[:2])
    heap = [(-score, text, n, one) for n, (score, text, one) in enumerate(held)]
    heapify(heap)
    while heap and number:
        _, text, n, best = heappop(heap)
        score = best.score(chosen)
        # Scores only fall: if it is still ahead of what the next one was, it is the best.
        if heap and -score > heap[0][0]:
            heappush(heap, (-score, text, n, best))
            continue
        chosen.update(list(best.items))
        number -= 1
        yield best, score


def fresh(raw: Iterable[RawText], sets: dict[str, list[Example]]) -> Iterator[str]:
    """YIELDS (str): Each raw text of which nothing alike is annotated, or came before. Texts of a document that has its place in
    the base or the test set are left out as well: preprocess would not train on them."""
    taken = {group_key(RawText(text=example.text)) for examples in sets.values() for example in examples}
    taken |= {group_key(example) for name in ("base", "test") for example in sets[name]}
    for record in raw:
        key = group_key(RawText(text=record.text))
        if key not in taken and group_key(record) not in taken:
            taken.add(key)
            yield record.text


def main(
    assets: Path,
    pipeline: Path,
    output: Path,
    number: int = typer.Option(100, min=1, help="How many texts are suggested"),
    lang: str = "en",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    if not (pipeline / "meta.json").is_file():
        fail([f"There is no pipeline in {pipeline}"], "Run the whole project first, so that there is one to be unsure: make")
    problems: list[Problem] = []
    raw, patterns = assets / "raw.jsonl", assets / "patterns.jsonl"
    entries = list(read_values(patterns, problems)) if patterns.exists() else []
    use_openblas()
    nlp = spacy.load(pipeline)
    try:
        records = read_data(raw, RawText).require() if raw.exists() and raw.stat().st_size else []
        sets = {name: read_data(assets / name, told=told).require() for name in ("annotated", "base", "test")}
        if problems:
            raise DataError(problems)
        known = {example.text[start:end].lower() for example in sets["annotated"] for start, end, _ in example.entities}
        texts = fresh(tqdm(records, desc="suggest", unit="text", disable=None), sets)
        ranked = list(choose(candidates(nlp, texts, PatternTable(entries), known, lang), number))
    except DataError as error:
        fail(error.problems, ADVICE)
    except PatternError as error:
        fail([Problem(str(patterns), None, str(error), error.text)], ADVICE)
    with replacing(output) as path:
        srsly.write_jsonl(path, (_record(one, score) for one, score in ranked))
    for place, (one, score) in enumerate(ranked[:10], 1):
        shown = one.text if len(one.text) <= 100 else one.text[:97] + "..."
        print(f"{place:2}. {score:5.2f}  {shown!r}\n           {one.why()}")
    if not ranked:
        msg.warn(f"Nothing is left to suggest: each text of {raw} is annotated, or like one that is")
    msg.good(f"{len(ranked)} of {len(records)} raw texts, best first, with what the pipeline finds in them: {output}")


def _record(one: Candidate, score: float) -> dict:
    name = md5(one.text.encode("utf8", "surrogatepass")).hexdigest()[:12]
    return {"text": one.text, "entities": one.entities, "id": name, "meta": {"source": "suggest", "score": round(score, 3), "why": one.why()}}


if __name__ == "__main__":
    run(main)
