"""What was read: the examples, what was wrong, and an account of every text and span that the files held."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wasabi import msg

from ner_update.data.records import DataError, Problem, label_counts

# Nobody asked for these to be left out, so no command goes on.
WRONG = "WRONG, see the messages"
# Of no use yet, and said by the tool.
NOT_YET = "not annotated yet"
HEADER = ("Set", "Texts in", "kept", "without entity", "Spans in", "kept", "Labels", "Left out")


@dataclass(frozen=True)
class LeftOut:
    """What a tool says does not count: why, and how many texts and spans it is."""

    reason: str
    spans: int = 0
    texts: int = 1


@dataclass
class DataSet:
    """What one file or folder held: examples with where they stand, and what was wrong or left out."""

    examples: list[tuple[str, int, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    texts_in: int = 0
    spans_in: int = 0
    left_out: Counter = field(default_factory=Counter)
    spans_left_out: Counter = field(default_factory=Counter)

    def leave_out(self, part: LeftOut) -> None:
        """Count what was left out because its tool says so."""
        self.left_out[part.reason] += part.texts
        self.spans_left_out[part.reason] += part.spans

    def extend(self, other: "DataSet") -> None:
        """Add what another one holds."""
        self.examples += other.examples
        self.problems += other.problems
        self.texts_in += other.texts_in
        self.spans_in += other.spans_in
        self.left_out.update(other.left_out)
        self.spans_left_out.update(other.spans_left_out)

    def counts(self, problems: Iterable[Problem] = ()) -> dict:
        """Give an account of what was read.

        problems (Iterable): What was found wrong with the examples later on.
        RETURNS (dict): Texts and spans that the files held, those that were kept (spans by label), and the others by reason.
        """
        broken = {(problem.file, problem.line) for problem in (*self.problems, *problems) if problem.level == "error"}
        kept = [example for file, line, example in self.examples if (file, line) not in broken]
        spans = label_counts(example for example in kept if hasattr(example, "entities"))
        left_out = {
            reason: {"texts": n, "spans": self.spans_left_out[reason]} for reason, n in sorted(self.left_out.items())
        }
        wrong = {
            "texts": self.texts_in - len(kept) - self.left_out.total(),
            "spans": self.spans_in - spans.total() - self.spans_left_out.total(),
        }
        return {
            "texts_in": self.texts_in,
            "texts": len(kept),
            "texts_without_entity": sum(not getattr(example, "entities", True) for example in kept),
            "spans_in": self.spans_in,
            "spans": dict(sorted(spans.items())),
            "left_out": left_out | ({WRONG: wrong} if any(wrong.values()) else {}),
        }

    def require(self) -> list[Any]:
        """Get the examples alone.

        RAISES (DataError): If there was any error.
        """
        errors = [problem for problem in self.problems if problem.level == "error"]
        if errors:
            raise DataError(errors)
        return [example for _, _, example in self.examples]


def account(parts: Iterable[tuple[str, dict]]) -> dict[str, dict]:
    """Add up what the parts of each set held.

    parts (Iterable): Name of a set, and counts of a part of it. An empty set has one empty part.
    RETURNS (dict): The counts of each set; of "raw", which nobody annotated, those of texts alone.
    """
    found: dict[str, dict] = {}
    for name, counts in parts:
        found[name] = _sum(found[name], counts) if name in found else counts
    if "raw" in found:
        found["raw"] = {key: n for key, n in found["raw"].items() if key in ("texts_in", "texts", "left_out")}
    return found


def _sum(one: dict, other: dict) -> dict:
    both = {}
    for key in sorted(one.keys() | other.keys()):
        values = [part[key] for part in (one, other) if key in part]
        both[key] = values[0] if len(values) == 1 else _sum(*values) if isinstance(values[0], dict) else sum(values)
    return both


def show_counts(counts: dict[str, dict]) -> None:
    """Print a table with a row for each set."""
    rows = []
    for name, row in counts.items():
        spans = row.get("spans", {})
        labels = ", ".join(f"{n:,} {label}" for label, n in spans.items())
        reasons = "; ".join(
            f"{reason}: {n['texts']:,} texts, {n['spans']:,} spans" for reason, n in row["left_out"].items()
        )
        shown = [row.get(key, "") for key in ("texts_in", "texts", "texts_without_entity", "spans_in")]
        rows.append((name, *shown, sum(spans.values()) if "spans" in row else "", labels, reasons))
    msg.table(rows, header=HEADER, divider=True)
