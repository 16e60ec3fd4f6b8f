"""Upload the package to the Hugging Face Hub, or list what that would be: the pipeline, its model card, and the wheel."""

import json
import zipfile
from pathlib import Path
from typing import Any

TASK = "token-classification"


def front_matter(meta: dict) -> str:
    """Write what the Hub reads of a model card: language, licence, tags, scores.

    meta (dict): The pipeline's meta.json.
    """
    from huggingface_hub import EvalResult, ModelCardData

    told: dict[str, Any] = {"task_type": TASK, "dataset_type": "own", "dataset_name": "the project's test set"}
    scores = [("precision", "ents_p"), ("recall", "ents_r"), ("f1", "ents_f")]
    card = ModelCardData(
        language="multilingual" if meta["lang"] == "xx" else meta["lang"],
        license=meta["license"].replace(" ", "-").lower() or None,
        library_name="spacy",
        tags=["spacy", TASK],
        model_name=f"{meta['lang']}_{meta['name']}",
        eval_results=[
            EvalResult(**told, metric_type=kind, metric_value=meta["performance"][key]) for kind, key in scores
        ],
    )
    return f"---\n{card.to_yaml()}\n---\n"


def files_of(wheel: Path) -> dict[str, bytes]:
    """Collect every file of the repository by its path.

    RETURNS (dict): The pipeline as a folder, the code that goes with it, the model card, and the wheel, which keeps its
        name, for pip refuses one without a version.
    """
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
    """Upload the files.

    RETURNS (str): The address of the commit.
    RAISES (Exception): Whatever huggingface_hub and its HTTP library raise.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    # The token is in HF_TOKEN, or where `hf auth login` put it. Nothing here reads, prints or writes it.
    api = HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    return api.create_commit(repository, operations, commit_message=message).commit_url
