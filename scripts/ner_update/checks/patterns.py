"""Check the Matcher patterns: each is one that spaCy takes, for a label in use, and none runs for ever.

A pattern comes from a file of any origin, and its regular expressions run over every word of every raw text. Whether one
takes for ever is measured and not guessed: it runs over short words made to be nearly what it looks for, in a process
that is ended when time is up. `annotate` limits the time over the raw texts themselves.
"""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import spacy
from rstr import Rstr
from spacy.errors import MatchPatternError
from spacy.language import Language
from spacy.pipeline import SpanRuler
from tqdm import tqdm

from ner_update.data.json_files import read_values, show
from ner_update.data.records import Problem
from ner_update.parallel.time_limit import in_time

# For one pattern over all of its words; what runs away takes longer than anybody would wait.
SECONDS = 5.0
TOO_SLOW = (
    f"the pattern runs more than {SECONDS:.0f} seconds over a few short words: take out repeats inside a repeat, and "
    "repeats of alternatives that overlap, as in (a+)+ and (a|a)*"
)
MOST_SLOW = 5
WORDS = 10
LONGEST_WORD = 60
# The Matcher follows every way in which a pattern may match, and each optional token doubles them.
MOST_OPTIONAL = 16
LONGEST_PATTERN = 200


def check_patterns(path: Path, lang: str, labels: set[str]) -> list[Problem]:
    """Check a file of patterns in EntityRuler format.

    lang (str): Language code of the texts.
    labels (set): Those of the annotated texts.
    RETURNS (list): What is wrong, by line.
    """
    problems: list[Problem] = []
    if not path.exists():
        return problems
    fit, slow = [], 0
    for number, entry in read_values(path, problems):
        reason = form(entry, labels)
        if reason:
            problems.append(Problem(str(path), number, reason, show(entry), kind="bad_pattern", level="error"))
        else:
            fit.append((number, entry))
    tried = in_time(partial(problem_of, lang), [entry for _, entry in fit], SECONDS)
    for (number, entry), reason in zip(tqdm(fit, desc="check patterns", unit="pattern", disable=None), tried):
        slow += reason is None
        if reason != "":
            problems.append(
                Problem(str(path), number, reason or TOO_SLOW, show(entry), kind="bad_pattern", level="error")
            )
        if slow == MOST_SLOW:
            problems.append(
                Problem(
                    str(path),
                    number,
                    f"{slow} patterns run too long: those after this line were not tried",
                    kind="bad_pattern",
                    level="error",
                )
            )
            break
    return problems


def form(entry: Any, labels: set[str]) -> str:
    """Describe what is wrong with the form of an entry; empty if nothing is."""
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("label"), str)
        or not isinstance(entry.get("pattern"), (str, list))
    ):
        lacks = next((key for key in ("label", "pattern") if isinstance(entry, dict) and key not in entry), None)
        return f'not a pattern{f" (it lacks {lacks!r})" if lacks else ""}: write {{"label": ..., "pattern": ...}}'
    if entry["label"] not in labels:
        return (
            f"label {entry['label'][:100]} is not in assets/annotated, which has {', '.join(sorted(labels)) or 'none'}"
        )
    pattern = entry["pattern"]
    sizes = [_size(token) for token in pattern if isinstance(token, dict)] if isinstance(pattern, list) else []
    if sum(length for length, _ in sizes) > LONGEST_PATTERN or len(pattern) > 10 * LONGEST_PATTERN:
        return f"the pattern is longer than {LONGEST_PATTERN} tokens, with repeats counted out: make it shorter"
    if (optional := sum(free for _, free in sizes)) > MOST_OPTIONAL:
        return f"{optional} tokens of the pattern are optional (* and + count for 4), and {MOST_OPTIONAL} may be: make several patterns"
    return ""


def problem_of(lang: str, entry: dict) -> str:
    """Give a pattern to spaCy, and run its regular expressions over words made for them.

    RETURNS (str): What is wrong with it; empty if nothing.
    """
    try:
        for regex in regexes(entry["pattern"]):
            compiled = re.compile(regex)
            for word in words(regex):
                compiled.search(word)
        nlp, ruler = _ruler(lang)
        ruler.clear()
        ruler.add_patterns([entry])
        # Some attributes are refused only when there is a text: a blank pipeline has no tagger.
        nlp("a")
    except (re.error, MatchPatternError) as error:
        kind = "regular expression" if isinstance(error, re.error) else "token pattern"
        return f"not a {kind}: {' '.join(str(error).split())}"
    except MemoryError:
        raise
    except Exception as error:
        # Whatever spaCy says of it, and in whatever way, it says of the pattern.
        return f'not a pattern ({" ".join(str(error).split())}): write {{"label": ..., "pattern": ...}}'
    return ""


def regexes(value: Any, named: bool = False) -> Iterator[str]:
    """Find all regular expressions in a token pattern, also those in lists under REGEX."""
    if isinstance(value, str) and named:
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from regexes(inner, named or key.upper() == "REGEX")
    elif isinstance(value, list):
        for inner in value:
            yield from regexes(inner, named)


def words(regex: str) -> Iterator[str]:
    """Make words that a regular expression nearly matches: these make it try all its alternatives."""
    made = Rstr(random.Random(0))
    stems = [char * LONGEST_WORD for char in dict.fromkeys(regex) if char.isalnum()][:WORDS]
    # It does not know every construct.
    with suppress(ValueError, KeyError, IndexError, TypeError):
        stems += [made.xeger(regex)[:LONGEST_WORD] for _ in range(WORDS)]
    for stem, end in product(stems, ("", "\0", "!")):
        yield stem + end
        yield stem[: len(stem) // 2] + end


@lru_cache(maxsize=1)
def _ruler(lang: str) -> tuple[Language, SpanRuler]:
    nlp = spacy.blank(lang)
    ruler: Any = nlp.add_pipe("span_ruler", config={"phrase_matcher_attr": "LOWER", "validate": True})
    return nlp, ruler


def _size(token: dict) -> tuple[int, int]:
    """Count the tokens that one token of a pattern stands for.

    RETURNS (tuple): How many, and how many of them are optional.
    """
    op = next((str(value) for key, value in token.items() if key.upper() == "OP"), "1")
    if op in ("*", "+", "?"):
        return (1, 1) if op == "?" else (1, 4)
    found = re.fullmatch(r"\{(\d*)(,?)(\d*)\}", op)
    if found is None:
        return 1, 0
    low, most = (int(number or 0) if len(number) < 10 else LONGEST_PATTERN + 1 for number in found.group(1, 3))
    return (max(low, most), max(0, most - low)) if found[3] else (max(low, 1), 4 if found[2] else 0)
