"""An output that somebody names is never written over what is read, whichever command it is, by whichever name.

tests/prediction/test_predict.py and tests/checks/test_repair.py have theirs.
"""

import pytest

from conftest import ROOT, content, write
from ner_update.project.outputs import inside

SUGGEST = ["suggest.py", "assets", "pipe", "OUTPUT"]
MEASURED = [
    ROOT / "configs/update.cfg",
    "pipe",
    "corpus",
    "OUTPUT",
    "--silver",
    "corpus/silver.jsonl",
    "--vectors",
    "vectors",
]
CASES = [
    *((SUGGEST, output) for output in ("assets/raw.jsonl", "assets/annotated/new.jsonl", "assets", "link/raw.jsonl", "pipe/meta.json", ".", "corpus/../assets/x")),
    *((["review_export.py", source, output, "assets"], output) for source, output in (
        ("review/tasks.jsonl", "review"), ("review", "review"), ("review", "review/label_studio"), ("review/tasks.jsonl", "review/tasks.jsonl"),
        ("review/tasks.jsonl", "link"), ("review/tasks.jsonl", "assets/annotated"), ("link/raw.jsonl", "assets"),
    )),
    *((["learning_curve.py", *MEASURED], output) for output in ("corpus", "corpus/curve", "pipe", "vectors", "training", ".")),
    *((["trials.py", *MEASURED], output) for output in ("corpus/silver.jsonl", "pipe/meta.json", "training/variants/x")),
]  # fmt: skip


@pytest.mark.parametrize("words, output", CASES, ids=lambda value: value if isinstance(value, str) else value[0])
def test_an_output_that_is_also_read(run, assets, tmp_path, words, output):
    for name in (
        "review/tasks.jsonl",
        "corpus/silver.jsonl",
        "pipe/meta.json",
        "vectors/meta.json",
        "training/variants/a.json",
    ):
        write(tmp_path / name, [{"text": "my Zune", "entities": [[3, 7, "GADGET"]]}])
    (tmp_path / "link").symlink_to("assets")
    before = content(tmp_path)
    done = run(*(output if word == "OUTPUT" else word for word in words))
    assert (
        done.code == 1
        and f"{output} is, holds or lies in" in done.out
        and "Nothing was written" in done.out
        and "Traceback" not in done.raw
    ), done.raw
    assert {name: made for name, made in content(tmp_path).items() if not name.startswith("training/.run.")} == before


@pytest.mark.parametrize("name", ["../test/test.jsonl", "/tmp/new.jsonl", "more/new.jsonl"])
def test_a_review_stays_in_its_folder(run, assets, tmp_path, name):
    write(tmp_path / "reviewed/r.jsonl", [{"text": "my Zune", "entities": [[3, 7, "GADGET"]]}])
    before = content(assets)
    done = run("review_import.py", "reviewed", "assets", "--sent", "review", "--name", name)
    assert done.code == 1 and "is no name of a file in assets/annotated" in done.out and "Traceback" not in done.raw, (
        done.raw
    )
    assert content(assets) == before


def test_what_lies_inside(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "dead").symlink_to("nowhere")
    yes = [
        ("a", "a"),
        ("a/b/c/d", "a"),
        ("link/new", "a"),
        ("a/b", "link"),
        ("a/../a/x", "link"),
        ("dead/x", "nowhere"),
        ("x", "."),
    ]
    no = [("ab", "a"), ("a", "a/b"), ("a/../x", "a"), ("dead", "a"), ("x", "y")]
    for found, pairs in ((True, yes), (False, no)):
        assert [inside(tmp_path / path, tmp_path / folder) for path, folder in pairs] == [found] * len(pairs)
