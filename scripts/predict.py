"""Annotate any number of raw texts with a pipeline: a folder of shards in, a folder of shards with entities out.

Each shard is annotated by itself, and noted when it is finished: the same command again goes on with those that are not, or whose
texts, or pipeline, have changed. A shard that fails is listed with the reason, and does not stop the others. What comes out
has the same bytes whatever the number of workers, and whether Ray does the work or not.
"""

from pathlib import Path

import typer
from spacy.util import is_package
from wasabi import msg

from ner_update.prediction.predict import AGAIN, COLUMNS, FAILED, LIST, NOTHING, SHOWN, predict
from ner_update.prediction.remote_folder import SUFFIXES, Folder
from ner_update.prediction.shard_predictor import note_of
from ner_update.project.command import run
from ner_update.project.outputs import fail


def main(
    source: str,
    target: str,
    pipeline: str = typer.Option("training/updated/model-best", help="Path of a pipeline, or name of an installed one"),
    engine: str = "local",
    workers: int = typer.Option(0, min=0, help="Processes, or actors of Ray; 0 for all cores"),
    tries: int = typer.Option(3, min=1, help="How often a shard is begun that fails"),
    gpu_id: int = -1,
):
    if not Path(pipeline, "meta.json").is_file() and not is_package(pipeline):
        fail(
            [f"There is no pipeline in {pipeline}"],
            "Run the whole project first (make), or name an installed pipeline.",
        )
    if not source.strip() or not target.strip():
        fail([f"{'vars.predict_from' if not source.strip() else 'vars.predict_to'} is empty"], NOTHING)
    try:
        given, out = Folder(source), Folder(target)
    except (ImportError, ValueError) as error:
        fail(
            [f"{source} or {target} cannot be opened: {error}"],
            "Mend vars.predict_from and predict_to. For s3:// addresses: make s3",
        )
    read, shown = given, source
    if given.here and Path(given.root).is_file():
        # One file is a folder with one shard.
        source, only = str(Path(given.root).parent), Path(given.root).name
        given, names, others = Folder(source), [only][: only.endswith(SUFFIXES)], []
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
    more = [f"and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    fail(
        [
            *reasons,
            *more,
            f"{len(failed)} of {len(rows)} shards were set aside; {target}/{FAILED} lists them with the reason. The others are finished.",
        ],
        AGAIN,
    )


if __name__ == "__main__":
    run(main)
