"""Upload the package to the Hugging Face Hub, or list what that would be: the pipeline, its model card, and the wheel."""

import hashlib
import json
import zipfile
from pathlib import Path

import typer
from wasabi import msg

from ner_update.project.command import run
from ner_update.project.outputs import fail

TASK = "token-classification"


def front_matter(meta: dict) -> str:
    """meta (dict): The pipeline's meta.json. RETURNS (str): What the Hub reads of a model card: language, licence, tags, scores."""
    from huggingface_hub import EvalResult, ModelCardData

    told = {"task_type": TASK, "dataset_type": "own", "dataset_name": "the project's test set"}
    scores = [("precision", "ents_p"), ("recall", "ents_r"), ("f1", "ents_f")]
    card = ModelCardData(
        language="multilingual" if meta["lang"] == "xx" else meta["lang"],
        license=meta["license"].replace(" ", "-").lower() or None,
        library_name="spacy",
        tags=["spacy", TASK],
        model_name=f"{meta['lang']}_{meta['name']}",
        eval_results=[EvalResult(**told, metric_type=kind, metric_value=meta["performance"][key]) for kind, key in scores],
    )
    return f"---\n{card.to_yaml()}\n---\n"


def files_of(wheel: Path) -> dict[str, bytes]:
    """RETURNS (dict): Every file of the repository by its path: the pipeline as a folder, the code that goes with it, the model
        card, and the wheel, which keeps its name, for pip refuses one without a version."""
    name, version = wheel.name.split("-")[:2]
    found = {wheel.name: wheel.read_bytes()}
    inside, beside = f"{name}/{name}-{version}/", f"{name}/"
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            # Beside the pipeline lies a copy of its meta.json, and __init__.py, which is nothing without the package.
            if member.startswith(inside):
                found[member.removeprefix(inside)] = archive.read(member)
            elif member.startswith(beside) and member.endswith(".py") and not member.endswith("__init__.py"):
                found[member.removeprefix(beside)] = archive.read(member)
    found["README.md"] = front_matter(json.loads(found["meta.json"])).encode("utf8") + found["README.md"]
    return dict(sorted(found.items()))


def upload(repository: str, files: dict[str, bytes], message: str, private: bool) -> str:
    """RETURNS (str): The address of the commit. RAISES (Exception): Whatever huggingface_hub and its HTTP library raise."""
    from huggingface_hub import CommitOperationAdd, HfApi

    # The token is in HF_TOKEN, or where `hf auth login` put it. Nothing here reads, prints or writes it.
    api = HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    return api.create_commit(repository, operations, commit_message=message).commit_url


def main(
    package: Path,
    repository: str = typer.Option(..., help="OWNER/NAME"),
    public: bool = typer.Option(False, help="Everybody may see a repository that is made here. One that exists stays as it is"),
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
        msg.good(f"Would go to {repository}, made {kind} if it does not exist: {len(files)} files, and the model card above. Nothing was sent")
        return
    try:
        address = upload(repository, files, f"{wheel.name.split('-py3')[0]}", not public)
    except Exception as error:
        advice = "A token with the right to write is needed: hf auth login, or HF_TOKEN. Run it again when this is mended."
        fail([f"The upload to {repository} failed: {type(error).__name__}: {' '.join(str(error).split())[:600]}"], advice)
    msg.good(f"Uploaded {len(files)} files: {address}")


if __name__ == "__main__":
    run(main)
