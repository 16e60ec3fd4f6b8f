"""Measure the template as an adopter would use it: data set x seed, the update beside a separate model.

Each seed runs the project's own commands in a copy of the repository. The separate model is the update's own
recipe without rehearsal: the same config, embedding, steps and threshold, trained on the new examples alone. The
stock model is what `spacy init config -p ner -o efficiency` gives (configs/base.cfg), trained on them alone.

    python benchmarks/run.py default --seeds 0,1,2
    python benchmarks/run.py fashion --assets FOLDER --seeds 0,1,2 --vars "rehearsal_ratio=3"
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import spacy
import srsly
import typer
from spacy.tokens import DocBin

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from scoring import count, entities, f_score, interval, resample  # noqa: E402
from spacy_training import use_openblas  # noqa: E402

UPTO_BASE = ["check", "annotate", "preprocess", "train"]


def copy_project(target: Path, assets: Path | None) -> None:
    """Copy what git tracks, or would track, and put another data set in."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
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


def words_per_second(model: Path, texts: list[str]) -> int:
    """RETURNS (int): The best of three passes over the texts, on one core."""
    nlp = spacy.load(model)
    words, best = 0, 0.0
    for _ in range(3):
        started = time.perf_counter()
        words = sum(len(doc) for doc in nlp.pipe(texts))
        best = max(best, words / (time.perf_counter() - started))
    return round(best)


def row(project: Path, recipe: str, model: Path, minutes: float) -> dict:
    """RETURNS (dict): What the results table shows of one model."""
    metrics = srsly.read_json(model.parent / "metrics.json")
    kept, agree, found = metrics["retention"], metrics["agreement"]["new_test"], metrics["seen_unseen"]
    texts = [doc.text for doc in DocBin().from_disk(project / "corpus/raw/test.spacy").get_docs(spacy.blank("xx").vocab)]
    alone = recipe == "stock"  # It has no old labels, and nothing to retain.
    return {
        "recipe": recipe,
        "gain": metrics["gain"]["f"],
        "retention": None if alone else kept.get("plain", {}).get("percent"),
        "strict": None if alone else kept["strict"]["percent"],
        "agreement": None if alone else agree["outside_new"]["percent"],
        "seen_r": found["seen"]["r"],
        "unseen_r": found["unseen"]["r"],
        "words_s": words_per_second(model, (texts * 10)[:2000]),
        "mb": round(sum(f.stat().st_size for f in model.rglob("*") if f.is_file()) / 1e6, 1),
        "minutes": minutes,
    }


def gain_difference(project: Path, one: Path, other: Path, labels: list[str]) -> dict:
    """RETURNS (dict): Gain F of one model minus the other's on the same texts, with its paired 95 % interval."""
    docs = list(DocBin().from_disk(project / "corpus/new/test.spacy").get_docs(spacy.load(one).vocab))
    gold = [entities(doc, labels) for doc in docs]
    samples = resample(len(docs), 0)
    counts = [count([entities(d, labels) for d in spacy.load(m).pipe([d.text for d in docs])], gold) for m in (one, other)]
    drawn = f_score(counts[0][samples].sum(axis=1)) - f_score(counts[1][samples].sum(axis=1))
    point = float(f_score(counts[0].sum(axis=0)) - f_score(counts[1].sum(axis=0)))
    return {"difference": round(point, 2), "interval": interval(drawn)}


def one_seed(data: str, seed: int, assets: Path | None, settings: dict[str, str], work: Path, base: Path | None) -> list[dict]:
    """RETURNS (list): Rows of the update and of the separate model for one seed."""
    project = work / f"{data}-{seed}"
    shutil.rmtree(project, ignore_errors=True)
    copy_project(project, assets)
    for name, value in {**settings, "seed": str(seed)}.items():
        run(project, "scripts/set_var.py", name, value)
    if base:
        run(project, "scripts/set_var.py", "base_model", str(base))
    for command in UPTO_BASE:
        run(project, "-m", "spacy", "project", "run", command)
    minutes = sum(run(project, "-m", "spacy", "project", "run", command) for command in ("rehearse", "update"))
    run(project, "-m", "spacy", "project", "run", "evaluate")
    (project / "training/metrics.json").rename(project / "training/updated/metrics.json")
    own = Path("training/separate")
    steps = srsly.read_yaml(project / "project.yml")["vars"]["update_max_steps"]
    outputs = [str(own / name) for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    words = ["configs/update.cfg", "training/base/model-best", "corpus/new", *outputs, "--seed", str(seed), "--max-steps", str(steps)]
    alone = run(project, "scripts/update.py", *words)
    run(project, "scripts/evaluate.py", "training/base/model-best", str(own / "model-best"), "corpus", str(own / "metrics.json"), str(own / "rows.jsonl"))
    made = [project / "training/updated/model-best", project / own / "model-best"]
    rows = [row(project, "update", made[0], minutes), row(project, "separate", made[1], alone)]
    stock = project / "training/stock"
    words = ["configs/base.cfg", "corpus/new", "training/stock/model-best", "training/stock/log.jsonl"]
    alone = run(project, "scripts/train.py", *words, "--seed", str(seed))
    run(project, "scripts/evaluate.py", "training/base/model-best", "training/stock/model-best", "corpus", "training/stock/metrics.json", "training/stock/rows.jsonl")
    rows.append(row(project, "stock", stock / "model-best", alone))
    labels = srsly.read_json(project / "training/updated/metrics.json")["labels"]["new"]
    rows[0]["gain_minus_separate"] = gain_difference(project, *made, labels)
    return [{"data": data, "seed": seed, **settings, **{k: v for k, v in r.items() if v is not None}} for r in rows]


def main(
    data: str,
    assets: Path = typer.Option(None, help="Folder like assets/, of another data set"),
    base: Path = typer.Option(None, help="Use this base pipeline for all seeds instead of training one"),
    seeds: str = "0,1,2",
    vars: str = typer.Option("", help="Vars to change: name=value,name=value"),
    work: Path = Path(tempfile.gettempdir()) / "ner-benchmark",
    output: Path = ROOT / "benchmarks" / "results.jsonl",
):
    use_openblas()
    settings = dict(pair.split("=") for pair in vars.split(",") if pair)
    for seed in map(int, seeds.split(",")):
        for result in one_seed(data, seed, assets, settings, work, base):
            print(result, flush=True)
            srsly.write_jsonl(output, [result], append=True, append_new_line=False)


if __name__ == "__main__":
    typer.run(main)
