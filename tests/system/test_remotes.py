"""What ran on one machine need not run on the next: a DVC remote in a folder, and on S3 (marker: places)."""

import shutil

import pytest

from conftest import command, commit
from network import KEYS
from rerun_table import ALWAYS
from tiny_project import stages_run


@pytest.fixture(params=["folder", "s3"])
def remote(request, tmp_path):
    """The words after `dvc remote` that set one up, as the README has them."""
    if request.param == "folder":
        return [["add", "-d", "store", tmp_path / "a store"]]
    return [["add", "-d", "store", "s3://ner/store"], ["modify", "store", "endpointurl", request.getfixturevalue("s3")]]


@pytest.mark.places
def test_a_clone_pulls_and_trains_nothing(ran_with_dvc, remote, tmp_path):
    project = shutil.copytree(ran_with_dvc, tmp_path / "mine", symlinks=True)
    for words in remote:
        assert command("dvc", "remote", *words, cwd=project).code == 0
    done = command("python", "scripts/push.py", "--dry-run", cwd=project, **KEYS)
    assert done.code == 0 and "Would go to store" in done.out and "packages/en_gadget_ner-0.1.0" in done.out, done.raw
    done = command("python", "-m", "spacy", "project", "run", "push", cwd=project, **KEYS)
    assert done.code == 0 and "pushed" in done.out and "All is in store" in done.out, done.raw
    commit(project)
    # The clone can take nothing from where it was cloned.
    assert command("git", "clone", "-q", project, "theirs", cwd=tmp_path).code == 0
    shutil.rmtree(project)
    clone = tmp_path / "theirs"
    assert not (clone / "training/updated").exists()
    done = command("dvc", "pull", cwd=clone, **KEYS)
    assert done.code == 0, done.raw
    done = command("dvc", "repro", cwd=clone)
    assert done.code == 0 and stages_run("dvc", done) == ([ALWAYS], []), done.raw
    assert not command("git", "status", "--porcelain", cwd=clone).raw
    again = command("dvc", "repro", "--force", "--single-item", "smoke-test", cwd=clone)
    assert again.code == 0 and "works in an empty environment" in again.out, again.raw
