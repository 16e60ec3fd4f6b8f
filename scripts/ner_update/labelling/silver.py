"""Silver examples of a piece of raw texts, and what each pattern did in it."""

from typing import Any, NamedTuple

import srsly

from ner_update.data.json_files import Part
from ner_update.data.reader import read_block
from ner_update.data.records import Problem, RawText
from ner_update.labelling.matcher import PatternMatcher
from ner_update.labelling.pattern_stats import PatternTable


class Silver(NamedTuple):
    """What a piece gave: JSONL of the texts with a match, counts, and what was wrong with its lines; then nothing else."""

    lines: str
    table: PatternTable
    problems: list[Problem]


class SilverMaker:
    """Matches patterns over pieces of raw texts."""

    def __init__(self, entries: list[tuple[int, Any]], lang: str, annotated: frozenset[str]):
        """Compile the patterns.

        entries (list): As for PatternTable.
        annotated (frozenset): The annotated texts.
        RAISES (PatternError): As PatternMatcher.
        """
        self.entries, self.annotated = entries, annotated
        self.match = PatternMatcher([entry for _, entry in entries], lang)

    def __call__(self, part: Part) -> Silver:
        """Match the patterns over a piece.

        RAISES (PatternError): As PatternMatcher.
        """
        data, table, lines = read_block([part], RawText), PatternTable(self.entries), []
        problems = [problem for problem in data.problems if problem.level == "error"]
        for text, found in self.match(record.text for _, _, record in data.examples) if not problems else ():
            table.add_raw(found, annotated=text in self.annotated)
            if found:
                record = {"text": text, "entities": table.entities(found), "meta": {"source": "patterns"}}
                lines.append(srsly.json_dumps(record) + "\n")
        return Silver("".join(lines), table, problems)
