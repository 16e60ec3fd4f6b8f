"""The gate lets a good update through, and stops a bad one with the label, the figure and a text that shows it."""

import pytest
import srsly
from conftest import write

ROW = {"base": {"p": 80.0, "r": 80.0, "f": 80.0}, "updated": {"p": 60.0, "r": 60.0, "f": 60.0}, "difference_f": -20.0, "interval": [-25.0, -15.0]}
METRICS = {
    "labels": {"new": ["GADGET"], "old": ["PERSON"], "taken_over": []},
    "gain": {"f": 60.0},
    "new_test": {"labels": {"GADGET": ROW}},
    "base_test": {"labels": {"PERSON": ROW}},
    "retention": {"measured": "F on gold annotation", "kept": {"percent": 75.0}},
}
ROWS = [
    {"set": "base", "text": "Ines left", "gold": [[0, 4, "PERSON"]], "base": [[0, 4, "PERSON"]], "updated": []},
    {"set": "new", "text": "a Zune", "gold": [[2, 6, "GADGET"]], "base": [], "updated": []},
]


@pytest.fixture
def gate(run, tmp_path):
    srsly.write_json(tmp_path / "metrics.json", METRICS)
    write(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "report.made").write_text("training/report.html\n", encoding="utf8")
    return lambda *words: run("gate.py", "metrics.json", "rows.jsonl", "report.made", "gate.passed", *words)


def test_good_enough(gate, tmp_path):
    assert gate("--min-gain", 60, "--min-retention", 75).code == 0
    assert (tmp_path / "gate.passed").exists()


def test_forgot_too_much(gate, tmp_path):
    done = gate("--min-gain", 60, "--min-retention", 95)
    assert done.code == 1 and "Traceback" not in done.raw and not (tmp_path / "gate.passed").exists()
    for part in ("Retention is 75.0 %", "PERSON fell from F 80.0 to 60.0", "lost 'Ines' (PERSON) in: 'Ines left'", "rehearsal_ratio", "training/report.html shows"):
        assert part in done.out
    assert "Zune" not in done.out


def test_learnt_too_little(gate):
    done = gate("--min-gain", 70)
    assert done.code == 1
    for part in ("The gain is F 60.0, less than min_gain 70", "GADGET has F 60.0", "missed 'Zune' (GADGET) in: 'a Zune'"):
        assert part in done.out


def test_agreement_names_the_label_too(gate, tmp_path):
    agreement = {"measured": "agreement", "kept": {"percent": 75.0}, "labels": {"PERSON": {"percent": 75.0, "support": 4}}}
    metrics = {**METRICS, "retention": agreement}
    del metrics["base_test"]
    srsly.write_json(tmp_path / "metrics.json", metrics)
    done = gate("--min-retention", 95)
    assert done.code == 1 and "PERSON agrees with the base by 75.0 % of 4 entities" in done.out


def test_nothing_to_keep_is_no_loss(gate, tmp_path):
    srsly.write_json(tmp_path / "metrics.json", {**METRICS, "retention": {"measured": "nothing", "kept": None}})
    done = gate("--min-gain", 50, "--min-retention", 95)
    assert done.code == 0 and "nothing to retain" in done.out
