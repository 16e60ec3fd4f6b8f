"""All checks together: on good data they are silent, and what is planted is found."""

import shutil
from collections import Counter
from pathlib import Path

import srsly

from conftest import ROOT, check_all

SETS = ("base", "annotated", "test")
FILES = {name: next((ROOT / "assets" / name).glob("*.jsonl")) for name in SETS}
LONG = next(
    row["text"]
    for row in srsly.read_jsonl(ROOT / "assets/annotated/gadgets.jsonl")
    if "shows the wrong date" in row["text"]
)


def kinds(assets: Path) -> dict:
    return dict(Counter(problem.kind for problem in check_all(assets)[1]))


def test_the_shipped_data_hold_no_mistake():
    """Names that stand bare are the hard cases that were put there: apple the fruit, and the verb to kindle."""
    found = kinds(ROOT / "assets")
    assert set(found) == {"bare_form"} and found["bare_form"] < 60


def test_what_is_planted_is_found(tmp_path):
    shutil.copytree(ROOT / "assets", tmp_path / "assets", ignore=shutil.ignore_patterns("extra"))
    rows = {name: list(srsly.read_jsonl(path)) for name, path in FILES.items()}
    new = rows["annotated"]
    new += [
        new[5],
        {**new[0], "entities": []},
        {"text": new[2]["text"] + " thanks", "entities": new[2]["entities"]},
        {"text": "Motorola Advisor, probably stolen", "entities": [[0, 17, "GADGET"]]},
        {"text": "a Motorola Advisor.", "entities": [[2, 19, "GADGET"]]},
    ]
    rows["test"] += [
        {"text": LONG.replace("wrong date", "wrong time"), "entities": [[18, 30, "GADGET"]]},
        {"text": new[7]["text"].upper(), "entities": []},
        {"text": "sold my old Zune yesterday", "entities": [[12, 16, "GADGTE"]]},
    ]
    rows["base"] += [
        {"text": "nothing here\r\n", "entities": []},
        {"text": "Zvonimir was here", "entities": [[0, 8, "PERSON"], [0, 8, "PERSON"]]},
        {"text": "Zvonimira was here", "entities": [[0, 7, "PERSON"]]},
        {"text": "  Ottavia sings", "entities": [[1, 9, "PERSON"]]},
        {"text": "to Quito\0", "entities": []},
    ]
    for name, path in FILES.items():
        (tmp_path / path.relative_to(ROOT)).unlink()
        srsly.write_jsonl(tmp_path / path.relative_to(ROOT), rows[name])
    found = kinds(tmp_path / "assets")
    assert found.pop("bare_form") < 60
    assert found == {
        "nul": 1,
        "duplicate_span": 1,
        "misaligned": 1,
        "edge_whitespace": 1,
        "unknown_label": 1,
        "crlf": 1,
        "edge_punctuation": 2,
        "repeated_text": 1,
        "conflicting_text": 1,
        "near_duplicate": 1,
        "leak": 1,
        "near_leak": 1,
    }
