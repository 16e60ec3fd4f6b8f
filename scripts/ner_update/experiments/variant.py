"""Train and evaluate one variant of the update, and keep its figures, so that no variant is ever trained twice.

`learning-curve` and `trials` are made of variants. Each is known by a hash of all that it depends on. Its figures are kept
in a store of their own, which is no output of a command: so a command that was stopped goes on where it was, and a variant
that both commands need is trained once.
"""

import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Annotated

import spacy
import srsly
from spacy.tokens import Doc
from tqdm import tqdm
from typer import Argument, Option
from wasabi import msg

from ner_update.corpus.shards import count_texts, read_docs
from ner_update.distillation.corpus import DistilSettings, distil
from ner_update.evaluation.comparison import Comparison, scores
from ner_update.evaluation.scoring import count, entities, f_score, interval, resample
from ner_update.pipeline.compute import use_openblas
from ner_update.project.hashes import file_md5
from ner_update.project.outputs import fail, replacing
from ner_update.rehearsal.examples import learnt_from
from ner_update.rehearsal.mixing import Sources, mix, write_mix
from ner_update.rehearsal.raw_texts import RawTexts
from ner_update.update.recipe import train_update
from ner_update.update.settings import Parts, UpdateSettings

HERE = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class VariantSettings:
    """What all variants of a command share.

    What `distil` wrote teaches all variants with all examples; those with fewer get teachers that have seen no more than they.
    """

    config: Annotated[Path, Argument(help="Training config, such as configs/update.cfg")]
    base: Annotated[Path, Argument(help="Folder of the base pipeline")]
    corpus: Annotated[Path, Argument(help="Folder of the corpora")]
    silver: Annotated[Path, Option(help="JSONL of the raw texts that patterns matched")]
    vectors: Annotated[Path, Option(help="Pipeline folder with word vectors, as for the update")]
    encoder: Annotated[str, Option(help="Hugging Face encoder, as for the update")] = ""
    max_steps: Annotated[int, Option(min=1, help="Training stops here at the latest, as for the update")] = 3000
    update_on: Annotated[Parts, Option(help="As for the update")] = "train+dev"
    seed: Annotated[int, Option(help="The first one, where there are several")] = 0
    gpu_id: int = -1
    processes: Annotated[
        int, Option(min=1, help="How many processes share each step of the training, as for the update")
    ] = 1
    teachers: Annotated[int, Option(min=0, help="How many updates read raw texts first, as for distil")] = 0
    transformers: Annotated[int, Option(min=0, help="As for distil")] = 0
    transformer_config: Annotated[Path, Option(help="As for distil")] = Path("configs/transformer_teacher.cfg")
    ratio: Annotated[float, Option(min=0, help="As for distil")] = 2.0
    store: Annotated[Path, Option(help="Keeps the figures of finished trainings")] = Path("training/variants")
    resume: Annotated[bool, Option(envvar="RESUME", help="Go on from the checkpoint that an interruption kept")] = False


@dataclass(frozen=True)
class Variant:
    """One training: which share of the annotated new training examples (0 to 1, chosen by `sample_seed`), and its seed."""

    seed: int
    share: float = 1.0
    sample_seed: int = 0


def nested(docs: list[Doc], share: float, seed: int) -> list[Doc]:
    """Choose a share of the Docs, at least one.

    A hash of seed and text decides, so that a larger share holds a smaller one, whatever the order of the files.
    """
    ordered = sorted(docs, key=lambda doc: md5(f"{seed}\n{doc.text}".encode()).hexdigest())
    return ordered[: max(1, round(share * len(ordered)))]


def result(setting: VariantSettings, variant: Variant) -> dict:
    """Train and evaluate a variant, or read what it gave before.

    RETURNS (dict): seed, share, examples (with those of the dev set, if it is trained on), rehearsal (texts of the training
        corpus); gain: F, P, R of the new labels with the 95 % interval of F; unseen: recall on spellings that are in no text of
        the whole training and dev set; kept: strict retention, or agreement, as evaluate.py measures it, or None; counts: hits,
        errors and misses of each new test text.
    RAISES (typer.Exit): After a message, if the project has not been run so far.
    """
    use_openblas()
    needed = (
        setting.base,
        setting.corpus / "update/mix.json",
        setting.corpus / "distilled.spacy",
        setting.silver,
        setting.vectors,
    )
    if missing := [path for path in needed if not path.exists()]:
        fail([f"{path} is missing" for path in missing], "Run the whole project first: make")
    key = fingerprint(setting, variant)
    kept, work = setting.store / f"{key}.json", setting.store / key
    if kept.exists():
        msg.good(f"{named(variant)}: kept from before ({kept})")
        return srsly.read_json(kept)
    msg.divider(f"{named(variant)}: training")
    base = spacy.load(setting.base)
    full = srsly.read_json(setting.corpus / "update/mix.json")["train"]
    old, raw = setting.corpus / "base/train.spacy", RawTexts(setting.corpus / "raw/train.spacy", setting.base)
    chosen = nested(list(read_docs(setting.corpus / "new/train.spacy", base.vocab)), variant.share, variant.sample_seed)
    # As many for each example as the update has: where base texts ran out, that is fewer than vars.rehearsal_ratio.
    per_example = {kind: full[kind]["texts"] / max(1, full["gold"]["texts"]) for kind in ("rehearsal", "silver")}
    joining = round(per_example["silver"] * len(chosen))
    mixed = mix(
        base,
        lambda: [chosen],
        len(chosen),
        Sources(old, raw, setting.silver),
        learnt_from(chosen),
        per_example["rehearsal"],
        joining,
    )
    texts = {kind: row["texts"] for kind, row in write_mix(mixed, work / "corpus/train.spacy").items()}
    copied(setting.corpus / "update/dev.spacy", work / "corpus/dev.spacy")
    how = DistilSettings(
        config=setting.config, base=setting.base, corpus=work / "corpus", dev=setting.corpus / "new/dev.spacy", vectors=setting.vectors,
        encoder=setting.encoder, max_steps=setting.max_steps, update_on=setting.update_on, seed=variant.seed, gpu_id=setting.gpu_id,
        processes=setting.processes, resume=setting.resume, raw=setting.corpus / "raw/train.spacy", **voting(setting),
    )  # fmt: skip
    distilled = setting.corpus / "distilled.spacy"
    if variant.share < 1 and how.votes:
        distilled = work / "distilled.spacy"
        distil(how, distilled, work / "distilled.json")
    outputs = [work / name for name in ("model-best", "log.jsonl", "threshold.jsonl")]
    train_update(UpdateSettings.of(how, distilled=distilled), *outputs)
    # The dev set of all variants is the same, and whole.
    dev = count_texts(setting.corpus / "new/dev.spacy") if setting.update_on == "train+dev" else 0
    made = {
        "seed": variant.seed,
        "share": variant.share,
        "examples": len(chosen) + dev,
        "rehearsal": texts["rehearsal"],
    }
    made |= measured(Comparison(base, spacy.load(work / "model-best"), setting.corpus), variant.sample_seed)
    with replacing(kept) as path:
        srsly.write_json(path, made)
    shutil.rmtree(work)
    return made


def results(setting: VariantSettings, variants: list[Variant]) -> list[dict]:
    """Get what `result` gives for each variant. Those that are finished are kept when it is stopped."""
    try:
        return [result(setting, variant) for variant in tqdm(variants, desc="variants", unit="training", disable=None)]
    except KeyboardInterrupt:
        msg.info(f"What is finished is kept in {setting.store}. The same command goes on from there.")
        raise


def measured(found: Comparison, seed: int) -> dict:
    """Compute gain, unseen, kept and counts, as described in `result`."""
    metrics = scores(found, seed)
    counts = count(
        *([entities(doc, found.new) for doc in docs] for docs in (found.predicted["new"][1], found.tests["new"]))
    )
    gain = {key: metrics["gain"][key] for key in "fpr"} | {
        "interval": interval(f_score(resample(len(counts), seed) @ counts))
    }
    retention = metrics["retention"]
    kept = retention["kept"] and {key: retention["kept"][key] for key in ("percent", "interval")} | {
        "measured": retention["measured"]
    }
    return {"gain": gain, "unseen": metrics["seen_unseen"]["unseen"]["r"], "kept": kept, "counts": counts.tolist()}


def voting(setting: VariantSettings) -> dict:
    """Get the settings of the teachers, as `distil` takes them."""
    return {name: getattr(setting, name) for name in ("teachers", "transformers", "transformer_config", "ratio")}


def named(variant: Variant) -> str:
    return f"seed {variant.seed}, {100 * variant.share:.0f} % of the examples"


def copied(source: Path, target: Path) -> None:
    (shutil.copytree if source.is_dir() else shutil.copy)(source, target)


def fingerprint(setting: VariantSettings, variant: Variant) -> str:
    """Hash a variant, all data that it is made of and tested on, the code and its versions."""
    corpora = [
        setting.corpus / name
        for name in ("base", "new", "raw", "update", "distilled.spacy", "fingerprints/versions.json")
    ]
    # What the two commands write themselves makes no difference to a training.
    own = Path(sys.modules["__main__"].__file__ or "").name if hasattr(sys.modules["__main__"], "__file__") else ""
    scripts = [path for path in loaded() if path.name != own]
    # Those with all examples learn from what `distil` wrote.
    chosen = voting(setting) if variant.share < 1 else {}
    digest = md5(
        repr(
            (variant, setting.encoder, setting.max_steps, setting.update_on, setting.gpu_id, setting.processes, chosen)
        ).encode("utf8")
    )
    for root in (
        setting.config,
        *([setting.transformer_config] if chosen.get("transformers") else []),
        setting.base,
        setting.silver,
        setting.vectors,
        *corpora,
        *scripts,
    ):
        for path in files(root):
            digest.update(f"{path.name} {file_md5(path)}\n".encode())
    return digest.hexdigest()[:16]


def files(root: Path) -> Iterable[Path]:
    return (
        sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root] if root.exists() else []
    )


def loaded() -> list[Path]:
    """List the scripts of this project that are loaded, sorted by name."""
    found: list[str | None] = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return sorted({Path(path) for path in found if path and HERE in Path(path).parents})
