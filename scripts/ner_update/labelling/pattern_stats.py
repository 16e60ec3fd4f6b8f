"""A table of what each pattern is good for: its matches, those that others take away, and how far it is right."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wasabi import msg

from ner_update.data.json_files import show
from ner_update.data.records import Example
from ner_update.labelling.matcher import Match

SHOWN = 20
HEADER = ("Line", "Pattern", "Texts", "Matches", "Kept", "Lost to", "In gold", "Right", "Precision %", "Recall %")


@dataclass
class Counts:
    """What one pattern did in a set of texts. `right` and `wrong_bounds` count kept matches, against gold spans of its label."""

    texts: int = 0
    matches: int = 0
    kept: int = 0
    right: int = 0
    wrong_bounds: int = 0
    same: int = 0
    lost_to: Counter = field(default_factory=Counter)

    def add(self, found: list[Match]) -> None:
        """Count the matches of the pattern in one text."""
        lost = [match for match in found if match.winner != match.pattern]
        self.texts += 1
        self.matches += len(found)
        self.kept += len(found) - len(lost)
        self.same += sum(match.same for match in lost)
        self.lost_to.update(match.winner for match in lost)

    def extend(self, other: "Counts") -> None:
        """Add what the pattern did in other texts."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class PatternTable:
    """Counts for each pattern, over raw texts and over annotated ones, and for all patterns together."""

    def __init__(self, entries: list[tuple[int, Any]]):
        """Begin a table without matches.

        entries (list): Line in the file and pattern in EntityRuler format.
        """
        self.lines = [line for line, _ in entries]
        self.patterns = [entry for _, entry in entries]
        self.raw, self.gold = ([Counts() for _ in entries] for _ in range(2))
        self.texts: Counter = Counter()
        self.spans: Counter = Counter()

    def extend(self, other: "PatternTable") -> None:
        """Add the counts of the same patterns over other texts."""
        self.texts += other.texts
        self.spans += other.spans
        for ours, theirs in ((self.raw, other.raw), (self.gold, other.gold)):
            for one, more in zip(ours, theirs):
                one.extend(more)

    def entities(self, found: Iterable[Match]) -> list[list]:
        """Get what is kept of the matches in a text, as start, end, label."""
        return [[m.start, m.end, self.patterns[m.pattern]["label"]] for m in found if m.winner == m.pattern]

    def add_raw(self, found: list[Match], annotated: bool = False) -> None:
        """Count the matches in a raw text. annotated (bool): Whether it is among the annotated ones as well."""
        self.texts.update({"raw": 1, "raw_matched": bool(found), "both": annotated})
        _add(self.raw, found)

    def add_gold(self, example: Example, found: list[Match]) -> None:
        """Count the matches in an annotated text, and those that a person marked just so."""
        self.texts.update({"gold": 1, "gold_matched": bool(found)})
        self.spans.update(label for _, _, label in example.entities)
        _add(self.gold, found)
        for match in found:
            if match.winner == match.pattern:
                of_label = [
                    (start, end)
                    for start, end, label in example.entities
                    if label == self.patterns[match.pattern]["label"]
                ]
                right = (match.start, match.end) in of_label
                self.gold[match.pattern].right += right
                self.gold[match.pattern].wrong_bounds += not right and any(
                    a < match.end and match.start < b for a, b in of_label
                )

    def as_json(self) -> dict:
        """Collect all statistics.

        RETURNS (dict): Precision and recall in percent, of kept matches; None where there is nothing to divide by.
        """
        rows = [self._row(number) for number in range(len(self.lines))]
        labels = {}
        for label in sorted({row["label"] for row in rows}):
            kept, right = (sum(row["gold"][key] for row in rows if row["label"] == label) for key in ("kept", "right"))
            spans = self.spans[label]
            labels[label] = {
                "spans": spans,
                "kept": kept,
                "right": right,
                "precision": _percent(right, kept),
                "recall": _percent(right, spans),
            }
        total = {key: sum(row["raw"][key] for row in rows) for key in ("matches", "kept", "lost")}
        return {
            "raw": {"texts": self.texts["raw"], "texts_with_match": self.texts["raw_matched"], **total},
            "gold": {
                "texts": self.texts["gold"],
                "texts_with_match": self.texts["gold_matched"],
                "also_raw": self.texts["both"],
                "labels": labels,
            },
            "never_match": [row["line"] for row in rows if not row["raw"]["matches"]],
            "swallowed": [row["line"] for row in rows if row["raw"]["matches"] and not row["raw"]["kept"]],
            "patterns": rows,
        }

    def _row(self, number: int) -> dict:
        raw, gold, entry = self.raw[number], self.gold[number], self.patterns[number]
        spans = self.spans[entry["label"]]
        lost_to = [
            {"line": self.lines[other], "matches": n}
            for other, n in sorted(raw.lost_to.items(), key=lambda item: (-item[1], item[0]))
        ]
        counts = {
            "texts": gold.texts,
            "matches": gold.matches,
            "kept": gold.kept,
            "right": gold.right,
            "wrong_bounds": gold.wrong_bounds,
        }
        return {
            "line": self.lines[number],
            "label": entry["label"],
            "id": entry.get("id"),
            "pattern": entry["pattern"] if isinstance(entry["pattern"], str) else show(entry["pattern"]),
            "raw": {
                "texts": raw.texts,
                "matches": raw.matches,
                "kept": raw.kept,
                "lost": raw.matches - raw.kept,
                "same_span": raw.same,
                "lost_to": lost_to,
            },
            "gold": {
                **counts,
                "spans": spans,
                "precision": _percent(gold.right, gold.kept),
                "recall": _percent(gold.right, spans),
            },
        }

    def show(self, output: Path, table: Path | None) -> None:
        """Print the patterns with the most matches, those that are of no use, and the totals."""
        made = self.as_json()
        rows = sorted(made["patterns"], key=lambda row: (-row["raw"]["matches"], row["line"]))[:SHOWN]
        msg.table(
            [_shown(row) for row in rows],
            header=HEADER,
            divider=True,
            aligns=("r", "l", *"rrr", "l", *"rrrr"),
            max_col=60,
        )
        if len(made["patterns"]) > SHOWN:
            msg.text(f"... and {len(made['patterns']) - SHOWN} more patterns{f', all in {table}' if table else ''}")
        gold_too = {row["line"] for row in made["patterns"] if row["gold"]["matches"]}
        for lines, said in (
            ([n for n in made["never_match"] if n not in gold_too], "match nothing, in raw and in annotated texts"),
            ([n for n in made["never_match"] if n in gold_too], "match in annotated texts, but in no raw one"),
            (made["swallowed"], "match in raw texts, but longer or earlier patterns take all of it away"),
        ):
            if lines:
                more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
                msg.text(f"{len(lines)} patterns {said}: lines {', '.join(map(str, lines[:SHOWN]))}{more}")
        for label, row in made["gold"]["labels"].items():
            if row["spans"]:
                msg.text(
                    f"{label}: patterns are right in {row['right']} of {row['kept']} matches in the annotated texts "
                    f"(precision {row['precision']} %), and find {row['recall']} % of {row['spans']} spans"
                )
        raw = made["raw"]
        msg.good(
            f"{raw['texts_with_match']} of {raw['texts']} raw texts have a match ({raw['kept']} kept, {raw['lost']} lost where matches "
            f"overlap: the longest stays); review them in {output}"
        )


def _add(counts: list[Counts], found: list[Match]) -> None:
    for number in dict.fromkeys(match.pattern for match in found):
        counts[number].add([match for match in found if match.pattern == number])


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _shown(row: dict) -> tuple:
    raw, gold = row["raw"], row["gold"]
    lost = f"line {raw['lost_to'][0]['line']} ({raw['lost_to'][0]['matches']} of {raw['lost']})" if raw["lost"] else ""
    name = "".join(c if c.isprintable() else repr(c)[1:-1] for c in f"{row['label']} {row['id'] or row['pattern']}")
    return (
        row["line"],
        name if len(name) <= 40 else f"{name[:37]}...",
        raw["texts"],
        raw["matches"],
        raw["kept"],
        lost,
        gold["matches"],
        gold["right"],
        *("-" if value is None else value for value in (gold["precision"], gold["recall"])),
    )
