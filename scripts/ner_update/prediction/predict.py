"""Annotate any number of raw texts with a pipeline: a folder of shards in, a folder of shards with entities out.

Each shard is annotated by itself, and noted when it is finished: the same command again goes on with those that are not, or whose
texts, or pipeline, have changed. A shard that fails is listed with the reason, and does not stop the others. What comes out
has the same bytes whatever the number of workers, and whether Ray does the work or not.
"""

from pathlib import Path
from typing import Any

import spacy
from spacy.util import get_package_path
from tqdm import tqdm

from ner_update.parallel.engines import each, gpu_of_worker
from ner_update.parallel.workers import TRIES, Lost
from ner_update.pipeline.annotator import BATCH
from ner_update.prediction.remote_folder import digest_of
from ner_update.prediction.shard_predictor import ShardPredictor

# Names in the output folder that no shard has.
LIST, FAILED = "_shards.jsonl", "_failed.jsonl"
COLUMNS = ("shard", "texts", "entities", "input", "output")
SHOWN = 10
NOTHING = "Nothing was written. Choose another folder: python scripts/set_var.py predict_to NAME"
AGAIN = "Mend what can be mended and run the same command again: it reads only those."


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
