"""Whole runs with both engines in clean clones, in a path with a space, on a small profile (marker: smoke)."""

import zipfile

import pytest
import srsly

from conftest import ROOT, command, copy_of_repository, write
from tiny_project import outputs

pytestmark = pytest.mark.smoke

SMALL = {"base_max_steps": 200, "update_max_steps": 300, "min_gain": 5, "min_retention": 80, "max_mixed_loss": 100}
STAGES = srsly.read_yaml(ROOT / "project.yml")["workflows"]["all"]


def small(project):
    """Fewer texts and fewer steps: changes of vars and of files under assets/, as an adopter's."""
    for name, lines in (("base/people_orgs_places", 900), ("annotated/gadgets", 700), ("raw", 200)):
        path = project / f"assets/{name}.jsonl"
        path.write_text("".join(path.read_text(encoding="utf8").splitlines(True)[:lines]), encoding="utf8")
    for name, value in SMALL.items():
        assert command("python", "scripts/set_var.py", name, value, cwd=project).code == 0
    return project


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The same project, cloned in both ways, run by both engines."""
    origin = small(copy_of_repository(tmp_path_factory.mktemp("origin") / "template"))
    assert (
        command(
            "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "small", cwd=origin
        ).code
        == 0
    )
    folder = tmp_path_factory.mktemp("adopters")
    made = command("git", "clone", "-q", origin, "cloned with git", cwd=folder)
    assert made.code == 0, made.raw
    made = command("python", "-m", "spacy", "project", "clone", ".", "cloned with spacy", "--repo", origin, cwd=folder)
    assert made.code == 0, made.raw
    with_dvc, with_spacy = folder / "cloned with git", folder / "cloned with spacy"
    ran = command("dvc", "repro", cwd=with_dvc)
    assert ran.code == 0, ran.raw
    ran = command("python", "-m", "spacy", "project", "run", "all", cwd=with_spacy)
    assert ran.code == 0, ran.raw
    return with_dvc, with_spacy


def test_both_engines_give_the_same_bytes(done):
    with_dvc, with_spacy = map(outputs, done)
    assert with_dvc == with_spacy


def test_a_second_run_does_nothing_and_says_so(done):
    """Nothing but the fingerprints, which look for changes that no engine sees (tests/system/test_reruns.py has all the others)."""
    with_dvc, with_spacy = done
    again = command("dvc", "repro", cwd=with_dvc)
    assert again.code == 0 and again.out.count("didn't change, skipping") == len(STAGES) - 1, again.raw
    again = command("python", "-m", "spacy", "project", "run", "all", cwd=with_spacy)
    assert again.code == 0 and again.out.count("nothing changed") == len(STAGES) - 1, again.raw


def test_dvc_takes_over_what_spacy_ran(done):
    assert command("dvc", "commit", "-f", cwd=done[1]).code == 0
    again = command("dvc", "repro", cwd=done[1])
    assert again.code == 0 and again.out.count("didn't change, skipping") == len(STAGES) - 1, again.raw


def test_git_sees_no_generated_file(done):
    for project in done:
        changed = command("git", "status", "--porcelain", cwd=project).raw.split("\n")
        assert {line[3:] for line in changed if line} <= {"training/metrics.json", "training/summary.json", "dvc.lock"}


def test_metrics_show_base_and_updated(done):
    metrics = srsly.read_json(done[0] / "training/metrics.json")
    assert set(metrics["new_test"]["labels"]) == {"GADGET", "GPE", "ORG", "PERSON"}
    row = metrics["new_test"]["labels"]["GADGET"]
    assert row["base"]["f"] == 0 and row["updated"]["f"] > 20
    # The small profile trains a tenth of the steps: the reference run in training/metrics.json keeps 99 %.
    assert metrics["retention"]["strict"]["percent"] > SMALL["min_retention"]
    assert metrics["seen_unseen"]["unseen"]["support"] > 100


def test_the_report_is_one_offline_page(done):
    page = (done[0] / "training/report.html").read_text(encoding="utf8")
    assert (
        "GADGET" in page
        and page.count("<script") == 1
        and "src=" not in page
        and "http" not in page.replace("http-equiv", "")
    )


def test_a_changed_test_text_does_not_retrain(done):
    project = done[1]
    path = project / "assets/test/all_labels.jsonl"
    rows = list(srsly.read_jsonl(path))
    write(path, [{"text": "Our Zune died, said Ines", "entities": [[4, 8, "GADGET"], [20, 24, "PERSON"]]}, *rows[1:]])
    again = command("python", "-m", "spacy", "project", "run", "all", cwd=project)
    assert again.code == 0, again.raw
    ran = [name for name in STAGES if f"Skipping '{name}'" not in again.out]
    assert ran == [
        "fingerprints",
        "check",
        "preprocess",
        "evaluate",
        "plots",
        "report",
        "gate",
        "package",
        "smoke-test",
    ]


def test_an_adopter_updates_an_installed_pipeline(done, tmp_path):
    """The wheel of one run is the base of the next: another label from Prodigy, no gold for the old labels."""
    project = copy_of_repository(tmp_path / "their project")
    wheel = next((done[0] / "packages").rglob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    base = next((tmp_path / "unpacked").rglob("config.cfg")).parent
    for name in ("base/people_orgs_places.jsonl", "annotated/gadgets.jsonl", "test/all_labels.jsonl"):
        (project / "assets" / name).unlink()
    for name in ("base", "test"):
        (project / "assets" / name / ".gitkeep").touch()
    verbs = ["brew", "drink", "love", "spill", "buy", "sell", "boil", "hate", "need", "want", "serve", "cool"]
    teas = ["Oolong", "Sencha", "Assam", "Rooibos", "Darjeeling", "Matcha"]
    rows = [f"we {verb} {tea} {when}" for verb in verbs for tea in teas for when in ("at home", "on mondays")]
    spans = [
        [{"start": row.index(tea), "end": row.index(tea) + len(tea), "label": "TEA"}]
        for row, tea in zip(rows, [t for _ in verbs for t in teas for _ in "ab"])
    ]
    prodigy = [
        {"text": row, "spans": span, "answer": "accept", "_task_hash": n}
        for n, (row, span) in enumerate(zip(rows, spans))
    ]
    bare = [
        {"text": f"we {verb} {what} {when}", "answer": "accept", "_task_hash": 0}
        for verb in verbs
        for what in ("bread", "phones")
        for when in ("at home", "on mondays")
    ]
    write(project / "assets/annotated/tea.jsonl", prodigy + bare)
    (project / "assets/patterns.jsonl").write_text("", encoding="utf8")
    for name, value in {
        "base_model": base,
        "base_model_version": "0.1.0",
        "package_name": "tea_ner",
        "update_max_steps": 400,
        "min_retention": 80,
        "max_mixed_loss": 100,
    }.items():
        assert command("python", "scripts/set_var.py", name, value, cwd=project).code == 0
    ran = command("python", "-m", "spacy", "project", "run", "all", cwd=project)
    assert ran.code == 0, ran.raw
    metrics = srsly.read_json(project / "training/metrics.json")
    assert metrics["labels"] == {"new": ["TEA"], "old": ["GADGET", "GPE", "ORG", "PERSON"], "taken_over": []}
    assert "agreement" in metrics["retention"]["measured"] and metrics["retention"]["kept"]["percent"] > 90
    assert metrics["gain"]["f"] > 50
    assert (project / "packages/en_tea_ner-0.1.0/en_tea_ner-0.1.0-py3-none-any.whl").exists()
    changed = command("git", "status", "--porcelain", "scripts", "configs", cwd=project).raw
    assert not changed, "an adopter edits no script and no config"
