"""Check every data file under assets/, list all problems at once, and tokenise the texts, before anything is built on them."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy
from spacy.language import Language
from tqdm import tqdm

from ner_update.checks.blocks import INDEX, Task, check_block, pipelines, set_up, survey
from ner_update.checks.dataset import check_set, missing_texts
from ner_update.checks.labels import MOST_LABELS, too_many, wrong_labels
from ner_update.checks.missed_mentions import BareCounts, groups
from ner_update.checks.patterns import check_patterns
from ner_update.checks.report import CheckReport
from ner_update.checks.span_boundaries import doubtful_forms
from ner_update.checks.text_index import TextIndex
from ner_update.data.dataset import WRONG, DataSet, account
from ner_update.data.json_files import Part
from ner_update.data.reader import blocks, check_format
from ner_update.parallel.pool import in_processes
from ner_update.pipeline.base import entity_labels

# Where each set lies. Of raw texts nobody says what is in them.
SETS = {"base": "base", "annotated": "annotated", "test": "test", "raw": "raw.jsonl"}


def check(
    assets: Path, output: Path, report: CheckReport, lang: str, base_model: str = "", told: str = ""
) -> dict[str, dict]:
    """Check all files as one set, and tokenise their texts. Two passes: what is annotated is counted before it is checked.

    assets (Path): Folder with base/, annotated/, test/, raw.jsonl and patterns.jsonl.
    output (Path): Folder that gets a folder for each set: Docs in shards, and index.npy, of check_texts.INDEX.
    report (CheckReport): Gets all problems.
    lang (str): Language code, for the tokenizer, when no base pipeline is named.
    base_model (str): Installed pipeline or folder that is to be updated; empty to train one.
    told (str): The format that counts for files that could be read in more than one way.
    RETURNS (dict): Counts of each set.
    RAISES (BasePipelineError): If the base pipeline cannot be used.
    """
    _, base = pipelines(lang, base_model)
    problems = list(check_format(told))
    tasks = [] if problems else list(tasks_in(assets))
    files, forms = count_spans(tasks, told)
    spans = by_label(forms)
    few = len(files) <= MOST_LABELS
    problems += [] if few else [too_many(files)]
    wrong = {
        name: wrong_labels(name, files if few else (), spans["annotated"], known_labels(base, spans), bool(base))
        for name in spans
    }
    searched = groups(forms)
    bare = BareCounts(searched)
    setup = partial(
        set_up,
        lang,
        base_model,
        told,
        output,
        report.levels,
        wrong,
        searched,
        doubtful_forms(sum(forms.values(), Counter())),
    )
    parts = [(name, DataSet().counts()) for name in SETS]
    index = {name: [numpy.zeros(0, INDEX)] for name in SETS}
    with (
        TextIndex() as texts,
        tqdm(total=sum(task.size for task in tasks), desc="check", unit="B", unit_scale=True, disable=None) as bar,
    ):
        for task, checked in zip(tasks, in_processes(check_block, tasks, setup)):
            report.add_all(checked.problems)
            parts.append((task.name, checked.counts))
            index[task.name].append(checked.index)
            for file, rows in checked.facts.items():
                texts.add(task.name, file, rows)
            for found in checked.bare:
                bare.add(*found)
            bar.update(task.size)
        counts = account(parts)
        report.add_all(problems)
        report.add_all(missing_texts(assets, _sizes(counts), counts["raw"]["texts_in"], bool(base)))
        report.add_all(check_set(texts, assets, spans, base_model))
    report.add_all(bare.report())
    report.add_all(check_patterns(assets / "patterns.jsonl", lang, set(spans["annotated"])))
    for name, rows in index.items():
        (output / name).mkdir(parents=True, exist_ok=True)
        numpy.save(output / name / "index.npy", numpy.concatenate(rows))
    return counts


def tasks_in(assets: Path) -> Iterator[Task]:
    """Divide each set into blocks."""
    for name, place in SETS.items():
        path = assets / place
        if name == "raw" and path.is_file() and not path.stat().st_size:
            continue
        # Raw texts are one file: a folder in its place is named as what it is.
        for number, block in enumerate([[Part(path)]] if name == "raw" and path.is_dir() else blocks(path)):
            yield Task(name, number, block)


def count_spans(tasks: list[Task], told: str) -> tuple[dict[str, str], dict[str, Counter]]:
    """Count the annotated surface forms.

    RETURNS (tuple): For each label the first file that has it, and for each set how often each (surface form, label) is
        annotated.
    """
    tasks = [task for task in tasks if task.name != "raw"]
    files: dict[str, str] = {}
    forms: dict[str, Counter] = {name: Counter() for name in SETS if name != "raw"}
    for task, (labels, found) in zip(tasks, in_processes(partial(survey, told), tasks)):
        files = labels | files
        forms[task.name].update(found)
    return files, forms


def by_label(forms: dict[str, Counter]) -> dict[str, Counter]:
    """Count the spans of each label, for each set."""
    spans: dict[str, Counter] = {name: Counter() for name in forms}
    for name, found in forms.items():
        for (_, label), number in found.items():
            spans[name][label] += number
    return spans


def known_labels(base: Language | None, spans: dict[str, Counter]) -> set[str]:
    """Get the labels that the base pipeline knows, or will learn from assets/base."""
    return set(entity_labels(base)) if base else set(spans["base"])


def _sizes(counts: dict[str, dict]) -> dict[str, tuple[int, int]]:
    """Texts that somebody annotated, also those with an error in them, and those without an entity."""
    sizes = {}
    for name, row in counts.items():
        asked = sum(number["texts"] for reason, number in row["left_out"].items() if reason != WRONG)
        texts = row["texts_in"] - asked
        sizes[name] = (texts, row.get("texts_without_entity", 0) if row.get("spans_in") else texts)
    return sizes
