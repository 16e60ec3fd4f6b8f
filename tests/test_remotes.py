"""What ran on one machine need not run on the next: a DVC remote in a folder, and on S3 (marker: places)."""

import shutil
import urllib.request

import pytest

from conftest import command, commit
from rerun_table import ALWAYS
from tiny_project import stages_run

# Nothing here may find its way to the real S3, nor to the keys of whoever runs the tests.
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "none",
    "AWS_SHARED_CREDENTIALS_FILE": "none",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


@pytest.fixture
def s3():
    """Address of a server on loopback that answers as S3 does, with a bucket `ner`."""
    # Slow to import, and wanted here alone.
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    # Returns when the server listens.
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(urllib.request.Request(f"{address}/ner", method="PUT")).status == 200
    yield address
    server.stop()


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
