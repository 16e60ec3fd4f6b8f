"""Each kind of change reruns exactly the stages that tests/rerun_table.py promises, under both engines (marker: reruns)."""

import re
import shutil

import pytest
import srsly
from conftest import ROOT, command, copy_of_repository, write
from fingerprints import of_files
from rerun_table import ALWAYS, ANNOTATED, BASE, COMMANDS, KINDS, RAW, SENTENCE, STAGES, TEST, Kind, replace, table, var

NAMES = ["Ines", "Tomasz", "Abena", "Yuto", "Carla", "Dmitro", "Oddny", "Farid"]
GADGETS = ["Zune", "Kindle", "Walkman", "Lumio", "PalmPilot", "Tamagotchi"]
WHEN = ["today", "again", "at work", "in june", "on monday"]
ENGINES = {"dvc": ["dvc", "repro"], "spacy": ["python", "-m", "spacy", "project", "run", "all"]}


def marked(text: str, span: str, label: str) -> dict:
    start = text.index(span)
    return {"text": text, "entities": [[start, start + len(span), label]]}


def tiny(project):
    """The whole pipeline on frames of a few words, which some dozen steps of training learn."""
    shutil.rmtree(project / "assets")
    people = [marked(f"{name} {verb} the {thing}", name, "PERSON") for name in NAMES for verb in ("saw", "lost") for thing in ("bus", "dog", "key", "car")]
    gadgets = [marked(f"my {g} {verb} {when}", g, "GADGET") for g in GADGETS for verb in ("died", "froze") for when in WHEN]
    plain = [{"text": f"my {thing} {verb} {when}", "entities": []} for thing in ("dog", "phone", "bus") for verb in ("died", "froze") for when in WHEN]
    write(project / ANNOTATED, gadgets + plain)
    write(project / BASE, people)
    write(project / TEST, [SENTENCE, *(marked(f"{n} lost my {g} today", g, "GADGET") for n in NAMES[:3] for g in GADGETS)])
    write(project / RAW, [{"text": f"{name} was {how} with the {thing}"} for name in NAMES for how in ("here", "there") for thing in ("dog", "bus", "zune")])
    write(project / "assets/patterns.jsonl", [{"label": "GADGET", "pattern": "zune"}])
    for name, value in {"base_max_steps": 60, "update_max_steps": 80, "min_gain": 0, "min_retention": 0, "rehearsal_ratio": 1.0}.items():
        var(name, value)(project)
    return project


def stages_run(engine: str, done) -> tuple[list[str], list[str]]:
    """RETURNS (tuple): The stages that an engine ran, and those that it took from its cache."""
    if engine == "spacy":
        return [name for name in STAGES if f"Skipping '{name}'" not in done.out], []
    ran = re.findall(r"Running stage '([\w-]+)'", done.out)
    cached = re.findall(r"Stage '([\w-]+)' is cached - skipping run", done.out)
    return [name for name in STAGES if name in ran], [name for name in STAGES if name in cached]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """For each engine a project in which everything has run."""
    made = {}
    for engine, words in ENGINES.items():
        made[engine] = tiny(copy_of_repository(tmp_path_factory.mktemp(engine) / "project"))
        done = command(*words, cwd=made[engine])
        assert done.code == 0, done.raw
    return made


def changed(finished, engine: str, kind: Kind, tmp_path):
    """RETURNS (tuple): What ran in a copy of the finished project after the change, and the project."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    kind.change(project)
    assert command("python", "scripts/dvc_stages.py", cwd=project).code == 0
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    return stages_run(engine, done), project


def inputs(project, name: str) -> dict[str, str]:
    """RETURNS (dict): A hash of each dep of a command."""
    (cmd,) = (cmd for cmd in COMMANDS if cmd["name"] == name)
    paths = [dep.replace("${vars.lang}_${vars.package_name}-${vars.package_version}", "en_gadget_ner-0.1.0") for dep in cmd["deps"]]
    return {path: of_files(project / path) for path in paths if "${" not in path}


@pytest.mark.reruns
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_change_reruns_exactly(finished, tmp_path, engine, kind):
    (ran, cached), project = changed(finished, engine, kind, tmp_path)
    from_cache = list(kind.from_cache) if engine == "dvc" else []
    assert set(ran) <= {ALWAYS, *kind.reruns} - {*from_cache} and ALWAYS in ran
    assert cached == from_cache
    # Metrics of so small a test set may well be the same after a change: then what waits for them need not run.
    for name in {*kind.reruns} - {*ran, *cached}:
        assert kind.reruns.index(name) > 0 and inputs(project, name) == inputs(finished[engine], name), name


@pytest.mark.reruns
@pytest.mark.parametrize("engine", ENGINES)
def test_another_base_of_the_same_name_reruns(finished, tmp_path, engine):
    """vars.base_model names a folder, whose content no dep shows."""
    base = shutil.copytree(finished[engine] / "training/base/model-best", tmp_path / "some_base")
    first = Kind("named", var("base_model", base), [])
    _, project = changed(finished, engine, first, tmp_path / "a")
    replace("../../some_base/meta.json", '"version":"0.0.0"', '"version":"0.0.1"')(project)
    done = command(*ENGINES[engine], cwd=project)
    assert done.code == 0, done.raw
    ran, _ = stages_run(engine, done)
    # What follows runs as far as the other base makes a difference.
    assert ran[:7] == [ALWAYS, "check", "preprocess", "debug", "train", "rehearse", "update"] and "annotate" not in ran


@pytest.mark.reruns
def test_dvc_brings_back_what_it_knows(finished, tmp_path):
    """A var changed and changed back, and a branch left and entered again: nothing trains."""
    project = shutil.copytree(finished["dvc"], tmp_path / "project", symlinks=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["add", "-A"], ["commit", "-qm", "done"], ["switch", "-qc", "other"]):
        assert command(*git, *words, cwd=project).code == 0
    var("update_max_steps", 90)(project)
    ran, _ = stages_run("dvc", command("dvc", "repro", cwd=project))
    assert "update" in ran
    assert command(*git, "commit", "-qam", "longer", cwd=project).code == 0
    assert command(*git, "switch", "-q", "-", cwd=project).code == 0
    ran, cached = stages_run("dvc", command("dvc", "repro", cwd=project))
    assert ran == [ALWAYS] and "update" in cached
    var("update_max_steps", 90)(project)
    ran, cached = stages_run("dvc", command("dvc", "repro", cwd=project))
    # evaluate writes a metric that git keeps, and DVC caches no run of such a stage.
    assert ran == [ALWAYS, "evaluate"] and "update" in cached


def test_the_documented_table_is_this_one():
    page = (ROOT / "docs/reruns.md").read_text(encoding="utf8")
    assert table() in page, "run: python tests/rerun_table.py"
