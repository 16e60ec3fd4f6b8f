"""Rank raw texts for annotation: those from which the next training would learn most come first, each with the reason.

A text's score is the sum of what there is to decide in it, as candidates.py counts it. When a text is chosen, its forms
count half from then on, so that the list is not fifty texts for one of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import md5
from heapq import heapify, heappop, heappush, nlargest
from pathlib import Path

import spacy
import srsly
from tqdm import tqdm
from wasabi import msg

from ner_update.data.grouping import group_key
from ner_update.data.json_files import read_values
from ner_update.data.reader import read_data
from ner_update.data.records import DataError, Example, Problem, RawText
from ner_update.labelling.candidates import Candidate, candidates
from ner_update.labelling.matcher import ADVICE, PatternError
from ner_update.labelling.pattern_stats import PatternTable
from ner_update.pipeline import text_context  # noqa: F401  (the pipeline needs it to load)
from ner_update.pipeline.compute import use_openblas
from ner_update.project.outputs import fail, refuse_overlap, replacing

# So many texts for each that is wanted are held, the best by themselves.
HELD = 50
SHOWN = 10


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
    """Find the raw texts that are new: nothing like them is annotated, or came before.

    Texts of a document that has its place in the base or the test set are left out as well: preprocess would not train
    on them.
    """
    taken = {group_key(RawText(text=example.text)) for examples in sets.values() for example in examples}
    taken |= {group_key(example) for name in ("base", "test") for example in sets[name]}
    for record in raw:
        key = group_key(RawText(text=record.text))
        if key not in taken and group_key(record) not in taken:
            taken.add(key)
            yield record.text


def suggest(assets: Path, pipeline: Path, output: Path, number: int, lang: str, told: str) -> None:
    """Write the texts from which the pipeline would learn most, best first, and print the first of them.

    assets (Path): Folder with the raw texts, the patterns and what is annotated.
    number (int): How many texts are suggested.
    told (str): The format that counts for files that could be read in more than one way.
    RAISES (typer.Exit): After a message, if there is no pipeline, or a file cannot be used.
    """
    refuse_overlap(output, assets, pipeline)
    if not (pipeline / "meta.json").is_file():
        fail(
            [f"There is no pipeline in {pipeline}"],
            "Run the whole project first, so that there is one to be unsure: make",
        )
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
    for place, (one, score) in enumerate(ranked[:SHOWN], 1):
        shown = one.text if len(one.text) <= 100 else one.text[:97] + "..."
        print(f"{place:2}. {score:5.2f}  {shown!r}\n           {one.why()}")
    if not ranked:
        msg.warn(f"Nothing is left to suggest: each text of {raw} is annotated, or like one that is")
    msg.good(f"{len(ranked)} of {len(records)} raw texts, best first, with what the pipeline finds in them: {output}")


def _record(one: Candidate, score: float) -> dict:
    name = md5(one.text.encode("utf8", "surrogatepass")).hexdigest()[:12]
    return {
        "text": one.text,
        "entities": one.entities,
        "id": name,
        "meta": {"source": "suggest", "score": round(score, 3), "why": one.why()},
    }
