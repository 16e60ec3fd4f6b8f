"""What a change reruns: the promise of the template as data. tests/system/test_reruns.py holds it true under both engines.

python tests/rerun_table.py        # writes the table into docs/reruns.md
"""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy
import srsly

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from ner_update.checks.blocks import hash_of  # noqa: E402
from ner_update.corpus.splitting import SPLITS, split_of  # noqa: E402
from ner_update.data.grouping import group_key  # noqa: E402
from ner_update.data.records import Example, RawText  # noqa: E402
from ner_update.project.vars import set_var  # noqa: E402

PROJECT = srsly.read_yaml(ROOT / "project.yml")
COMMANDS = [command for command in PROJECT["commands"] if command["name"] in PROJECT["workflows"]["all"]]
STAGES = [command["name"] for command in COMMANDS]
# It runs every time, whatever changed.
ALWAYS = "fingerprints"
AFTER_METRICS = ["plots", "report", "gate", "package", "smoke-test"]
AFTER_UPDATE = ["evaluate", *AFTER_METRICS]
ANNOTATED, BASE, TEST, RAW = (
    "assets/annotated/gadgets.jsonl",
    "assets/base/people.jsonl",
    "assets/test/all.jsonl",
    "assets/raw.jsonl",
)


@dataclass(frozen=True)
class Kind:
    """One kind of change to a project that has run: what is done to its folder, and which stages then run."""

    name: str
    change: Callable[[Path], object]
    reruns: list[str]
    # Where the engines differ: what DVC takes from its cache instead of running it.
    from_cache: tuple[str, ...] = ()


def lines(project: Path, file: str, edit: Callable[[list[dict]], list[dict]]) -> None:
    """Replace the records of a file by what `edit` makes of them."""
    records = list(srsly.read_jsonl(project / file))
    (project / file).unlink()
    srsly.write_jsonl(project / file, edit(records))


def edit_one(file: str, split: str, extra: str) -> Callable[[Path], None]:
    """RETURNS (Callable): Adds words to a text of a split, so that it stays there; spans keep their places."""

    def edit(records: list[dict]) -> list[dict]:
        def stays(record: dict, text: str) -> bool:
            example = (RawText if file == RAW else Example)(**{**record, "text": text})
            (place,) = split_of(numpy.array([hash_of(group_key(example))], "u8"), 0.15, 0 if file == ANNOTATED else 0.2)
            return file == TEST or SPLITS[place] == split

        number = next(n for n, r in enumerate(records) if stays(r, r["text"]) and stays(r, r["text"] + extra))
        return [{**r, "text": r["text"] + extra} if n == number else r for n, r in enumerate(records)]

    return lambda project: lines(project, file, edit)


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    """RETURNS (Callable): Replaces some text of a file, which must be there once."""

    def change(project: Path) -> None:
        text = (project / file).read_text(encoding="utf8")
        assert text.count(old) == 1, (file, old)
        (project / file).write_text(text.replace(old, new), encoding="utf8")

    return change


def append(file: str, text: str) -> Callable[[Path], None]:
    """RETURNS (Callable): Adds text to the end of a file."""
    return lambda project: (project / file).open("a", encoding="utf8").write(text)


def var(name: str, value: object) -> Callable[[Path], None]:
    """RETURNS (Callable): Gives a var another value, as scripts/set_var.py does."""

    def change(project: Path) -> None:
        path = project / "project.yml"
        path.write_text(set_var(path.read_text(encoding="utf8"), name, str(value)), encoding="utf8")

    return change


def swap_commands(project: Path) -> None:
    """Let two commands change places, in the workflow and in the list."""
    path = project / "project.yml"
    text = path.read_text(encoding="utf8").replace(
        "    - annotate\n    - preprocess\n", "    - preprocess\n    - annotate\n"
    )
    head, annotate, preprocess, rest = re.split(r"(?=  - name: (?:annotate|preprocess|debug)\n)", text)
    path.write_text(head + preprocess + annotate + rest, encoding="utf8")


def touch(project: Path) -> None:
    for path in [*project.glob("assets/**/*.jsonl"), *project.glob("scripts/**/*.py"), project / "configs/update.cfg"]:
        os.utime(path, (1, 1))


def declaring(path: str) -> list[str]:
    """RETURNS (list): The commands that name a path, or a folder that holds it, among their deps: they run when only its text changes."""
    return [command["name"] for command in COMMANDS if {path, *map(str, Path(path).parents)} & set(command["deps"])]


def comment(path: str) -> Kind:
    return Kind(
        f"a comment in {path}", append(path, "# A comment.\n"), [name for name in declaring(path) if name != ALWAYS]
    )


NEW_DATA = ["check", "annotate", "preprocess", "debug", "rehearse", "distil", "update", *AFTER_UPDATE]
NEW_BASE = ["rehearse", "distil", "update", *AFTER_UPDATE]
ADDED = {"text": "their Kindle melted again", "entities": [[6, 12, "GADGET"]]}
SENTENCE = {"text": "Ines lost my Walkman today", "entities": [[0, 4, "PERSON"], [13, 20, "GADGET"]]}

KINDS = [
    Kind("nothing", lambda project: None, []),
    Kind("touch of data, scripts and a config, without a change", touch, []),
    Kind("README.md", append("README.md", "\nMore.\n"), []),
    # Data
    Kind("a training example edited", edit_one(ANNOTATED, "train", " indeed"), NEW_DATA),
    Kind("a training example added", lambda project: lines(project, ANNOTATED, lambda old: [*old, ADDED]), NEW_DATA),
    Kind(
        "training examples in another order",
        lambda project: lines(project, ANNOTATED, lambda old: old[::-1]),
        ["check", "annotate"],
    ),
    Kind("a dev example edited", edit_one(ANNOTATED, "dev", " indeed"), NEW_DATA),
    Kind("a test example edited", edit_one(TEST, "test", " indeed"), ["check", "preprocess", *AFTER_UPDATE]),
    Kind(
        "a base text edited, of the train part",
        edit_one(BASE, "train", " indeed"),
        ["check", "preprocess", "debug", "train", *NEW_BASE],
    ),
    Kind(
        "a base text edited, of the test part",
        edit_one(BASE, "test", " indeed"),
        ["check", "preprocess", *AFTER_UPDATE],
    ),
    Kind(
        "a raw text edited, of the test part",
        edit_one(RAW, "test", " indeed"),
        ["check", "annotate", "preprocess", *AFTER_UPDATE],
    ),
    Kind(
        "a pattern that matches nothing new",
        append("assets/patterns.jsonl", '{"label": "GADGET", "pattern": "quux"}\n'),
        ["check", "annotate"],
    ),
    Kind(
        "a file renamed inside a data folder",
        lambda project: (project / ANNOTATED).rename(project / "assets/annotated/z.jsonl"),
        ["check", "annotate"],
    ),
    # Configs and templates
    Kind(
        "a value in configs/base.cfg",
        replace("configs/base.cfg", "\ndropout = 0.1", "\ndropout = 0.15"),
        ["debug", "train", *NEW_BASE],
    ),
    Kind("a comment in configs/base.cfg", append("configs/base.cfg", "# A comment.\n"), ["debug", "train", "report"]),
    Kind(
        "a value in configs/update.cfg",
        replace("configs/update.cfg", "\ndropout = 0.1", "\ndropout = 0.15"),
        ["distil", "update", *AFTER_UPDATE],
    ),
    Kind(
        "a comment in configs/update.cfg",
        append("configs/update.cfg", "# A comment.\n"),
        ["distil", "update", "report"],
    ),
    Kind(
        "a comment in configs/transformer_teacher.cfg",
        append("configs/transformer_teacher.cfg", "# A comment.\n"),
        ["distil"],
    ),
    Kind(
        "configs/update_transformer.cfg, which is not in use",
        append("configs/update_transformer.cfg", "# A comment.\n"),
        [],
    ),
    Kind("a level in configs/check.yml", replace("configs/check.yml", "\ncrlf: warning", "\ncrlf: error"), ["check"]),
    Kind(
        "a sentence for the mixed texts",
        replace("configs/mixed_texts.yml", "Kind regards, Priya Patel, Leeds", "Kind regards, Priya Patel, York"),
        ["rehearse", *AFTER_UPDATE],
    ),
    Kind("templates/report.html", append("templates/report.html", "<!-- more -->\n"), ["report"]),
    Kind("templates/page.css", append("templates/page.css", "/* more */\n"), ["report"]),
    Kind("templates/model_card.md", append("templates/model_card.md", "More.\n"), ["package", "smoke-test"]),
    Kind("a comment in requirements/base.txt", append("requirements/base.txt", "# A comment.\n"), ["smoke-test"]),
    # Vars
    Kind("vars.seed", var("seed", 1), ["train", *NEW_BASE]),
    Kind("vars.format", var("format", "doccano"), ["check", "annotate"]),
    Kind("vars.dev_size", var("dev_size", 0.2), ["preprocess", "debug", "train", *NEW_BASE]),
    Kind("vars.test_size", var("test_size", 0.25), ["preprocess", "debug", "train", *NEW_BASE]),
    Kind("vars.rehearsal_ratio", var("rehearsal_ratio", 0.5), NEW_BASE),
    Kind("vars.silver_ratio", var("silver_ratio", 0.5), NEW_BASE),
    Kind("vars.suggestions, which no stage uses", var("suggestions", 5), []),
    Kind("vars.trials, which no stage uses", var("trials", 2), []),
    Kind("vars.workers", var("workers", 2), ["annotate", "rehearse", "distil"]),
    Kind("vars.predict_to, which no stage uses", var("predict_to", "elsewhere"), []),
    Kind("vars.base_max_steps", var("base_max_steps", 70), ["train", *NEW_BASE]),
    Kind("vars.update_max_steps", var("update_max_steps", 90), ["distil", "update", *AFTER_UPDATE]),
    Kind("vars.update_on", var("update_on", "train"), ["update", *AFTER_UPDATE]),
    Kind("vars.teachers", var("teachers", 1), ["distil", "update", *AFTER_UPDATE]),
    Kind("vars.distilled_ratio, without teachers", var("distilled_ratio", 1.0), ["distil"]),
    Kind("vars.training_processes", var("training_processes", 2), ["train", *NEW_BASE]),
    Kind("vars.min_gain", var("min_gain", 1), ["gate"]),
    Kind("vars.min_retention", var("min_retention", 1), ["gate"]),
    Kind("vars.max_mixed_loss", var("max_mixed_loss", 50), ["gate"]),
    Kind("vars.gates", var("gates", "gain.f at least 0"), ["gate"]),
    Kind("vars.vectors_words", var("vectors_words", 1000), ["vectors"]),
    Kind("vars.encoder, which is not in use", var("encoder", "some/name"), ["distil", "update"]),
    Kind("vars.package_version", var("package_version", "0.2.0"), ["package", "smoke-test"]),
    Kind("vars.package_license", var("package_license", "CC0"), ["package", "smoke-test"]),
    # Code
    *map(
        comment,
        [
            *(f"scripts/{command}.py" for command in ("check", "report", "plots", "set_var")),
            *(
                f"scripts/ner_update/{module}.py"
                for module in (
                    "evaluation/scoring",
                    "data/records",
                    "parallel/time_limit",
                    "rehearsal/mixing",
                    "update/threshold",
                    "pages/curves",
                    "project/lock",
                )
            ),
        ],
    ),
    Kind(
        "a line of a command",
        replace(
            "project.yml",
            "training/metrics.json training/differences.jsonl --seed ${vars.seed}",
            "training/metrics.json training/differences.jsonl --seed 1",
        ),
        AFTER_UPDATE,
    ),
    Kind("the help of a command", replace("project.yml", "Keep what spaCy's own", "Note what spaCy's own"), []),
    Kind("the order of commands", swap_commands, []),
    # Outputs
    Kind(
        "an output deleted",
        lambda project: (project / "corpus/silver.jsonl").unlink(),
        ["annotate"],
        from_cache=("annotate",),
    ),
    Kind(
        "an output edited by hand",
        append("training/report.html", "<!-- by hand -->"),
        ["report"],
        from_cache=("report",),
    ),
]


def table() -> str:
    """RETURNS (str): Markdown, a line per kind of change and a column per stage."""
    shown = [name for name in STAGES if name != ALWAYS]
    rows = ["| After a change of | " + " | ".join(shown) + " |", "| --- |" + " :-: |" * len(shown)]
    for kind in KINDS:
        cells = ["cache" if name in kind.from_cache else "●" if name in kind.reruns else "" for name in shown]
        rows.append(f"| {kind.name} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    page = ROOT / "docs/reruns.md"
    head = page.read_text(encoding="utf8").split("\n| After")[0]
    page.write_text(f"{head}\n{table()}", encoding="utf8")
