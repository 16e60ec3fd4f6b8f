"""Find out which tool wrote a JSON value, and read the record in it.

A shape is told by its keys:

- own:              {"text": "iPhone X is coming", "entities": [[0, 8, "GADGET"]], "id": "a1", "meta": {}}
- spacy_v2:         ["iPhone X is coming", {"entities": [[0, 8, "GADGET"]]}]
- prodigy:          {"text": ..., "spans": [{"start": 0, "end": 8, "label": "GADGET"}], "answer": "accept"}
- doccano:          {"text": ..., "label": [[0, 8, "GADGET"]]}, or `labels`, or `entities` with `start_offset`, `end_offset`
- label_studio:     {"data": {"text": ...}, "annotations": [{"result": [{"value": {"start": 0, ...}}]}]}
- label_studio_min: {"text": ..., "label": [{"start": 0, ..., "labels": ["GADGET"]}], "annotator": 1, "annotation_id": 1}
- hugging_face:     {"tokens": ["iPhone", "X"], "ner_tags": ["B-GADGET", "I-GADGET"]}, or `tags`
- spacy_doc:        {"text": ..., "ents": [{"start": 0, "end": 8, "label": "GADGET"}], "tokens": [...]}, of Doc.to_json
- argilla:          {"text": ..., "annotation": [["GADGET", 0, 8]], "prediction": null}, before 2.0
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr

from ner_update.data import label_studio as read_label_studio
from ner_update.data.dataset import NOT_YET, LeftOut
from ner_update.data.json_files import Part, values_of
from ner_update.data.offsets import by_word_edges, from_utf16
from ner_update.data.tag_schemes import TAG, from_tags, scheme_of
from ner_update.data.unread_spans import ANNOTATION, unread_key

Parts = Iterator[dict | LeftOut]
# What a program found, and what was computed of it, in Argilla before 2.0.
BY_ARGILLA = frozenset({"prediction", "prediction_agent", "annotation_agent", "metrics"})


class _Span(BaseModel):
    label: StrictStr
    start_offset: StrictInt
    end_offset: StrictInt


class _Doccano(BaseModel):
    model_config = ConfigDict(extra="allow")

    text: StrictStr
    label: list[tuple[StrictInt, StrictInt, StrictStr]] = []
    labels: list[tuple[StrictInt, StrictInt, StrictStr]] = []
    entities: list[_Span] = []


class _Tokens(BaseModel):
    tokens: list[StrictStr]
    ner_tags: list[StrictStr]


def parts_of(value: Any, told: str = "") -> Parts:
    """Convert a value that any of the tools wrote.

    told (str): The shape that counts where a value could be of several.
    YIELDS (dict): A record as our own files have it, still to be checked, or what was left out. A value of no shape passes.
    RAISES (ValueError): If the value is of several shapes, or broken, or if it has no entity and a key that looks like
        annotation.
    """
    fitting = shapes_of(value)
    wanted = told.removesuffix("_code_points")
    if len(fitting) > 1 and wanted not in fitting:
        raise ValueError(f"this could be {' or '.join(fitting)}: say which in vars.format")
    shape = wanted if wanted in fitting else fitting[0] if fitting else "own"
    record = value[1] if shape == "spacy_v2" else value
    passed_over = ANNOTATION if len(fitting) > 1 else BY_ARGILLA if shape == "argilla" else ()
    for piece in _doccano(value, told) if shape == "doccano" else SHAPES[shape](value):
        if _is_bare(piece, shape) and isinstance(record, dict) and (key := unread_key(record, passed_over)):
            raise ValueError(
                f"no entity is read, and `{key[:80]}` looks like annotation: write its spans into `entities` as "
                f"[start, end, label], or export one of {', '.join(SHAPES)}. If it is something else, take it out"
            )
        yield piece


def shapes_of(value: Any) -> list[str]:
    """List the names of the shapes that a value could have."""
    if not isinstance(value, dict):
        return ["spacy_v2"] if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict) else []
    # Its keys leave no doubt, and how its other fields are called, its users choose.
    if read_label_studio.is_task(value) or read_label_studio.is_min(value):
        return ["label_studio" if read_label_studio.is_task(value) else "label_studio_min"]
    entities = value.get("entities")
    by_doccano = (
        isinstance(entities, list)
        and bool(entities)
        and isinstance(entities[0], dict)
        and "start_offset" in entities[0]
    )
    tokens, by_tags = value.get("tokens"), "ner_tags" in value
    fits = {
        "own": "entities" in value and not by_doccano,
        # Prodigy has `tokens`, too, and no tags. Span groups of spaCy are an object.
        "prodigy": "spans" in value and not isinstance(value["spans"], dict) and not by_tags,
        "doccano": by_doccano or isinstance(value.get("label"), list) or isinstance(value.get("labels"), list),
        "hugging_face": by_tags,
    }
    if not any(fits.values()):
        # Keys that other files have, too.
        fits["spacy_doc"] = isinstance(value.get("ents"), list)
        annotation = value.get("annotation", "")
        fits["argilla"] = not BY_ARGILLA.isdisjoint(value) and (annotation is None or isinstance(annotation, list))
        words = isinstance(tokens, list) and all(isinstance(token, str) for token in tokens)
        fits["hugging_face"] = words and isinstance(value.get("tags"), list)
    if not any(fit for name, fit in fits.items() if name != "doccano"):
        # A task in which somebody marked no span.
        fits["prodigy"] = not {"answer", "_task_hash"}.isdisjoint(value)
    return [name for name, fit in fits.items() if fit]


def _is_bare(piece: dict | LeftOut, shape: str) -> bool:
    """Check whether this would pass for a text without an entity, or for one that is not annotated."""
    if isinstance(piece, LeftOut):
        # What stands in such a row of JSON_MIN, a program found.
        return piece.reason == NOT_YET and shape != "label_studio_min"
    if not isinstance(piece, dict) or shape == "label_studio":
        # What people marked in a task, read_label_studio.py reads, or refuses.
        return False
    return not piece.get("entities") and piece.get("answer", "accept") == "accept"


def _own(value: Any) -> Parts:
    yield value


def _spacy_v2(value: list) -> Parts:
    yield {**value[1], "text": value[0]}


def _prodigy(value: dict, key: str = "spans") -> Parts:
    spans = value.get(key) or []
    try:
        yield {**value, "entities": [(span["start"], span["end"], span["label"]) for span in spans]}
    except KeyError as error:
        raise ValueError(f"a span lacks {error}: a span needs start, end and label") from error
    except TypeError as error:
        raise ValueError(f"`{key}` is no list of objects: a span needs start, end and label") from error


def _spacy_doc(value: dict) -> Parts:
    yield from _prodigy(value, "ents")


def _argilla(value: dict) -> Parts:
    """Argilla writes lists of label, start and end, or objects once they are a Hugging Face data set."""
    spans = value["annotation"]
    if spans is None:
        yield LeftOut(NOT_YET)
    elif value.get("status") == "Discarded":
        yield LeftOut("discarded by the annotator", len(spans))
    else:
        spans = [dict(zip(("label", "start", "end"), span)) if isinstance(span, list) else span for span in spans]
        record = {"text": value.get("text"), "id": value.get("id"), "meta": _meta(value.get("metadata"))}
        yield from _prodigy({**record, "spans": spans})


def _doccano(value: dict, told: str = "") -> Parts:
    """Read a record of doccano, which counts UTF-16 code units, unless its project was told to count characters."""
    record = _Doccano.model_validate(value)
    spans = [
        *record.label,
        *record.labels,
        *((span.start_offset, span.end_offset, span.label) for span in record.entities),
    ]
    found = {"doccano": from_utf16(record.text, spans), "doccano_code_points": spans}.get(
        told, by_word_edges(record.text, spans)
    )
    if found is None:
        shown = ", ".join(f"[{start}, {end}] {label[:100]}" for start, end, label in spans[:5])
        raise ValueError(
            f"with an emoji in the text, {shown} could count UTF-16 code units or code points: "
            "say which in vars.format, doccano or doccano_code_points"
        )
    # Where nobody sent an id along, doccano writes a number of its own, which another project has, too.
    known = value.get("id") if isinstance(value.get("id"), str) else None
    yield {"text": record.text, "entities": found, "id": known, "meta": _meta(value.get("meta"))}


def _meta(said: Any) -> dict:
    """Get the metadata of a record, also where review_export.py wrote it as text; empty if it has none."""
    if isinstance(said, str) and said.startswith("{"):
        said = next((value for _, value in values_of(said, Part(Path("meta.jsonl")), [])), None)
    return said if isinstance(said, dict) else {}


def _hugging_face(value: dict) -> Parts:
    tags = value["ner_tags"] if "ner_tags" in value else value["tags"]
    if isinstance(tags, list) and any(isinstance(tag, int) for tag in tags):
        raise ValueError(
            "the tags are numbers: write their names, which the features of the data set tell, into `ner_tags`"
        )
    record = _Tokens.model_validate({"tokens": value.get("tokens"), "ner_tags": tags})
    wrong = [tag for tag in record.ner_tags if not TAG.fullmatch(tag)]
    if wrong or len(record.tokens) != len(record.ner_tags):
        raise ValueError(
            f"a tag must be O or B-PERSON or the like, one a token, not {wrong[0][:100]!r}"
            if wrong
            else f"there are {len(record.tokens)} tokens and {len(record.ner_tags)} tags"
        )
    said = {key: value[key] for key in ("id", "answer") if key in value}
    yield said | from_tags(record.tokens, record.ner_tags, scheme_of([record.ner_tags]))


SHAPES: dict[str, Callable[[Any], Parts]] = {
    "own": _own,
    "spacy_v2": _spacy_v2,
    "prodigy": _prodigy,
    "doccano": _doccano,
    "label_studio": read_label_studio.read_task,
    "label_studio_min": read_label_studio.read_min,
    "hugging_face": _hugging_face,
    "spacy_doc": _spacy_doc,
    "argilla": _argilla,
}
