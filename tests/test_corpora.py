"""How examples become corpora: splits that share no text and stay put, silver by patterns, rehearsal that is safe."""

import random
from collections import Counter

import spacy
import srsly
from conftest import write
from preprocess import SPLITS, drop_leaks, split
from read_records import read_data
from records import Example
from rehearse import as_negative, rehearsal, spared_tokens
from spacy.tokens import DocBin

NLP = spacy.blank("en")


def texts(path):
    return [doc.text for doc in DocBin().from_disk(path).get_docs(NLP.vocab)]


def many(n=400):
    return [Example(text=f"{chr(97 + i % 26)}{chr(97 + i // 26)} is a text of its own", entities=[]) for i in range(n)]


def test_one_more_example_moves_no_other():
    before = split(many(), 0.15, 0.2)
    after = split([*many(), Example(text="one more", entities=[])], 0.15, 0.2)
    for part in SPLITS:
        assert set(before[part]) - set(after[part]) == set()
    assert sum(map(len, after.values())) == 401


def test_order_of_the_files_does_not_matter():
    shuffled = many()
    random.Random(1).shuffle(shuffled)
    for part in SPLITS:
        assert list(split(many(), 0.15, 0.2)[part]) == list(split(shuffled, 0.15, 0.2)[part])


def test_shares_are_about_what_was_asked():
    sizes = {part: len(rows) for part, rows in split(many(), 0.15, 0.2).items()}
    assert 40 < sizes["dev"] < 80 and 55 < sizes["test"] < 105


def test_texts_that_differ_in_case_and_numbers_stay_together():
    pairs = [Example(text=t, entities=[]) for i in range(60) for t in (f"Room {chr(97 + i % 26) * (i // 26 + 1)} has 12 beds", f"room {chr(97 + i % 26) * (i // 26 + 1)} has 7 beds!")]
    for part in split(pairs, 0.3, 0.3).values():
        assert all(n == 2 for n in Counter(key for key, _ in part).values())


def test_a_document_stays_together():
    rows = [Example(text=f"sentence {chr(97 + i % 26)} {chr(97 + i // 26)}", entities=[], meta={"doc": i // 10}) for i in range(200)]
    for part in split(rows, 0.3, 0.3).values():
        assert all(n == 10 for n in Counter(key for key, _ in part).values())


def test_no_test_text_is_trained_on():
    leaked = Example(text="Sold my Zune", entities=[])
    corpora = {"base": split([], 0, 0), "new": split([leaked], 0, 0), "raw": split([leaked], 0, 0)}
    corpora["new"]["test"] = split([Example(text="sold my zune!", entities=[])], 0, 1)["test"]
    assert drop_leaks(corpora) == 2
    assert not corpora["new"]["train"] and not corpora["raw"]["train"] and len(corpora["new"]["test"]) == 1


def test_without_a_test_set_one_is_carved_out(run, assets, tmp_path):
    (assets / "test" / "test.jsonl").unlink()
    rows = [{"text": f"the {chr(97 + i % 26)}{chr(97 + i // 26)} Zune", "entities": [[7, 11, "GADGET"]]} for i in range(100)]
    write(assets / "annotated" / "new.jsonl", rows)
    assert run("preprocess.py", "assets", "corpus").code == 0
    sets = [set(texts(tmp_path / f"corpus/new/{part}.spacy")) for part in SPLITS]
    assert all(sets) and len(set.union(*sets)) == 100 == sum(map(len, sets))


def test_same_corpora_twice(run, assets, tmp_path):
    for name in ("one", "two"):
        assert run("preprocess.py", "assets", name).code == 0
    for path in sorted((tmp_path / "one").rglob("*.spacy")):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_prodigy_and_spacy_v2_are_read(tmp_path):
    span = {"start": 3, "end": 11, "label": "GADGET", "token_start": 1, "token_end": 2}
    write(tmp_path / "prodigy.jsonl", [
        {"text": "my iPhone X", "spans": [span], "answer": "accept", "_task_hash": 1, "meta": {"section": "x"}},
        {"text": "no spans key", "answer": "accept", "_task_hash": 2},
        {"text": "not this", "spans": [span], "answer": "reject"},
        {"text": "nor this", "spans": [], "answer": "ignore"},
    ])
    (tmp_path / "v2.json").write_text('[["my iPhone X", {"entities": [[3, 11, "GADGET"]]}]]')
    data = read_data(tmp_path)
    assert not data.problems and data.left_out == {"answer is reject": 1, "answer is ignore": 1}
    assert [(e.text, e.entities) for e in data.require()] == [
        ("my iPhone X", [(3, 11, "GADGET")]), ("no spans key", []), ("my iPhone X", [(3, 11, "GADGET")])
    ]


def test_silver_takes_the_longest_match(run, assets, tmp_path):
    write(assets / "patterns.jsonl", [
        {"label": "GADGET", "pattern": "iphone"}, {"label": "GADGET", "pattern": [{"LOWER": "iphone"}, {"LOWER": "x"}]}
    ])
    assert run("annotate.py", "assets/patterns.jsonl", "assets/raw.jsonl", "silver.jsonl").code == 0
    (record,) = srsly.read_jsonl(tmp_path / "silver.jsonl")
    assert record["text"] == "anyone selling an iphone x?" and record["entities"] == [[18, 26, "GADGET"]]


def base_pipeline():
    """A base that finds PERSON by rule in its `ner`'s place: the rehearsal only looks at doc.ents."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Ines"}])
    return nlp


def test_rehearsal_teaches_silence_only_where_it_is_sure():
    nlp = base_pipeline()
    text = "Ines sold an iPhone X to someone"
    doc = as_negative(nlp(text), nlp.make_doc(text), spared=set(), everything=False, taught={"GADGET"})
    assert [token.ent_iob_ for token in doc] == ["O", "", "", "", "", "", ""]
    doc = as_negative(nlp(text), nlp.make_doc(text), spared={3, 4}, everything=True, taught={"GADGET"})
    assert [token.ent_iob_ for token in doc] == ["O", "O", "O", "", "", "O", "O"]
    doc = as_negative(nlp(text), nlp.make_doc(text), spared=set(), everything=True, taught={"PERSON"})
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ines", "PERSON")]


def test_known_new_entities_are_spared():
    doc = NLP.make_doc("my iPhone X and a zune")
    assert spared_tokens(doc, [[3, 11, "GADGET"]], {"zune"}) == {1, 2, 5}


def test_base_texts_come_before_raw_ones_and_those_with_entities_first():
    nlp = base_pipeline()
    base = [nlp.make_doc("nothing here"), nlp("Ines again")]
    raw = [nlp.make_doc("Ines was here"), nlp.make_doc("nobody was there")]
    new = [nlp.make_doc("a zune")]
    # The last raw text is of no use: the base finds nothing in it, so all of it would be missing.
    assert [d.text for d in rehearsal(nlp, base, raw, {}, new, 4, 4)] == ["Ines again", "nothing here", "Ines was here"]
    assert [d.text for d in rehearsal(nlp, base, raw, {}, new, 1, 1)] == ["Ines again"]
    # Raw texts may hold new entities that nobody marked: they only fill up to the second number.
    assert [d.text for d in rehearsal(nlp, base, raw, {}, new, 4, 2)] == ["Ines again", "nothing here"]
