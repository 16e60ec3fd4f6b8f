"""Measure the memory of each command that reads annotated texts, from 10 thousand to a million: from the check to the update.

Our own examples are grown as in reading.py, half for the base and half with the new label; a training of a few hundred steps
sees a part of them, but is initialised from all.

    python benchmarks/large.py 10000 100000 1000000
"""

import sys
import tempfile
from pathlib import Path

import srsly
import typer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from reading import grow, measure  # noqa: E402

NEW = "GADGET"
OLD = "training/base/model-best"


def parts(size: int, folder: Path) -> None:
    """Write assets of so many annotated texts: those that name a gadget are the new ones, and have no other label."""
    grow(size, folder / "grown.jsonl")
    rows = list(srsly.read_jsonl(folder / "grown.jsonl"))
    new = [{**row, "entities": [e for e in row["entities"] if e[2] == NEW]} for row in rows[::2]]
    old = [{**row, "entities": [e for e in row["entities"] if e[2] != NEW]} for row in rows[1::2]]
    for path, records in {
        "base/base.jsonl": old,
        "annotated/new.jsonl": new,
        "raw.jsonl": [{"text": row["text"] + " so"} for row in rows[:1000]],
    }.items():
        (folder / "assets" / path).parent.mkdir(parents=True, exist_ok=True)
        srsly.write_jsonl(folder / "assets" / path, records)
    (folder / "assets/test").mkdir()
    (folder / "grown.jsonl").unlink()


def main(sizes: list[int], steps: int = 300, stream_over: int = 20_000, output: Path = ROOT / "benchmarks/large.jsonl"):
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            parts(size, folder)
            (folder / "assets/patterns.jsonl").write_text('{"label": "GADGET", "pattern": "zune"}\n')
            made = [f"training/updated/{out}" for out in ("model-best", "log.jsonl", "threshold.jsonl")]
            more = ["--max-steps", steps, "--stream-over", stream_over]
            commands = {
                "check": ["assets"],
                "annotate": ["assets/patterns.jsonl", "assets/raw.jsonl", "corpus/silver.jsonl"],
                "preprocess": ["corpus/checked", "corpus"],
                "debug": [ROOT / "configs/base.cfg", "corpus", "corpus/debug_data.txt", "--stream-over", stream_over],
                "train": [ROOT / "configs/base.cfg", "corpus/base", OLD, "training/base/log.jsonl", *more],
                "rehearse": [OLD, "corpus", "corpus/update", "--silver", "corpus/silver.jsonl"],
                "update": [
                    ROOT / "configs/update.cfg",
                    OLD,
                    "corpus/update",
                    *made,
                    "--dev",
                    "corpus/new/dev.spacy",
                    *more,
                ],
            }
            for command, words in commands.items():
                seconds, mb = measure(folder, [ROOT / f"scripts/{command}.py", *words])
                row = {"texts": size, "command": command, "seconds": round(seconds, 1), "mb": round(mb)}
                print(row, flush=True)
                srsly.write_jsonl(output, [row], append=True, append_new_line=False)


if __name__ == "__main__":
    typer.run(main)
