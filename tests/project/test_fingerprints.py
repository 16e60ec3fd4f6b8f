"""The fingerprints change when, and only when, something does that no dep of a command shows."""

import srsly

from conftest import ROOT, command, write


def fingerprints(folder, *words):
    done = command("python", ROOT / "scripts/fingerprints.py", "assets", "made", *words, cwd=folder)
    assert done.code == 0, done.raw
    return {path.stem: path.read_bytes() for path in (folder / "made").iterdir()}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def test_the_same_again(assets, tmp_path):
    before = fingerprints(tmp_path)
    assert set(before) == {"versions", "names", "base_model", "vectors_from", "encoder"}
    assert fingerprints(tmp_path) == before
    assert b"spacy" in before["versions"] and str(tmp_path).encode() not in b"".join(before.values())


def test_content_is_none_of_their_business_and_names_are(assets, tmp_path):
    before = fingerprints(tmp_path)
    write(assets / "annotated/new.jsonl", [{"text": "other", "entities": []}])
    assert fingerprints(tmp_path) == before
    (assets / "annotated/new.jsonl").rename(assets / "annotated/newer.jsonl")
    assert changed(before, fingerprints(tmp_path)) == {"names"}


def test_what_vars_name_is_looked_into(assets, tmp_path):
    write(tmp_path / "base/a/b.jsonl", [{"n": 1}])
    write(tmp_path / "glove.txt", [{"n": 1}])
    words = ("--base-model", "base", "--vectors-from", "glove.txt", "--encoder", "some/encoder")
    before = fingerprints(tmp_path, *words)
    write(tmp_path / "base/a/b.jsonl", [{"n": 2}])
    assert changed(before, fingerprints(tmp_path, *words)) == {"base_model"}
    write(tmp_path / "glove.txt", [{"n": 2}])
    assert changed(before, fingerprints(tmp_path, *words)) == {"base_model", "vectors_from"}
    assert srsly.json_loads(before["encoder"]) == {"name": "some/encoder"}


def test_an_installed_package_is_known_by_its_files(assets, tmp_path):
    made = srsly.json_loads(fingerprints(tmp_path, "--base-model", "spacy")["base_model"])
    assert made["name"] == "spacy" and len(made["md5"]) == 32


def test_names_that_nothing_answers_to(assets, tmp_path):
    for name in ("blank:en", "no_such_package", "some where/else", "a\nb"):
        made = fingerprints(tmp_path, "--base-model", name)["base_model"]
        assert srsly.json_loads(made) == {"name": name}
