"""Annotate any number of raw texts with a pipeline: a folder of shards in, a folder of shards with entities out.

Each shard is annotated by itself, and noted when it is finished: the same command again goes on with those that are not, or whose
texts, or pipeline, have changed. A shard that fails is listed with the reason, and does not stop the others. What comes out
has the same bytes whatever the number of workers, and whether Ray does the work or not.
"""

from pathlib import Path
from typing import Any

import spacy
from spacy.util import get_package_path, is_package
from tqdm import tqdm
from wasabi import msg

from ner_update.parallel.engines import each, gpu_of_worker
from ner_update.parallel.workers import TRIES, Lost
from ner_update.pipeline.annotator import BATCH
from ner_update.prediction.remote_folder import SUFFIXES, Folder, digest_of
from ner_update.prediction.shard_predictor import ShardPredictor, note_of
from ner_update.project.outputs import fail

# Names in the output folder that no shard has.
LIST, FAILED = "_shards.jsonl", "_failed.jsonl"
COLUMNS = ("shard", "texts", "entities", "input", "output")
SHOWN = 10
NOTHING = "Nothing was written. Choose another folder: python scripts/set_var.py predict_to NAME"
AGAIN = "Mend what can be mended and run the same command again: it reads only those."


def predict_folder(source: str, target: str, pipeline: str, engine: str, workers: int, tries: int, gpu_id: int) -> None:
    """Annotate the shards of a folder, and list what came of each.

    source, target (str): Folders, or their addresses; `source` may be one shard.
    pipeline, engine, workers, tries, gpu_id: As `predict` takes them.
    RAISES (typer.Exit): After a message, if there is nothing to read, or it would be written over, or if a shard failed.
    """
    if not Path(pipeline, "meta.json").is_file() and not is_package(pipeline):
        fail(
            [f"There is no pipeline in {pipeline}"],
            "Run the whole project first (make), or name an installed pipeline.",
        )
    if not source.strip() or not target.strip():
        fail([f"{'vars.predict_from' if not source.strip() else 'vars.predict_to'} is empty"], NOTHING)
    source, names, out = shards_to_read(source, target)
    rows = predict(source, names, target, pipeline, engine, workers, tries, gpu_id)
    done, failed = ([row for row in rows if ("reason" in row) == bad] for bad in (False, True))
    out.write_json(LIST, *({column: row[column] for column in COLUMNS} for row in done))
    texts, new = sum(row["texts"] for row in done), sum(row["new"] for row in done)
    msg.good(f"{len(done)} of {len(rows)} shards in {target}, {new} of them new; {texts:,} texts")
    if not failed:
        out.remove(FAILED)
        return
    out.write_json(FAILED, *failed)
    reasons = [f"{row['shard']}, tried {row['tries']} times: {row['reason']}" for row in failed[:SHOWN]]
    others = [f"and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    fail(
        [
            *reasons,
            *others,
            f"{len(failed)} of {len(rows)} shards were set aside; {target}/{FAILED} lists them with the reason. The others are finished.",
        ],
        AGAIN,
    )


def shards_to_read(source: str, target: str) -> tuple[str, list[str], Folder]:
    """Find the shards of a folder, and make sure that none of them, and nothing else, is written over.

    RETURNS (tuple): The folder's address, the names of the shards, and the folder to write to.
    RAISES (typer.Exit): After a message, if there are none, or something would be written over.
    """
    try:
        given, out = Folder(source), Folder(target)
    except (ImportError, ValueError) as error:
        fail(
            [f"{source} or {target} cannot be opened: {error}"],
            "Mend vars.predict_from and predict_to. For s3:// addresses: make s3",
        )
    read, shown = given, source
    others: list[str] = []
    if given.here and Path(given.root).is_file():
        # One file is a folder with one shard.
        source, only = str(Path(given.root).parent), Path(given.root).name
        given, names = Folder(source), [only][: only.endswith(SUFFIXES)]
    else:
        names, others = given.names()
    if out.inside(read) or (read.inside(out) and any(out.inside(read, name) for name in names)):
        fail(
            [f"{target} is, holds or lies in {shown}: it would be written over what is read, or read the next time"],
            NOTHING,
        )
    if out.here and Path(out.root).is_file():
        fail([f"{target} is a file"], NOTHING)
    if not names:
        fail(
            [f"No shards in {source}: no file ends in {' or '.join(SUFFIXES)}"],
            "Mend the address: python scripts/set_var.py predict_from FOLDER",
        )
    there = out.all_names()
    if strange := [name for name in names if name in there and note_of(name) not in there]:
        more = f" and {len(strange) - SHOWN} more" if len(strange) > SHOWN else ""
        fail(
            [f"{target} holds what `predict` did not make, and would replace: {', '.join(strange[:SHOWN])}{more}"],
            NOTHING,
        )
    if others:
        msg.warn(
            f"Left out, for they end in neither {' nor '.join(SUFFIXES)}: {', '.join(others[:SHOWN])}{f' and {len(others) - SHOWN} more' if len(others) > SHOWN else ''}"
        )
    return source, names, out


def predict(
    source: str, names: list[str], target: str, pipeline: str, engine: str, workers: int, tries: int, gpu_id: int
) -> list[dict[str, Any]]:
    """Annotate shards.

    source, target (str): Folders, or their addresses. names (list): The shards.
    pipeline (str): Path of a folder, or name of an installed package.
    engine, workers: As `engines.each` takes them. tries (int): How often a shard is begun that fails.
    RETURNS (list): For each shard what ShardPredictor gives.
    """
    where = Path(pipeline) if Path(pipeline).exists() else get_package_path(pipeline)
    made_with = {"pipeline": digest_of(where), "spacy": spacy.__version__, "batch": BATCH, "gpu": gpu_id >= 0}
    arguments = (pipeline, source, target, made_with, tries, gpu_of_worker(engine, gpu_id))
    answers = each(ShardPredictor, arguments, names, engine, workers, gpu=gpu_id >= 0)
    bar = tqdm(zip(names, answers, strict=True), total=len(names), desc="predict", unit="shard", disable=None)
    return [{"shard": name, "tries": TRIES, "reason": str(row)} if isinstance(row, Lost) else row for name, row in bar]
