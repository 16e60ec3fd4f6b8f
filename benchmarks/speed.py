"""Measure where time goes, each beside what people use today, in turns, so that whatever else the machine does slows all alike.

    python benchmarks/speed.py training         # words/s of `train` and `update`, beside stock `spacy train`
    python benchmarks/speed.py prediction       # words/s of the updated pipeline, beside the base, and beside two pipelines
    python benchmarks/speed.py engines          # a run in which nothing changed, and what an engine adds to a script
    python benchmarks/speed.py default-run      # each command of the default run

The first two take a finished run of the default data: run `make` before. Rows go to speed.jsonl.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import spacy
import srsly
import typer
from spacy import registry
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Corpus
from spacy.training.loop import create_train_batches
from spacy.util import fix_random_seed, load_config

ROOT = Path(__file__).parents[1]
for folder in ("benchmarks", "scripts", "tests"):
    sys.path.insert(0, str(ROOT / folder))
from ner_update.corpus.shards import DocShard, read_docs  # noqa: E402
from ner_update.pipeline import text_context  # noqa: E402, F401
from ner_update.pipeline.compute import use_openblas  # noqa: E402
from ner_update.update import augmentation as made_up_names  # noqa: E402, F401
from ner_update.update.retraining import best_step, together  # noqa: E402
from reading import grow  # noqa: E402
from run import copy_project  # noqa: E402

ENVIRONMENT = {**os.environ, "CI": "true", "NO_COLOR": "1"}
app = typer.Typer()


def keep(**row: object) -> None:
    print(row, flush=True)
    srsly.write_jsonl(ROOT / "benchmarks/speed.jsonl", [row], append=True, append_new_line=False)


def seconds(*words: object, cwd: Path = ROOT, **environment: str) -> float:
    """RETURNS (float): Seconds on the clock that a command took."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=cwd, env={**ENVIRONMENT, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - started


def in_turns(rounds: int, **ways: Callable[[], float]) -> dict[str, float]:
    """RETURNS (dict): The least of what each way gave in so many rounds."""
    found = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    return {name: min(row[name] for row in found) for name in ways}


def grown(size: int, folder: Path) -> Path:
    """RETURNS (Path): A corpus of so many of our own texts, grown."""
    grow(size, folder / "grown.jsonl")
    nlp, shard = spacy.blank("en"), DocShard()
    for record in srsly.read_jsonl(folder / "grown.jsonl"):
        doc = nlp.make_doc(record["text"])
        doc.set_ents([doc.char_span(*entity) for entity in record["entities"]])
        shard.add(doc)
    shard.complete(nlp.vocab.strings).to_folder(folder / f"{size}.spacy")
    return folder / f"{size}.spacy"


def words_seen(config: Path, train: Path, steps: int) -> int:
    """RETURNS (int): Words in so many batches of a training."""
    settings = load_config(config).interpolate()["training"]
    fix_random_seed(0)
    nlp, batcher = spacy.blank("en"), registry.resolve(settings, schema=ConfigSchemaTraining)["batcher"]
    batches = create_train_batches(nlp, Corpus(train), batcher, 0)
    return sum(len(example) for _, batch in islice(batches, steps) for example in batch)


@app.command()
def training(
    run: Path = ROOT, sizes: list[int] = [1000, 16000], steps: int = 2000, rounds: int = 1, processes: int = 1
):
    """The published templates train what `spacy init config -p ner -o efficiency` writes, with `spacy train`.

    processes (int): How many share each step of `train` and `update` (vars.training_processes); stock has one.
    """
    shared = ["--max-steps", steps, "--processes", processes]
    base, dev = run / "training/base/model-best", run / "corpus/base/dev.spacy"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stock = folder / "stock.cfg"
        seconds("-m", "spacy", "init", "config", stock, "-p", "ner", "-o", "efficiency")
        corpora = [(grown(size, folder), dev, size) for size in sizes] + [
            (run / "corpus/base/train.spacy", dev, "base")
        ]
        corpora += [(run / "corpus/update/train.spacy", run / "corpus/update/dev.spacy", "update")]
        for train, dev, what in corpora:
            corpus = folder / f"corpus-{what}"
            corpus.mkdir()
            for part, path in (("train", train), ("dev", dev)):
                (corpus / f"{part}.spacy").symlink_to(path.resolve())
            paths = [
                "--paths.train",
                corpus / "train.spacy",
                "--paths.dev",
                corpus / "dev.spacy",
                "--training.max_steps",
                steps,
                "--training.patience",
                0,
            ]
            out = [folder / f"{what}-train" / "model-best", folder / f"{what}-log.jsonl"]
            update_out = [folder / f"{what}-update" / part for part in ("model-best", "log.jsonl", "threshold.jsonl")]
            own_dev = run / "corpus/new/dev.spacy"
            ways = {
                "stock": lambda: seconds("-m", "spacy", "train", stock, "--output", folder / f"{what}-stock", *paths),
                "train": lambda: seconds("scripts/train.py", "configs/base.cfg", corpus, *out, *shared),
                "update": lambda: seconds(
                    "scripts/update.py", "configs/update.cfg", base, corpus, *update_out, "--dev", own_dev, *shared
                ),
            }
            # Each of the project's own two corpora is trained on by its own command.
            ways.pop({"base": "update", "update": "train"}.get(what, ""), None)
            took = in_turns(rounds, **ways)
            logs = {"train": out[1], "update": update_out[1]}
            scored = {
                way: max(round(100 * line["score"], 2) for line in srsly.read_jsonl(logs[way]))
                for way in ways
                if way in logs
            }
            scored["stock"] = round(
                100 * srsly.read_json(folder / f"{what}-stock/model-best/meta.json")["performance"]["ents_f"], 2
            )
            configs = {"stock": stock, "train": ROOT / "configs/base.cfg", "update": ROOT / "configs/update.cfg"}
            # The base's config stops where nothing gets better.
            done = {way: srsly.read_jsonl(logs[way]) for way in ways if way in logs}
            done = {"stock": steps} | {way: max(line["step"] for line in lines) for way, lines in done.items()}
            words = {way: words_seen(configs[way], train, done[way]) for way in ways}
            if "update" in ways:
                # It trains a second time, on the dev texts as well.
                words["update"] += words_seen(
                    configs["update"], together(corpus, folder / f"{what}-update"), best_step(update_out[1])
                )
            speed = {way: words[way] / took[way] for way in ways}
            for way in ways:
                keep(what="training", corpus=what, steps=done[way], way=way, processes=1 if way == "stock" else processes, words_s=round(speed[way]),
                     seconds=round(took[way], 1), dev_f=scored[way], of_stock=round(speed[way] / speed["stock"], 2))  # fmt: skip


@app.command()
def prediction(run: Path = ROOT, sizes: list[int] = [500, 2000, 8000], rounds: int = 4):
    """In one process; the two pipelines are the base, and a stock one of the new label alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = [folder / "model-best", folder / "log.jsonl"]
        # What a network says makes no difference to its speed: some steps will do.
        seconds("scripts/train.py", "configs/base.cfg", run / "corpus/new", *out, "--max-steps", 200)
        for blas in ("BLIS, as spaCy has it", "OpenBLAS"):
            if blas == "OpenBLAS":
                use_openblas()
            places = (run / "training/base/model-best", run / "training/updated/model-best", out[0])
            base, updated, other = (spacy.load(path) for path in places)

            def pipe(clock: Callable[[], float], *pipelines) -> float:
                started = clock()
                for nlp in pipelines:
                    for _ in nlp.pipe(texts):
                        pass
                return clock() - started

            for size in sizes:
                texts = [doc.text for doc in read_docs(grown(size, folder), spacy.blank("en").vocab)]
                words = sum(len(base.make_doc(text)) for text in texts)
                for of, clock in (("wall", time.perf_counter), ("cpu", time.process_time)):
                    took = in_turns(
                        rounds,
                        base=lambda: pipe(clock, base),
                        updated=lambda: pipe(clock, updated),
                        two=lambda: pipe(clock, base, other),
                    )
                    for way in took:
                        keep(what="prediction", texts=size, blas=blas, seconds_of=of, way=way, words_s=round(words / took[way]),
                             of_base=round(took["base"] / took[way], 2), of_two=round(took["two"] / took[way], 2))  # fmt: skip


def without_work(project: Path, folder: Path) -> None:
    """Copy a project that has run, with the same files and commands, of which none does anything."""
    shutil.copytree(project, folder, symlinks=True)
    declared, stages = (srsly.read_yaml(folder / name) for name in ("project.yml", "dvc.yaml"))
    for command in declared["commands"]:
        command["script"] = ["true"]
        command.pop("no_skip", None)
    for stage in stages["stages"].values():
        stage["cmd"] = "true"
        stage.pop("always_changed", None)
    srsly.write_yaml(folder / "project.yml", declared)
    srsly.write_yaml(folder / "dvc.yaml", stages)
    seconds("-m", "spacy", "project", "run", "all", cwd=folder)
    seconds("-m", "dvc", "commit", "-f", "-q", cwd=folder)


@app.command()
def engines(sizes: list[int] = [1000, 10000, 100000], rounds: int = 3):
    """On the small data of the tests, with as many raw texts. What an engine takes for itself is measured twice: with one command
    that has nothing to do ("one"), and with the project's own files and commands, of which none has ("same"). "Stock" is "same" as DVC
    comes from PyPI, without the YAML parser in C that pyproject.toml adds.
    """
    from tiny_project import tiny

    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            project, one, same = (Path(name) / folder for folder in ("project", "one", "same"))
            copy_project(project, None)
            tiny(project)
            own = [record["text"] for record in srsly.read_jsonl(project / "assets/raw.jsonl")]
            srsly.write_jsonl(
                project / "assets/raw.jsonl",
                ({"text": f"{own[n % len(own)]} and again on day {n}"} for n in range(size)),
            )
            one.mkdir()
            srsly.write_yaml(
                one / "project.yml",
                {
                    "commands": [{"name": "one", "script": ["true"], "deps": ["project.yml"]}],
                    "workflows": {"all": ["one"]},
                },
            )
            srsly.write_yaml(one / "dvc.yaml", {"stages": {"one": {"cmd": "true", "deps": ["project.yml"]}}})
            for folder in (project, one):
                subprocess.run(
                    "git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm x",
                    shell=True,
                    cwd=folder,
                    check=True,
                )
                seconds("-m", "spacy", "project", "run", "all", cwd=folder)
            seconds("-m", "dvc", "init", "-q", cwd=one)
            seconds("-m", "dvc", "commit", "-f", "-q", cwd=project)
            without_work(project, same)
            (Path(name) / "hidden").mkdir()
            (Path(name) / "hidden/_ruamel_yaml.py").write_text("raise ImportError")
            for folder in (one, project, same):
                seconds("-m", "dvc", "repro", cwd=folder)
            plots = srsly.read_yaml(project / "dvc.yaml")["stages"]["plots"]["cmd"].split()[1:]
            took = in_turns(
                rounds,
                spacy_one=lambda: seconds("-m", "spacy", "project", "run", "all", cwd=one),
                spacy_same=lambda: seconds("-m", "spacy", "project", "run", "all", cwd=same),
                spacy=lambda: seconds("-m", "spacy", "project", "run", "all", cwd=project),
                dvc_one=lambda: seconds("-m", "dvc", "repro", cwd=one),
                dvc_same=lambda: seconds("-m", "dvc", "repro", cwd=same),
                dvc_stock=lambda: seconds("-m", "dvc", "repro", cwd=same, PYTHONPATH=str(Path(name) / "hidden")),
                dvc=lambda: seconds("-m", "dvc", "repro", cwd=project),
                script=lambda: seconds(*plots, cwd=project),
                through_spacy=lambda: seconds("-m", "spacy", "project", "run", "plots", "--force", cwd=project),
                through_dvc=lambda: seconds("-m", "dvc", "repro", "--single-item", "--force", "plots", cwd=project),
            )
            ratios = {
                f"{engine}_of_{of}": round(took[engine] / took[f"{engine}_{of}"], 2)
                for engine in ("spacy", "dvc")
                for of in ("one", "same")
            }
            ratios["dvc_of_stock"] = round(took["dvc"] / took["dvc_stock"], 2)
            keep(what="engines", raw_texts=size, **{way: round(value, 2) for way, value in took.items()}, **ratios)


@app.command()
def default_run():
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        copy_project(project, None)
        subprocess.run(
            "git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm x",
            shell=True,
            cwd=project,
            check=True,
        )
        running = subprocess.Popen(
            [sys.executable, "-u", "-m", "spacy", "project", "run", "all"],
            cwd=project,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        commands = srsly.read_yaml(project / "project.yml")["workflows"]["all"]
        started = begun = time.perf_counter()
        command = "start-up"
        for line in running.stdout:
            found = re.search(r"== ([\w-]+) ==", line)
            if found and found[1] in commands:
                keep(what="default run", command=command, seconds=round(time.perf_counter() - begun, 1))
                command, begun = found[1], time.perf_counter()
        if running.wait():
            raise SystemExit(f"It ended in {command}")
        keep(what="default run", command=command, seconds=round(time.perf_counter() - begun, 1))
        keep(what="default run", command="all", seconds=round(time.perf_counter() - started, 1))


if __name__ == "__main__":
    app()
