"""What the package says of itself: in README.md, in meta.json, to `spacy info` and to `spacy validate`; and that pip alone installs it."""

import json
import re
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PathDistribution

import pytest

from conftest import ROOT, command
from ner_update.packaging.model_card import Release, write_meta
from small_package import BASE, COUNTS, METRICS, PRF, PUBLISHED, TEACHERS, TEXTS, packaged, pipeline

SECTIONS = ["Label Scheme", "Accuracy", "Intended use", "How it was made", "Data", "How good it is", "Limits"]


def test_a_pipeline_edited_by_hand_is_not_packaged(tmp_path):
    """After the base was checked: its requirements would be installed with the wheel, and its language is part of a path."""
    done = packaged(tmp_path, requirements=[f"x @ file://{tmp_path}/evil"], lang="../../evil")
    assert (
        done.code == 1 and "x @ file://" in done.out and "'../../evil'" in done.out and "Traceback" not in done.raw
    ), done.raw
    assert not (tmp_path / "out").exists() and not list(tmp_path.parent.rglob("evil*"))


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory):
    """A folder with nothing but the wheel, for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = packages.glob("*.whl")
    done = command(
        "python", "-m", "uv", "pip", "install", "--no-index", "--no-deps", "--target", folder, wheel, cwd=folder
    )
    assert done.code == 0, done.raw
    return folder


@pytest.fixture
def table():
    """Address of the compatibility table that `spacy validate` asks for, on loopback: none of its packages is ours."""
    content = json.dumps({"spacy": {f"{v}": {"en_core_web_sm": [f"{v}.0"]} for v in ("3.7", "3.8")}}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/compatibility.json"
        server.shutdown()


def read_all(packages) -> dict[str, dict[str, bytes]]:
    """RETURNS (dict): README.md and meta.json of the pipeline, as the folder, the wheel and the sdist have them."""
    (wheel,), (sdist,) = packages.glob("*.whl"), packages.glob("*.tar.gz")
    inner = "en_gadget_ner/en_gadget_ner-0.1.0"
    with zipfile.ZipFile(wheel) as archive:
        found = {"wheel": {name: archive.read(f"{inner}/{name}") for name in ("README.md", "meta.json")}}
    with tarfile.open(sdist) as archive:
        members = {"README.md": "en_gadget_ner-0.1.0/README.md", "meta.json": f"en_gadget_ner-0.1.0/{inner}/meta.json"}
        found["sdist"] = {name: archive.extractfile(path).read() for name, path in members.items()}
    return found


def test_wheel_and_sdist_carry_one_and_the_same_card(packages):
    found = read_all(packages)
    assert found["wheel"] == found["sdist"] and found["wheel"]["README.md"] == (packages / "README.md").read_bytes()
    card = found["wheel"]["README.md"].decode("utf8")
    places = [card.index(f"### {section}\n") for section in SECTIONS]
    assert places == sorted(places)
    for said in (
        "`GADGET`",
        "`PERSON`",
        "| base | 340 | 30 | 123 PERSON |",
        "| annotated | 70 | 30 | 44 GADGET |",
        "| test | 31 |",
        "| raw | 55 |",
        "| GADGET | 12 | 80.0 | 40.0 | 53.33 | 0.0 | 53.33 (41.5 to 60.25) |",
        "98.6 % is kept (95 % interval 97.8 to 99.3",
        "`en_news_md` 3.8.0 by Somebody Else (licence: CC BY-SA 4.0)",
        "| **License** | `MIT` |",
        "A Treebank<br>[en_news_md 3.8.0](https://example.org) (Somebody Else)",
        "To find GADGET, PERSON in texts",
        'spacy.load("en_gadget_ner")',
        "21 of these were learnt from as well, with the new entities that most of several earlier trainings found in them (3 × update, 1 × all-mpnet-base-v2); nobody",
        "7 of these were learnt from as well, with the new entities that patterns",
        "training never showed 25.0 % are found (of 8)",
        "all is lower-cased, F of GADGET is 21.0 instead of 53.33",
        "95 % interval of the drop: 25.0 to 38.75",
    ):
        assert said in card, said
    assert "upper-cased" not in card


def test_the_wheel_asks_for_spacy_and_what_the_base_asks_for_and_nothing_else(installed):
    (info,) = installed.glob("*.dist-info")
    assert {re.match(r"[\w-]+", requirement)[0] for requirement in PathDistribution(info).requires} == {
        "a-tool",
        "spacy",
    }


def test_meta_has_it_in_fields(packages):
    meta = json.loads(read_all(packages)["wheel"]["meta.json"])
    assert (
        meta["labels"]["ner_gadget"] == ["GADGET"]
        and meta["license"] == "MIT"
        and meta["performance"]["ents_per_type"]["GADGET"]["f"] == 0.5333
    )
    assert meta["data"]["annotated"] == {"texts": 70, "texts_without_entity": 30, "spans": {"GADGET": 44}} and meta[
        "data"
    ]["raw"] == {"texts": 55}
    assert meta["trained_on"] == TEXTS and meta["teachers"] == TEACHERS
    figures = meta["metrics"]
    assert (
        figures["labels"]["GADGET"] == {**PRF, "base_f": 0.0, "difference_f": 53.33, "interval": [41.5, 60.25]}
        and figures["texts"] == 31
    )
    assert figures["retention"]["interval"] == [97.8, 99.3] and figures["gain"]["interval"] == [41.5, 60.25]
    assert meta["base_pipeline"] == {
        "name": "en_news_md",
        "version": "3.8.0",
        "license": "CC BY-SA 4.0",
        "author": "Somebody Else",
        "url": "https://example.org",
        "trained_here": False,
    }
    # Who made the base did not make this.
    assert not (meta["author"] or meta["email"] or meta["url"])


def test_other_kinds_of_base():
    card = ROOT / "templates/model_card.md"
    trained = write_meta(pipeline(), METRICS, COUNTS, Release("x", "1.0", "", card))
    assert (
        trained["sources"] is None
        and trained["base_pipeline"]["trained_here"]
        and "on 340 annotated texts" in trained["notes"]
    )
    assert (
        "licence of this package (not stated)" in trained["notes"]
        and "lower-cased" not in trained["notes"]
        and "learnt from as well" not in trained["notes"]
    )
    alone = write_meta(
        pipeline(),
        METRICS,
        COUNTS,
        Release("x", "1.0", "", card),
        None,
        {"texts": TEXTS, "teachers": {"all-mpnet-base-v2": 1}},
    )
    assert "that an earlier training found in them (1 × all-mpnet-base-v2); nobody" in alone["notes"]
    agreed = {**METRICS, "retention": {**METRICS["retention"], "measured": "agreement"}}
    del agreed["retention"]["plain"]
    assert (
        "(F; 95 % interval 97.8 to 99.3)"
        in write_meta(pipeline(**PUBLISHED), agreed, COUNTS, Release("x", "1.0", "", card))["notes"]
    )
    blank = {**METRICS, "labels": {**METRICS["labels"], "old": []}, "retention": {"measured": "nothing", "kept": None}}
    made = write_meta(pipeline(), blank, {**COUNTS, "base": {**BASE, "texts": 0}}, Release("x", "1.0", "", card))
    assert (
        "nothing to keep" in made["notes"]
        and "knew no entity labels" in made["notes"]
        and "| base |" not in made["notes"]
    )
    # A licence that nobody gave is that of the base.
    assert (
        write_meta(pipeline(**PUBLISHED), METRICS, COUNTS, Release("x", "1.0", "", card))["license"] == "CC BY-SA 4.0"
    )


def info(python: object, **variables: str):
    return command(python, "-m", "spacy", "info", "en_gadget_ner", cwd=ROOT / "tests", **variables)


def validate(python: object, table: str, **variables: str):
    """spaCy's own command, with another address for the table: the real one needs the network."""
    code = f"from spacy import about; about.__compatibility__ = {table!r}; import sys; sys.argv = ['spacy', 'validate']; from spacy.cli import setup_cli; setup_cli()"
    return command(python, "-c", code, cwd=ROOT / "tests", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1", **variables)


def test_spacy_info_shows_the_metrics(installed):
    done = info("python", PYTHONPATH=str(installed))
    assert done.code == 0, done.raw
    for said in (
        "'difference_f': 53.33, 'interval': [41.5, 60.25]",
        "| GADGET | 12 | 80.0 | 40.0 | 53.33 |",
        "'license': 'CC BY-SA 4.0'",
        "### Limits",
    ):
        assert said in done.out, (said, done.raw)


def test_spacy_validate_is_content(installed, table):
    done = validate("python", table, PYTHONPATH=str(installed))
    assert done.code == 0 and "Loaded compatibility table" in done.out and "en_gadget_ner >=3.8" in done.out, done.raw


def test_spacy_validate_is_not_content_with_any_package(installed, table, tmp_path):
    """So the test above can fail."""
    command("cp", "-r", installed, tmp_path / "other", cwd=tmp_path)
    meta = tmp_path / "other/en_gadget_ner/meta.json"
    meta.write_text(meta.read_text(encoding="utf8").replace(">=3.8", ">=3.9").replace("<3.9", "<3.10"), encoding="utf8")
    done = validate("python", table, PYTHONPATH=str(tmp_path / "other"))
    assert done.code == 1 and "n/a" in done.out, done.raw


@pytest.mark.places
def test_pip_alone_installs_it(ran_with_spacy, table, tmp_path):
    """Into an empty environment, with the dependencies from wherever pip takes them; skipped where it reaches nothing."""
    (wheel,) = (ran_with_spacy / "packages/en_gadget_ner-0.1.0").glob("*.whl")
    assert subprocess.run([sys.executable, "-m", "venv", tmp_path / "empty"]).returncode == 0
    python = tmp_path / "empty" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = command(python, "-m", "pip", "install", "--disable-pip-version-check", wheel, cwd=tmp_path)
    if done.code and "en_gadget_ner" not in done.raw.split("ERROR", 1)[-1]:
        pytest.skip(f"pip reaches no index: {done.out[-300:]}")
    assert done.code == 0, done.raw
    code = 'import spacy; nlp = spacy.load("en_gadget_ner"); print(nlp.pipe_names, [(e.text, e.label_) for e in nlp("Ines lost my Zune today").ents])'
    done = command(python, "-c", code, cwd=tmp_path)
    assert done.code == 0 and "ner_gadget" in done.out and "'GADGET'" in done.out, done.raw
    done = info(python)
    assert done.code == 0 and "'interval': [" in done.out, done.raw
    done = validate(python, table)
    assert done.code == 0 and "en_gadget_ner >=3.8" in done.out, done.raw
