"""Fill the meta of a pipeline with its model card: how it was made, of what data, how good it is, what it is for, and its limits."""

from pathlib import Path
from typing import NamedTuple

import spacy
from jinja2 import Environment, FileSystemLoader


def base_of(meta: dict) -> dict:
    """Describe the base pipeline.

    meta (dict): The updated pipeline's, which still has the entries of the base.
    RETURNS (dict): name, version, license, author and url of the base, and whether this project trained it.
    """
    trained_here = meta.get("name") == "pipeline"
    base = {key: meta.get(key) or "" for key in ("version", "license", "author", "url")}
    return {"name": "" if trained_here else f"{meta['lang']}_{meta['name']}", **base, "trained_here": trained_here}


def figures(metrics: dict) -> dict:
    """Choose what of training/metrics.json goes into the meta.

    RETURNS (dict): P, R, F and recall in percent, and 95 % intervals of the differences from the base in points of F.
    """
    labels = {
        label: {
            **row["updated"],
            "base_f": row["base"]["f"],
            "difference_f": row["difference_f"],
            "interval": row["interval"],
        }
        for label, row in metrics["new_test"]["labels"].items()
    }
    kept = {"measured": metrics["retention"]["measured"], **(metrics["retention"]["kept"] or {})}
    recall = {kind: {key: row[key] for key in ("r", "support")} for kind, row in metrics["seen_unseen"].items()}
    return {
        "texts": metrics["new_test"]["texts"],
        "labels": labels,
        "gain": metrics["gain"],
        "retention": kept,
        "recall": recall,
    }


class Release(NamedTuple):
    """What a package is called.

    license (str): Empty for that of the base.
    card (Path): jinja2 template of the part of the model card that spaCy cannot know.
    """

    name: str
    version: str
    license: str
    card: Path


def write_meta(
    nlp: spacy.Language,
    metrics: dict,
    counts: dict,
    release: Release,
    breakdowns: dict | None = None,
    summary: dict | None = None,
) -> dict:
    """Fill the pipeline's meta: what `spacy info`, the README of the package and the Hugging Face hub show.

    metrics (dict): training/metrics.json.
    counts (dict): corpus/counts.json, of the data it learnt from.
    breakdowns (dict): training/breakdowns.json, for the limits that the card names.
    summary (dict): training/summary.json, for how many texts of each kind the update was trained on, and how many teachers of each
        kind had read those that nobody annotated.
    RETURNS (dict): The complete meta.
    """
    base = base_of(nlp.meta)
    # spaCy takes a list of names or one of objects, and no mixture.
    sources = [
        source if isinstance(source, dict) else {"name": str(source)} for source in nlp.meta.get("sources") or []
    ]
    if not base["trained_here"]:
        sources.append(
            {**{key: base[key] for key in ("license", "author", "url")}, "name": f"{base['name']} {base['version']}"}
        )
    learnt = {"texts": {}, "teachers": {}, **(summary or {})}
    total = metrics["new_test"]["all"]["updated"]
    meta = {
        **nlp.meta,
        "name": release.name,
        "version": release.version,
        "license": release.license or base["license"],
        # Those of the base stand in `sources`. They have no part in this package.
        "author": "",
        "email": "",
        "url": "",
        "description": " on top of ".join(
            ", ".join(metrics["labels"][k]) for k in ("new", "old") if metrics["labels"][k]
        ),
        "sources": sources or None,
        "performance": {
            **{f"ents_{key}": total[key] / 100 for key in "fpr"},
            "ents_per_type": {
                label: {key: row["updated"][key] / 100 for key in "prf"}
                for label, row in metrics["new_test"]["labels"].items()
            },
        },
        # spaCy knows no such keys, and keeps them. `spacy info` shows these, but not `performance`.
        "base_pipeline": base,
        "data": {
            set_: {key: row[key] for key in ("texts", "texts_without_entity", "spans") if key in row}
            for set_, row in counts.items()
        },
        "trained_on": learnt["texts"],
        "teachers": learnt["teachers"],
        "metrics": figures(metrics),
    }
    templates = Environment(loader=FileSystemLoader(release.card.parent), trim_blocks=True, lstrip_blocks=True)
    known = {"metrics": metrics, "counts": counts, "base": base, **{key: meta[key] for key in ("lang", "license")}}
    known["name"] = f"{nlp.lang}_{release.name}"
    meta["notes"] = templates.get_template(release.card.name).render(
        **known, probes=(breakdowns or {}).get("probes", {}), **learnt
    )
    return meta
