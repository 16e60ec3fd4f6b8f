"""The gate lets a good update through, and stops a bad one with the label, the figure and a text that shows it."""

import pytest
import srsly

from conftest import write

ROW = {
    "base": {"p": 80.0, "r": 80.0, "f": 80.0},
    "updated": {"p": 60.0, "r": 60.0, "f": 60.0},
    "difference_f": -20.0,
    "interval": [-25.0, -15.0],
}
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
GATE = ("gate.py", "metrics.json", "rows.jsonl", "report.made", "gate.passed")


@pytest.fixture
def gate(run_here, tmp_path):
    srsly.write_json(tmp_path / "metrics.json", METRICS)
    write(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "report.made").write_text("training/report.html\n", encoding="utf8")
    return lambda *words: run_here(*GATE, *words)


def test_good_enough(gate, run, tmp_path):
    assert run(*GATE, "--min-gain", 60, "--min-retention", 75).code == 0
    assert (tmp_path / "gate.passed").exists()


def test_forgot_too_much(gate, tmp_path):
    done = gate("--min-gain", 60, "--min-retention", 95)
    assert done.code == 1 and "Traceback" not in done.raw and not (tmp_path / "gate.passed").exists()
    for part in (
        "Retention is 75.0 %",
        "PERSON fell from F 80.0 to 60.0",
        "lost 'Ines' (PERSON) in: 'Ines left'",
        "rehearsal_ratio",
        "training/report.html shows",
    ):
        assert part in done.out
    assert "Zune" not in done.out


def test_names_of_old_labels_confuse_it(gate, tmp_path):
    """Of 12.5 points that are lost 12.5 may be allowed, and 10 not; nothing is asked where nothing was measured."""
    side = {"plain": {"f": 60.0}, "mixed": {"p": 14.1, "r": 58.0, "f": 47.5}, "lost": 12.5}
    found = {
        "texts": 9,
        "before": {**side, "mixed": {**side["mixed"], "f": 60.0}, "lost": 0.0},
        "after": side,
        "lost": 12.5,
    }
    assert gate("--max-mixed-loss", 10).code == 0
    srsly.write_json(tmp_path / "metrics.json", {**METRICS, "mixed_texts": found})
    assert gate("--max-mixed-loss", 12.5).code == 0
    done = gate("--max-mixed-loss", 10)
    assert done.code == 1 and "Traceback" not in done.raw
    assert (
        "With names of old labels after the same texts F falls from 60.0 to 47.5 (precision 14.1, recall 58.0), by more than max_mixed_loss 10.0: 2.50 too much"
        in done.out
    )


def test_learnt_too_little(gate):
    done = gate("--min-gain", 70)
    assert done.code == 1
    for part in (
        "The gain is F 60.0, less than min_gain 70",
        "GADGET has F 60.0",
        "missed 'Zune' (GADGET) in: 'a Zune'",
    ):
        assert part in done.out


def test_agreement_names_the_label_too(gate, tmp_path):
    agreement = {
        "measured": "agreement",
        "kept": {"percent": 75.0},
        "labels": {"PERSON": {"percent": 75.0, "support": 4}},
    }
    metrics = {**METRICS, "retention": agreement}
    del metrics["base_test"]
    srsly.write_json(tmp_path / "metrics.json", metrics)
    done = gate("--min-retention", 95)
    assert done.code == 1 and "PERSON agrees with the base by 75.0 % of 4 entities" in done.out


@pytest.fixture
def gates(gate, tmp_path):
    """The gate with the given value of vars.gates."""
    drop = {"drop": 28.5, "interval": [20.1, 35.7]}
    found = {
        "probes": {"lower": {"new": {"updated": drop}, "old": {"updated": drop}}},
        "frequency": {"new_test": {"5+": {"U.S. GADGET": {"updated": {"r": 50.0}}}}},
    }
    srsly.write_json(
        tmp_path / "metrics.json",
        {**METRICS, "seen_unseen": {"seen": {"r": 60.0, "support": 5}, "unseen": {"r": None, "support": 0}}},
    )
    srsly.write_json(tmp_path / "breakdowns.json", found)
    return lambda text: gate("--breakdowns", "breakdowns.json", "--gates", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seen_unseen.seen.r at least 60",
        "probes.lower.new.updated.drop at most 28.5 , gain.f at least -1",
        "base_test.labels.PERSON.interval.0 at least -25.0",
        "frequency.new_test.5+.U.S. GADGET.updated.r at least 50",
    ],
)
def test_gates_that_hold(gates, tmp_path, text):
    done = gates(text)
    assert done.code == 0 and text in done.out and (tmp_path / "gate.passed").exists(), done.raw


def test_a_gate_on_any_figure(gates, tmp_path):
    done = gates("seen_unseen.seen.r at least 70, probes.lower.new.updated.drop at most 20")
    assert done.code == 1 and not (tmp_path / "gate.passed").exists()
    for part in (
        "seen_unseen.seen.r is 60, at least 70 is asked for: 10.00 too low",
        "probes.lower.new.updated.drop is 28.5, at most 20 is asked for: 8.50 too high",
        "missed 'Zune' (GADGET) in: 'a Zune'",
        "What to try",
        "vars.gates",
    ):
        assert part in done.out
    assert "Ines" not in done.out


@pytest.mark.parametrize(
    "path",
    [
        "probes.lower.old.updated.drop",
        "retention.kept.percent",
        "new_test.labels.GADGET.updated.p",
        "base_test.labels.PERSON.updated.f",
    ],
)
def test_a_gate_shows_texts_of_the_labels_that_it_is_about(gates, path):
    done = gates(f"{path} at most 1")
    assert (
        done.code == 1
        and ("lost 'Ines'" in done.out) == ("GADGET" not in path)
        and ("missed 'Zune'" in done.out) == ("GADGET" in path)
    ), done.raw


@pytest.mark.parametrize(
    "text, said",
    [
        ("seen_unsen.seen.r at least 70", "no figure has that path; near it are seen_unseen.seen.r"),
        ("seen_unseen.seen at least 70", "no figure has that path; near it are seen_unseen.seen.r"),
        ("labels.new.0 at least 70", "no figure has that path"),
        ("gain.f >= 70", "'gain.f >= 70', which cannot be read"),
        ("gain.f at least many", "cannot be read"),
        ("gain.f at least 7 gain.p at least 8", "no figure has that path"),
    ],
)
def test_a_gate_that_says_nothing_stops_the_run(gates, tmp_path, text, said):
    done = gates(text)
    assert done.code == 1 and said in done.out and "PATH at least NUMBER" in done.out and "training" not in done.out, (
        done.raw
    )
    assert "Traceback" not in done.raw and not (tmp_path / "gate.passed").exists()


def test_what_could_not_be_measured_passes_no_gate(gates):
    done = gates("seen_unseen.unseen.r at least 0")
    assert done.code == 1 and "seen_unseen.unseen.r could not be measured" in done.out


def test_nothing_to_keep_is_no_loss(gate, tmp_path):
    srsly.write_json(tmp_path / "metrics.json", {**METRICS, "retention": {"measured": "nothing", "kept": None}})
    done = gate("--min-gain", 50, "--min-retention", 95)
    assert done.code == 0 and "nothing to retain" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ("--min-gain", "nan"),
        ("--min-gain", "-inf"),
        ("--min-retention", "nan"),
        ("--min-retention", "-1"),
        ("--gates", "gain.f at least nan"),
        ("--gates", f"gain.f at least -{'9' * 400}"),
    ],
)
def test_the_gate_takes_no_nan_of_a_command_line(gate, tmp_path, words):
    done = gate(*words)
    assert done.code == 1 and "Traceback" not in done.raw and not (tmp_path / "gate.passed").exists(), done.raw
    assert words[0] in done.out or words[0].replace("--", "vars.").replace("-", "_") in done.out, done.raw


def test_the_gate_stops_what_could_not_be_measured(gate, run, tmp_path):
    found = srsly.read_json(tmp_path / "metrics.json")
    (tmp_path / "metrics.json").write_text(srsly.json_dumps(found).replace("75.0", "NaN"), encoding="utf8")
    assert run(*GATE, "--min-retention", 10).code == 1 and not (tmp_path / "gate.passed").exists()
