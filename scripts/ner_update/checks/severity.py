"""How bad each kind of problem is: what configs/check.yml says, which is the one place for it.

levels = read_levels()                     # RAISES LevelsError
problem = levels.apply(problem)            # with its level, or None if its kind is off
"""

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import srsly
from pydantic import RootModel, ValidationError

from ner_update.data.records import ALWAYS_ERRORS, Problem
from ner_update.project.outputs import ProblemsError

CONFIG = Path(__file__).parents[3] / "configs" / "check.yml"
# Every kind there is, and how to mend it; a problem itself often says it more exactly.
KINDS = {
    "unreadable": "mend the line, or take it out",
    "passed_over": "nothing, if nothing is missing",
    "bad_pattern": "mend the pattern, or take it out",
    "empty_text": "take the record out",
    "nul": "take the character out",
    "lone_surrogate": "save the file as UTF-8 again",
    "too_long": "cut the text into several",
    "long_word": "cut it, or take it out",
    "byte_order_mark": "take the character out, and move the spans after it",
    "crlf": "write \\n, and move the spans after it",
    "no_label": "give the span a label",
    "bad_label": "give the span a short label of one line",
    "out_of_range": "mark the span again",
    "empty_span": "mark the span again, or take it out",
    "reversed_span": "mark the span again",
    "duplicate_span": "keep one of them",
    "overlap": "keep one of them",
    "edge_whitespace": "leave the white space out of the span",
    "misaligned": "widen or narrow the span to whole tokens",
    "edge_punctuation": "leave the punctuation out of the span",
    "unknown_label": "use a label that is known, or add training texts for it",
    "misspelt_label": "write the label as elsewhere",
    "too_many_labels": "use one label for each kind of thing",
    "no_texts": "add texts",
    "no_entities": "annotate some texts",
    "no_bare_texts": "add texts without an entity",
    "no_raw_texts": "put texts into assets/raw.jsonl",
    "repeated_text": "keep one of them",
    "conflicting_text": "decide which annotation is right, and keep that one",
    "near_duplicate": "keep one of them",
    "leak": "take it out of the training texts",
    "near_leak": "take one of them out",
    "bare_form": "annotate it everywhere where it means the same",
    "few_examples": "annotate more",
    "other_length": "take both sets from the same source",
    "other_casing": "take both sets from the same source",
}


class LevelsError(ProblemsError):
    """Raised when the file of levels cannot be used."""


class Levels(RootModel[dict[str, Literal["error", "warning", "off"]]]):
    """The level of each kind."""

    def apply(self, problem: Problem) -> Problem | None:
        """Set the level that the kind of a problem has.

        RETURNS (Problem): None if that is off. A kind that is always an error stays one.
        """
        level = "error" if problem.kind in ALWAYS_ERRORS else self.root[problem.kind]
        if level == "off":
            return None
        return problem if problem.level == level else replace(problem, level=level)

    def is_on(self, kind: str) -> bool:
        """Check whether a kind is worth looking for at all."""
        return self.root[kind] != "off"


def read_levels(path: Path = CONFIG) -> Levels:
    """Read a file of levels.

    path (Path): YAML, a line `kind: level` for every kind.
    RETURNS (Levels): The level of each kind.
    RAISES (LevelsError): If the file cannot be read, names an unknown kind or level, lacks a kind, or turns one down that
        must stay an error.
    """
    try:
        said = srsly.read_yaml(path)
    except (OSError, ValueError) as error:
        raise LevelsError([f"{path}: cannot be read: {' '.join(str(error).split())}"]) from error
    if not isinstance(said, dict):
        raise LevelsError([f"{path}: it must have a line for each kind of problem, such as `overlap: error`"])
    # YAML of another version reads off as a boolean.
    said = {str(kind): "off" if level is False else level for kind, level in said.items()}
    problems = [f"{path}: {message}" for message in _unknown(said)]
    try:
        levels = Levels.model_validate({kind: level for kind, level in said.items() if kind in KINDS})
    except ValidationError as error:
        wrong = [(item["loc"][0], item["input"]) for item in error.errors(include_url=False)]
        raise LevelsError(
            problems + [f"{path}: {kind} is {level!r}: it must be error, warning or off" for kind, level in wrong]
        ) from error
    for kind in sorted(ALWAYS_ERRORS & set(levels.root)):
        if levels.root[kind] != "error":
            problems.append(
                f"{path}: {kind} is {levels.root[kind]}, and must be error: nothing could be trained on such data"
            )
    if problems:
        raise LevelsError(problems)
    return levels


def _unknown(said: dict[str, Any]) -> list[str]:
    messages = []
    for kind in said:
        if kind not in KINDS:
            near = get_close_matches(kind, KINDS, 1)
            messages.append(
                f"there is no kind {kind[:40]!r}"
                + (f": did you mean {near[0]}?" if near else f"; there are {', '.join(KINDS)}")
            )
    lacking = [kind for kind in KINDS if kind not in said]
    if lacking:
        messages.append(f"no level for {', '.join(lacking)}: write `{lacking[0]}: warning`, or error, or off")
    return messages
