"""What Label Studio exports: JSON, with all annotations of a task, and JSON_MIN, one flat object for each annotation.

Offsets count UTF-16 code units, unless a program put them there; the exported span text tells. Predictions are no
annotation, and neither is a task that somebody skipped.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, StrictInt, StrictStr

from ner_update.data.dataset import NOT_YET, LeftOut
from ner_update.data.offsets import by_exported_text

KINDS = ("labels", "hypertextlabels")
PLACE = ("start", "end", "text", "startOffset", "endOffset", "globalOffsets")


class _Value(BaseModel):
    start: StrictInt
    end: StrictInt
    labels: list[StrictStr]
    text: StrictStr | None = None


class _Annotation(BaseModel):
    # What is marked in a text, beside choices, relations and the like, which are no spans.
    result: list[dict[str, Any]]
    was_cancelled: bool = False
    ground_truth: bool = False
    # The same before 1.0.
    skipped: bool = False
    honeypot: bool = False


class _Task(BaseModel):
    data: dict[str, Any]
    annotations: list[_Annotation] = []
    # The same before 1.0.
    completions: list[_Annotation] = []


def is_task(value: dict) -> bool:
    """Check for a task of the JSON export (or of an import, which is not annotated yet)."""
    return isinstance(value.get("data"), dict) and "text" not in value and "entities" not in value


def is_min(value: dict) -> bool:
    """Check for an annotation of the JSON_MIN export."""
    return "annotation_id" in value and "annotator" in value


def read_task(value: dict) -> Iterator[dict | LeftOut]:
    """Read a task as a record, or what was left out and why.

    RAISES (ValueError): If it is no such task, or if people differ on it and none of them is marked as ground truth.
    """
    task = _Task.model_validate(value)
    annotations = [(one, *_regions(one.result)) for one in task.annotations + task.completions]
    for annotation, regions, found in annotations:
        if not (annotation.was_cancelled or annotation.skipped):
            _all_read(regions, found)
    text = _text_of(task.data)
    done = []
    for annotation, _, found in annotations:
        if annotation.was_cancelled or annotation.skipped:
            yield LeftOut("a cancelled annotation", len(found), texts=0)
        else:
            done.append((annotation.ground_truth or annotation.honeypot, _entities(text, found)))
    if not done:
        yield LeftOut("skipped by the annotator" if annotations else NOT_YET)
        return
    chosen = [entities for truth, entities in done if truth] or [entities for _, entities in done]
    if any(sorted(entities) != sorted(chosen[0]) for entities in chosen):
        raise ValueError(f"{len(chosen)} annotations of this text differ: keep one, or mark it as ground truth")
    yield {"text": text, "entities": chosen[0], **_sent_along(task.data)}
    if len(done) > 1:
        others = sum(len(entities) for _, entities in done) - len(chosen[0])
        yield LeftOut("more annotations of the same text", others, texts=0)


def read_min(value: dict) -> Iterator[dict | LeftOut]:
    """Read an annotation as a record, or what was left out and why.

    Without a span the export has no key for spans at all: then a person looked and found none. An export of all tasks
    also holds those that were not reviewed, and they look the same but for their `annotation_id`.

    RAISES (ValueError): If it is none.
    """
    if value["annotation_id"] is None:
        yield LeftOut(NOT_YET)
        return
    lists = [inner for inner in value.values() if isinstance(inner, list)]
    regions = [item for inner in lists for item in inner]
    found = [item for item in regions if _is_span(item)]
    _all_read(regions, found)
    text = _text_of(
        {key: inner for key, inner in value.items() if key not in ("annotator", "created_at", "updated_at")}
    )
    yield {"text": text, "entities": _entities(text, found), **_sent_along(value)}


def _is_span(value: Any) -> bool:
    """Choices, ratings and notes on a span repeat its place, and mark nothing."""
    if not isinstance(value, dict):
        return False
    # The text of a note is a list.
    return "labels" in value or (set(value) == {"start", "end", "text"} and isinstance(value["text"], str))


def _regions(result: list[dict[str, Any]]) -> tuple[list, list]:
    """Get the regions of an annotation.

    RETURNS (tuple): What has a place or a value, which a relation has not, and those of them that are spans.
    """
    regions = [(item.get("type"), item.get("value", item if "start" in item else None)) for item in result]
    return [value for _, value in regions], [value for kind, value in regions if kind in KINDS or _is_span(value)]


def _all_read(regions: list, spans: list) -> None:
    """Refuse regions that would not be read.

    RAISES (ValueError): If a region that is none of the spans marks another place, or has labels of another kind.
    """
    places = {json.dumps([value.get("start"), value.get("end")]) for value in spans if isinstance(value, dict)}
    for value in regions:
        if not isinstance(value, dict) or _is_span(value):
            continue
        kinds = [key for key in value if key.endswith("labels")]
        known = json.dumps([value.get("start"), value.get("end")]) in places
        if not known and (kinds or {"start", "end"} <= value.keys()):
            named = ", ".join(kinds or [key for key in value if key not in PLACE]) or "nothing"
            raise ValueError(
                f"a region is marked with {named[:80]}, and only `labels` of a text are read: mark the spans "
                "with <Labels> in a <Text>, or delete these regions"
            )


def _entities(text: str, values: list) -> list:
    if any(isinstance(value, dict) and isinstance(value.get("start"), str) for value in values):
        raise ValueError(
            "the spans were marked in HTML, where a place is a path: mark them in a <Text> instead of a <HyperText>"
        )
    spans = [_Value.model_validate(value) for value in values]
    return [
        by_exported_text(text, (span.start, span.end, label), span.text)
        for span in spans
        for label in span.labels or [""]
    ]


def _sent_along(data: dict[str, Any]) -> dict:
    """Get what review_export.py sent along. The number of a task is no id: another project has the same one."""
    meta = data.get("meta")
    return {"id": data.get("record_id"), "meta": meta if isinstance(meta, dict) else {}}


def _text_of(data: dict[str, Any]) -> str:
    """Find the text. The labelling config, which the export does not hold, says which field it is."""
    texts = [data["text"]] if "text" in data else [value for value in data.values() if isinstance(value, str)]
    if len(texts) != 1 or not isinstance(texts[0], str):
        names = ", ".join(sorted(map(str, data)))[:200]
        raise ValueError(f"which field is the text? There are {names or 'none'}: call it `text`")
    return texts[0]
