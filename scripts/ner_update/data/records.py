"""The one record that every annotated text becomes, what can be wrong with it, and the gold Doc made from it.

Offsets count Unicode code points, the end is exclusive. `entities: []` says that a person looked and found none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, model_validator
from spacy.language import Language
from spacy.tokens import Doc

from ner_update.project.outputs import ProblemsError


class Example(BaseModel):
    """One text with the entities that a person marked in it."""

    model_config = ConfigDict(extra="ignore")

    text: StrictStr
    entities: list[tuple[StrictInt, StrictInt, StrictStr]]
    id: str | None = None
    meta: dict[str, Any] = {}
    answer: Literal["accept", "reject", "ignore"] = "accept"

    @model_validator(mode="before")
    @classmethod
    def _is_an_object(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            raise ValueError("a record must be an object with `text` and `entities`")
        return data if data.get("id") is None else {**data, "id": str(data["id"])}


class RawText(BaseModel):
    """One text that nobody annotated."""

    model_config = ConfigDict(extra="ignore")

    text: StrictStr
    meta: dict[str, Any] = {}


# With one of these nothing can be read, or nothing trained: they are errors, whatever configs/check.yml says.
ALWAYS_ERRORS = frozenset(
    {
        "unreadable",
        "empty_text",
        "nul",
        "lone_surrogate",
        "too_long",
        "long_word",
        "no_label",
        "bad_label",
        "out_of_range",
        "empty_span",
        "reversed_span",
        "duplicate_span",
        "overlap",
        "edge_whitespace",
        "misaligned",
    }
)
# Characters of the text that are shown on each side of a span, and at most of the span itself.
AROUND, INSIDE = 40, 120


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file, with all that is needed to find and mend it.

    text (str): The whole text, or what else stands there.
    level (str): "error" or "warning". Left out: an error if the kind is always one, or if there is no kind. What
        configs/check.yml says of a kind, scripts/ner_update/checks/severity.py applies.
    kind (str): One of scripts/ner_update/checks/severity.py KINDS. Left out: "unreadable" for an error, "passed_over" for a warning.
    id (str): What the record itself is called, if it has an id.
    span (tuple): Start, end and label of the span that it is about.
    repair (str): One line that says what would mend it.
    """

    file: str
    line: int | None
    message: str
    text: str = ""
    level: Literal["error", "warning"] | None = None
    kind: str = ""
    id: str | None = None
    span: tuple[int, int, str] | None = None
    repair: str = ""

    def __post_init__(self) -> None:
        kind = self.kind or ("passed_over" if self.level == "warning" else "unreadable")
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "level", self.level or ("error" if kind in ALWAYS_ERRORS else "warning"))

    @property
    def where(self) -> str:
        """The file, and the line if there is one."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def around(self) -> str:
        """The text around the span, which is put in double brackets; without a span, the beginning of the text."""
        return around(self.text, self.span)

    def __str__(self) -> str:
        shown, repair = self.around, "" if self.repair in self.message else f"\n    repair: {printable(self.repair)}"
        return printable(f"{self.where}: {self.message}") + (f"\n    text: {shown!r}" if shown else "") + repair

    def to_json(self) -> dict[str, Any]:
        """Collect everything but the whole text, for corpus/check.json; it can be written as UTF-8."""
        span = [*self.span[:2], _writable(self.span[2][:INSIDE])] if self.span else None
        row: dict[str, Any] = {
            "file": self.file,
            "line": self.line,
            "id": self.id,
            "kind": self.kind,
            "level": self.level,
            "message": self.message,
        }
        row |= {"span": span, "around": self.around, "repair": self.repair}
        return {key: _writable(value) for key, value in row.items()}


class Finding(NamedTuple):
    """Something wrong with a record, before it is said where that stands."""

    kind: str
    message: str
    span: tuple[int, int, str] | None = None
    repair: str = ""

    def at(self, file: str, line: int | None, record: Any) -> Problem:
        """Make a Problem of it, with the place and the text of the record (Example or RawText)."""
        return Problem(
            file,
            line,
            self.message,
            record.text,
            kind=self.kind,
            id=getattr(record, "id", None),
            span=self.span,
            repair=self.repair,
        )


def around(text: str, span: tuple[int, int, str] | None = None) -> str:
    """Get some 40 characters on each side of a span, which is put in [[double brackets]].

    RETURNS (str): The beginning of the text if there is no span, or none in the text.
    """
    if span is None or not 0 <= span[0] < span[1] <= len(text):
        return text if len(text) <= 80 else text[:77] + "..."
    start, end = span[:2]
    inside = (
        text[start:end]
        if end - start <= INSIDE
        else f"{text[start : start + INSIDE // 2]} ... {text[end - INSIDE // 2 : end]}"
    )
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return (
        ("..." if start > AROUND else "") + f"{before}[[{inside}]]{after}" + ("..." if end + AROUND < len(text) else "")
    )


def printable(text: str) -> str:
    """Replace what must not be printed: no character of a file may move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _writable(value: Any) -> Any:
    # Half of a surrogate pair is no UTF-8.
    return value.encode("utf8", "backslashreplace").decode("utf8") if isinstance(value, str) else value


class DataError(ProblemsError):
    """Raised when data cannot be used as it is. `problems` (of class Problem) lists everything that was found."""


def check_alignment(record: Example, doc: Doc) -> Iterator[Finding]:
    """Find each span that does not begin and end where tokens do.

    YIELDS (Finding): It names the nearest spans that would: the one widened to whole tokens, and the one narrowed to
        them.
    """
    for start, end, label in record.entities:
        if not 0 <= start < end <= len(record.text) or doc.char_span(start, end) is not None:
            continue
        offers = []
        for mode in ("expand", "contract"):
            span = doc.char_span(start, end, alignment_mode=mode)
            if span is not None and len(span):
                offers.append(f"[{span.start_char}, {span.end_char}] {span.text!r}")
        repair = f"use {' or '.join(dict.fromkeys(offers)) or 'other offsets'}"
        message = f"span [{start}, {end}] {label} {record.text[start:end]!r} does not align with tokens: {repair}"
        yield Finding("misaligned", message, (start, end, label), repair)


def make_doc(nlp: Language, example: Example) -> Doc:
    """Turn an example into a gold Doc. Tokens outside the entities are O, not missing.

    RAISES (DataError): If a span does not align with the tokens.
    """
    doc = nlp.make_doc(example.text)
    problems = [finding.at("?", None, example) for finding in check_alignment(example, doc)]
    if problems:
        raise DataError(problems)
    spans: list[Any] = [doc.char_span(start, end, label) for start, end, label in example.entities]
    doc.set_ents(spans)
    return doc


def label_counts(examples: Iterable[Example]) -> Counter:
    """Count the spans of each label."""
    return Counter(label for example in examples for _, _, label in example.entities)
