"""What every command does with its command line."""

import pytest

from conftest import ROOT, command

COMMANDS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", COMMANDS)
def test_help_writes_nothing_and_waits_for_nobody(tmp_path, script):
    """Not even in a project with a bad var, or in which another command is at work."""
    (tmp_path / "project.yml").write_text("vars:\n  min_gain: .nan\n", encoding="utf8")
    done = command("python", ROOT / "scripts" / script, "--help", cwd=tmp_path)
    assert done.code == 0 and "Usage" in done.out and "--help" in done.out, done.raw
    assert [path.name for path in tmp_path.iterdir()] == ["project.yml"]


def test_commands_start_where_python_adds_no_folder_to_its_path(tmp_path):
    """PYTHONSAFEPATH, as some hardened environments set it: the environment knows where the library is."""
    done = command("python", ROOT / "scripts/gate.py", "--help", cwd=tmp_path, PYTHONSAFEPATH="1")
    assert done.code == 0, done.raw
