"""The one record that every annotated text becomes, what can be wrong with it, and the gold Doc made from it.

Offsets count Unicode code points, the end is exclusive. `entities: []` says that a person looked and found none.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Literal, Optional

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, model_validator
from spacy.language import Language
from spacy.tokens import Doc, Span


class Example(BaseModel):
    """One text with the entities that a person marked in it."""

    model_config = ConfigDict(extra="ignore")

    text: StrictStr
    entities: list[tuple[StrictInt, StrictInt, StrictStr]]
    id: Optional[str] = None
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


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file, with all that is needed to find and mend it."""

    file: str
    line: Optional[int]
    message: str
    text: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        shown = self.text if len(self.text) <= 80 else self.text[:77] + "..."
        # No character of a file may move the cursor, colour the terminal or fail to print.
        said = "".join(c if c.isprintable() else repr(c)[1:-1] for c in f"{where}: {self.message}")
        return said + (f"\n    text: {shown!r}" if shown else "")


class DataError(ValueError):
    """Raised when data cannot be used as it is. `problems` lists everything that was found."""

    def __init__(self, problems: list[Problem]):
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def check_alignment(record: Example, doc: Doc) -> Iterator[str]:
    """YIELDS (str): Each span that does not begin and end where tokens do, with the nearest that would."""
    for start, end, label in record.entities:
        if not 0 <= start < end <= len(record.text) or doc.char_span(start, end) is not None:
            continue
        offers = []
        for mode in ("expand", "contract"):
            span = doc.char_span(start, end, alignment_mode=mode)
            if span is not None and len(span):
                offers.append(f"[{span.start_char}, {span.end_char}] {span.text!r}")
        yield (
            f"span [{start}, {end}] {label} {record.text[start:end]!r} does not align with tokens: "
            f"use {' or '.join(dict.fromkeys(offers)) or 'other offsets'}"
        )


def make_doc(nlp: Language, example: Example) -> Doc:
    """Turn an example into a gold Doc. Tokens outside the entities are O, not missing.

    RAISES (DataError): If a span does not align with the tokens.
    """
    doc = nlp.make_doc(example.text)
    problems = [Problem("?", None, m, example.text) for m in check_alignment(example, doc)]
    if problems:
        raise DataError(problems)
    spans: list[Span] = [doc.char_span(start, end, label) for start, end, label in example.entities]
    doc.set_ents(spans)
    return doc


def label_counts(examples: Iterable[Example]) -> Counter:
    """RETURNS (Counter): How many spans each label has."""
    return Counter(label for example in examples for _, _, label in example.entities)
