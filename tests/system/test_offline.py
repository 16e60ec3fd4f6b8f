"""Without a network the whole project runs (marker: places)."""

import shutil

import pytest
import srsly

from conftest import command, copy_of_repository
from network import PROXIES, cut_off
from rerun_table import STAGES
from tiny_project import ENGINES, tiny

pytestmark = pytest.mark.places


@pytest.mark.parametrize("kind, engine", [("no network", "spacy"), ("a proxy that refuses", "dvc")])
def test_the_whole_project_runs(tmp_path, kind, engine):
    before, variables = cut_off(kind)
    folder = tiny(copy_of_repository(tmp_path / "project"))
    done = command(*before, *ENGINES[engine], cwd=folder, **variables)
    assert done.code == 0 and "Skipping" not in done.raw, done.raw
    assert {"spacy": f"{STAGES[-1]} ", "dvc": f"Running stage '{STAGES[-1]}'"}[engine] in done.raw
    assert "works in an empty environment" in done.out and "packages_lent" not in srsly.read_json(
        folder / "training/smoke_test.json"
    )


@pytest.mark.parametrize("kind", ["no network", "a proxy that refuses"])
def test_with_an_empty_cache_the_project_lends_its_packages(ran_with_dvc, tmp_path, kind):
    before, variables = cut_off(kind)
    folder = shutil.copytree(ran_with_dvc, tmp_path / "project", symlinks=True)
    smoke_test = [*before, *ENGINES["dvc"], "--force", "--single-item", "smoke-test"]
    done = command(*smoke_test, cwd=folder, UV_CACHE_DIR=str(tmp_path / "empty"), **variables)
    assert (
        done.code == 0 and "Failed to fetch" in done.out and "works beside this environment's packages" in done.out
    ), done.raw
    assert srsly.read_json(folder / "training/smoke_test.json")["packages_lent"]


def test_what_the_project_has_not_it_does_not_lend(ran_with_dvc, tmp_path):
    """A wheel that asks for a package that is nowhere is a wheel that does not work."""
    folder = shutil.copytree(ran_with_dvc, tmp_path / "project", symlinks=True)
    words = ["packages/en_gadget_ner-0.1.0", "corpus", "training/metrics.json", "training/smoke_test.json"]
    before = (folder / words[-1]).read_bytes()
    (wheel,) = (folder / words[0]).glob("*.whl")
    wheel.chmod(0o644)
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(wheel, unpacked, "zip")
    (metadata,) = unpacked.glob("*.dist-info/METADATA")
    metadata.write_text(
        metadata.read_text(encoding="utf8").replace("Requires-Dist:", "Requires-Dist: numpy>=99\nRequires-Dist:", 1),
        encoding="utf8",
    )
    (metadata.parent / "RECORD").write_text("", encoding="utf8")
    shutil.make_archive(str(tmp_path / "made"), "zip", unpacked)
    shutil.copy(tmp_path / "made.zip", wheel)
    done = command("python", "scripts/smoke_test.py", *words, cwd=folder, **PROXIES)
    assert done.code == 1 and "does not work in an empty environment" in done.out and "Traceback" not in done.raw, (
        done.raw
    )
    assert (folder / words[-1]).read_bytes() == before
