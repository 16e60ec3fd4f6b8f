"""Each var of project.yml has a type and a range, whoever sets it: scripts/set_var.py, an editor, or a command line."""

import re
from typing import get_args

import pytest
import srsly
import typer

from conftest import ROOT, command, content, write
from ner_update.corpus.shards import DocShard
from ner_update.data.reader import FORMATS
from ner_update.labelling.review_tasks import TOOLS
from ner_update.parallel.engines import ENGINES
from ner_update.project.vars_model import Vars, is_language, problems
from ner_update.rehearsal.raw_texts import RawTexts
from ner_update.update.settings import Parts
from set_var import main as set_var
from tiny_project import ENGINES as RUNNERS

TEXT = (ROOT / "project.yml").read_text(encoding="utf8")
VARS = srsly.yaml_loads(TEXT)["vars"]
HOSTILE = {
    "empty": "", "nan": "nan", "nan in YAML": ".nan", "inf": "inf", "inf in YAML": ".inf", "-inf": "-.inf", "negative": "-7",
    "huge": "1" + "0" * 40, "huger": "1" * 5000, "long": "x" * 2000, "path": "../../x", "whole path": "/tmp/x", "two words": "two words",
    "word": "other", "truth": "true", "null": "null", "list": "[1, 2]", "option": "--help-me", "shell": "$(touch hacked)",
    "quotes": '"; touch hacked; "', "line break": "1\n  seed: 2", "NUL": "a\0", "broken YAML": "[nan; x",
}  # fmt: skip
# What each var may be all the same. A folder, a file or a license may have nearly any name.
NAME = {"nan", "nan in YAML", "inf", "inf in YAML", "huge", "path", "whole path", "word", "truth", "null"}
TEXTS = NAME | {"empty", "-inf", "negative", "two words", "list", "option"}
ALLOWED = {
    **dict.fromkeys(("package_license", "base_model", "base_model_version", "encoder", "vectors_from"), TEXTS),
    **dict.fromkeys(("predict_from", "predict_to"), NAME | {"two words", "list"}),
    **dict.fromkeys(("update_config", "review_source"), NAME),
    **{key: {"empty"} for key in ("format", "gates", "hub_repository")},
    "package_name": {"nan", "inf", "word", "truth", "null"},
}


def test_each_var_is_in_the_model():
    assert list(VARS) == list(Vars.model_fields) and problems(VARS) == []
    assert all(field.description and "\n" not in field.description for field in Vars.model_fields.values())


def test_the_model_has_the_choices_of_the_commands():
    choices = {"format": FORMATS, "review_tool": TOOLS, "engine": ENGINES, "update_on": get_args(Parts)}
    for name, known in choices.items():
        assert set(get_args(Vars.model_fields[name].annotation)) == set(known)
    assert all(map(is_language, ("en", "xx", "de"))) and not any(
        map(is_language, ("zz", "punctuation", "__pycache__", "../en", ""))
    )


@pytest.mark.parametrize("name", VARS)
def test_set_var_refuses_what_a_var_cannot_be(tmp_path, capsys, name):
    project = tmp_path / "project.yml"
    for kind, value in HOSTILE.items():
        project.write_text(TEXT, encoding="utf8")
        if kind in ALLOWED.get(name, set()):
            set_var(name, value, project)
            assert srsly.yaml_loads(project.read_text(encoding="utf8"))["vars"] == {**VARS, name: value}
            continue
        with pytest.raises(typer.Exit) as ended:
            set_var(name, value, project)
        assert ended.value.exit_code == 1 and f"vars.{name}" in capsys.readouterr().out, kind
        assert content(tmp_path) == {"project.yml": TEXT.encode("utf8")}


@pytest.mark.parametrize("name", VARS)
def test_a_var_edited_by_hand_stops_a_command(run_here, tmp_path, name):
    bad, shown = ('"$(ls)"', "'$(ls)'") if isinstance(VARS[name], str) else (".nan", "nan")
    write(tmp_path / "assets/raw.jsonl", [{"text": "a"}])
    (tmp_path / "project.yml").write_text(re.sub(rf"(?m)^  {name}: .*$", f"  {name}: {bad}", TEXT), encoding="utf8")
    before = content(tmp_path)
    done = run_here("fingerprints.py", "assets", "corpus/fingerprints")
    assert done.code == 1 and f"project.yml: vars.{name} is {shown}" in done.out and "It must be" in done.out, done.raw
    assert "set_var.py" in done.out and "Traceback" not in done.raw and content(tmp_path) == before


@pytest.mark.parametrize(
    "name, value",
    [
        ("gpu_id", -1),
        ("workers", 2),
        ("seed", 2**32 - 1),
        ("test_size", 0.0),
        ("min_gain", 0),
        ("package_version", "1.0rc1"),
        ("silver_ratio", 1),
    ],
)
def test_set_var_takes_what_a_var_can_be(tmp_path, name, value):
    (tmp_path / "project.yml").write_text(TEXT, encoding="utf8")
    done = command("python", ROOT / "scripts/set_var.py", name, value, cwd=tmp_path)
    assert done.code == 0, done.raw
    assert srsly.read_yaml(tmp_path / "project.yml")["vars"] == {**VARS, name: value}


def test_what_two_vars_are_together():
    for changes, said in (
        ({"dev_size": 0.8}, "vars.test_size is 0.2: dev_size is 0.8"), ({"dev_size": 0.5, "test_size": 0.5}, "vars.test_size is 0.5"),
        ({"package_name": "en_gadget"}, "vars.package_name is 'en_gadget'"),
    ):  # fmt: skip
        (found,) = problems({**VARS, **changes})
        assert said in found


def test_one_bad_var_may_be_corrected_beside_another(tmp_path):
    (tmp_path / "project.yml").write_text(
        TEXT.replace("  seed: 0", "  seed: -1").replace("  trials: 3", "  trials: .inf"), encoding="utf8"
    )
    set_var("seed", "4", tmp_path / "project.yml")
    with pytest.raises(typer.Exit):
        set_var("seed", "-4", tmp_path / "project.yml")
    assert (tmp_path / "project.yml").read_text(encoding="utf8") == TEXT.replace("  seed: 0", "  seed: 4").replace(
        "  trials: 3", "  trials: .inf"
    )


@pytest.mark.parametrize(
    "text, said",
    [
        ("vars: [", "cannot be read"),
        (f"vars:\n  seed: {'1' * 5000}\n", "cannot be read"),
        ("vars:\n  seed: 1\n  seed: 2\n", "cannot be read"),
    ],
)
def test_a_project_that_is_no_yaml(tmp_path, text, said):
    (tmp_path / "project.yml").write_text(text, encoding="utf8")
    done = command("python", ROOT / "scripts/fingerprints.py", "assets", "corpus/fingerprints", cwd=tmp_path)
    assert done.code == 1 and said in done.out and "Traceback" not in done.raw, done.raw


def test_vars_of_an_adopter_are_free(tmp_path):
    for text in (TEXT.replace("vars:\n", "vars:\n  my_var: .nan\n"), "title: x\n", "vars:\n", "[]", ""):
        (tmp_path / "project.yml").write_text(text, encoding="utf8")
        done = command("python", ROOT / "scripts/fingerprints.py", "assets", "corpus/fingerprints", cwd=tmp_path)
        assert done.code == 0, done.raw


@pytest.mark.parametrize(
    "words",
    [*RUNNERS.values(), ["python", "-m", "spacy", "project", "run", "predict", "--force"]],
    ids=[*RUNNERS, "predict"],
)
def test_both_runners_say_so_before_any_work(clone, words):
    (clone / "project.yml").write_text(
        TEXT.replace("  min_gain: 30.0", "  min_gain: .nan").replace("  silver_ratio: 0.0", "  silver_ratio: -1"),
        encoding="utf8",
    )
    (clone / "training/updated/model-best").mkdir(parents=True)
    write(clone / "corpus/fingerprints/versions.json", [{}])
    before = content(clone / "assets")
    done = command(*words, cwd=clone)
    assert (
        done.code != 0
        and "vars.min_gain is nan" in done.out
        and "vars.silver_ratio is -1" in done.out
        and "Traceback" not in done.raw
    ), done.raw
    assert (
        content(clone / "assets") == before
        and not (clone / "corpus/check.json").exists()
        and not (clone / "predictions").exists()
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "script, option",
    [
        ("rehearse.py", "--silver-ratio"),
        ("rehearse.py", "--ratio"),
        ("distil.py", "--ratio"),
        ("learning_curve.py", "--ratio"),
        ("preprocess.py", "--dev-size"),
        ("preprocess.py", "--test-size"),
    ],
)
def test_no_ratio_of_a_command_line_makes_a_command_hang(run_here, tmp_path, script, option):
    given = {
        "rehearse.py": ["b", "c", "o", "--silver", "s"],
        "distil.py": ["f", "b", "c", "o", "t", "--dev", "d", "--raw", "r"],
        "preprocess.py": ["c", "o"],
    }
    given["learning_curve.py"] = ["f", "b", "c", "o", "--silver", "s", "--vectors", "v"]
    for value in ("-1", "nan", "inf", "-inf"):
        done = run_here(script, *given[script], option, value)
        assert (
            done.code in (1, 2)
            and option in done.out.replace("vars.", "--").replace("_", "-")
            and "Traceback" not in done.raw
        ), done.raw
    assert {path.name for path in tmp_path.iterdir()} <= {"training"}


@pytest.mark.timeout(120)
def test_fewer_than_no_texts_are_none(tmp_path):
    DocShard().to_folder(tmp_path / "raw.spacy")
    assert [
        RawTexts(tmp_path / "raw.spacy", tmp_path).first_of(lambda number: ["a"][:number], number)
        for number in (-5, -1, 0)
    ] == [[], [], []]
