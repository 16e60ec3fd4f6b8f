"""The published way to update: source the base's `ner`, and train it on the new examples alone (explosion/projects,
pipelines/ner_demo_update). It stands in the results table to show what it forgets.
"""

import sys
from pathlib import Path

import spacy
import typer
from spacy.util import load_config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from ner_update.project.outputs import replacing, scratch  # noqa: E402
from ner_update.training.loop import trained  # noqa: E402


def main(base: Path, corpus: Path, output: Path, log: Path, max_steps: int = 2000, seed: int = 0):
    nlp = spacy.load(base)
    config = load_config(ROOT / "configs/base.cfg")
    config["nlp"]["pipeline"] = ["ner"]
    config["components"] = {"ner": {"source": str(base), "component": "ner", "replace_listeners": ["model.tok2vec"]}}
    copied = {"@callbacks": "spacy.copy_from_base_model.v1", "tokenizer": str(base), "vocab": str(base)}
    config["initialize"]["before_init"] = copied
    overrides = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "nlp.lang": nlp.lang,
        "training.max_steps": max_steps,
        "system.seed": seed,
    }
    with scratch(log.with_name("config")) as folder:
        config.to_disk(folder / "naive.cfg")
        with trained(folder / "naive.cfg", log, overrides) as best, replacing(output) as path:
            best.rename(path)


if __name__ == "__main__":
    typer.run(main)
