"""Check every data file under assets/ and list all problems at once, before anything is built on them."""

from pathlib import Path
from typing import Iterator, Optional

import srsly
import typer
from spacy.language import Language
from tqdm import tqdm
from wasabi import msg

from base_pipeline import BasePipelineError, entity_labels, load_base, tokenizer_for
from check_labels import check_labels
from check_levels import LevelsError, read_levels
from check_patterns import check_patterns
from command import run
from data_set import DataSet, account, show_counts
from outputs import fail, replacing
from read_records import read_data
from records import Problem, RawText, check_alignment, label_counts


def check(assets: Path, lang: str, base_model: str = "", told: str = "") -> tuple[dict[str, dict], list[Problem]]:
    """Check all files as one set.

    assets (Path): Folder with base/, annotated/, test/, raw.jsonl and patterns.jsonl.
    lang (str): Language code, for the tokenizer, when no base pipeline is named.
    base_model (str): Installed pipeline or folder that is to be updated; empty to train one.
    told (str): The format that counts for files that could be read in more than one way.
    RETURNS (tuple): Counts of each set, and all problems found.
    RAISES (BasePipelineError): If the base pipeline cannot be used. LevelsError: If configs/check.yml cannot.
    """
    levels = read_levels()
    base = load_base(base_model) if base_model else None
    nlp = tokenizer_for(lang, base)
    sets = {name: read_data(assets / name, told=told) for name in ("base", "annotated", "test")}
    raw_file = assets / "raw.jsonl"
    raw = read_data(raw_file, RawText) if not raw_file.exists() or raw_file.stat().st_size else DataSet()
    problems = [problem for data in (*sets.values(), raw) for problem in data.problems]
    for name, data in sets.items():
        broken = {(problem.file, problem.line) for problem in data.problems if problem.level == "error"}
        for file, line, example in tqdm(data.examples, desc=f"check {name}", unit="text", disable=None):
            if (file, line) not in broken:
                found = check_alignment(example, nlp.make_doc(example.text))
                problems += [finding.at(file, line, example) for finding in found]
        problems += check_repeats(data)
    problems += check_sets(assets, sets, raw, base)
    known_new = label_counts(e for _, _, e in sets["annotated"].examples)
    known_base = set(entity_labels(base)) if base else set(label_counts(e for _, _, e in sets["base"].examples))
    problems += check_labels(sets, known_new, known_base, bool(base))
    problems += check_patterns(assets / "patterns.jsonl", lang, set(known_new))
    # What is wrong with a setting, each read says.
    problems = list(filter(None, map(levels.apply, dict.fromkeys(problems))))
    return account({**sets, "raw": raw}, problems), problems


def check_repeats(data: DataSet) -> Iterator[Problem]:
    """YIELDS (Problem): A warning for each text that stands twice, naming whether its spans differ."""
    first: dict[str, tuple[str, int, list]] = {}
    for file, line, example in data.examples:
        entities = sorted(example.entities)
        where = first.setdefault(example.text, (file, line, entities))
        if where[:2] != (file, line):
            how = "the same" if where[2] == entities else "DIFFERENT"
            message = f"the text stands already at {where[0]}:{where[1]}, with {how} spans; the first one counts"
            kind = "repeated_text" if where[2] == entities else "conflicting_text"
            yield Problem(file, line, message, example.text, kind=kind)


def check_sets(assets: Path, sets: dict[str, DataSet], raw: DataSet, base: Optional[Language]) -> Iterator[Problem]:
    """YIELDS (Problem): What is missing in the sets as a whole."""
    annotated = [example for _, _, example in sets["annotated"].examples]
    if not annotated:
        yield Problem(str(assets / "annotated"), None, "no annotated texts: put your examples of the new label here", kind="no_texts", level="error")
    elif not any(example.entities for example in annotated):
        yield Problem(str(assets / "annotated"), None, "no text has an entity: there is nothing to learn", kind="no_entities", level="error")
    elif all(example.entities for example in annotated):
        message = "every text has an entity: add texts without one, or the model will find one everywhere"
        yield Problem(str(assets / "annotated"), None, message, kind="no_bare_texts")
    if not sets["base"].examples and base is None:
        message = "no base texts: add some to train a base pipeline on, or name an installed one in vars.base_model"
        yield Problem(str(assets / "base"), None, message, kind="no_texts", level="error")
    if not raw.examples:
        message = "no raw texts: with them the update forgets less, and annotate has something to match"
        kind, level = ("no_raw_texts", "warning") if sets["base"].examples else ("no_texts", "error")
        yield Problem(str(assets / "raw.jsonl"), None, message, kind=kind, level=level)


def main(
    assets: Path,
    output: Path = typer.Option(..., help="JSON file with counts and warnings"),
    passed: Path = typer.Option(..., help="Written only when there is no error; later commands wait for it"),
    lang: str = "en",
    base_model: str = "",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    try:
        counts, problems = check(assets, lang, base_model, told)
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
