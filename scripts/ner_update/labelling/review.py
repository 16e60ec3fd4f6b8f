"""Merge what people reviewed into assets/annotated."""

import shlex
import sys
from pathlib import Path

from wasabi import msg

from ner_update.data.dataset import DataSet, show_counts
from ner_update.data.json_files import IN_LIST
from ner_update.data.reader import read_data
from ner_update.data.records import DataError
from ner_update.labelling.review_import import read_reviewed, written
from ner_update.labelling.review_merge import IN_TEST, STANDS, merge
from ner_update.pipeline.base import BasePipelineError, load_base, tokenizer_for
from ner_update.project.outputs import fail, replacing


def import_reviewed(
    path: Path, assets: Path, sent: Path, name: str, lang: str, base_model: str, told: str, force: bool
) -> None:
    """Merge reviewed records into a file of assets/annotated.

    path (Path): What the tool exported. sent (Path): Folder of what was sent to the tool.
    name (str): File in assets/annotated that gets the records.
    lang, base_model (str): Whose tokenizer the spans must align with.
    told (str): The format that counts for files that could be read in more than one way.
    force (bool): Replace what an earlier review said otherwise.
    RAISES (typer.Exit): After a message, if a file cannot be used, or there is a conflict. Nothing is written then.
    """
    target = assets / "annotated" / name
    nothing = "Nothing was written."
    if Path(name).name != name:
        fail([f"{name!r} is no name of a file in {assets / 'annotated'}"], f"{nothing} Name another file with --name.")
    if target.suffix != ".jsonl" or (target.exists() and IN_LIST.match(target.read_text(encoding="utf-8-sig"))):
        fail([f"{target} must be JSONL, with a record a line"], f"{nothing} Name another file with --name.")
    try:
        nlp = tokenizer_for(lang, load_base(base_model) if base_model else None)
    except BasePipelineError as error:
        fail([error], nothing)
    reviewed = read_reviewed(path, sent, nlp, told)
    sets = {part: read_data(assets / part, told=told) for part in ("annotated", "test") if (assets / part).exists()}
    try:
        reviewed.require()
        for data in sets.values():
            data.require()
    except DataError as error:
        show_counts({"reviewed": reviewed.counts()})
        fail(error.problems, f"{nothing} Mend it and run the same command again.")
    try:
        new, replaced = merge(reviewed, sets.get("annotated", DataSet()), sets.get("test", DataSet()), target, force)
    except DataError as error:
        show_counts({"reviewed": reviewed.counts(error.problems)})
        again = f"python {shlex.join(sys.argv)}" + " --force" * (not force)
        advice = (
            f"Mend what stands in your own files. To let the review win over {target}, and over no other file: {again}"
        )
        fail(error.problems, f"{len(error.problems)} conflict(s). {nothing} {advice}")
    show_counts({"reviewed": reviewed.counts()})
    if new or replaced:
        with replacing(target) as temporary:
            temporary.write_text(written(target, new, replaced), encoding="utf8", newline="\n")
    if reviewed.left_out[IN_TEST]:
        msg.warn(
            f"{reviewed.left_out[IN_TEST]} texts were left out, for they, or texts like them, stand in {assets / 'test'}"
        )
    msg.good(
        f"{len(new)} texts are new in {target}, {len(replaced)} were replaced there; {reviewed.left_out[STANDS]} stood there already"
    )
