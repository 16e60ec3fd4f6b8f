"""Measure the bulk work over raw texts, `annotate`, `rehearse` and `predict`: texts a second and memory, with one worker and with two.

Our own texts are grown as in reading.py. Runs with one worker and with two take turns, for other work on the machine would
count against one of them. Beside the time that passed stands the CPU time of all that cannot happen at once: what the command
takes on cores of which nothing else makes use. It takes a project that has run (make).
- annotate: the command, on one file;
- rehearse: the command, where there are no base texts, so that it looks for its texts among the raw ones;
- rehearse, all: what that command does where it wants all raw texts (with half as many annotated ones as raw ones, say);
- predict: the command, on shards of 10,000 texts.

    python benchmarks/bulk.py 10000 100000 1000000
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path

import psutil
import spacy
import srsly
import typer

from reading import ROOT, grow, memory

sys.path.insert(0, str(ROOT / "scripts"))
from spacy.util import minibatch

from ner_update.corpus.shards import DocShard

SHARD = 10_000
# Of `rehearse` without the choosing and the writing.
ALL = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ner_update.rehearsal.raw_texts import RawTexts
print(len(RawTexts(Path("corpus/raw/train.spacy"), Path("base"), workers=int(sys.argv[2])).recognised(10**9)))
"""


def write_corpus(texts: Path, folder: Path) -> None:
    """Write raw texts as a corpus of shards, and an empty one of base texts."""
    nlp = spacy.blank("en")
    for records in minibatch(srsly.read_jsonl(texts), SHARD):
        shard = DocShard()
        with nlp.memory_zone():
            for record in records:
                shard.add(nlp.make_doc(record["text"]))
            shard.complete(nlp.vocab.strings).to_folder(folder / "raw/train.spacy")
    for name in ("raw/dev.spacy", "base/train.spacy", "base/dev.spacy"):
        DocShard().to_folder(folder / name)


def measure(folder: Path, command: list, workers: int) -> dict:
    """RETURNS (dict): Seconds that a command took; its CPU seconds one after the other, with those of the other workers left out
    when they work beside the busiest one; and the most memory in MB that it and its processes had at once.
    """
    started, most, busy = time.perf_counter(), 0, {}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = psutil.Popen(
        [sys.executable, *map(str, command)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    while running.poll() is None:
        most = max(most, memory(running))
        for child in running.children():
            with suppress(psutil.Error):
                busy[child.pid] = sum(sum(one.cpu_times()[:2]) for one in (child, *child.children(recursive=True)))
        time.sleep(0.5)
    if running.returncode:
        raise SystemExit(running.stderr.read().decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    beside = sorted(busy.values())[-workers:-1] if workers > 1 else []
    return {"seconds": time.perf_counter() - started, "cpu": cpu - sum(beside), "mb": most / 1e6}


def main(
    sizes: list[int],
    output: Path = ROOT / "benchmarks" / "bulk.jsonl",
    project: Path = typer.Option(ROOT, help="A project that has run"),
    only: list[str] = typer.Option(["annotate", "rehearse", "rehearse, all", "predict"], help="What is measured"),
    workers: list[int] = [1, 2],
):
    scripts, training = ROOT / "scripts", project.resolve() / "training"
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            grow(size, folder / "raw.jsonl")
            shutil.copytree(project / "corpus/new", folder / "corpus/new")
            shutil.copy(project / "corpus/silver.jsonl", folder)
            (folder / "base").symlink_to(training / "base/model-best")
            (folder / "all.py").write_text(ALL)
            if any(what.startswith("rehearse") for what in only):
                write_corpus(folder / "raw.jsonl", folder / "corpus")
            if "predict" in only:
                with (folder / "raw.jsonl").open(encoding="utf8") as file:
                    for number in range(-(-size // SHARD)):
                        (folder / "in").mkdir(exist_ok=True)
                        (folder / f"in/{number:05}.jsonl").write_text("".join(islice(file, SHARD)), encoding="utf8")
            commands = {
                "annotate": [
                    scripts / "annotate.py",
                    ROOT / "assets/patterns.jsonl",
                    "raw.jsonl",
                    "out/silver.jsonl",
                    "--table",
                    "out/patterns.json",
                    "--workers",
                ],
                "rehearse": [
                    scripts / "rehearse.py",
                    "base",
                    "corpus",
                    "out/update",
                    "--silver",
                    "silver.jsonl",
                    "--workers",
                ],
                "rehearse, all": ["all.py", scripts],
                "predict": [
                    scripts / "predict.py",
                    "in",
                    "out/predicted",
                    "--pipeline",
                    training / "updated/model-best",
                    "--workers",
                ],
            }
            for what in only:
                for number in workers:
                    shutil.rmtree(folder / "out", ignore_errors=True)
                    made = measure(folder, [*commands[what], str(number)], number)
                    row = {
                        "what": what,
                        "texts": size,
                        "workers": number,
                        **{key: round(value, 1) for key, value in made.items()},
                    }
                    row |= {"texts_s": round(size / made["seconds"]), "texts_cpu_s": round(size / made["cpu"])}
                    print(row, flush=True)
                    srsly.write_jsonl(output, [row], append=True, append_new_line=False)


if __name__ == "__main__":
    typer.run(main)
