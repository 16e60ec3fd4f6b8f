"""Change one value under vars: in project.yml and nothing else, comments and layout included."""

from pathlib import Path

import typer
from wasabi import msg

from ner_update.project.outputs import fail, replacing
from ner_update.project.vars import set_var
from ner_update.project.vars_model import read_vars


def main(name: str, value: str, project: Path = Path("project.yml")):
    text = project.read_text(encoding="utf8")
    try:
        changed = set_var(text, name, value)
    except ValueError as error:
        fail([error], f"{project} stays as it is. Write paths with /.")
    except KeyError:
        known = ", ".join(read_vars(text))
        fail([f"{project} has no var {name!r}"], f"It has: {known}")
    with replacing(project) as path:
        path.write_text(changed, encoding="utf8")
    msg.good(f"{name} is now {value!r}")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    # A value such as -1 is no option.
    app.command(context_settings={"ignore_unknown_options": True})(main)
    app()
