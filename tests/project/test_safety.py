"""Data, patterns and configs are never executed; names and paths stay inside the project."""

import ast
import pickle
import re
import shutil
import zlib
from pathlib import Path, PurePosixPath

import numpy
import pytest
import spacy
import srsly
import typer
from packaging.version import Version
from spacy.tokens import DocBin

from conftest import ROOT, command, content, write
from ner_update.packaging.package import PackageSettings, package
from ner_update.pipeline.base import BasePipelineError, load_base
from ner_update.project.vars import set_var
from ner_update.project.vars_model import problems
from ner_update.update.recipe import component_name

PROJECT = srsly.read_yaml(ROOT / "project.yml")


class Payload:
    """Whoever unpickles it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def hacked(tmp_path):
    """A file that exists only when something was executed, and the pickle that would make it."""
    path = tmp_path / "hacked"
    pickle.loads(pickle.dumps(Payload(path)))
    assert path.exists()
    path.unlink()
    return path, pickle.dumps(Payload(path))


BUILT_IN = {"eval", "exec", "compile", "__import__"}
METHODS = {
    "system",
    "popen",
    "import_module",
    "extract",
    "extractall",
    "unpack_archive",
    "pickle_loads",
    "read_pickle",
    "import_code",
}
MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "importlib", "yaml", "runpy"}
# Between processes of one's own: what goes out to workers, and what comes back from them. See docs/safety.md.
OWN_PICKLES = {"ray_engine.py", "workers.py"}


def test_no_script_executes_or_unpacks():
    for path in sorted((ROOT / "scripts").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf8"))
        for node in ast.walk(tree):
            where = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & (MODULES - {"pickle"} if path.name in OWN_PICKLES else MODULES), where
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", None)
                # An encoder has a method eval(), which has nothing to do with the function.
                assert name not in BUILT_IN | METHODS and getattr(node.func, "attr", None) not in METHODS, where
                words = {word.arg: word.value for word in node.keywords}
                assert not {"shell", "trust_remote_code", "allow_pickle"} & set(words), where
                if name == "YAML" and "typ" in words:
                    assert words["typ"].value == "safe", where
    assert "--code" not in (ROOT / "project.yml").read_text(encoding="utf8")


def test_a_corpus_file_executes_nothing(hacked):
    path, attack = hacked
    array = {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1], b"data": attack}
    for made in (
        attack,
        zlib.compress(attack),
        zlib.compress(srsly.msgpack_dumps({"version": 0.1, "attrs": array, "tokens": array})),
    ):
        with pytest.raises((ValueError, zlib.error)):
            list(DocBin(store_user_data=True).from_bytes(made).get_docs(spacy.blank("en").vocab))
    doc = spacy.blank("en")("a b")
    doc.user_data["x"] = attack
    made = DocBin(docs=[doc], store_user_data=True).to_bytes()
    assert (
        next(iter(DocBin(store_user_data=True).from_bytes(made).get_docs(spacy.blank("en").vocab))).user_data["x"]
        == attack
    )
    assert not path.exists()


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """A folder with a small pipeline that has vectors."""
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("phone", numpy.ones(4, dtype="f4"))
    nlp.add_pipe("ner").add_label("GADGET")
    nlp.initialize()
    folder = tmp_path_factory.mktemp("pipeline") / "model"
    nlp.to_disk(folder)
    return folder


def test_a_pipeline_folder_executes_nothing(pipeline, hacked, tmp_path):
    """Whatever file of it is a pickle instead: one message, or it is not read at all."""
    path, attack = hacked
    names = [file.relative_to(pipeline) for file in sorted(pipeline.rglob("*")) if file.is_file()]
    assert {"config.cfg", "tokenizer", "vectors", "model", "cfg"} <= {name.name for name in names}
    said = 0
    for name in names:
        shutil.copytree(pipeline, tmp_path / "bad", dirs_exist_ok=True)
        (tmp_path / "bad" / name).write_bytes(attack)
        try:
            load_base(str(tmp_path / "bad"))
        except BasePipelineError:
            said += 1
    assert said >= 5 and not path.exists()
    numpy.save(tmp_path / "objects.npy", numpy.array([Payload(path)], dtype=object), allow_pickle=True)
    shutil.copytree(pipeline, tmp_path / "bad", dirs_exist_ok=True)
    shutil.copy(tmp_path / "objects.npy", tmp_path / "bad/vocab/vectors")
    with pytest.raises(BasePipelineError):
        load_base(str(tmp_path / "bad"))
    assert not path.exists()


def test_a_pipeline_names_only_what_is_registered(pipeline, run, assets, tmp_path):
    shutil.copytree(pipeline, tmp_path / "bad")
    config = tmp_path / "bad/config.cfg"
    config.write_text(config.read_text().replace("spacy.TransitionBasedParser.v2", "os.system"))
    done = run("check.py", "assets", "--base-model", "bad")
    assert done.code == 1 and "'os.system'" in done.out and "Traceback" not in done.raw, done.raw
    assert not (tmp_path / "corpus/p").exists()


def edited(pipeline, folder, meta=(), name="", lang=""):
    """RETURNS (Path): A copy of a pipeline folder with another meta.json, and a component that is called otherwise, or another language."""
    shutil.copytree(pipeline, folder)
    srsly.write_json(folder / "meta.json", {**srsly.read_json(folder / "meta.json"), **dict(meta)})
    if name:
        nlp = spacy.load(pipeline)
        nlp.rename_pipe("ner", name)
        nlp.to_disk(folder)
    config = (folder / "config.cfg").read_text(encoding="utf8")
    (folder / "config.cfg").write_text(config.replace('lang = "en"', f'lang = "{lang or "en"}"'), encoding="utf8")
    return folder


UNSAFE = [
    *(
        {key: [word]}
        for key in ("requirements", "setup_requires")
        for word in (
            "x @ file:///tmp/evil",
            "x@https://example.org/x.whl",
            "x @ git+ssh://example.org/x",
            "https://example.org/x.whl",
            "file:evil",
            "./evil",
            "../evil",
            "/tmp/evil",
            "-r evil.txt",
            "--index-url=https://example.org",
            "--pre",
            "",
            " ",
            "x\n",
            "x\ny",
            "x; import os",
            5,
            None,
            ["x"],
        )
    ),
    {"requirements": "x @ file:///tmp/evil"},
    {"requirements": {"x": 1}},
    {"requirements": 5},
    *({"lang": lang} for lang in ("../../x", "/tmp/x", "de", "zz", "EN", "en ", "", "x/y", "..", 5, None)),
    *(
        {key: word}
        for key in ("name", "version")
        for word in ("../../x", "/tmp/x", "x/y", "x\\y", "..", ".", "", "a\nb", "x\n", "-x", 5, None, ["x"])
    ),
]


@pytest.mark.parametrize("meta", UNSAFE, ids=str)
def test_the_meta_of_a_base_brings_in_nothing(pipeline, tmp_path, meta):
    folder = edited(pipeline, tmp_path / "bad", meta)
    with pytest.raises(BasePipelineError):
        load_base(str(folder))


def without_lock(folder):
    """RETURNS (dict): The content of a folder but the lock that each command takes."""
    return {name: made for name, made in content(folder).items() if not name.startswith("training/.run.")}


def test_a_base_is_refused_before_anything_is_written(pipeline, run, assets, tmp_path):
    """By each command that takes one: with what is wrong, and once for everything."""
    cases = [
        (
            {"meta": {"requirements": [f"x @ file://{tmp_path}/evil"], "lang": "../../x"}},
            ["x @ file://", "'../../x'", "requirements"],
        ),
        ({"lang": "de"}, ["its language is 'en', but config.cfg says 'de'"]),
        ({"name": f"{tmp_path}/elsewhere"}, ["component", "elsewhere"]),
    ]
    for number, (changes, said) in enumerate(cases):
        folder = edited(pipeline, tmp_path / f"bad{number}", **changes)
        before = without_lock(tmp_path)
        for script, words in (
            ("check.py", ["assets"]),
            ("train.py", [ROOT / "configs/base.cfg", "corpus", "made/base", "made/log.jsonl"]),
        ):
            done = run(script, *words, "--base-model", folder)
            assert done.code == 1 and "Traceback" not in done.raw and all(word in done.out for word in said), done.raw
        assert without_lock(tmp_path) == before


@pytest.mark.parametrize("meta", [
    {"requirements": ["spacy-transformers>=1.2.2,<1.3.0", "x[a,b]==1.0; python_version < '3.12'", "Y_z"]}, {"requirements": []}, {"requirements": None},
    {"name": "core_web_sm", "version": "3.8.0"}, {"name": "my-model", "version": "1.0.0a1+local"},
], ids=str)  # fmt: skip
def test_a_usual_base_is_taken(pipeline, tmp_path, meta):
    assert load_base(str(edited(pipeline, tmp_path / "good", meta))).pipe_names == ["ner"]


CONFIGS = [
    ("spacy.TransitionBasedParser.v2", "os.system", "'os.system'"),
    ("spacy.TransitionBasedParser.v2", "../../evil", "'../../evil'"),
    ("dropout = 0.1", "dropout = __import__('os').getpid()", "dropout"),
    ("dropout = 0.1", "dropout = ${env.HOME}", "env.HOME"),
    ("[nlp]", "[nlp", "no training config"),
]


@pytest.mark.parametrize("old, new, expected", CONFIGS)
def test_a_config_executes_nothing(run, assets, tmp_path, old, new, expected):
    text = (ROOT / "configs/base.cfg").read_text(encoding="utf8")
    assert old in text
    (tmp_path / "bad.cfg").write_text(text.replace(old, new), encoding="utf8")
    for name in ("train", "dev"):
        DocBin().to_disk(write(tmp_path / f"corpus/{name}.spacy", []))
    done = run("train.py", "bad.cfg", "corpus", "training/base", "training/log.jsonl", "--max-steps", 1)
    assert done.code == 1 and expected in done.out and "Traceback" not in done.raw, done.raw
    assert {path.name for path in (tmp_path / "training").iterdir()} <= {".run.lock", ".run.json"}


def test_assets_stay_inside_and_come_checked():
    """The engine writes an asset wherever `dest` says: so it is this file that has to be right."""
    for asset in PROJECT["assets"]:
        path = PurePosixPath(asset["dest"])
        assert not path.is_absolute() and path.parts[0] == "assets" and ".." not in path.parts, path
        assert re.fullmatch(r"[\w./-]+", asset["dest"], re.ASCII) and "git" not in asset
        if "url" in asset:
            assert asset["url"].startswith("https://")
            # Of a wheel pip checks the hash that stands in the address.
            assert re.fullmatch(r"[0-9a-f]{32}", asset.get("checksum", "")) or re.search(
                r"#sha256=[0-9a-f]{64}$", asset["url"]
            )


@pytest.mark.parametrize(
    "name, version",
    [
        ("../evil", "0.1.0"),
        ("a/b", "0.1.0"),
        ("a\\b", "0.1.0"),
        ("", "0.1.0"),
        ("a" * 51, "0.1.0"),
        ("Gadget", "0.1.0"),
        ("a b", "0.1.0"),
        ("a__b", "0.1.0"),
        ("a_", "0.1.0"),
        ("_a", "0.1.0"),
        ("gadget", "01.0"),
        ("gadget", "1.00"),
        ("gadget", "1.0-rc1"),
        ("gadget", "1!1.0"),
        ("a\n", "0.1.0"),
        ("ünder", "0.1.0"),
        ("😀", "0.1.0"),
        ("a\0", "0.1.0"),
        ("--help", "0.1.0"),
        ("con.", "0.1.0"),
        ("$(ls)", "0.1.0"),
        ("gadget", "../1"),
        ("gadget", "1/0"),
        ("gadget", ""),
        ("gadget", "1." * 60 + "0"),
        ("gadget", "1.0;ls"),
        ("gadget", "١.٠"),
        ("gadget", "1" * 99),
    ],
)
def test_a_package_name_that_is_none(tmp_path, capsys, name, version):
    with pytest.raises(typer.Exit) as ended:
        inputs = dict.fromkeys(("metrics", "counts", "card"), tmp_path / "x")
        package(PackageSettings(model=tmp_path / "m", output=tmp_path / "out", name=name, version=version, **inputs))
    assert (
        ended.value.exit_code == 1
        and f"vars.package_{'name' if version == '0.1.0' else 'version'} is" in capsys.readouterr().out
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name, version", [("gadget_ner", "0.1.0"), ("x2", "1"), ("x", "1.0rc1"), ("x", "2.0.dev3")])
def test_a_package_name_that_is_one(name, version):
    assert problems({"lang": "en", "package_name": name, "package_version": version}) == []
    assert str(Version(version)) == version


@pytest.mark.parametrize(
    "labels", [["../../etc"], ["a/b", "C:\\nul"], ["😀"], ["\0"], ["X" * 10_000], ["品牌"], ["A B\nC"], ["con"], ["."]]
)
def test_a_label_makes_a_good_folder_name(labels):
    first = component_name(labels, [])
    for name in (first, component_name(labels, [first])):
        assert re.fullmatch(r"ner_[a-z0-9_]{0,44}", name)


@pytest.mark.parametrize(
    "value",
    [
        'x"\nlang: "y',
        '"; touch hacked; "',
        "$(touch hacked)",
        "`touch hacked`",
        "a\0",
        "x\x1b[2J",
        "a\\b",
        "${vars.lang}",
    ],
)
def test_a_var_takes_no_command(tmp_path, value):
    text = (ROOT / "project.yml").read_text(encoding="utf8")
    with pytest.raises(ValueError):
        set_var(text, "base_model", value)


@pytest.mark.parametrize(
    "value",
    [
        "[x",
        "!!python/object/apply:os.system [ls]",
        "a: b",
        "- x",
        "@x",
        "% y",
        "MIT OR Apache-2.0",
        "../models/übung 2",
    ],
)
def test_a_var_takes_any_text(value):
    text = (ROOT / "project.yml").read_text(encoding="utf8")
    after = srsly.yaml_loads(set_var(text, "base_model", value))
    assert after["vars"] == PROJECT["vars"] | {"base_model": value} and after["commands"] == PROJECT["commands"]


def test_a_var_that_is_refused_leaves_the_file(tmp_path):
    shutil.copy(ROOT / "project.yml", tmp_path)
    done = command("python", ROOT / "scripts/set_var.py", "base_model", "$(ls)", cwd=tmp_path)
    assert done.code == 1 and "stays as it is" in done.out and "Traceback" not in done.raw
    assert (tmp_path / "project.yml").read_bytes() == (ROOT / "project.yml").read_bytes()
