"""Check every data file under assets/, list all problems at once, and tokenise the texts, before anything is built on them."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Iterator

import numpy
import srsly
import typer
from tqdm import tqdm
from wasabi import msg

from bare_forms import BareCounts, groups
from base_pipeline import BasePipelineError, entity_labels
from check_labels import MOST_LABELS, too_many, wrong_labels
from check_levels import LevelsError, read_levels
from check_patterns import check_patterns
from check_set import check_set, missing_texts
from check_texts import INDEX, Task, check_block, pipelines, set_up, survey
from command import run
from data_set import WRONG, DataSet, account, show_counts
from edge_forms import doubtful_forms
from in_processes import in_processes
from outputs import fail, replacing
from read_records import blocks, check_format
from records import Problem
from text_index import TextIndex

# Where each set lies. Of raw texts nobody says what is in them.
SETS = {"base": "base", "annotated": "annotated", "test": "test", "raw": "raw.jsonl"}


def check(assets: Path, output: Path, lang: str, base_model: str = "", told: str = "") -> tuple[dict[str, dict], list[Problem]]:
    """Check all files as one set, and tokenise their texts. Two passes: what is annotated is counted before it is checked.

    assets (Path): Folder with base/, annotated/, test/, raw.jsonl and patterns.jsonl.
    output (Path): Folder that gets a folder for each set: Docs in shards, and index.npy, of check_texts.INDEX.
    lang (str): Language code, for the tokenizer, when no base pipeline is named.
    base_model (str): Installed pipeline or folder that is to be updated; empty to train one.
    told (str): The format that counts for files that could be read in more than one way.
    RETURNS (tuple): Counts of each set, and all problems found.
    RAISES (BasePipelineError): If the base pipeline cannot be used. LevelsError: If configs/check.yml cannot.
    """
    levels = read_levels()
    _, base = pipelines(lang, base_model)
    problems = list(check_format(told))
    tasks = [] if problems else list(tasks_in(assets))
    files, forms = count_spans([task for task in tasks if task.name != "raw"], told)
    spans = {name: _by_label(forms[name]) for name in forms}
    known = set(entity_labels(base)) if base else set(spans["base"])
    if len(files) > MOST_LABELS:
        problems.append(too_many(files))
        wrong = {name: {} for name in forms}
    else:
        wrong = {name: wrong_labels(name, files, spans["annotated"], known, bool(base)) for name in forms}
    searched = groups(forms)
    bare = BareCounts(searched)
    setup = partial(set_up, lang, base_model, told, output, levels, wrong, searched, doubtful_forms(sum(forms.values(), Counter())))
    parts = [(name, DataSet().counts()) for name in SETS]
    index = {name: [numpy.zeros(0, INDEX)] for name in SETS}
    with TextIndex() as texts, tqdm(total=sum(task.size for task in tasks), desc="check", unit="B", unit_scale=True, disable=None) as bar:
        for task, checked in zip(tasks, in_processes(check_block, tasks, setup)):
            problems += checked.problems
            parts.append((task.name, checked.counts))
            index[task.name].append(checked.index)
            for file, rows in checked.facts.items():
                texts.add(task.name, file, rows)
            for found in checked.bare:
                bare.add(*found)
            bar.update(task.size)
        counts = account(parts)
        problems += missing_texts(assets, _sizes(counts), counts["raw"]["texts_in"], bool(base))
        problems += check_set(texts, assets, spans, base_model)
    problems += bare.report()
    problems += check_patterns(assets / "patterns.jsonl", lang, set(spans["annotated"]))
    for name, rows in index.items():
        (output / name).mkdir(parents=True, exist_ok=True)
        numpy.save(output / name / "index.npy", numpy.concatenate(rows))
    return counts, list(filter(None, map(levels.apply, dict.fromkeys(problems))))


def tasks_in(assets: Path) -> Iterator[Task]:
    """YIELDS (Task): Each block of each set."""
    for name, place in SETS.items():
        path = assets / place
        if name == "raw" and path.exists() and not path.stat().st_size:
            continue
        for number, block in enumerate(blocks(path)):
            yield Task(name, number, block)


def count_spans(tasks: list[Task], told: str) -> tuple[dict[str, str], dict[str, Counter]]:
    """RETURNS (tuple): For each label the first file in which it stands, and for each set how often each (surface form, label)
    is annotated."""
    files: dict[str, str] = {}
    forms: dict[str, Counter] = {name: Counter() for name in SETS if name != "raw"}
    for task, (labels, found) in zip(tasks, in_processes(partial(survey, told), tasks)):
        files = labels | files
        forms[task.name].update(found)
    return files, forms


def _by_label(forms: Counter) -> Counter:
    spans: Counter = Counter()
    for (_, label), number in forms.items():
        spans[label] += number
    return spans


def _sizes(counts: dict[str, dict]) -> dict[str, tuple[int, int]]:
    """Texts that somebody annotated, also those with an error in them, and those without an entity."""
    sizes = {}
    for name, row in counts.items():
        asked = sum(number["texts"] for reason, number in row["left_out"].items() if reason != WRONG)
        texts = row["texts_in"] - asked
        sizes[name] = (texts, row.get("texts_without_entity", 0) if row.get("spans_in") else texts)
    return sizes


def main(
    assets: Path,
    output: Path = typer.Option(..., help="JSON file with counts and all problems"),
    passed: Path = typer.Option(..., help="Written only when there is no error; later commands wait for it"),
    texts: Path = typer.Option(..., help="Folder for the tokenised texts of each set"),
    lang: str = "en",
    base_model: str = "",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    with replacing(texts) as folder:
        folder.mkdir()
        try:
            counts, problems = check(assets, folder, lang, base_model, told)
        except (BasePipelineError, OSError) as error:
            fail([error], "Nothing was written.")
        except LevelsError as error:
            fail(error.problems, "Mend configs/check.yml and run the same command again.")
        warnings = [problem for problem in problems if problem.level == "warning"]
        errors = [problem for problem in problems if problem.level == "error"]
        for warning in warnings[:20]:
            msg.warn(str(warning))
        if len(warnings) > 20:
            msg.warn(f"... and {len(warnings) - 20} more warnings, all in {output}")
        show_counts(counts)
        if errors:
            fail(errors, f"{len(errors)} error(s) in {assets}. Mend them and run the same command again.")
    with replacing(output) as path:
        srsly.write_json(path, {"counts": counts, "warnings": [warning.to_json() for warning in warnings]})
    with replacing(passed) as path:
        # Always the same bytes: what waits for the check must not rerun because a count changed.
        path.write_text("All files under assets passed the check.\n", encoding="utf8")
    msg.good(f"{sum(c['texts'] for c in counts.values())} texts checked, {len(warnings)} warning(s)")


if __name__ == "__main__":
    run(main)
