"""project.yml is the one definition: what is derived from it is current, and it names only what exists."""

import ast
import re
import shutil

import pytest
import srsly
from spacy.cli.init_config import fill_config
from spacy.util import load_config

from conftest import ROOT, command, hostile, write
from dvc_stages import stage, write_stages
from ner_update.project.vars import set_var
from ner_update.update import augmentation as made_up_names  # noqa: F401  (the same)
from ner_update.update import copy_embedding  # noqa: F401  (registers the function that configs/update.cfg names)

PROJECT = srsly.read_yaml(ROOT / "project.yml")


def test_dvc_yaml_is_in_step():
    done = command("python", "scripts/dvc_stages.py", "--check", cwd=ROOT)
    assert done.code == 0, done.raw


def test_an_edited_command_is_noticed(tmp_path):
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    text = (ROOT / "project.yml").read_text(encoding="utf8")
    (tmp_path / "project.yml").write_text(text.replace("--ratio ${vars.rehearsal_ratio}", "--ratio 7"), encoding="utf8")
    done = command("python", ROOT / "scripts/dvc_stages.py", "--check", cwd=tmp_path)
    assert done.code == 1 and "dvc_stages.py" in done.out
    made = write_stages(tmp_path / "project.yml", tmp_path / "dvc.yaml")
    assert "--ratio 7" in made and "vars.rehearsal_ratio" not in made


def test_a_command_becomes_a_stage():
    made = stage(
        {
            "name": "x",
            "help": "does x",
            "script": ["python a.py ${vars.n}", "python b.py"],
            "deps": ["in"],
            "outputs": ["out/${vars.m}"],
            "outputs_no_cache": ["m.json"],
            "no_skip": True,
        }
    )
    assert made == {
        "desc": "does x",
        "cmd": ["python a.py ${vars.n}", "python b.py"],
        "deps": ["in"],
        "params": [{"project.yml": ["vars.m", "vars.n"]}],
        "outs": [{"out/${vars.m}": {"persist": True}}, {"m.json": {"cache": False, "persist": True}}],
        "always_changed": True,
    }


def test_readme_has_the_current_table(tmp_path):
    readme = ROOT / "README.md"
    shutil.copy(readme, tmp_path / "README.md")
    done = command("python", "-m", "spacy", "project", "document", "--output", tmp_path / "README.md", cwd=ROOT)
    assert done.code == 0, done.raw
    assert (tmp_path / "README.md").read_text(encoding="utf8") == readme.read_text(encoding="utf8"), (
        "run: make document"
    )


def test_every_path_that_a_command_names_is_declared():
    """What stands in a script line as a path is a dep, an output, or inside one; every script is a dep."""
    for cmd in PROJECT["commands"]:
        declared = [*cmd["deps"], *cmd.get("outputs", []), *cmd.get("outputs_no_cache", [])]
        for path in re.findall(
            r"\b(?:assets|corpus|training|packages|scripts|configs|templates)(?:/[^\s\"]+)?", " ".join(cmd["script"])
        ):
            assert any(path == d or d.startswith(path + "/") or path.startswith(d + "/") for d in declared), (
                f"{cmd['name']} does not declare {path}"
            )


def test_the_packages_that_a_command_imports_are_its_deps(tmp_path):
    done = command("python", "scripts/code_deps.py", "--check", cwd=ROOT)
    assert done.code == 0, done.raw
    text = (ROOT / "project.yml").read_text(encoding="utf8")
    changed = tmp_path / "project.yml"
    changed.write_text(text.replace("      - scripts/ner_update/evaluation\n", "", 1), encoding="utf8")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    done = command("python", "scripts/code_deps.py", "--check", cwd=tmp_path)
    assert done.code == 1 and "make deps" in done.out
    assert (
        command("python", "scripts/code_deps.py", cwd=tmp_path).code == 0 and changed.read_text(encoding="utf8") == text
    )


def test_the_library_imports_no_command_and_no_layer_above():
    """Layers from below; a package may import those of its own layer that come before it, and all below."""
    layers = [
        "project data corpus pipeline",
        "parallel training evaluation prediction",
        "checks labelling rehearsal update pages packaging",
        "distillation walkthrough",
        "experiments",
    ]
    order = " ".join(layers).split()
    library, commands = ROOT / "scripts/ner_update", {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert sorted(order) == sorted(path.parent.name for path in library.glob("*/__init__.py"))
    for path in library.glob("*/*.py"):
        for module in imports(path):
            root, *rest = module.split(".")
            assert root not in commands, f"{path} imports the command {root}"
            assert root != "ner_update" or rest == [] or order.index(rest[0]) <= order.index(path.parent.name), (
                f"{path} imports {module}"
            )


def imports(path):
    """The modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_the_workflow_has_its_commands_in_order_and_each_is_a_stage():
    workflow, names = PROJECT["workflows"]["all"], [cmd["name"] for cmd in PROJECT["commands"]]
    assert (
        workflow == [name for name in names if name in workflow] == list(srsly.read_yaml(ROOT / "dvc.yaml")["stages"])
    )


def test_shipped_assets_need_no_network(clone):
    done = command("python", "-m", "spacy", "project", "assets", cwd=clone)
    assert done.code == 0 and done.out.count("Asset already exists") == 5, done.raw
    for asset in PROJECT["assets"]:
        assert asset["description"]
        if "url" in asset:
            assert asset["extra"] and ("checksum" in asset or "#sha256=" in asset["url"])


def test_extra_assets_come_with_their_checksum(clone, tmp_path):
    """From a local copy: the download code is weasel's, and the checksum decides."""
    local = write(tmp_path / "local.jsonl", [{"text": "a"}])
    project = clone / "project.yml"
    text = project.read_text(encoding="utf8")
    url = re.search(r"https://raw\S+fashion_brands_eval.jsonl", text)[0]
    project.write_text(text.replace(url, str(local)), encoding="utf8")
    other = re.sub(
        r"  - dest: \"assets/extra/(?!fashion_brands_eval)[^\n]+\n(    [^\n]+\n)+",
        "",
        project.read_text(encoding="utf8"),
    )
    project.write_text(other, encoding="utf8")
    done = command("python", "-m", "spacy", "project", "assets", "--extra", cwd=clone)
    assert "Checksum doesn't match" in done.out


@pytest.mark.parametrize(
    "name, value, line",
    [
        ("seed", "5", "  seed: 5\n"),
        ("rehearsal_ratio", "0.5", "  rehearsal_ratio: 0.5\n"),
        ("base_model", "en_core_web_sm", '  base_model: "en_core_web_sm"\n'),
        ("package_version", "1.0", '  package_version: "1.0"\n'),
        ("base_model", "", '  base_model: ""\n'),
    ],
)
def test_set_var_changes_one_line(name, value, line):
    before = (ROOT / "project.yml").read_text(encoding="utf8")
    after = set_var(before, name, value)
    changed = [new for old, new in zip(before.splitlines(True), after.splitlines(True), strict=True) if old != new]
    assert changed == ([line] if line not in before else [])


def test_set_var_knows_the_vars(tmp_path):
    shutil.copy(ROOT / "project.yml", tmp_path)
    done = command("python", ROOT / "scripts/set_var.py", "sede", "5", cwd=tmp_path)
    assert done.code == 1 and "no var 'sede'" in done.out and "seed" in done.out
    assert (tmp_path / "project.yml").read_bytes() == (ROOT / "project.yml").read_bytes()


def test_names_work_on_every_system():
    names = command("git", "ls-files", cwd=ROOT).raw.splitlines()
    assert names and not hostile(names)
    scripts = [line for cmd in PROJECT["commands"] for line in cmd["script"]]
    assert not [line for line in scripts if re.search(r"[&|;<>*?`~#\[\]()]|mkdir|\$(?!\{vars\.\w+\})", line)]
    assert all(line.startswith("python scripts/") for line in scripts)


@pytest.mark.parametrize("name", ["base", "update"])
def test_configs_are_complete(name, tmp_path):
    path = ROOT / "configs" / f"{name}.cfg"
    fill_config(tmp_path / "filled.cfg", path, silent=True)
    assert load_config(path) == load_config(tmp_path / "filled.cfg"), "run: python -m spacy init fill-config"
    assert load_config(path)["system"]["seed"] == 0 and load_config(path)["paths"]["train"] is None


def test_a_large_file_goes_under_dvc(clone):
    """As the README says, without touching project.yml or dvc.yaml."""
    assert command("git", "rm", "-q", "--cached", "assets/raw.jsonl", cwd=clone).code == 0
    done = command("dvc", "add", "assets/raw.jsonl", cwd=clone)
    assert done.code == 0, done.raw
    done = command("dvc", "repro", "check", cwd=clone)
    assert done.code == 0 and "texts checked" in done.out, done.raw
    assert command("git", "check-ignore", "assets/raw.jsonl", cwd=clone).code == 0


def test_a_missing_file_is_named(clone):
    (clone / "assets/patterns.jsonl").unlink()
    for engine in (["python", "-m", "spacy", "project", "run", "check"], ["dvc", "repro", "check"]):
        done = command(*engine, cwd=clone)
        assert done.code != 0 and "assets/patterns.jsonl" in done.out and "Traceback" not in done.raw, done.raw


def test_make_help_lists_the_targets():
    done = command("make", "help", cwd=ROOT)
    assert done.code == 0
    for target in ("all", "repro", "setup", "test", "test-all", "lock", "help"):
        assert re.search(rf"^{target} +\w", done.raw, re.MULTILINE), done.raw
