"""What patterns are good for: matches, overlaps, precision and recall; and silver examples that join the training."""

import shutil

import pytest
import spacy
import srsly

from conftest import command, write
from ner_update.corpus.shards import read_docs
from rerun_table import var

TABLE = (
    "annotate.py",
    "assets/patterns.jsonl",
    "assets/raw.jsonl",
    "corpus/silver.jsonl",
    "--annotated",
    "assets/annotated",
    "--table",
    "corpus/patterns.json",
)


def gadget(pattern, **more):
    return {"label": "GADGET", "pattern": pattern, **more}


@pytest.fixture
def planted(assets):
    """Patterns of every kind of use, by line."""
    write(
        assets / "patterns.jsonl",
        [
            gadget("iphone"),  # 1: swallowed by 2, and by 5 where there is no x
            gadget([{"LOWER": "iphone"}, {"LOWER": "x"}], id="iphone-x"),  # 2
            gadget("IPHONE X"),  # 3: always in the same place as 2
            gadget("quux"),  # 4: nowhere
            gadget([{"LOWER": "my"}, {"LOWER": "iphone"}]),  # 5: longer than 1, and wrong
            gadget([{"LOWER": "kindle"}, {"LOWER": "fire", "OP": "?"}]),  # 6: in annotated texts, and twice in raw ones
            gadget("zune"),  # 7: in annotated texts alone
        ],
    )
    write(
        assets / "raw.jsonl",
        [
            {"text": "the iphone x"},
            {"text": "an iphone x and an iPhone X"},
            {"text": "my iphone"},
            {"text": "kindle fire or kindle"},
            {"text": "nothing"},
            {"text": "my zine died"},
        ],
    )
    write(
        assets / "annotated/new.jsonl",
        [
            {"text": "sold the iphone x", "entities": [[9, 17, "GADGET"]]},
            {"text": "my iphone won", "entities": [[3, 9, "GADGET"]]},
            {"text": "a kindle and a zune", "entities": [[2, 8, "GADGET"], [15, 19, "GADGET"]]},
            {"text": "to kindle a fire", "entities": []},
            {"text": "nothing", "entities": []},
            {"text": "the Walkman", "entities": [[4, 11, "GADGET"]]},
        ],
    )
    return assets


def test_the_table_says_what_each_pattern_did(run, planted, tmp_path):
    done = run(*TABLE)
    assert done.code == 0, done.raw
    made = srsly.read_json(tmp_path / "corpus/patterns.json")
    rows = {row["line"]: row for row in made["patterns"]}
    counts = {line: [row["raw"][key] for key in ("texts", "matches", "kept", "lost")] for line, row in rows.items()}
    assert counts == {
        1: [3, 4, 0, 4],
        2: [2, 3, 3, 0],
        3: [2, 3, 0, 3],
        4: [0, 0, 0, 0],
        5: [1, 1, 1, 0],
        6: [1, 2, 2, 0],
        7: [0, 0, 0, 0],
    }
    assert (
        rows[1]["raw"]["lost_to"] == [{"line": 2, "matches": 3}, {"line": 5, "matches": 1}]
        and rows[1]["raw"]["same_span"] == 0
    )
    assert rows[3]["raw"]["lost_to"] == [{"line": 2, "matches": 3}] and rows[3]["raw"]["same_span"] == 3
    assert made["never_match"] == [4, 7] and made["swallowed"] == [1, 3]
    assert made["raw"] == {"texts": 6, "texts_with_match": 4, "matches": 13, "kept": 6, "lost": 7}
    assert (rows[2]["id"], rows[4]["id"], rows[3]["pattern"]) == ("iphone-x", None, "IPHONE X")
    # Against gold: of 5 spans, and of what is kept there.
    gold = {
        line: [row["gold"][key] for key in ("kept", "right", "wrong_bounds", "precision", "recall")]
        for line, row in rows.items()
    }
    assert gold == {
        1: [0, 0, 0, None, 0.0],
        2: [1, 1, 0, 100.0, 20.0],
        3: [0, 0, 0, None, 0.0],
        4: [0, 0, 0, None, 0.0],
        5: [1, 0, 1, 0.0, 0.0],
        6: [2, 1, 0, 50.0, 20.0],
        7: [1, 1, 0, 100.0, 20.0],
    }
    assert made["gold"] == {
        "texts": 6,
        "texts_with_match": 4,
        "also_raw": 1,
        "labels": {"GADGET": {"spans": 5, "kept": 5, "right": 3, "precision": 60.0, "recall": 60.0}},
    }


def test_what_is_kept_becomes_silver_and_all_is_said(run, planted, tmp_path):
    done = run(*TABLE)
    silver = {record["text"]: record["entities"] for record in srsly.read_jsonl(tmp_path / "corpus/silver.jsonl")}
    assert silver == {
        "the iphone x": [[4, 12, "GADGET"]],
        "an iphone x and an iPhone X": [[3, 11, "GADGET"], [19, 27, "GADGET"]],
        "my iphone": [[0, 9, "GADGET"]],
        "kindle fire or kindle": [[0, 11, "GADGET"], [15, 21, "GADGET"]],
    }
    for said in (
        "line 2 (3 of 4)",
        "1 patterns match nothing, in raw and in annotated texts: lines 4",
        "but in no raw one: lines 7",
        "take all of it away: lines 1, 3",
        "4 of 6 raw texts have a match (6 kept, 7 lost where matches overlap: the longest stays)",
    ):
        assert said in done.out, (said, done.raw)


def test_the_same_bytes_twice(run, planted, tmp_path):
    files = [tmp_path / "corpus" / name for name in ("silver.jsonl", "patterns.json")]
    made = []
    for _ in range(2):
        assert run(*TABLE).code == 0
        made.append([file.read_bytes() for file in files])
    assert made[0] == made[1]


def test_labels_do_not_count_for_each_other(run, assets, tmp_path):
    write(assets / "patterns.jsonl", [gadget("kindle"), {"label": "BRAND", "pattern": "kindle"}])
    write(assets / "annotated/new.jsonl", [{"text": "a kindle", "entities": [[2, 8, "BRAND"]]}])
    assert run(*TABLE).code == 0
    made = srsly.read_json(tmp_path / "corpus/patterns.json")
    assert made["gold"]["labels"]["GADGET"] == {"spans": 0, "kept": 1, "right": 0, "precision": 0.0, "recall": None}
    assert made["gold"]["labels"]["BRAND"] == {"spans": 1, "kept": 0, "right": 0, "precision": None, "recall": 0.0}


def test_a_bad_annotated_file_stops_it_and_nothing_is_overwritten(run, planted, tmp_path):
    assert run(*TABLE).code == 0
    before = [(tmp_path / "corpus" / name).read_bytes() for name in ("silver.jsonl", "patterns.json")]
    (planted / "patterns.jsonl").write_text('{"label": "GADGET", "pattern": "nothing"}\n')
    (planted / "annotated/more.jsonl").write_text('{"text": "x", "entities": [[0, 5, "GADGET"]]}\n')
    done = run(*TABLE)
    assert done.code == 1 and "more.jsonl:1" in done.out and "Traceback" not in done.raw, done.raw
    assert before == [(tmp_path / "corpus" / name).read_bytes() for name in ("silver.jsonl", "patterns.json")]


def test_patterns_may_be_bad_where_there_is_no_raw_text(run, assets):
    (assets / "raw.jsonl").write_text("")
    (assets / "patterns.jsonl").write_text('{"pattern": "a"}')
    done = run(*TABLE)
    assert done.code == 1 and "patterns cannot be matched" in done.out and "Traceback" not in done.raw, done.raw


@pytest.fixture
def mixed(run, assets, tmp_path):
    """Corpora with silver, and a base that finds Ines by a rule: rehearse looks at nothing else."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Ines"}])
    nlp.to_disk(tmp_path / "base")
    write(
        assets / "raw.jsonl",
        [
            {"text": f"Ines saw {what} iphone x by the {where}"}
            for what in ("an", "my", "one", "no")
            for where in ("sea", "lake", "road", "bus")
        ],
    )
    write(
        assets / "annotated/new.jsonl",
        [
            {"text": f"{what} kindle {how}", "entities": [[len(what) + 1, len(what) + 7, "GADGET"]]}
            for what in ("my", "our", "the", "that")
            for how in ("died", "froze", "fell", "broke")
        ],
    )
    for words in (("check.py", "assets"), ("preprocess.py", "corpus/checked", "corpus"), TABLE):
        done = run(*words)
        assert done.code == 0, done.raw

    def rehearse(*words):
        done = run("rehearse.py", "base", "corpus", "corpus/update", "--silver", "corpus/silver.jsonl", *words)
        assert done.code == 0, done.raw
        docs = {part: list(read_docs(tmp_path / f"corpus/update/{part}.spacy", nlp.vocab)) for part in ("train", "dev")}
        return docs, srsly.read_json(tmp_path / "corpus/update/mix.json"), done

    return rehearse


def test_silver_joins_the_training_when_a_var_says_so(mixed, tmp_path):
    docs, mix, done = mixed()
    assert mix["train"]["silver"] == {"texts": 0, "spans": {}} and "silver" not in done.out
    gold = mix["train"]["gold"]
    assert gold["texts"] == gold["spans"]["GADGET"] > 0

    def dev():
        return {path.name: path.read_bytes() for path in (tmp_path / "corpus/update/dev.spacy").iterdir()}

    before = dev()
    docs, mix, done = mixed("--silver-ratio", "0.5")
    joined = [doc for doc in docs["train"] if "iphone x" in {ent.text for ent in doc.ents}]
    assert (
        len(joined) == round(gold["texts"] / 2) == mix["train"]["silver"]["texts"]
        and f"{len(joined)} silver ones" in done.out
    )
    assert mix["train"]["silver"]["spans"] == {"GADGET": len(joined)} and mix["train"]["gold"] == gold
    for doc in joined:
        assert [(ent.text, ent.label_) for ent in doc.ents] == [("iphone x", "GADGET")]
        # Nobody looked at the rest: only what the base finds is known to be no gadget.
        assert [token.ent_iob_ for token in doc] == ["O", "", "", "B", "I", "", "", ""]
    # No raw text is silver and rehearsal; those that are joined to a new example have the kindle in them, too.
    texts = [doc.text for doc in docs["train"] if "kindle" not in doc.text]
    assert len(texts) == len(set(texts)) > len(joined)
    assert mix["dev"]["silver"]["texts"] == 0 and dev() == before


def test_no_more_silver_than_there_is(mixed):
    _docs, mix, done = mixed("--silver-ratio", "50")
    assert "(all there are)" in done.out and 0 < mix["train"]["silver"]["texts"] <= 16


@pytest.mark.reruns
def test_dvc_shows_what_silver_did(ran_with_dvc, tmp_path):
    """The mixture and the gain side by side, after one var."""
    project = shutil.copytree(ran_with_dvc, tmp_path / "project", symlinks=True)
    var("silver_ratio", 1.0)(project)
    assert command("dvc", "repro", cwd=project).code == 0
    done = command("dvc", "metrics", "diff", "--all", cwd=project)
    assert "texts.silver" in done.out and "gain.f" in done.out, done.raw
