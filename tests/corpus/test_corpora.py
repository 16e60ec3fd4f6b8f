"""How examples become corpora: splits that share no text and stay put, silver by patterns, rehearsal that is safe."""

import json
import random
import re
from collections import Counter

import numpy
import spacy
import srsly
from spacy.tokens import Span

from conftest import write
from ner_update.checks.blocks import INDEX, hash_of
from ner_update.corpus.shards import read_docs
from ner_update.corpus.splitting import LEFT_OUT, SPLITS, assign, split_of
from ner_update.data.grouping import group_key
from ner_update.data.reader import read_data
from ner_update.data.records import Example
from ner_update.rehearsal.examples import as_negative, learnt_from, spared_tokens
from ner_update.rehearsal.mixed_examples import CONFIG, OLD, TIMES, carriers, mixed_examples, names_of
from ner_update.rehearsal.mixing import Sources, mix, write_mix
from ner_update.rehearsal.raw_texts import RawTexts, digest

NLP = spacy.blank("en")
CHECK = ["check.py", "assets"]


def texts(path):
    return [doc.text for doc in read_docs(path, NLP.vocab)]


def many(n=400):
    return [Example(text=f"{chr(97 + i % 26)}{chr(97 + i // 26)} is a text of its own", entities=[]) for i in range(n)]


def split(examples, dev_size, test_size):
    """The split of each text."""
    groups = numpy.array([hash_of(group_key(example)) for example in examples], "u8")
    return {example.text: SPLITS[place] for example, place in zip(examples, split_of(groups, dev_size, test_size))}


def corpora(run, folder, *words):
    """Check and split what is in assets/, and give back the bytes of each corpus."""
    for argv in (CHECK, ["preprocess.py", "corpus/checked", "corpus", *words]):
        done = run(*argv)
        assert done.code == 0, done.raw
    return {path.relative_to(folder): path.read_bytes() for path in sorted((folder / "corpus").glob("*/*.spacy/*"))}


def test_one_more_example_moves_no_other():
    before, after = split(many(), 0.15, 0.2), split([*many(), Example(text="one more", entities=[])], 0.15, 0.2)
    assert before.items() < after.items() and len(after) == 401


def test_order_of_the_lines_and_names_of_the_files_do_not_matter(run, assets, tmp_path):
    rows = [{"text": example.text, "entities": []} for example in many(60)]
    write(assets / "annotated/new.jsonl", [*rows, {"text": "a Zune", "entities": [[2, 6, "GADGET"]]}])
    before = corpora(run, tmp_path)
    (assets / "annotated/new.jsonl").unlink()
    random.Random(1).shuffle(rows)
    write(assets / "annotated/a.jsonl", rows[:30])
    write(assets / "annotated/b.jsonl", [{"text": "a Zune", "entities": [[2, 6, "GADGET"]]}, *rows[30:]])
    assert corpora(run, tmp_path) == before


def test_shares_are_about_what_was_asked():
    sizes = Counter(split(many(), 0.15, 0.2).values())
    assert 40 < sizes["dev"] < 80 and 55 < sizes["test"] < 105


def test_texts_that_differ_in_case_and_numbers_stay_together():
    pairs = [
        (f"Room {name} has 12 beds", f"room {name} has 7 beds!")
        for name in (chr(97 + i % 26) * (i // 26 + 1) for i in range(60))
    ]
    found = split([Example(text=text, entities=[]) for pair in pairs for text in pair], 0.3, 0.3)
    assert all(found[one] == found[other] for one, other in pairs) and set(found.values()) == set(SPLITS)


def test_a_document_stays_together():
    rows = [
        Example(text=f"sentence {chr(97 + i % 26)} {chr(97 + i // 26)}", entities=[], meta={"doc": i // 10})
        for i in range(200)
    ]
    found = split(rows, 0.3, 0.3)
    assert all(len({found[row.text] for row in rows[at : at + 10]}) == 1 for at in range(0, 200, 10))


def test_no_test_text_is_trained_on(run, assets, tmp_path):
    leaked = {"text": "Sold my Zune", "entities": [[8, 12, "GADGET"]]}
    rows = list(srsly.read_jsonl(assets / "annotated/new.jsonl"))
    for name, more in (
        ("annotated/new.jsonl", rows),
        ("base/base.jsonl", [{"text": "sold MY zune", "entities": []}]),
        ("raw.jsonl", []),
    ):
        write(
            assets / name,
            [*more, {"text": leaked["text"]} if name == "raw.jsonl" else leaked] if "base" not in name else more,
        )
    write(assets / "test/test.jsonl", [{"text": "sold my zune!", "entities": [[8, 12, "GADGET"]]}])
    corpora(run, tmp_path)
    everything = [
        text
        for path in (tmp_path / "corpus").glob("*/*.spacy")
        if path.parent.name != "checked"
        for text in texts(path)
    ]
    assert (
        [text for text in everything if "zune" in text.lower()]
        == ["sold my zune!"]
        == texts(tmp_path / "corpus/new/test.spacy")
    )


def test_a_dev_text_of_one_set_is_no_train_text_of_another():
    def rows(*groups):
        return numpy.array([(0, group, 1) for group in groups], INDEX)

    train, dev = 2**64 - 1, 2**63
    index = {"base": rows(train, dev), "annotated": rows(dev, train, train), "test": rows(), "raw": rows(dev, 2**62)}
    index["base"]["text"] = 2
    parts, leaks, repeated = assign(index, 0.6, 0.0)
    assert SPLITS[parts["base"][1]] == SPLITS[parts["annotated"][0]] == "dev" and repeated == 1
    assert parts["annotated"].tolist() == [1, 0, LEFT_OUT] and parts["raw"].tolist() == [LEFT_OUT, 1] and leaks == 1


def test_without_a_test_set_one_is_carved_out(run, assets, tmp_path):
    (assets / "test" / "test.jsonl").unlink()
    rows = [
        {"text": f"the {chr(97 + i % 26)}{chr(97 + i // 26)} Zune", "entities": [[7, 11, "GADGET"]]} for i in range(100)
    ]
    write(assets / "annotated" / "new.jsonl", rows)
    corpora(run, tmp_path)
    sets = [set(texts(tmp_path / f"corpus/new/{part}.spacy")) for part in SPLITS]
    assert all(sets) and len(set.union(*sets)) == 100 == sum(map(len, sets))


def test_large_files_go_in_shards_through_several_processes(run, assets, tmp_path):
    """The same texts in one file or in pieces, small files together, and one more file changes no shard."""
    rows = [
        {
            "text": f"text {number:06} of my Zune " + "and so on " * 20,
            "entities": [[18, 22, "GADGET"]],
            "meta": {"doc": number},
        }
        for number in range(12_000)
    ]
    write(assets / "annotated/new.jsonl", rows)
    before = corpora(run, tmp_path)
    shards = [path for path in before if path.parent.name == "train.spacy" and path.parts[1] == "new"]
    counts = srsly.read_json(tmp_path / "corpus/check.json")["counts"]["annotated"]
    assert len(shards) == 2 and counts["texts"] == counts["texts_in"] == counts["spans"]["GADGET"] == 12_000
    assert sorted(text for part in SPLITS[:2] for text in texts(tmp_path / f"corpus/new/{part}.spacy")) == [
        row["text"] for row in rows
    ]
    write(
        assets / "annotated/more.jsonl",
        [
            {**row, "text": "more " + row["text"], "entities": [], "meta": {"doc": f"more {n}"}}
            for n, row in enumerate(rows[:5000])
        ],
    )
    after = corpora(run, tmp_path)
    assert before.items() < after.items() and len(after) == len(before) + 2
    # What is wrong in a later part has its line in the file.
    with (assets / "annotated/new.jsonl").open("a") as file:
        file.write(json.dumps({"text": "x", "entities": [[0, 9, "GADGET"]]}) + "\n{\n")
    done = run(*CHECK)
    assert done.code == 1 and "new.jsonl:12001" in done.out and "new.jsonl:12002" in done.out, done.raw


def test_prodigy_and_spacy_v2_are_read(tmp_path):
    span = {"start": 3, "end": 11, "label": "GADGET", "token_start": 1, "token_end": 2}
    write(
        tmp_path / "prodigy.jsonl",
        [
            {"text": "my iPhone X", "spans": [span], "answer": "accept", "_task_hash": 1, "meta": {"section": "x"}},
            {"text": "no spans key", "answer": "accept", "_task_hash": 2},
            {"text": "not this", "spans": [span], "answer": "reject"},
            {"text": "nor this", "spans": [], "answer": "ignore"},
        ],
    )
    (tmp_path / "v2.json").write_text('[["my iPhone X", {"entities": [[3, 11, "GADGET"]]}]]')
    data = read_data(tmp_path)
    assert not data.problems and data.left_out == {"answer is reject": 1, "answer is ignore": 1}
    assert [(e.text, e.entities) for e in data.require()] == [
        ("my iPhone X", [(3, 11, "GADGET")]),
        ("no spans key", []),
        ("my iPhone X", [(3, 11, "GADGET")]),
    ]


def test_silver_takes_the_longest_match(run, assets, tmp_path):
    write(
        assets / "patterns.jsonl",
        [
            {"label": "GADGET", "pattern": "iphone"},
            {"label": "GADGET", "pattern": [{"LOWER": "iphone"}, {"LOWER": "x"}]},
        ],
    )
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


def test_base_texts_come_before_raw_ones_and_those_with_entities_first(tmp_path):
    nlp = base_pipeline()
    nlp.to_disk(tmp_path / "base")
    for name, docs in {
        "base": [nlp.make_doc("nothing here"), nlp("Ines again")],
        "raw": [nlp.make_doc("Ines was here"), nlp.make_doc("nobody was there")],
    }.items():
        spacy.tokens.DocBin(docs=docs).to_disk(tmp_path / f"{name}.spacy")
    raw, silver = RawTexts(tmp_path / "raw.spacy", tmp_path / "base"), write(tmp_path / "silver.jsonl", [])
    sources = Sources(tmp_path / "base.spacy", raw, silver)
    zune = nlp.make_doc("a zune")
    zune.set_ents([Span(zune, 1, 2, "GADGET")])

    def rehearsal(new, ratio):
        mixed = mix(nlp, lambda: [[zune] * new], new, sources, learnt_from([zune]), ratio, 0)
        return [doc.text for kind, docs in mixed if kind == "rehearsal" for doc in docs]

    # The last raw text is of no use: the base finds nothing in it, so all of it would be missing.
    assert rehearsal(2, 2) == ["Ines again", "nothing here", "Ines was here"]
    assert rehearsal(1, 1) == ["Ines again"]
    # Raw texts may hold new entities that nobody marked: they only fill up to FEW for each new example.
    assert rehearsal(1, 4) == ["Ines again", "nothing here"]
    assert rehearsal(1, 0) == []


def test_one_more_file_of_examples_adds_a_shard_to_the_update_and_changes_none(tmp_path):
    nlp = base_pipeline()
    nlp.to_disk(tmp_path / "base")
    for name, number in {"base": 25, "raw": 1}.items():
        spacy.tokens.DocBin(
            docs=[nlp(f"{'Ines' if name == 'base' else 'she'} saw {name} {n}") for n in range(number)]
        ).to_disk(tmp_path / f"{name}.spacy")
    raw, silver = RawTexts(tmp_path / "raw.spacy", tmp_path / "base"), write(tmp_path / "silver.jsonl", [])
    sources = Sources(tmp_path / "base.spacy", raw, silver)
    files = [[nlp.make_doc(f"my zune {letter} {n}") for n in range(10)] for letter in "ab"]

    def made(shards, ratio, name):
        mixed = mix(nlp, lambda: shards, sum(map(len, shards)), sources, learnt_from([]), ratio, 0)
        counts = write_mix(mixed, tmp_path / name)
        return counts, {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    (one, few), (both, more) = made(files[:1], 4, "one"), made(files, 4, "both")
    assert (
        one["gold"]["texts"] == 10
        and both["gold"]["texts"] == 20
        and one["rehearsal"]["texts"] == both["rehearsal"]["texts"] == 25
    )
    assert one["mixed"]["texts"] == 10 * TIMES and len(few) == 3 and len(more) == 5 and few.items() < more.items()
    # Of more base texts than are wanted those come whose hash is lowest, whatever shard they are in.
    counts, _ = made(files[:1], 1.2, "some")
    assert counts["rehearsal"]["texts"] == 12
    chosen = [doc.text for doc in read_docs(tmp_path / "some", nlp.vocab)][10:22]
    assert chosen == sorted((f"Ines saw base {n}" for n in range(25)), key=digest)[:12]


def test_new_examples_are_joined_with_names_that_the_base_knows(tmp_path):
    """Each half keeps its annotation: O, missing, and the new entities; names alone are outside; and nothing is joined without names."""
    nlp = base_pipeline()
    found = nlp("Ines again")
    rehearsal = [
        as_negative(found, nlp.make_doc(found.text), set(), everything, {"GADGET"}) for everything in (True, False)
    ]
    plain = nlp.make_doc("nothing here")
    rehearsal.append(as_negative(plain, nlp.make_doc(plain.text), set(), True, {"GADGET"}))
    assert [doc.text for doc in carriers(rehearsal, 9)] == ["Ines again"] * 2 and len(carriers(rehearsal, 1)) == 1
    new = []
    for n in range(60):
        new.append(nlp.make_doc(f"my zune {n} died"))
        new[-1].set_ents([Span(new[-1], 1, 3, "GADGET")], missing=[new[-1][3:4]], default="outside")
    made = list(mixed_examples(nlp, new, carriers(rehearsal, 9), []))
    golds = [gold for gold in new for _ in range(TIMES)]
    assert len(made) == len(golds)
    for doc, gold in zip(made, golds):
        assert [(ent.text, ent.label_) for ent in doc.ents] == [(gold.ents[0].text, "GADGET")]
    after = {
        doc.text.replace(gold.text, "").strip(): [token.ent_iob_ for token in doc]
        for doc, gold in zip(made, golds)
        if doc.text.startswith(gold.text)
    }
    assert after.keys() == {"Ines again", "Ines", "Ines, Ines", "Ines, Ines, Ines"}
    assert after["Ines, Ines"] == ["O", "B", "I", "", "O", "O", "O"]
    before = {tuple(token.ent_iob_ for token in doc) for doc in made if doc.text.startswith("Ines again")}
    assert before == {("O", "O", "O", "B", "I", ""), ("O", "", "O", "B", "I", "")}
    assert [doc.text for doc in mixed_examples(nlp, new, carriers(rehearsal, 9), [])] == [doc.text for doc in made]
    assert not list(mixed_examples(nlp, new, [], []))


def test_names_that_are_trained_on_are_not_those_that_are_tested_with():
    config = srsly.read_yaml(CONFIG)
    words = {word for names in config["train"]["names"].values() for name in names for word in name.split()} - {"&"}
    tested = " ".join(
        sentence for language in config["test"].values() for place in language.values() for sentence in place
    )
    assert not words & set(re.findall(r"\w+", tested))
    used = " ".join(sentence for sentences in config["train"]["sentences"].values() for sentence in sentences)
    assert set(re.findall(r"\{(\w+)\}", used)) == {"person", "person_first", "person_last", "place", "organisation"}


def test_numbers_and_words_in_lower_case_are_no_names():
    doc = NLP.make_doc("Ines ate 3 figs in two days , 東京 で")
    doc.spans[OLD] = [doc[0:1], doc[2:3], doc[5:7], doc[8:9]]
    assert names_of(doc) == ["Ines", "東京"]
