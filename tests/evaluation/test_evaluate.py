"""What the evaluation counts: kinds of error that add up, kinds of entity, differences in words, and gold that keeps its place
when a text is rewritten.
"""

from collections import Counter

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Span

from ner_update.corpus.rewriting import rewritten, without_punctuation
from ner_update.evaluation.breakdowns import (
    KINDS,
    aligned,
    break_down,
    by_bucket,
    casing,
    errors,
    frequency,
    length,
    seen_unseen,
)
from ner_update.evaluation.mixed_texts import CONFIG, mixed_texts, sentences
from ner_update.evaluation.robustness import PROBED, drops, probes
from ner_update.evaluation.scoring import count, entities, paired, recall, resample, sentence

NLP = spacy.blank("en")
LABELS = ["A", "B"]
TOKENS = 8


def doc(text, *marked):
    """A Doc, ("a Zune", ("Zune", "GADGET"), ...): each span is the first of its text."""
    made = NLP.make_doc(text)
    made.set_ents([made.char_span(text.index(span), text.index(span) + len(span), label) for span, label in marked])
    return made


@st.composite
def annotations(draw):
    """A text of eight words with entities of two labels in it."""
    made, spans, start = NLP.make_doc("a b c d e f g h"), [], 0
    while start < TOKENS:
        length = draw(st.integers(0, 3))
        if length and start + length <= TOKENS:
            spans.append(Span(made, start, start + length, draw(st.sampled_from(LABELS))))
        start += max(length, 1)
    made.set_ents(spans)
    return made


@given(st.lists(st.tuples(annotations(), annotations(), annotations()), min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_kinds_of_error_add_up(rows):
    gold, base, updated = map(list, zip(*rows))
    kinds, matrices = errors(gold, base, updated, LABELS, seed=0)
    for side, docs in (("base", base), ("updated", updated)):
        for label in LABELS:
            n = {kind: kinds[label][kind][side] for kind in KINDS}
            wanted = sum(len(entities(d, [label])) for d in gold)
            assert n["correct"] + n["boundary"] + n["label"] + n["boundary_and_label"] + n["missed"] == wanted
            assert sum(matrices[side][label].values()) == wanted
            assert sum(row[label] for row in matrices[side].values()) == sum(len(entities(d, [label])) for d in docs)
            assert matrices[side][label]["none"] == n["missed"] and matrices[side]["none"][label] == n["spurious"]
        total = {kind: kinds["all"][kind][side] for kind in KINDS}
        assert sum(total.values()) - total["missed"] == sum(len(d.ents) for d in docs)
        assert all(total[kind] == sum(kinds[label][kind][side] for label in LABELS) for kind in KINDS)
        hits, extra, lost = count([entities(d, LABELS) for d in docs], [entities(d, LABELS) for d in gold]).sum(axis=0)
        assert (
            total["correct"],
            sum(total.values()) - total["missed"] - hits,
            sum(total.values()) - total["spurious"] - hits,
        ) == (hits, extra, lost)


@pytest.mark.parametrize(
    "said, kind",
    [
        ((2, 4, "A"), "correct"),
        ((2, 5, "A"), "boundary"),
        ((3, 4, "A"), "boundary"),
        ((2, 4, "B"), "label"),
        ((1, 3, "B"), "boundary_and_label"),
        ((4, 5, "A"), "spurious"),
    ],
)
def test_each_kind(said, kind):
    found = list(aligned({(2, 4, "A")}, {said}))
    assert found == (
        [(kind, (2, 4, "A"), said)] if kind != "spurious" else [("missed", (2, 4, "A"), None), ("spurious", None, said)]
    )


def test_the_better_of_two_candidates_is_taken():
    """A long prediction over two gold entities is one error of boundary and one that is missed."""
    found = {kind: (g, p) for kind, g, p in aligned({(0, 2, "A"), (2, 3, "B")}, {(0, 3, "B")})}
    assert found == {"boundary": ((2, 3, "B"), (0, 3, "B")), "missed": ((0, 2, "A"), None)}


def test_kinds_of_entity():
    forms = Counter({("zune", "G"): 1, ("kindle", "G"): 5, ("zune", "P"): 9})
    (zune,), (kindle,), (other,) = (doc(text, (text, "G")).ents for text in ("Zune", "KINDLE", "Lumio 7 Pro max"))
    assert [frequency(forms)(ent) for ent in (zune, kindle, other)] == ["1-4", "5+", "0"]
    assert [length(ent) for ent in (zune, kindle, other)] == ["1", "1", "3+"]
    assert [casing(ent) for ent in (zune, kindle, other)] == ["Title", "UPPER", "mixed"]
    assert [casing(doc(text, (text, "G")).ents[0]) for text in ("zune", "3310", "iPhone", "東京")] == [
        "lower",
        "no letters",
        "mixed",
        "no letters",
    ]


def test_recall_by_kind_adds_up_to_the_whole():
    texts = [("my Zune and my kindle", "Zune", "kindle"), ("a KINDLE or a Zune", "KINDLE", "Zune")]
    gold = [doc(text, (a, "G"), (b, "G")) for text, a, b in texts]
    said = [doc(texts[0][0], ("Zune", "G")), doc(texts[1][0], ("KINDLE", "G"), ("or", "G"))]
    nothing = [doc(text) for text, *_ in texts]
    rows = by_bucket(gold, nothing, said, ["G"], casing, seed=0)
    assert {kind: (row["G"]["updated"]["r"], row["G"]["updated"]["support"]) for kind, row in rows.items()} == {
        "Title": (50, 2),
        "UPPER": (100, 1),
        "lower": (0, 1),
    }
    # "or" is written in small letters: that is where precision falls.
    assert rows["lower"]["G"]["updated"]["p"] == 0 and rows["Title"]["G"]["updated"]["p"] == 100
    assert rows["Title"]["G"]["base"]["r"] == 0 and rows["Title"]["G"]["difference_r"] == 50
    whole = break_down(gold, nothing, said, ["G"], Counter({("zune", "G"): 2}), seed=0)
    for part in ("frequency", "length", "casing"):
        assert sum(row["G"]["updated"]["support"] for row in whole[part].values()) == 4
    seen = seen_unseen(gold, nothing, said, [doc("a zune", ("zune", "G"))], ["G"], seed=0)
    assert (seen["seen"]["r"], seen["seen"]["support"], seen["unseen"]["r"], seen["unseen"]["support"]) == (
        50,
        2,
        50,
        2,
    )
    assert seen_unseen(gold, nothing, said, gold, ["G"], seed=0)["unseen"] == {"r": None, "support": 0}


def test_no_frequency_where_training_has_no_gold():
    gold = [doc("Ines saw Zune", ("Ines", "P"), ("Zune", "G"))]
    rows = break_down(gold, gold, gold, ["G", "P"], Counter({("zune", "G"): 2}), seed=0)["frequency"]
    assert list(rows) == ["1-4"] and "P" not in rows["1-4"]


@pytest.mark.parametrize(
    "value, limits, words",
    [
        (7.1, [4.0, 10.3], "better by 7.1 F (4.0 to 10.3)"),
        (-7.1, [-10.3, -4.0], "worse by 7.1 F (4.0 to 10.3)"),
        (7.1, [-0.5, 10.3], "not distinguishable (-0.5 to +10.3 F)"),
        (-0.1, [-0.2, -0.0], "not distinguishable (-0.2 to +0.0 F)"),
        (0.0, [0.0, -0.0], "no difference"),
    ],
)
def test_a_difference_in_words(value, limits, words):
    assert sentence(value, limits) == words


def test_the_weights_are_a_paired_bootstrap():
    """The same as to draw rows and add them up, one sample at a time."""
    counts = numpy.random.default_rng(1).integers(0, 5, (20, 3))
    drawn = numpy.random.default_rng(7).integers(0, 20, (1000, 20))
    assert (resample(20, 7) @ counts == numpy.array([counts[row].sum(axis=0) for row in drawn])).all()
    row = paired(counts, counts, resample(20, 7), by="r")
    assert (
        row["difference_r"] == 0
        and row["says"] == "no difference"
        and row["base"]["r"] == round(float(recall(counts.sum(axis=0))), 2)
    )
    assert resample(0, 7).shape == (1000, 0)


def test_rewritten_texts_keep_the_gold_in_its_place():
    """Letters that are two in the other case, punctuation in, at the ends of and around entities, and an emoji."""
    text = "😀 İstanbul's Großmarkt, \"Wi-Fi Pro\" (U.S.) - and/or ... L'Oréal!"
    gold = doc(text, ("İstanbul", "G"), ("Großmarkt", "G"), ('"Wi-Fi Pro"', "G"), ("...", "G"), ("L'Oréal", "G"))
    made = probes([gold], [], set(), ["G"], seed=0)

    def spans(name):
        new, found = made[name][0]
        return [new[start:end] for start, end, _ in sorted(found)]

    assert spans("lower") == [e.text.lower() for e in gold.ents] and spans("upper") == [
        e.text.upper() for e in gold.ents
    ]
    assert spans("no_punctuation") == ["İstanbul", "Großmarkt", "Wi Fi Pro", "LOréal"]
    assert made["no_punctuation"][0][0] == "😀 İstanbuls Großmarkt Wi Fi Pro US and or LOréal"
    assert rewritten(gold, ["G"], list(text)) == (text, {(e.start_char, e.end_char, "G") for e in gold.ents})


@given(st.text(alphabet="aB .,'-\"\n!é", max_size=20))
@settings(deadline=None)
def test_no_punctuation_is_left_and_no_letter_lost(text):
    made = "".join(without_punctuation(text))
    assert not set(made) & set(".,'-\"!") and [c for c in made if c.isalpha()] == [c for c in text if c.isalpha()]
    assert (len(without_punctuation(text)) == len(text) and "  " not in made.replace("\n", "x")) or "  " in text


def test_unseen_names_are_unseen_and_the_same_each_time():
    train = [doc("my Kindle and my PalmPilot 500 died", ("Kindle", "G"), ("PalmPilot 500", "G"))]
    known = {token.lower_ for d in train for token in d}
    gold = [doc("the KINDLE of Ines, a PalmPilot 500", ("KINDLE", "G"), ("Ines", "P"), ("PalmPilot 500", "G"))]
    ((new, found),) = probes(gold, train, known, ["G"], seed=3)["unseen_names"]
    names = [new[start:end] for start, end, _ in sorted(found)]
    assert len(names) == 2 and names[0].isupper() and names[1].split()[1].isdecimal() and len(names[1].split()[1]) == 3
    assert not {word.lower() for name in names for word in name.split()} & known
    assert new.startswith("the ") and " of Ines, a " in new
    assert probes(gold, train, known, ["G"], seed=3)["unseen_names"] == [(new, found)]
    assert any(probes(gold, train, known, ["G"], seed=seed)["unseen_names"] != [(new, found)] for seed in (4, 5, 6))


def test_a_drop_is_that_of_a_pipeline_on_the_rewritten_text(monkeypatch):
    """One that knows a name by heart loses it in capitals, and one that looks at no case does not."""
    monkeypatch.setattr("ner_update.evaluation.robustness.entity_labels", lambda nlp: ["G"])
    pipelines = {}
    for side, attribute in (("base", "ORTH"), ("updated", "LOWER")):
        pipelines[side] = spacy.blank("en")
        pipelines[side].add_pipe("entity_ruler", config={"phrase_matcher_attr": attribute}).add_patterns(
            [{"label": "G", "pattern": "Zune"}]
        )
    gold = [doc(f"my Zune number {n}", ("Zune", "G")) for n in range(PROBED + 5)]
    plain = {side: list(nlp.pipe([d.text for d in gold])) for side, nlp in pipelines.items()}
    rows = drops(gold, plain, pipelines, [], set(), ["G"], seed=0)
    assert (
        rows["upper"]["base"]["drop"] == 100
        and rows["upper"]["updated"]["drop"] == 0
        and rows["upper"]["texts"] == PROBED
    )
    assert rows["upper"]["says"] == "better by 100.0 F (100.0 to 100.0)" and rows["upper"]["base"]["says"].startswith(
        "worse by 100.0 F"
    )
    assert rows["no_punctuation"]["base"]["drop"] == 0


def test_a_base_that_knows_none_of_the_labels_reads_nothing():
    gold = [doc("my Zune", ("Zune", "G"))]
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "G", "pattern": "my"}])
    rows = drops(gold, {"base": gold, "updated": gold}, {"base": nlp, "updated": nlp}, [], set(), ["G"], seed=0)
    assert rows["lower"]["base"]["p"] == rows["lower"]["base"]["f"] == 0 and rows["lower"]["base"]["plain_f"] == 100


def ruled(*patterns):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": pattern} for label, pattern in patterns])
    return nlp


def test_mixed_texts_count_new_labels_on_names_and_old_names_that_are_gone(tmp_path):
    """An update that takes the name after a text for its label, and the one before it for nothing."""
    config = tmp_path / "mixed.yml"
    config.write_text(
        "test: {en: {before: [I am Ines from Lyon.], after: ['Bye, Yuto', 'Bye, Yuto of Kobe']}}\n", encoding="utf8"
    )
    base = ruled(("PERSON", "Ines"), ("PERSON", "Yuto"), ("GPE", "Lyon"), ("GPE", "Kobe"))
    updated = ruled(("GADGET", "Zune"), ("GADGET", "Yuto"), ("GPE", "Lyon"), ("GPE", "Kobe"))
    gold = [doc("a Zune", ("Zune", "GADGET")), doc("my Ines is no Zune", ("Zune", "GADGET"))]
    found = mixed_texts(gold, [updated(d.text) for d in gold], base, updated, ["GADGET"], ["PERSON", "GPE"], 0, config)
    assert found["before"] | {"interval": 0, "says": ""} == {
        "plain": {"p": 100.0, "r": 100.0, "f": 100.0, "support": 2}, "mixed": {"p": 100.0, "r": 100.0, "f": 100.0, "support": 2},
        "lost": 0.0, "interval": 0, "says": "", "old_kept": 50.0,
    }  # fmt: skip
    assert (
        found["after"]["mixed"] == {"p": 50.0, "r": 100.0, "f": 66.67, "support": 2}
        and found["after"]["lost"] == found["lost"] == 33.33
    )
    # Of Yuto, Yuto and Kobe one is kept. The Ines of the text itself does not count.
    assert found["after"]["old_kept"] == 33.33 and found["texts"] == 2
    assert found["after"]["interval"][0] <= 33.33 <= found["after"]["interval"][1] and found["after"][
        "says"
    ].startswith("worse by 33.3 F")


def test_each_language_has_sentences_and_another_one_takes_names_alone():
    for lang in ("en", "de", "fr", "es"):
        assert sentences(CONFIG, lang) != sentences(CONFIG, "xx") and all(sentences(CONFIG, lang).values())
    assert sentences(CONFIG, "fi") == sentences(CONFIG, "xx")
