"""Write the stages of dvc.yaml from the workflow `all` of project.yml, so that both engines run the same thing."""

import re
from io import StringIO
from pathlib import Path

import typer
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from wasabi import msg

from ner_update.project.outputs import fail, replacing

VAR = re.compile(r"\$\{(vars\.[\w.]+)\}")


def stage(command: dict) -> dict:
    """Turn one command of project.yml into one stage of dvc.yaml.

    Script lines stay as they are, so that an edited line is a changed command for DVC; each `${vars.x}` in them
    becomes a parameter, so that `dvc params diff` and `dvc exp show` know it.
    """
    script = command["script"]
    params = sorted(set(VAR.findall(" ".join([*script, *command.get("outputs", [])]))))
    made: dict = {"desc": command.get("help", ""), "cmd": script[0] if len(script) == 1 else list(script)}
    if command.get("deps"):
        made["deps"] = list(command["deps"])
    if params:
        made["params"] = [{"project.yml": params}]
    # DVC deletes outputs before it runs a command. One that runs always would take them from under another run.
    kept = {"persist": True} if command.get("no_skip") else {}
    found = [(path, kept) for path in command.get("outputs", [])]
    found += [(path, {"cache": False, **kept}) for path in command.get("outputs_no_cache", [])]
    outs = [{path: dict(options)} if options else path for path, options in found]
    if outs:
        made["outs"] = outs
    if command.get("no_skip"):
        made["always_changed"] = True
    return made


def write_stages(project: Path, dvc: Path) -> str:
    """Make the stages of dvc.yaml from the commands of the workflow `all`.

    These are the commands whose outputs others depend on. What a person runs now and then (a review, an export) is no
    stage. All else in dvc.yaml stays.

    RETURNS (str): The whole dvc.yaml.
    """
    yaml = YAML()
    yaml.width = 10_000
    config = yaml.load(project.read_text(encoding="utf8"))
    made = yaml.load(dvc.read_text(encoding="utf8"))
    pipeline = set(config["workflows"]["all"])
    made["stages"] = CommentedMap(
        (command["name"], stage(command)) for command in config["commands"] if command["name"] in pipeline
    )
    stream = StringIO()
    yaml.dump(made, stream)
    return stream.getvalue()


def main(
    project: Path = Path("project.yml"),
    dvc: Path = Path("dvc.yaml"),
    check: bool = typer.Option(False, "--check", help="Write nothing; exit with 1 if dvc.yaml is not up to date"),
):
    text = write_stages(project, dvc)
    if text == dvc.read_text(encoding="utf8"):
        msg.good(f"{dvc} is in step with {project}")
    elif check:
        fail([f"{dvc} is not what {project} says"], "Run: python scripts/dvc_stages.py")
    else:
        with replacing(dvc) as path:
            path.write_text(text, encoding="utf8")
        msg.good(f"Wrote the stages of {dvc}")


if __name__ == "__main__":
    typer.run(main)
