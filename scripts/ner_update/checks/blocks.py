"""Read, check and tokenise texts, block by block: what each process of the check does.

Two passes go over the data. The first counts what the second has to know of all texts: the labels. What a process returns
is small; Docs of texts in order it writes to disk.
"""

import gc
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import md5
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokenizer import Tokenizer

from ner_update.checks.labels import WrongLabel, label_findings
from ner_update.checks.missed_mentions import SEARCHED, BareForms, surface_forms
from ner_update.checks.severity import Levels
from ner_update.checks.span_boundaries import edge_findings
from ner_update.checks.text_index import Facts, facts
from ner_update.corpus.shards import DocShard
from ner_update.data.grouping import group_key
from ner_update.data.json_files import Part
from ner_update.data.reader import read_block, read_part
from ner_update.data.records import Example, Finding, Problem, RawText, check_alignment
from ner_update.pipeline.base import load_base, tokenizer_for

# What preprocess knows of each text: the shard with its Doc, and hashes of its group and of itself.
INDEX = numpy.dtype([("shard", "u4"), ("group", "u8"), ("text", "u8")])
# spaCy's tokenizer caches nothing in a memory zone, nothing in a text after an exception such as "don't", and 10,000 words at
# most. So the words that a block has twice are given to it before, one by one: what takes 70 microseconds for a text of
# 22 tokens then takes 25. No more than these, or with names and numbers its memory would grow without end.
CACHED = 100_000
TWICE = 2
_now = SimpleNamespace(words=set())


@dataclass
class Task:
    """A block of a set, and its number among those of the set."""

    name: str
    number: int
    block: list[Part]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(part.length for part in self.block)


@dataclass
class Checked:
    """What was found in a block: `facts` of text_index.py by file, and `bare`, what BareCounts.add takes."""

    counts: dict
    problems: list[Problem]
    index: numpy.ndarray
    facts: dict[str, list[tuple[int, Facts]]]
    bare: list[tuple]


@lru_cache(maxsize=1)
def pipelines(lang: str, base_model: str) -> tuple[Language, Language | None]:
    """Load the base pipeline, if one is named, and the tokenizer.

    RETURNS (tuple): A pipeline that tokenises, and the base pipeline or None.
    RAISES (BasePipelineError): As load_base.
    """
    base = load_base(base_model) if base_model else None
    return tokenizer_for(lang, base), base


def survey(told: str, task: Task) -> tuple[dict[str, str], Counter]:
    """Count what is annotated in a block. What is wrong with it, the second pass says.

    RETURNS (tuple): A file for each label, and how often each (surface form, label) is annotated.
    """
    files: dict[str, str] = {}
    forms: Counter = Counter()
    for part in task.block:
        for _, pieces, _ in read_part(part, Example, told, []):
            try:
                for example in filter(None, map(_annotated, pieces)):
                    found = surface_forms(example)
                    forms.update(found)
                    files.update((label, str(part.file)) for _, label in found if label not in files)
            except (ValueError, TypeError):
                continue
    return files, forms


def set_up(
    lang: str,
    base_model: str,
    told: str,
    output: Path,
    levels: Levels,
    wrong: dict[str, dict[str, WrongLabel]],
    forms: dict[str, Counter],
    doubtful: frozenset,
) -> None:
    """Keep in this process what check_block needs.

    output (Path): Folder that gets a folder of shards for each set.
    wrong (dict): For each set the labels that check_labels.py calls wrong.
    forms (dict): What bare_forms.groups returned. doubtful (frozenset): What doubtful_forms returned.
    """
    _now.nlp, _ = pipelines(lang, base_model)
    if isinstance(_now.nlp.tokenizer, Tokenizer):
        _now.nlp.tokenizer.max_cache_size = CACHED
    _now.told, _now.output, _now.levels, _now.wrong, _now.doubtful = told, output, levels, wrong, doubtful
    _now.finders = (
        {group: BareForms(counts, _now.nlp) for group, counts in forms.items()} if levels.is_on("bare_form") else {}
    )
    # What is there already stays: to look at it again and again for what can be freed takes a tenth of the time.
    gc.freeze()


def check_block(task: Task) -> Checked:
    """Check each record of a block, and write the Docs of those without an error.

    They are written in the order of group and text, so that the order of lines and of small files does not matter.
    """
    data = read_block(task.block, RawText if task.name == "raw" else Example, _now.told)
    kept: list = []
    known: dict = {}
    bare: list = []
    remember(example.text for _, _, example in data.examples)
    with _now.nlp.memory_zone():
        broken = {(problem.file, problem.line) for problem in data.problems if problem.level == "error"}
        for file, line, example in data.examples:
            if (file, line) in broken:
                continue
            if len(example.text) > _now.nlp.max_length:
                message = f"the text has {len(example.text):,} characters, and this pipeline takes {_now.nlp.max_length:,}: cut it into several"
                data.problems.append(Finding("too_long", message).at(file, line, example))
                continue
            doc, key = _now.nlp.make_doc(example.text), group_key(example)
            if task.name != "raw":
                spans = [doc.char_span(*entity) for entity in example.entities]
                if None in spans:
                    data.problems += [finding.at(file, line, example) for finding in check_alignment(example, doc)]
                    continue
                doc.set_ents(spans)
                for finding in (
                    *label_findings(example, _now.wrong[task.name]),
                    *edge_findings(example, _now.doubtful),
                ):
                    data.problems.append(finding.at(file, line, example))
                known.setdefault(file, []).append((line, facts(example, key)))
                found = [
                    match
                    for group in SEARCHED[task.name]
                    if group in _now.finders
                    for match in _now.finders[group].find(doc, example.entities, example.text)
                ]
                if found:
                    bare.append((file, line, example.text, found))
            kept.append((key, example.text, doc))
        # Texts that are the same stay in the order of the lines: the first one counts.
        kept.sort(key=itemgetter(0, 1))
        shard = DocShard()
        for _, _, doc in kept:
            shard.add(doc)
        path = _now.output / task.name / f"{task.number:05}.spacy"
        path.parent.mkdir(parents=True, exist_ok=True)
        shard.complete(_now.nlp.vocab.strings).to_disk(path)
        index = numpy.array([(task.number, hash_of(group), hash_of(text)) for group, text, _ in kept], dtype=INDEX)
    data.problems = list(filter(None, map(_now.levels.apply, data.problems)))
    return Checked(data.counts(), data.problems, index, known, bare)


def remember(texts: Iterable[str]) -> None:
    """Let the tokenizer cache words that come again."""
    words = Counter(word for text in texts for word in text.split())
    again = [word for word, number in words.items() if number >= TWICE and word not in _now.words]
    for word in again[: CACHED - len(_now.words)]:
        _now.words.add(word)
        _now.nlp.tokenizer(word)


def hash_of(text: str) -> int:
    """Get 64 bits of the MD5 of a group.

    RETURNS (int): The upper half gives the group's place between 0 and 1.
    """
    return int.from_bytes(md5(text.encode("utf8", "surrogatepass")).digest()[:8], "big")


def _annotated(piece: Any) -> Example | None:
    """Make an example of the piece, without a check of its content: that is left to the second pass."""
    if not isinstance(piece, dict) or piece.get("answer", "accept") != "accept":
        return None
    spans = [(start, end, label) for start, end, label in piece.get("entities") or () if isinstance(label, str)]
    return Example.model_construct(text=piece["text"], entities=spans) if isinstance(piece.get("text"), str) else None
