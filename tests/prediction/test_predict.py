"""`predict`: shards of raw texts in, shards with entities out; and what shares the work among processes."""

import json
import os
import shutil
from dataclasses import replace
from itertools import chain

import pytest
import spacy
import srsly
import typer

from conftest import content, write
from ner_update.corpus.shards import DocShard
from ner_update.labelling.annotate import AnnotateSettings, pieces, write_silver
from ner_update.parallel import engines
from ner_update.pipeline.annotator import Annotator
from ner_update.prediction.remote_folder import digest_of
from ner_update.rehearsal import raw_texts
from ner_update.rehearsal.raw_texts import RawTexts, digest
from network import KEYS
from raw_shards import pipeline, texts


@pytest.fixture
def shards(tmp_path):
    """Three shards of raw texts, one of them in a subfolder, and files that are none."""
    pipeline(tmp_path / "pipe")
    for shard, name in enumerate(("a.jsonl", "b.jsonl", "more/c.jsonl")):
        write(tmp_path / "in" / name, texts(shard))
    write(tmp_path / "in/_failed.jsonl", [{"no": "shard"}])
    (tmp_path / "in/notes.csv").write_text("x")
    return tmp_path / "in"


@pytest.fixture
def predict(run):
    return lambda *words, source="in", target="out": run("predict.py", source, target, "--pipeline", "pipe", *words)


def test_each_text_comes_out_with_what_the_pipeline_finds(predict, shards, tmp_path):
    done = predict()
    assert done.code == 0 and "3 of 3 shards in out, 3 of them new; 18 texts" in done.out and "notes.csv" in done.out, (
        done.raw
    )
    nlp = spacy.load(tmp_path / "pipe")
    for shard, name in enumerate(("a.jsonl", "b.jsonl", "more/c.jsonl")):
        expected = [
            {**row, "entities": [[e.start_char, e.end_char, e.label_] for e in nlp(row["text"]).ents]}
            for row in texts(shard)
        ]
        assert list(srsly.read_jsonl(tmp_path / "out" / name)) == expected
    rows = list(srsly.read_jsonl(tmp_path / "out/_shards.jsonl"))
    assert [(row["shard"], row["texts"], row["entities"]) for row in rows] == [
        (n, 6, {"GADGET": 6, "PERSON": p}) for n, p in (("a.jsonl", 3), ("b.jsonl", 2), ("more/c.jsonl", 2))
    ]
    assert all(row["output"] == digest_of(tmp_path / "out" / row["shard"]) for row in rows)


def test_the_same_bytes_with_one_worker_and_with_two(predict, shards, tmp_path):
    (shards / "b.jsonl").write_text("{")
    for workers in (1, 2):
        assert predict("--workers", workers, target=f"out{workers}").code == 1
    assert content(tmp_path / "out1") == content(tmp_path / "out2") and len(content(tmp_path / "out1")) == 6


def test_only_what_changed_is_done_again(predict, shards, tmp_path):
    assert predict().code == 0
    before, kept = content(tmp_path / "out"), os.stat(tmp_path / "out/a.jsonl")
    write(shards / "b.jsonl", texts(7))
    (tmp_path / "out/more/c.jsonl").unlink()
    done = predict()
    assert done.code == 0 and "2 of them new" in done.out, done.raw
    after = os.stat(tmp_path / "out/a.jsonl")
    assert (kept.st_ino, kept.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    made = content(tmp_path / "out")
    assert {name for name in made if made[name] != before[name]} == {"b.jsonl", "_done/b.jsonl.json", "_shards.jsonl"}
    assert "0 of them new" in predict().out
    pipeline(tmp_path / "pipe", people=["Tomasz"])
    assert "3 of them new" in predict().out


POISON = {
    "broken": (b'{"text": "fine"}\n{"text": \n', ":2: broken JSON"),
    "latin": (b'{"text": "caf\xe9"}\n', ":1: not valid UTF-8"),
    "no_text": (b'{"text": "fine"}\n\n{"body": "x"}\n', ":3: text: Field required"),
    "empty_text": (b'{"text": ""}\n', ":1: the text is empty"),
    "empty": (b"", "the file is empty"),
}


def test_poisoned_shards_are_set_aside_with_the_reason(predict, shards, tmp_path):
    assert predict().code == 0
    before = content(tmp_path / "out")
    for name, (poison, _) in POISON.items():
        (shards / f"{name}.jsonl").write_bytes(poison)
    # One that was finished before is poisoned as well: what was made of it stays.
    (shards / "a.jsonl").write_bytes(b"[")
    write(shards / "z.jsonl", texts(9))
    done = predict("--tries", 2)
    assert (
        done.code == 1
        and "Traceback" not in done.raw
        and "6 of 9 shards were set aside; out/_failed.jsonl lists them" in done.out
    ), done.raw
    failed = {row["shard"]: row for row in srsly.read_jsonl(tmp_path / "out/_failed.jsonl")}
    assert list(failed) == sorted(["a.jsonl", *(f"{name}.jsonl" for name in POISON)]) and {
        row["tries"] for row in failed.values()
    } == {2}
    for name, (_, reason) in POISON.items():
        assert reason in failed[f"{name}.jsonl"]["reason"], failed
        assert f"{name}.jsonl" in done.out and not (tmp_path / f"out/{name}.jsonl").exists()
    assert [row["shard"] for row in srsly.read_jsonl(tmp_path / "out/_shards.jsonl")] == [
        "b.jsonl",
        "more/c.jsonl",
        "z.jsonl",
    ]
    now = content(tmp_path / "out")
    assert {name: now[name] for name in before if name != "_shards.jsonl"} == {
        name: before[name] for name in before if name != "_shards.jsonl"
    }
    for name in (*POISON, "a"):
        write(shards / f"{name}.jsonl", texts(3))
    done = predict()
    assert (
        done.code == 0
        and "9 of 9 shards in out, 6 of them new" in done.out
        and not (tmp_path / "out/_failed.jsonl").exists()
    ), done.raw


def test_what_cannot_be_begun(predict, shards, tmp_path):
    for words, said in (
        ({"target": "in/out"}, "lies in in"), ({"source": "pipe/vocab"}, "No shards in pipe/vocab"),
        ({"source": "nothing"}, "No shards in nothing"), ({"source": "what://x"}, "cannot be opened"),
    ):  # fmt: skip
        done = predict(**words)
        assert done.code == 1 and said in done.out and "Traceback" not in done.raw, done.raw
    done = predict("--engine", "spark")
    assert done.code == 1 and "must be one of local, ray" in done.out, done.raw
    shutil.rmtree(tmp_path / "pipe")
    done = predict()
    assert done.code == 1 and "There is no pipeline in pipe" in done.out and not (tmp_path / "out").exists(), done.raw


OVERLAPS = [
    ("in/a.jsonl", "in"),
    ("in", "in"),
    ("in", "in/more"),
    ("in", "in/new/deeper"),
    ("in/a.jsonl", "in/a.jsonl"),
    ("in", "."),
    ("in/more", "in"),
    ("in/a.jsonl", "link"),
    ("in", "link"),
    ("link", "in"),
    ("link/a.jsonl", "in"),
    ("file_link", "in"),
    ("in/a.jsonl", "link.jsonl"),
    ("in", "link/new"),
    ("in/../in", "in/"),
    ("in", "other/../in"),
    ("file_link/a.jsonl", "in"),
]


@pytest.mark.parametrize("source, target", OVERLAPS)
def test_what_is_read_is_never_written_over(predict, shards, tmp_path, source, target):
    """Whether the target is the source, holds it or lies in it, by its own name or by that of a link."""
    (tmp_path / "link").symlink_to(shards)
    (tmp_path / "link.jsonl").symlink_to(shards / "a.jsonl")
    (tmp_path / "file_link").mkdir()
    (tmp_path / "file_link/a.jsonl").symlink_to(shards / "a.jsonl")
    # So that a shard of in/ would be written over another one if the target were the folder above.
    write(shards / "in/a.jsonl", texts(0))
    write(shards / "more/more/c.jsonl", texts(0))
    before = content(tmp_path)
    done = predict(source=source, target=target)
    assert (
        done.code == 1
        and "Nothing was written" in done.out
        and "predict_to" in done.out
        and "Traceback" not in done.raw
    ), done.raw
    assert {name: made for name, made in content(tmp_path).items() if not name.startswith("training/.run.")} == before


@pytest.mark.parametrize("source, target", [("", "out"), ("in", ""), (" ", "out")])
def test_no_name_at_all(predict, shards, tmp_path, source, target):
    done = predict(source=source, target=target)
    assert done.code == 1 and " is empty" in done.out and "Traceback" not in done.raw, done.raw


@pytest.mark.parametrize("source, target", [("in/a.jsonl", "."), ("in/a.jsonl", "in/more/out"), ("in/more", ".")])
def test_beside_what_is_read_there_is_room(predict, shards, tmp_path, source, target):
    before = content(shards)
    assert predict(source=source, target=target).code == 0
    assert before.items() <= content(shards).items()


def test_a_file_that_somebody_else_made_is_not_replaced(predict, shards, tmp_path):
    write(tmp_path / "out/b.jsonl", [{"text": "annotated by hand"}])
    before = content(tmp_path / "out")
    done = predict()
    assert done.code == 1 and "out holds what `predict` did not make, and would replace: b.jsonl" in done.out, done.raw
    assert content(tmp_path / "out") == before
    (tmp_path / "out/b.jsonl").unlink()
    assert predict().code == 0 and predict().code == 0


def test_a_gpu_that_is_not_there(predict, shards, tmp_path):
    """Whether CuPy is missing, or a GPU: no machine has a hundred of them."""
    done = predict("--gpu-id", 99)
    assert (
        done.code == 1 and "vars.gpu_id is 99: " in done.out and "make gpu" in done.out and "Traceback" not in done.raw
    ), done.raw
    assert not (tmp_path / "out").exists()


def test_one_file_is_a_shard(predict, shards, tmp_path):
    done = predict(source="in/more/c.jsonl")
    assert done.code == 0 and "1 of 1 shards" in done.out and (tmp_path / "out/c.jsonl").exists(), done.raw


def test_parquet_in_and_out(predict, shards, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="make ray installs pyarrow")
    import pyarrow

    parquet.write_table(pyarrow.Table.from_pylist(texts(0)), shards / "p.parquet")
    parquet.write_table(pyarrow.Table.from_pylist([{"text": "fine"}, {"text": None}]), shards / "q.parquet")
    done = predict()
    assert done.code == 1 and "q.parquet:2: text: Field required" in done.out and "4 of 5 shards" in done.out, done.raw
    rows = parquet.read_table(tmp_path / "out/p.parquet").to_pylist()
    as_json = [
        {**row, "entities": [list(e.values()) for e in row["entities"]], "meta": json.loads(row["meta"] or "{}")}
        for row in rows
    ]
    assert [{k: v for k, v in row.items() if v} for row in as_json] == list(srsly.read_jsonl(tmp_path / "out/a.jsonl"))
    # What came out goes in again.
    (tmp_path / "out/_failed.jsonl").unlink()
    assert predict(source="out", target="again").code == 0
    assert parquet.read_table(tmp_path / "again/p.parquet").to_pylist() == rows


def test_shards_on_s3(predict, shards, tmp_path, s3, monkeypatch):
    import s3fs

    for name, value in {**KEYS, "AWS_ENDPOINT_URL": s3}.items():
        monkeypatch.setenv(name, value)
    bucket = s3fs.S3FileSystem(endpoint_url=s3, skip_instance_cache=True)
    for name in ("a.jsonl", "b.jsonl", "more/c.jsonl"):
        bucket.put_file(str(shards / name), f"ner/raw/{name}")
    bucket.pipe_file("ner/raw/x.jsonl", b"{")
    done = predict("--workers", 2, source="s3://ner/raw", target="s3://ner/made")
    assert (
        done.code == 1
        and "x.jsonl:1: broken JSON" in done.out
        and "3 of 4 shards in s3://ner/made, 3 of them new" in done.out
    ), done.raw
    assert predict().code == 0
    for name in ("a.jsonl", "b.jsonl", "more/c.jsonl"):
        assert bucket.cat_file(f"ner/made/{name}") == (tmp_path / "out" / name).read_bytes()
    bucket.rm_file("ner/raw/x.jsonl")
    done = predict(source="s3://ner/raw", target="s3://ner/made")
    assert (
        done.code == 0
        and "3 of 3 shards in s3://ner/made, 0 of them new" in done.out
        and not bucket.exists("ner/made/_failed.jsonl")
    ), done.raw


class Ending:
    """Ends its process at task 2: once, or always."""

    def __init__(self, folder, always):
        self.folder, self.always = folder, always

    def __call__(self, task):
        mark = self.folder / f"began-{task}"
        if task == 2 and (self.always or not mark.exists()):
            mark.touch()
            os._exit(1)
        return task * 10


@pytest.mark.parametrize("always", [False, True])
def test_a_process_that_ends_is_replaced(tmp_path, always):
    made = list(engines.each(Ending, (tmp_path, always), range(6), workers=2))
    assert [row for n, row in enumerate(made) if n != 2] == [0, 10, 30, 40, 50]
    assert isinstance(made[2], engines.Lost) if always else made[2] == 20


def test_without_ray_it_is_said_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(typer.Exit):
        list(engines.each(Ending, (), [1], engine="ray"))
    assert "make ray" in capsys.readouterr().out


def test_annotate_gives_the_same_bytes_with_two_workers(assets, tmp_path, monkeypatch):
    monkeypatch.setattr("ner_update.labelling.annotate.PIECE", 300)
    monkeypatch.chdir(tmp_path)
    write(assets / "raw.jsonl", [{"text": f"an iphone x {n}" if n % 3 else f"kindle number {n}"} for n in range(60)])
    assert len(list(pieces(assets / "raw.jsonl"))) > 4
    made = []
    for workers in (1, 2):
        out = tmp_path / f"out{workers}"
        settings = AnnotateSettings(
            patterns=assets / "patterns.jsonl",
            raw=assets / "raw.jsonl",
            output=out / "silver.jsonl",
            annotated=assets / "annotated",
            table=out / "patterns.json",
            workers=workers,
        )
        write_silver(settings)
        made.append(content(out))
    assert made[0] == made[1]
    assert [row["text"] for row in srsly.read_jsonl(out / "silver.jsonl")] == [
        f"an iphone x {n}" for n in range(60) if n % 3
    ]
    (assets / "raw.jsonl").open("a").write("{\n")
    with pytest.raises(typer.Exit):
        write_silver(replace(settings, annotated=None, table=None))
    assert content(out) == made[1]


def test_the_first_raw_texts_are_found_however_few_are_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_texts, "BYTES", 1)
    nlp = pipeline(tmp_path / "base", people=["Ines"])
    given = [[row["text"] for row in texts(shard, 40)] for shard in range(4)]
    # The Zune would be found in all of them.
    given = [[text.replace("Zune", "bus") for text in shard] for shard in given]
    for shard in given:
        docs = DocShard()
        for text in shard:
            docs.add(nlp.make_doc(text))
        docs.complete(nlp.vocab.strings).to_folder(tmp_path / "raw.spacy")
    expected = sorted((text for text in chain(*given) if text.startswith("Ines")), key=digest)
    for number in (1, 5, 1000):
        for workers in (1, 2):
            found = RawTexts(tmp_path / "raw.spacy", tmp_path / "base", workers=workers).recognised(
                number, frozenset(expected[:1])
            )
            assert found == [(text, [(0, 4, "PERSON")]) for text in expected[1 : number + 1]]
    raw = RawTexts(tmp_path / "raw.spacy", tmp_path / "base")
    others = [f"not there {n}" for n in range(50)]
    assert raw.first_of(lambda number: [*others, *expected][:number], 3) == expected[:3]
    assert raw.first_of(lambda number: others[:number], 3) == []


def test_a_pipeline_finds_the_same_in_batches(tmp_path, monkeypatch):
    nlp = pipeline(tmp_path / "pipe")
    given = [row["text"] for row in texts(0, 25)]
    monkeypatch.setattr("ner_update.pipeline.annotator.BATCH", 10)
    found = list(Annotator(str(tmp_path / "pipe"))(given))
    assert found == [[(e.start_char, e.end_char, e.label_) for e in nlp(text).ents] for text in given]
