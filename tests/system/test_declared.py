"""Each command reads what it declares and writes what it declares, and nothing else of the project (marker: reruns).

An audit hook (PEP 578) in every Python process of a run notes which files it opens and which folders it lists.
"""

import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

from conftest import command, copy_of_repository
from rerun_table import COMMANDS, var
from tiny_project import tiny

HOOK = """
import os, sys
script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
if script.startswith("scripts/"):
    os.environ.setdefault("AUDITED", script[8:-3])
if "AUDITED" in os.environ:
    log = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(event, words):
        if event == "os.rename":
            path, how = os.fsdecode(words[1]), "w"
        elif event in ("open", "os.listdir", "os.scandir") and isinstance(words[0], (str, bytes)):
            path, how = os.fsdecode(words[0]), "w" if event == "open" and words[2] & (os.O_WRONLY | os.O_RDWR) else "r"
        else:
            return
        # os.open with a bare name is relative to a folder that is being deleted, and none of the project's.
        if os.path.lexists(path) or how == "w":
            if event != "open" or words[1] is not None or "/" in path:
                os.write(log, f"{os.environ['AUDITED']}\\t{how}\\t{os.path.abspath(path)}\\n".encode("utf8"))

    sys.addaudithook(note)
"""
# Deps that a command need not open: they say when it has to run (again), not what it reads.
ORDER = re.compile(r"corpus/check\.passed|training/(gate\.passed|report\.made)|corpus/fingerprints/\w+\.json")
# Read by uv, which is no Python process; and where an encoder is named.
BY_OTHERS = {
    ("smoke-test", "requirements/base.txt"),
    ("smoke-test", "requirements/transformer.txt"),
    ("distil", "configs/transformer_teacher.cfg"),
}


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """What each command opened, as paths in the project: {(command, "r" or "w"): paths}."""
    folder = tmp_path_factory.mktemp("audited")
    project = tiny(copy_of_repository(folder / "project"))
    # Without teachers `distil` reads nothing that they would.
    var("teachers", 1)(project)
    (folder / "hook").mkdir()
    (folder / "hook/sitecustomize.py").write_text(HOOK, encoding="utf8")
    before = dict(os.environ)
    os.environ.update(PYTHONPATH=str(folder / "hook"), AUDIT_LOG=str(folder / "log"), PYTHONDONTWRITEBYTECODE="1")
    try:
        done = command("dvc", "repro", cwd=project)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert done.code == 0, done.raw
    found = defaultdict(set)
    for line in (folder / "log").read_text(encoding="utf8").splitlines():
        script, how, path = line.split("\t")
        if Path(path).is_relative_to(project) and Path(path) != project:
            found[script.replace("_", "-"), how].add(Path(path).relative_to(project).as_posix())
    return found


def within(path: str, declared: list[str]) -> bool:
    """RETURNS (bool): Whether a path is declared, stands in a declared folder, or is the temporary name of an output."""
    final = re.sub(r"(^|/)\.([^/]+?)\.tmp(\.\w+)?(?=/|$)", lambda m: f"{m[1]}{m[2]}{m[3] or ''}", path)
    return any(p == d or p.startswith(f"{d}/") for p in (path, final) for d in declared)


def declared(cmd: dict, *keys: str) -> list[str]:
    """RETURNS (list): Paths under some keys of a command, vars filled in."""
    paths = [path for key in keys for path in cmd.get(key, [])]
    return [
        p.replace("${vars.lang}_${vars.package_name}-${vars.package_version}", "en_gadget_ner-0.1.0").replace(
            "${vars.update_config}", "configs/update.cfg"
        )
        for p in paths
    ]


@pytest.mark.reruns
@pytest.mark.parametrize("cmd", COMMANDS, ids=[cmd["name"] for cmd in COMMANDS])
def test_reads_and_writes_what_it_declares(used, cmd):
    outputs = declared(cmd, "outputs", "outputs_no_cache")
    inputs = declared(cmd, "deps")
    read, written = used[cmd["name"], "r"], used[cmd["name"], "w"]
    folders = {str(parent) for path in [*inputs, *outputs] for parent in Path(path).parents}
    assert [
        path for path in sorted(written) if not within(path, outputs) and path not in folders and not scratch(path)
    ] == []
    assert [
        path
        for path in sorted(read)
        if not within(path, [*inputs, *outputs]) and path not in folders and not scratch(path)
    ] == []
    unread = [
        path
        for path in inputs
        if not any(p == path or p.startswith(f"{path}/") for p in read) and not ORDER.fullmatch(path)
    ]
    assert [path for path in unread if (cmd["name"], path) not in BY_OTHERS] == []
    assert [path for path in outputs if not any(within(p, [path]) for p in written)] == []


def scratch(path: str) -> bool:
    """RETURNS (bool): Whether a path is the library's own __init__.py, or project.yml, of which each command checks the vars, the lock of the run, or inside a folder
    that `outputs.scratch` lends, or that one training leaves to the next: gone when the command ends.
    """
    return (
        re.match(
            r"scripts/ner_update/__init__\.py$|project\.yml$|(training/\w+|corpus)/(\.(config|checkpoints|first_training|gold|splits)\.tmp|first_training|teachers)(/|$)|training/\.run\.(lock|json)$",
            path,
        )
        is not None
    )
