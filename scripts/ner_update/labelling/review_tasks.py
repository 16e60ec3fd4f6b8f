"""What annotation tools import: pre-annotated texts as tasks, and the labels.

Label Studio and doccano count UTF-16 code units, Prodigy code points. Each text goes with an id and its meta, where the tool
keeps them and gives them back.
"""

import json
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from xml.etree import ElementTree

from ner_update.data.offsets import to_utf16
from ner_update.data.records import Example

# The id of a text that has none of its own.
MADE_UP = re.compile(r"text-[0-9a-f]{24}")
# How the fields of a task and the labelling config of Label Studio call each other.
FROM_NAME, TO_NAME = "label", "text"


def made_up_id(text: str) -> str:
    """Make an id that is always the same for a text, and that of no other text."""
    return f"text-{sha256(text.encode('utf8')).hexdigest()[:24]}"


def label_studio(record: Example) -> dict:
    """Make a task with a prediction, which becomes an annotation when somebody submits it."""
    spans = to_utf16(record.text, record.entities)
    result = [
        {
            "id": str(number),
            "from_name": FROM_NAME,
            "to_name": TO_NAME,
            "type": "labels",
            "value": {"start": start, "end": end, "text": record.text[first:last], "labels": [label]},
        }
        for number, ((start, end, label), (first, last, _)) in enumerate(zip(spans, record.entities))
    ]
    # Not `id`: in JSON_MIN the number of the task takes its place.
    data = {"text": record.text, "record_id": id_of(record), "meta": record.meta}
    return {"data": data, "predictions": [{"model_version": str(record.meta.get("source", "")), "result": result}]}


def prodigy(record: Example) -> dict:
    """Make a task. Prodigy adds its tokens and hashes itself, and keeps all other keys."""
    spans = [{"start": start, "end": end, "label": label} for start, end, label in record.entities]
    return {"text": record.text, "spans": spans, "id": id_of(record), "meta": record.meta}


def doccano(record: Example, code_points: bool = False) -> dict:
    """Make a line. doccano keeps other columns, and gives them back next to `text` and `label`.

    code_points (bool): Whether the project counts characters, as one that was told to does.
    """
    spans = record.entities if code_points else to_utf16(record.text, record.entities)
    # As text: doccano's tables would round its numbers, and show no object.
    return {
        "text": record.text,
        "label": spans,
        "id": id_of(record),
        "meta": json.dumps(record.meta, ensure_ascii=False),
    }


def id_of(record: Example) -> str:
    """Get a record's own id, or one that is made from its text."""
    return record.id or made_up_id(record.text)


def labelling_config(labels: Iterable[str]) -> str:
    """Write the XML that a Label Studio project needs for the tasks."""
    view = ElementTree.Element("View")
    group = ElementTree.SubElement(view, "Labels", name=FROM_NAME, toName=TO_NAME)
    for label in labels:
        ElementTree.SubElement(group, "Label", value=label)
    ElementTree.SubElement(view, "Text", name=TO_NAME, value="$text")
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def lines(tasks: Iterable[dict]) -> str:
    """Write JSONL. Python's own JSON keeps all digits of a number."""
    return "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in tasks)


# For each tool what it imports, content by name of the file, from records, labels and vars.format, which tells how doccano counts.
TOOLS: dict[str, Callable[[list[Example], list[str], str], dict[str, str]]] = {
    "label_studio": lambda records, labels, _: {
        "tasks.json": json.dumps([label_studio(record) for record in records], ensure_ascii=False, indent=1) + "\n",
        "labelling_config.xml": labelling_config(labels),
    },
    "prodigy": lambda records, labels, _: {
        "tasks.jsonl": lines(map(prodigy, records)),
        "labels.txt": "".join(f"{label}\n" for label in labels),
    },
    "doccano": lambda records, labels, told: {
        "tasks.jsonl": lines(doccano(record, told == "doccano_code_points") for record in records),
        "labels.json": json.dumps([{"text": label} for label in labels], ensure_ascii=False, indent=1) + "\n",
    },
}
