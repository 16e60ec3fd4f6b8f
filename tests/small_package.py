"""A package of a pipeline that nobody trained, with figures that nobody measured."""

import spacy
import srsly

from conftest import ROOT, command

PRF = {"p": 80.0, "r": 40.0, "f": 53.33, "support": 12}
NOTHING = {"p": 0.0, "r": 0.0, "f": 0.0, "support": 12}
ROW = {"base": NOTHING, "updated": PRF, "difference_f": 53.33, "interval": [41.5, 60.25]}
METRICS = {
    "labels": {"new": ["GADGET"], "old": ["PERSON"], "taken_over": []},
    "new_test": {"texts": 31, "all": ROW, "labels": {"GADGET": ROW}},
    "gain": {
        "f": 53.33,
        "p": 80.0,
        "r": 40.0,
        "base_f": 0.0,
        "interval": [41.5, 60.25],
        "says": "better by 53.3 F (41.5 to 60.3)",
    },
    "retention": {
        "measured": "F on gold annotation",
        "texts": 96,
        "plain": {},
        "kept": {"percent": 98.6, "interval": [97.8, 99.3]},
    },
    "seen_unseen": {"seen": {"r": 75.0, "support": 4}, "unseen": {"r": 25.0, "support": 8}},
}
ANNOTATED = {
    "texts": 70,
    "texts_in": 71,
    "texts_without_entity": 30,
    "spans": {"GADGET": 44},
    "spans_in": 44,
    "left_out": {"answer is reject": {"texts": 1}},
}
BASE = {**ANNOTATED, "texts": 340, "spans": {"PERSON": 123}}
COUNTS = {
    "base": BASE,
    "annotated": ANNOTATED,
    "test": {**ANNOTATED, "texts": 31},
    "raw": {"texts": 55, "texts_in": 55, "left_out": {}},
}
DROP = {**PRF, "f": 21.0, "plain_f": 53.33, "interval": [25.0, 38.75]}
BREAKDOWNS = {"probes": {"lower": {"new": {"updated": DROP}}, "upper": {}}}
TEXTS = {"gold": 40, "silver": 7, "rehearsal": 90, "distilled": 21}
PUBLISHED = {
    "name": "news_md",
    "version": "3.8.0",
    "license": "CC BY-SA 4.0",
    "author": "Somebody Else",
    "email": "her@example.org",
    "url": "https://example.org",
    "sources": ["A Treebank"],
    "requirements": ["a-tool>=1.0,<2.0"],
}
TEACHERS = {"update": 3, "all-mpnet-base-v2": 1}


def pipeline(**meta: object) -> spacy.Language:
    nlp = spacy.blank("en", meta={"name": "pipeline", **meta})
    nlp.add_pipe("ner").add_label("PERSON")
    nlp.add_pipe("ner", name="ner_gadget", first=True).add_label("GADGET")
    nlp.initialize()
    return nlp


def packaged(folder, **meta: object):
    """RETURNS (SimpleNamespace): What the real command says that makes packages in folder/out, of a base with this meta."""
    pipeline(**meta).to_disk(folder / "model")
    for name, content in {
        "metrics": METRICS,
        "counts": COUNTS,
        "breakdowns": BREAKDOWNS,
        "summary": {"texts": TEXTS, "teachers": TEACHERS},
    }.items():
        srsly.write_json(folder / f"{name}.json", content)
    given = [word for name in ("metrics", "counts", "breakdowns", "summary") for word in (f"--{name}", f"{name}.json")]
    return command(
        "python",
        ROOT / "scripts/package.py",
        "model",
        "out",
        *given,
        "--card",
        ROOT / "templates/model_card.md",
        "--name",
        "gadget_ner",
        "--version",
        "0.1.0",
        "--license",
        "MIT",
        cwd=folder,
    )
