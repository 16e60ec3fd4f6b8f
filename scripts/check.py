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

from base_pipeline import BasePipelineError, entity_labels
from check_labels import LabelCheck, check_number
from check_patterns import check_patterns
from check_texts import INDEX, Task, check_block, pipelines, set_up, survey
from command import run
from data_set import DataSet, account, show_counts
from in_processes import in_processes
from outputs import fail, replacing
from read_records import blocks, check_format
from records import Problem

# Of raw texts nobody says what is in them.
SETS = {"base": "base", "annotated": "annotated", "test": "test", "raw": "raw.jsonl"}


def check(assets: Path, output: Path, lang: str, base_model: str = "", told: str = "") -> tuple[dict[str, dict], list[Problem]]:
    """Check all files as one set, and tokenise their texts.

    assets (Path): Folder with base/, annotated/, test/, raw.jsonl and patterns.jsonl.
    output (Path): Folder that gets a folder for each set: Docs in shards, and index.npy, of check_texts.INDEX.
    lang (str): Language code, for the tokenizer, when no base pipeline is named.
    base_model (str): Installed pipeline or folder that is to be updated; empty to train one.
    told (str): The format that counts for files that could be read in more than one way.
    RETURNS (tuple): Counts of each set, and all problems found.
    RAISES (BasePipelineError): If the base pipeline cannot be used.
    """
    _, base = pipelines(lang, base_model)
    problems = list(check_format(told))
    tasks = [] if problems else list(tasks_in(assets))
    used, problems_of_labels = count_labels([task for task in tasks if task.name != "raw"], told)
    labels = LabelCheck(used, set(entity_labels(base)) if base else set(used["base"]), bool(base))
    parts = [(name, DataSet().counts()) for name in SETS]
    index = {name: [numpy.zeros(0, INDEX)] for name in SETS}
    with tqdm(total=sum(task.size for task in tasks), desc="check", unit="B", unit_scale=True, disable=None) as bar:
        setup = partial(set_up, lang, base_model, told, labels, output)
        for task, checked in zip(tasks, in_processes(check_block, tasks, setup)):
            problems += checked.problems
            parts.append((task.name, checked.counts))
            index[task.name].append(checked.index)
            bar.update(task.size)
    for name, rows in index.items():
        (output / name).mkdir(parents=True, exist_ok=True)
        numpy.save(output / name / "index.npy", numpy.concatenate(rows))
    counts = account(parts)
    problems += problems_of_labels
    problems += check_sets(assets, counts, bool(base))
    problems += check_patterns(assets / "patterns.jsonl", lang, set(used["annotated"]))
    return counts, list(dict.fromkeys(problems))


def tasks_in(assets: Path) -> Iterator[Task]:
    """YIELDS (Task): Each block of each set."""
    for name, place in SETS.items():
        path = assets / place
        if name == "raw" and path.exists() and not path.stat().st_size:
            continue
        for number, block in enumerate(blocks(path)):
            yield Task(name, number, block)


def count_labels(tasks: list[Task], told: str) -> tuple[dict[str, Counter], list[Problem]]:
    """RETURNS (tuple): How many spans of each set have each label, and that there are too many labels, if so."""
    used: dict[str, Counter] = {name: Counter() for name in SETS}
    files: Counter = Counter()
    for task, found in zip(tasks, in_processes(partial(survey, told), tasks)):
        files += found
        for (_, label), number in found.items():
            used[task.name][label] += number
    return used, list(check_number(files))


def check_sets(assets: Path, counts: dict[str, dict], installed: bool) -> Iterator[Problem]:
    """YIELDS (Problem): What is missing in the sets as a whole."""
    new = counts["annotated"]
    if not new["texts_in"]:
        yield Problem(str(assets / "annotated"), None, "no annotated texts: put your examples of the new label here")
    elif not new["spans_in"]:
        yield Problem(str(assets / "annotated"), None, "no text has an entity: there is nothing to learn")
    elif new["texts"] and not new["texts_without_entity"]:
        message = "every text has an entity: add texts without one, or the model will find one everywhere"
        yield Problem(str(assets / "annotated"), None, message, level="warning")
    if not counts["base"]["texts_in"] and not installed:
        message = "no base texts: add some to train a base pipeline on, or name an installed one in vars.base_model"
        yield Problem(str(assets / "base"), None, message)
    if not counts["raw"]["texts_in"]:
        message = "no raw texts: with them the update forgets less, and annotate has something to match"
        level = "warning" if counts["base"]["texts_in"] else "error"
        yield Problem(str(assets / "raw.jsonl"), None, message, level=level)


def main(
    assets: Path,
    output: Path = typer.Option(..., help="JSON file with counts and warnings"),
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
        srsly.write_json(path, {"counts": counts, "warnings": [vars(warning) for warning in warnings]})
    with replacing(passed) as path:
        # Always the same bytes: what waits for the check must not rerun because a count changed.
        path.write_text("All files under assets passed the check.\n", encoding="utf8")
    msg.good(f"{sum(c['texts'] for c in counts.values())} texts checked, {len(warnings)} warning(s)")


if __name__ == "__main__":
    run(main)
