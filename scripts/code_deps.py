"""Write the deps on code of each command in project.yml: its own file, and the packages of the library that it imports.

A dep on code is a folder, so that project.yml need not change with each new module.
"""

import ast
import re
from pathlib import Path

import typer
from wasabi import msg

from ner_update.project.outputs import fail, replacing

LIBRARY = "ner_update"


def imported(file: Path, scripts: Path) -> set[Path]:
    """Find the modules of the library that a file imports, and those that these import.

    file (Path): A script or a module. scripts (Path): The folder that holds the library.
    RETURNS (set): Paths of modules.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    found = {scripts / f"{name.replace('.', '/')}.py" for name in names if name.startswith(f"{LIBRARY}.")}
    found = {path for path in found if path.is_file()}
    return found.union(*(imported(path, scripts) for path in found))


def code_deps(command: str, root: Path) -> list[str]:
    """List what a command needs of scripts/.

    command (str): Its lines in project.yml.
    RETURNS (list): Files first, then packages.
    """
    lines = command.partition("    deps:\n")[0]
    run = [Path(path) for path in dict.fromkeys(re.findall(r"\bscripts/[\w/]+\.py", lines))]
    modules = set().union(*(imported(root / path, root / "scripts") for path in run))
    packages = {path.relative_to(root).parent.as_posix() for path in modules}
    packages |= {path.parent.as_posix() for path in run if LIBRARY in path.parts}
    return [*(path.as_posix() for path in run if LIBRARY not in path.parts), *sorted(packages)]


def with_code_deps(text: str, root: Path) -> str:
    """Rewrite the deps on code of each command in project.yml. Nothing else changes."""

    def rewritten(found: re.Match) -> str:
        command = found[0]
        first = re.search(r"^      - scripts/", command, re.MULTILINE)
        if not first:
            return command
        rest = re.sub(r"^      - scripts/.*\n", "", command[first.start() :], flags=re.MULTILINE)
        return command[: first.start()] + "".join(f"      - {dep}\n" for dep in code_deps(command, root)) + rest

    return re.sub(r"^  - name: .*\n(?:    .*\n|\n(?=    )|    #.*\n)+", rewritten, text, flags=re.MULTILINE)


def main(
    project: Path = Path("project.yml"),
    check: bool = typer.Option(False, help="Fail if the file would change, and write nothing"),
):
    text = project.read_text(encoding="utf8")
    made = with_code_deps(text, project.resolve().parent)
    if check and made != text:
        fail([f"{project} does not name the code that its commands import"], "Run: make deps")
    if not check:
        with replacing(project) as path:
            path.write_text(made, encoding="utf8", newline="\n")
    msg.good(f"{project} {'names' if check else 'now names'} the code that its commands import")


if __name__ == "__main__":
    typer.run(main)
