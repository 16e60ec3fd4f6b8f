"""The report of the check: a table of the kinds of problems, the first messages of each, and all of them in a file.

    with CheckReport(read_levels()) as report:
        for problem in ...:                              # as they come, a million of them if need be
            report.add(problem)                          # the level is the one that configs/check.yml says
        report.show(output)                              # table and messages, warnings first
        report.write(output, counts)                     # corpus/check.json: also when there are errors
        if report.errors:
            fail([], ...)                                # corpus/check.passed is not written then

DVC removes a stage's outputs before it runs, and records none of a run that failed: what `write` leaves behind then is there
to be read, and is no output of anything.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wasabi import msg

from ner_update.checks.severity import KINDS, Levels
from ner_update.data.records import Problem, printable
from ner_update.project.outputs import replacing

# Messages of one kind that are printed; all are in the file.
SHOWN = 20
HEADER = ("Kind", "Level", "How many", "First", "Repair")


class CheckReport:
    """Collects problems in flat memory: the first of each kind to be shown, and all of them in a temporary file.

    levels (Levels): How bad each kind is.
    folder (Path): Where the temporary file may lie. None: where the system keeps such files.
    """

    def __init__(self, levels: Levels, folder: Path | None = None):
        self.levels = levels
        # Half a character becomes \ud800, which is what JSON calls it.
        self._all = tempfile.TemporaryFile("w+", encoding="utf8", errors="backslashreplace", dir=folder)  # noqa: SIM115  (closed by __exit__)
        self._counts: Counter = Counter()
        self._first: dict[str, list[Problem]] = {}

    def __enter__(self) -> "CheckReport":
        return self

    def __exit__(self, *_: object) -> None:
        self._all.close()

    @property
    def errors(self) -> int:
        """How many problems stop the pipeline."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many do not."""
        return self._count("warning")

    def add(self, problem: Problem) -> None:
        """Note a problem, unless its kind is off."""
        known = self.levels.apply(problem)
        if known is None:
            return
        row = known.to_json()
        self._all.write(json.dumps(row | {"repair": row["repair"] or KINDS[known.kind]}, ensure_ascii=False) + "\n")
        self._counts[known.kind] += 1
        shown = self._first.setdefault(known.kind, [])
        if len(shown) < SHOWN:
            shown.append(known)

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Note each of them."""
        for problem in problems:
            self.add(problem)

    def rows(self) -> list[tuple[str, str | None, str, str, str]]:
        """Make a row of the table for each kind that was found.

        RETURNS (list): Errors first, then in the order of KINDS. HEADER names the columns.
        """
        rows: list[tuple[str, str | None, str, str, str]] = []
        for kind in self._kinds():
            first = self._first[kind][0]
            rows.append((kind, first.level, f"{self._counts[kind]:,}", printable(first.where), KINDS[kind]))
        return rows

    def show(self, output: Path) -> None:
        """Print the table, and the first messages of each kind.

        Errors come after warnings, so that they are nearest to the prompt.

        output (Path): Where all of them are, to be named.
        """
        if not self._counts:
            return
        msg.table(self.rows(), header=HEADER, divider=True)
        for kind in reversed(self._kinds()):
            say: Any = msg.fail if self._first[kind][0].level == "error" else msg.warn
            for problem in self._first[kind]:
                say(str(problem))
            if self._counts[kind] > SHOWN:
                say(f"... and {self._counts[kind] - SHOWN:,} more of the kind {kind}, all in {output}")

    def write(self, output: Path, counts: dict[str, dict]) -> None:
        """Write all problems, in the order in which they came, and what was counted.

        counts (dict): From data_set.account.
        """
        kinds = {
            kind: {"level": level, "count": self._counts[kind], "first": where, "repair": repair}
            for kind, level, _, where, repair in self.rows()
        }
        with replacing(output) as path, path.open("w", encoding="utf8", errors="backslashreplace") as file:
            head = {"counts": counts, "errors": self.errors, "warnings": self.warnings, "kinds": kinds}
            # One problem a line: for people who look into it, and for grep.
            file.write(json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}") + ',\n  "problems": [')
            self._all.seek(0)
            for number, row in enumerate(self._all):
                file.write(("," if number else "") + "\n    " + row.rstrip("\n"))
            file.write("\n  ]\n}\n")
            self._all.seek(0, 2)

    def _kinds(self) -> list[str]:
        return sorted(self._counts, key=lambda kind: (self._first[kind][0].level != "error", list(KINDS).index(kind)))

    def _count(self, level: str) -> int:
        return sum(count for kind, count in self._counts.items() if self._first[kind][0].level == level)
