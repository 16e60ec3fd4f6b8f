"""Each kind of change reruns exactly the stages that tests/rerun_table.py promises, under both engines (marker: reruns)."""

import json
import shutil
from pathlib import Path

import pytest
import srsly

from conftest import ROOT, command
from ner_update.project.fingerprints import of_files
from ner_update.project.vars import set_var
from rerun_table import ALWAYS, COMMANDS, KINDS, PROJECT, STAGES, Kind, declaring, replace, table, var
from tiny_project import ENGINES, outputs, stages_run


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
    paths = [
        dep.replace("${vars.lang}_${vars.package_name}-${vars.package_version}", "en_gadget_ner-0.1.0")
        for dep in cmd["deps"]
    ]
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
    assert ran[:7] == [ALWAYS, "check", "debug", "train", "rehearse", "distil", "update"] and not {
        "annotate",
        "preprocess",
    } & set(ran)


OTHER = {
    "lang": "de", "package_name": "other_ner", "package_version": "0.2.0", "update_config": "configs/update_transformer.cfg", "format": "own",
    "dev_size": 0.2, "test_size": 0.1, "update_on": "train", "gates": "gain.f at least 0", "review_tool": "prodigy", "hub_repository": "a/b", "engine": "ray",
}  # fmt: skip
SCRIPTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "scripts").glob("**/*.py")
    if path != ROOT / "scripts/ner_update/__init__.py"
)


def would_run(engine: str, project: Path) -> set[str]:
    """RETURNS (set): The stages that an engine would run by themselves, before any of their inputs is made anew."""
    if engine == "spacy":
        done = command(*ENGINES[engine], "--dry", cwd=project)
        return set(stages_run(engine, done)[0])
    return set(json.loads(command("dvc", "status", "--json", cwd=project).raw))


@pytest.mark.reruns
@pytest.mark.parametrize("engine", ENGINES)
def test_each_script_and_each_var_concerns_those_that_use_it(finished, tmp_path, engine):
    """All of them, by what the engines say that they would do; the table above has what they do, for some."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    wrong, settings = {}, project / "project.yml"
    for name in SCRIPTS:
        path = project / name
        before = path.read_bytes()
        path.write_bytes(before + b"# A comment.\n")
        found, expected = would_run(engine, project), {ALWAYS, *declaring(name)}
        wrong |= {} if found == expected else {name: found ^ expected}
        path.write_bytes(before)
    text = settings.read_text(encoding="utf8")
    for name, value in srsly.read_yaml(settings)["vars"].items():
        other = OTHER.get(name, value + 1 if isinstance(value, (int, float)) else "other")
        settings.write_text(set_var(text, name, str(other)), encoding="utf8")
        using = {cmd["name"] for cmd in PROJECT["commands"] if f"${{vars.{name}}}" in str(cmd)}
        found = would_run(engine, project)
        wrong |= {} if found == {ALWAYS, *using & {*STAGES}} and using else {name: found ^ using}
    assert wrong == {} and SCRIPTS, wrong


@pytest.mark.reruns
@pytest.mark.parametrize("engine", ENGINES)
def test_another_version_of_spacy_reruns(finished, tmp_path, engine):
    """What is installed is told by a .dist-info folder; one that comes first on the path tells of another version."""
    project = shutil.copytree(finished[engine], tmp_path / "project", symlinks=True)
    told = tmp_path / "installed/spacy-3.8.99.dist-info/METADATA"
    told.parent.mkdir(parents=True)
    told.write_text("Metadata-Version: 2.1\nName: spacy\nVersion: 3.8.99\n", encoding="utf8")
    done = command(*ENGINES[engine], cwd=project, PYTHONPATH=str(told.parents[1]))
    assert done.code == 0, done.raw
    ran, _ = stages_run(engine, done)
    assert ran == [ALWAYS, *declaring("corpus/fingerprints/versions.json")] and len(ran) == len(COMMANDS) - 1


@pytest.mark.reruns
def test_dvc_brings_back_what_it_knows(finished, tmp_path):
    """A var changed and changed back, and a branch left and entered again: nothing trains."""
    project = shutil.copytree(finished["dvc"], tmp_path / "project", symlinks=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    assert command(*git, "switch", "-qc", "other", cwd=project).code == 0
    var("update_max_steps", 90)(project)
    ran, _ = stages_run("dvc", command("dvc", "repro", cwd=project))
    assert "update" in ran
    assert command(*git, "commit", "-qam", "longer", cwd=project).code == 0
    assert command(*git, "switch", "-q", "-", cwd=project).code == 0
    # DVC caches no run of a stage with an output that git keeps. Such a one runs where what it wrote differs between the two.
    kept_by_git = {cmd["name"] for cmd in COMMANDS if "outputs_no_cache" in cmd}
    ran, cached = stages_run("dvc", command("dvc", "repro", cwd=project))
    assert ALWAYS in ran and "update" in cached and set(ran) <= {ALWAYS, *kept_by_git}
    assert outputs(project) == outputs(finished["dvc"])
    var("update_max_steps", 90)(project)
    ran, cached = stages_run("dvc", command("dvc", "repro", cwd=project))
    assert ALWAYS in ran and "update" in cached and set(ran) <= {ALWAYS, *kept_by_git}


def test_the_documented_table_is_this_one():
    page = (ROOT / "docs/reruns.md").read_text(encoding="utf8")
    assert table() in page, "run: python tests/rerun_table.py"
