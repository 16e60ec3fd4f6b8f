"""The whole pipeline on frames of a few words, which some dozen steps of training learn: minutes become seconds."""

import hashlib
import re
import shutil
from pathlib import Path

import srsly

from conftest import ROOT, command, write
from rerun_table import ANNOTATED, BASE, RAW, SENTENCE, STAGES, TEST, var

NAMES = ["Ines", "Tomasz", "Abena", "Yuto", "Carla", "Dmitro", "Oddny", "Farid"]
GADGETS = ["Zune", "Kindle", "Walkman", "Lumio", "PalmPilot", "Tamagotchi"]
WHEN = ["today", "again", "at work", "in june", "on monday"]
# Of the update of which a curve or trials are made.
STEPS = 20
ENGINES = {"dvc": ["dvc", "repro"], "spacy": ["python", "-m", "spacy", "project", "run", "all"]}


def marked(text: str, span: str, label: str) -> dict:
    start = text.index(span)
    return {"text": text, "entities": [[start, start + len(span), label]]}


def tiny(project: Path) -> Path:
    """Put small data and small vars into a copy of the repository."""
    shutil.rmtree(project / "assets")
    people = [
        marked(f"{name} {verb} the {thing}", name, "PERSON")
        for name in NAMES
        for verb in ("saw", "lost")
        for thing in ("bus", "dog", "key", "car")
    ]
    gadgets = [
        marked(f"my {g} {verb} {when}", g, "GADGET") for g in GADGETS for verb in ("died", "froze") for when in WHEN
    ]
    plain = [
        {"text": f"my {thing} {verb} {when}", "entities": []}
        for thing in ("dog", "phone", "bus")
        for verb in ("died", "froze")
        for when in WHEN
    ]
    write(project / ANNOTATED, gadgets + plain)
    write(project / BASE, people)
    write(
        project / TEST, [SENTENCE, *(marked(f"{n} lost my {g} today", g, "GADGET") for n in NAMES[:3] for g in GADGETS)]
    )
    raw = [
        f"{name} was {how} with the {thing}"
        for name in NAMES
        for how in ("here", "there")
        for thing in ("dog", "bus", "zune")
    ]
    write(
        project / RAW,
        [
            {"text": text}
            for text in [*raw, *(f"my {gadget} died on {day}" for gadget in GADGETS for day in ("sunday", "friday"))]
        ],
    )
    write(project / "assets/patterns.jsonl", [{"label": "GADGET", "pattern": "zune"}])
    for name, value in {
        "base_max_steps": 60,
        "update_max_steps": 80,
        "min_gain": 0,
        "min_retention": 0,
        "max_mixed_loss": 100,
        "rehearsal_ratio": 1.0,
    }.items():
        var(name, value)(project)
    return project


def small_assets(folder: Path) -> Path:
    """Put data of a few frames into an empty folder; names of the base's kind stand in the new texts as well, unmarked."""
    people = [
        marked(f"{n} {verb} the {thing}", n, "PERSON")
        for n in NAMES
        for verb in ("saw", "lost")
        for thing in ("bus", "dog", "key", "car")
    ]
    gadgets = [
        marked(f"my {g} {verb} {when}", g, "GADGET") for g in GADGETS for verb in ("died", "froze") for when in WHEN[:4]
    ]
    write(folder / "assets/base/b.jsonl", people)
    write(
        folder / "assets/annotated/g.jsonl",
        gadgets + [marked(f"{n} lost the {g}", g, "GADGET") for n in NAMES for g in GADGETS[:3]],
    )
    write(folder / "assets/test/t.jsonl", [marked(f"{n} lost my {g}", g, "GADGET") for n in NAMES[:3] for g in GADGETS])
    write(
        folder / "assets/raw.jsonl",
        [{"text": f"{n} was here with the {thing}"} for n in NAMES for thing in ("dog", "bus", "map")],
    )
    write(folder / "assets/patterns.jsonl", [{"label": "GADGET", "pattern": "zune"}])
    return folder


def stages_run(engine: str, done) -> tuple[list[str], list[str]]:
    """RETURNS (tuple): The stages that an engine ran, and those that it took from its cache."""
    if engine == "spacy":
        return [name for name in STAGES if f"Skipping '{name}'" not in done.out], []
    ran = re.findall(r"Running stage '([\w-]+)'", done.out)
    cached = re.findall(r"Stage '([\w-]+)' is cached - skipping run", done.out)
    return [name for name in STAGES if name in ran], [name for name in STAGES if name in cached]


def outputs(project):
    """Hash of every output of every stage."""
    found = {}
    for cmd in srsly.read_yaml(project / "project.yml")["commands"]:
        if cmd["name"] not in STAGES:
            continue
        for out in [*cmd.get("outputs", []), *cmd.get("outputs_no_cache", [])]:
            out = out.replace("${vars.lang}_${vars.package_name}-${vars.package_version}", "en_gadget_ner-0.1.0")
            path = project / out
            files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
            found[out] = [(str(f.relative_to(project)), hashlib.md5(f.read_bytes()).hexdigest()) for f in files]
            assert found[out], out
    return found


def measure(project, script, output, *words, steps=STEPS):
    options = ("--silver", "corpus/silver.jsonl", "--vectors", "training/vectors", "--max-steps", steps)
    done = command(
        "python",
        ROOT / f"scripts/{script}.py",
        ROOT / "configs/update.cfg",
        "training/base/model-best",
        "corpus",
        output,
        *options,
        *words,
        cwd=project,
    )
    return done
