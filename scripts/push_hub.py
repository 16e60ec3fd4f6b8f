"""Upload the package to the Hugging Face Hub, or list what that would be: the pipeline, its model card, and the wheel."""

import hashlib
from pathlib import Path

import typer
from wasabi import msg

from ner_update.packaging.hub import files_of, upload
from ner_update.project.command import run
from ner_update.project.outputs import fail


def main(
    package: Path,
    repository: str = typer.Option(..., help="OWNER/NAME"),
    public: bool = typer.Option(
        False, help="Everybody may see a repository that is made here. One that exists stays as it is"
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="List what would go where; no network is needed"),
):
    try:
        from huggingface_hub.utils import HFValidationError, validate_repo_id
    except ModuleNotFoundError:
        fail(["huggingface_hub is not installed"], "Run: make hub")
    try:
        validate_repo_id(repository)
        if repository.count("/") != 1:
            raise HFValidationError(f"{repository!r} is not OWNER/NAME")
    except HFValidationError as error:
        fail([str(error)], "Say where to: python scripts/set_var.py hub_repository OWNER/NAME")
    (wheel,) = package.glob("*.whl")
    files = files_of(wheel)
    if dry_run:
        rows = [(path, f"{len(content):,}", hashlib.sha256(content).hexdigest()) for path, content in files.items()]
        msg.table(rows, header=("Path", "Bytes", "SHA-256"), aligns=("l", "r", "l"), divider=True)
        typer.echo(files["README.md"].decode("utf8"))
        kind = "public" if public else "private"
        msg.good(
            f"Would go to {repository}, made {kind} if it does not exist: {len(files)} files, and the model card above. Nothing was sent"
        )
        return
    try:
        address = upload(repository, files, f"{wheel.name.split('-py3')[0]}", not public)
    except Exception as error:
        advice = (
            "A token with the right to write is needed: hf auth login, or HF_TOKEN. Run it again when this is mended."
        )
        fail(
            [f"The upload to {repository} failed: {type(error).__name__}: {' '.join(str(error).split())[:600]}"], advice
        )
    msg.good(f"Uploaded {len(files)} files: {address}")


if __name__ == "__main__":
    run(main)
