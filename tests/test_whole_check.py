"""All checks together, put together as their modules say: on good data they are silent, and what is planted is found."""

import shutil
from collections import Counter
from pathlib import Path

import spacy
import srsly
from bare_forms import SEARCHED, BareCounts, BareForms, groups, surface_forms
from check_labels import label_findings, wrong_labels
from check_levels import read_levels
from check_report import CheckReport
from check_set import check_set, missing_texts
from conftest import ROOT
from edge_forms import doubtful_forms, edge_findings
from preprocess import group_key
from read_records import read_data
from records import RawText, check_alignment
from text_index import TextIndex, facts

SETS = ("base", "annotated", "test")
NLP = spacy.blank("en")
FILES = {name: next((ROOT / "assets" / name).glob("*.jsonl")) for name in SETS}
LONG = next(row["text"] for row in srsly.read_jsonl(ROOT / "assets/annotated/gadgets.jsonl") if "shows the wrong date" in row["text"])


def whole_check(assets: Path, report: CheckReport, base_model: str = "") -> None:
    """Two passes: the first counts what the second must know of all sets."""
    sets = {name: read_data(assets / name) for name in SETS}
    forms = {name: Counter(form for _, _, e in data.examples for form in surface_forms(e)) for name, data in sets.items()}
    spans = {name: Counter() for name in SETS}
    for name, counts in forms.items():
        for (_, label), count in counts.items():
            spans[name][label] += count
    by_group, doubtful = groups(forms), doubtful_forms(sum(forms.values(), Counter()))
    wrong = {name: wrong_labels(name, sorted(set().union(*spans.values())), spans["annotated"], set(spans["base"]), False) for name in SETS}
    finders, bare = {group: BareForms(counts, NLP) for group, counts in by_group.items()}, BareCounts(by_group)
    with TextIndex() as index:
        for name, data in sets.items():
            for problem in data.problems:
                report.add(problem)
            broken = {(problem.file, problem.line) for problem in data.problems if problem.level == "error"}
            for file, line, example in data.examples:
                if (file, line) in broken:
                    continue
                doc = NLP.make_doc(example.text)
                for finding in (*check_alignment(example, doc), *label_findings(example, wrong[name]), *edge_findings(example, doubtful)):
                    report.add(finding.at(file, line, example))
                bare.add(file, line, example.text, [match for group in SEARCHED[name] for match in finders[group].find(doc, example.entities)])
                index.add(name, file, [(line, facts(example, group_key(example)))])
        raw = read_data(assets / "raw.jsonl", RawText)
        for problem in (*raw.problems, *missing_texts(assets, index.sizes(), len(raw.examples), bool(base_model)), *check_set(index, assets, spans, base_model), *bare.report()):
            report.add(problem)


def kinds(assets: Path, tmp_path: Path) -> dict:
    with CheckReport(read_levels()) as report:
        whole_check(assets, report)
        report.write(tmp_path / "check.json", {})
    return {kind: row["count"] for kind, row in srsly.read_json(tmp_path / "check.json")["kinds"].items()}


def test_the_shipped_data_hold_no_mistake(tmp_path):
    """Names that stand bare are the hard cases that were put there: apple the fruit, and the verb to kindle."""
    found = kinds(ROOT / "assets", tmp_path)
    assert set(found) == {"bare_form"} and found["bare_form"] < 60


def test_what_is_planted_is_found(tmp_path):
    shutil.copytree(ROOT / "assets", tmp_path / "assets", ignore=shutil.ignore_patterns("extra"))
    rows = {name: list(srsly.read_jsonl(path)) for name, path in FILES.items()}
    new = rows["annotated"]
    new += [
        new[5], {**new[0], "entities": []}, {"text": new[2]["text"] + " thanks", "entities": new[2]["entities"]},
        {"text": "Motorola Advisor, probably stolen", "entities": [[0, 17, "GADGET"]]}, {"text": "a Motorola Advisor.", "entities": [[2, 19, "GADGET"]]},
    ]
    rows["test"] += [
        {"text": LONG.replace("wrong date", "wrong time"), "entities": [[18, 30, "GADGET"]]}, {"text": new[7]["text"].upper(), "entities": []},
        {"text": "sold my old Zune yesterday", "entities": [[12, 16, "GADGTE"]]},
    ]
    rows["base"] += [
        {"text": "nothing here\r\n", "entities": []}, {"text": "Zvonimir was here", "entities": [[0, 8, "PERSON"], [0, 8, "PERSON"]]},
        {"text": "Zvonimira was here", "entities": [[0, 7, "PERSON"]]}, {"text": "  Ottavia sings", "entities": [[1, 9, "PERSON"]]}, {"text": "to Quito\0", "entities": []},
    ]
    for name, path in FILES.items():
        (tmp_path / path.relative_to(ROOT)).unlink()
        srsly.write_jsonl(tmp_path / path.relative_to(ROOT), rows[name])
    found = kinds(tmp_path / "assets", tmp_path)
    assert found.pop("bare_form") < 60
    assert found == {
        "nul": 1, "duplicate_span": 1, "misaligned": 1, "edge_whitespace": 1, "unknown_label": 1, "crlf": 1, "edge_punctuation": 2,
        "repeated_text": 1, "conflicting_text": 1, "near_duplicate": 1, "leak": 1, "near_leak": 1,
    }
