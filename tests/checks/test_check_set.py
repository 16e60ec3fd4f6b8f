"""Texts that repeat or leak, sets that are too small or of different kind: each is found, with its place, and nothing else is."""

from collections import Counter
from pathlib import Path

import pytest

from ner_update.checks import duplicates as repeated_texts
from ner_update.checks.dataset import check_set, missing_texts
from ner_update.checks.duplicates import NEARLY, similarity
from ner_update.checks.severity import KINDS
from ner_update.checks.text_index import NEIGHBOURS, TextIndex, facts
from ner_update.data.grouping import group_key, near_key
from ner_update.data.records import Example

ASSETS = Path("assets")
LONG = "the battery of my old phone is dead again and nobody sells a new one"
ENOUGH = {"annotated": Counter(GADGET=500), "base": Counter(PERSON=5000), "test": Counter()}


def example(text, *entities, doc=None):
    return Example(text=text, entities=entities, meta={} if doc is None else {"doc": doc})


def found(spans=ENOUGH, base_model="xx", few=False, **sets):
    """RETURNS (list): Kind, place and message of all that is wrong with sets of examples; few examples only if asked for."""
    with TextIndex() as index:
        for side, examples in sets.items():
            index.add(side, f"{side}.jsonl", [(line, facts(e, group_key(e))) for line, e in enumerate(examples, 1)])
        problems = list(check_set(index, ASSETS, spans, base_model))
    assert all(problem.level == "warning" and problem.kind in KINDS for problem in problems)
    return [(p.kind, p.where, p.message) for p in problems if few or p.kind != "few_examples"]


def test_texts_that_stand_twice():
    sets = [example("a b", (0, 1, "X")), example("c d"), example("a b", (0, 1, "X")), example("a b"), example("c d")]
    assert found(annotated=sets) == [
        (
            "repeated_text",
            "annotated.jsonl:3",
            "the text stands already at annotated.jsonl:1, with the same spans; the first one counts",
        ),
        (
            "conflicting_text",
            "annotated.jsonl:4",
            "the text stands already at annotated.jsonl:1, with DIFFERENT spans; the first one counts",
        ),
        (
            "repeated_text",
            "annotated.jsonl:5",
            "the text stands already at annotated.jsonl:2, with the same spans; the first one counts",
        ),
    ]


def test_the_order_of_spans_makes_no_difference():
    both = [(0, 1, "X"), (2, 3, "X")]
    (row,) = found(annotated=[example("a b", *both), example("a b", *both[::-1])])
    assert row[0] == "repeated_text"


def test_near_duplicates():
    sets = [
        example("My Zune, dead!"),
        example("my zune dead"),
        example("1 2"),
        example("3, 4"),
        example(LONG),
        example(LONG.replace("old", "new")),
    ]
    assert found(annotated=sets) == [
        (
            "near_duplicate",
            "annotated.jsonl:2",
            "the text differs from annotated.jsonl:1 only in case, numbers, spaces or punctuation",
        ),
        (
            "near_duplicate",
            "annotated.jsonl:6",
            "the text is nearly one of the same set, at annotated.jsonl:5: 93% of their words are the same, in the same order",
        ),
    ]


@pytest.mark.parametrize(
    "edit",
    [
        lambda words: words[1:],
        lambda words: words[:-1],
        lambda words: [*words, "indeed"],
        lambda words: ["well", *words],
        *(lambda words, at=at: [*words[:at], "thing", *words[at + 1 :]] for at in range(15)),
        *(lambda words, at=at: [*words[:at], "thing", *words[at:]] for at in range(15)),
    ],
)
def test_an_edit_anywhere_is_found(edit):
    other = " ".join(edit(LONG.split()))
    assert similarity(LONG, other) >= NEARLY
    assert [
        kind
        for kind, _, _ in found(
            annotated=[example(LONG), example("quite another text with as many words in it")], test=[example(other)]
        )
    ] == ["near_leak"]


def test_similarity_is_that_of_words_in_order():
    words = LONG.split()
    assert similarity(LONG, LONG) == similarity(LONG, LONG.upper() + "!") == 1
    assert similarity(LONG, " ".join(words[::-1])) == 0 and similarity(LONG, " ".join(words[:10])) == 0
    two = " ".join(["A", *words * 2, "B"])
    assert similarity(" ".join(words * 2), two) == pytest.approx(2 * 30 / 62)


def test_leaks():
    train = [
        example("sold the zune"),
        example("Sold the Zune!"),
        example("b c", doc=7),
        example(LONG),
        example("nothing"),
    ]
    test = [example("sold the zune"), example("d e", doc=7), example(LONG + " now"), example("d e", doc=8)]
    left_out = "preprocess leaves it out of training"
    rows = found(annotated=train, base=[example("SOLD THE ZUNE")], test=test)
    assert [row for row in rows if "leak" in row[0]] == [
        ("leak", "annotated.jsonl:1", f"the text is also in the test set, at test.jsonl:1: {left_out}"),
        (
            "leak",
            "annotated.jsonl:2",
            f"the text differs from one of the test set, at test.jsonl:1, only in case, numbers, spaces or punctuation: {left_out}",
        ),
        (
            "leak",
            "base.jsonl:1",
            f"the text differs from one of the test set, at test.jsonl:1, only in case, numbers, spaces or punctuation: {left_out}",
        ),
        (
            "leak",
            "annotated.jsonl:3",
            f"the text is of the same document (meta.doc) as one of the test set, at test.jsonl:2: {left_out}",
        ),
        (
            "near_leak",
            "annotated.jsonl:4",
            "the text is nearly one of the test set, at test.jsonl:3: 97% of their words are the same, in the same order",
        ),
    ]


def test_a_leak_between_documents_is_not_left_out():
    """preprocess groups by document: that the text is the same, it does not see."""
    ((_, where, message),) = found(annotated=[example("sold the zune", doc=1)], test=[example("sold the zune", doc=2)])
    assert (
        where == "annotated.jsonl:1" and "take one of them out (preprocess does not: their documents differ)" in message
    )


def test_base_and_annotated_may_share_texts():
    assert found(annotated=[example(LONG, (19, 28, "GADGET"))], base=[example(LONG)]) == []


def test_a_common_beginning_is_compared_in_time():
    """As with mails that all begin in the same way: each is compared with a few of the others."""
    sets = [
        example(
            f"dear customer we thank you for your order of {'abcdefghij'[n % 10]}{n:x} and {n * 7:x}, {n * 13:x} pieces"
        )
        for n in range(3000)
    ]
    with TextIndex() as index:
        index.add("annotated", "x", [(line, facts(e, group_key(e))) for line, e in enumerate(sets)])
        assert 0 < sum(1 for _ in index.neighbours(across=False)) <= 2 * NEIGHBOURS * len(sets)


def test_too_few_examples():
    spans = {"annotated": Counter(GADGET=1, TOOL=50, THING=51), "base": Counter(PERSON=3)}
    sets = {"annotated": [example(f"x {n}") for n in range(3)], "base": [example("y")]}
    few = [
        ("assets/annotated", "label GADGET has 1 span, and more than 50 are needed to learn it"),
        ("assets/annotated", "label TOOL has 50 spans, and more than 50 are needed to learn it"),
    ]
    update = (
        "assets/annotated",
        "3 texts: to update a pipeline, a few hundred to a few thousand are recommended: annotate 197 more, at least",
    )
    base = [
        (
            "assets/base",
            "1 texts: to train a new category, thousands to a million are recommended: annotate 1,999 more, at least",
        ),
        ("assets/base", "label PERSON has 3 spans, and more than 50 are needed to learn it"),
    ]
    category = (
        "assets/annotated",
        "3 texts: to train a new category, thousands to a million are recommended: annotate 1,997 more, at least",
    )
    for base_model, expected in (
        ("en_core_web_sm", [update, *few]),
        ("", [update, *few, *base]),
        ("blank:en", [category, *few]),
    ):
        rows = found(spans, base_model, few=True, **sets)
        assert [row[1:] for row in rows if row[0] == "few_examples"] == expected


def test_train_and_test_of_different_kind():
    def kinds(**sets):
        return [row for row in found(**sets) if row[0].startswith("other")]

    short, long = (
        [f"{chr(97 + n % 26)}{chr(97 + n // 26)} is dead" for n in range(200)],
        " and so on and on and on and on",
    )
    assert kinds(annotated=[example(t) for t in short[:100]], test=[example(t) for t in short[100:]]) == []
    (row,) = kinds(annotated=[example(t) for t in short[:100]], test=[example(t + long) for t in short[100:]])
    assert row == (
        "other_length",
        "assets/test",
        "test texts have 12 words (median), and annotated ones 3: what is measured is another kind of text",
    )
    (row,) = kinds(annotated=[example(t) for t in short[:100]], test=[example(t.title()) for t in short[100:]])
    assert row == (
        "other_casing",
        "assets/test",
        "texts without a capital letter: 0% in the test set, and 100% of the annotated: what is measured is another kind of text",
    )
    (row,) = kinds(
        annotated=[example("A " + t, (2, 4, "X")) for t in short[:100]],
        test=[example("A " + t.title(), (2, 4, "X")) for t in short[100:]],
    )
    assert row[2].startswith("entities that begin with a capital letter: 100% in the test set, and 0% of the annotated")
    # Of a handful of texts nothing can be said.
    assert (
        kinds(annotated=[example(t) for t in short[:3]], test=[example(t.title() + long) for t in short[100:103]]) == []
    )


@pytest.mark.parametrize(
    "sizes, raw, has_base, expected",
    [
        ({"annotated": (3, 1), "base": (3, 1)}, 2, False, []),
        ({"annotated": (3, 1)}, 2, True, []),
        ({"base": (3, 1)}, 2, False, ["no_texts error: no annotated texts: put your examples of the new label here"]),
        (
            {"annotated": (3, 3), "base": (3, 1)},
            2,
            False,
            ["no_entities error: no text has an entity: there is nothing to learn"],
        ),
        (
            {"annotated": (3, 0), "base": (3, 1)},
            2,
            False,
            [
                "no_bare_texts warning: every text has an entity: add texts without one, or the model will find one everywhere"
            ],
        ),
        (
            {"annotated": (3, 1)},
            2,
            False,
            [
                "no_texts error: no base texts: add some to train a base pipeline on, or name an installed one in vars.base_model"
            ],
        ),
        (
            {"annotated": (3, 1), "base": (3, 1)},
            0,
            False,
            [
                "no_raw_texts warning: no raw texts: with them the update forgets less, and annotate has something to match"
            ],
        ),
        (
            {"annotated": (3, 1)},
            0,
            True,
            ["no_texts error: no raw texts: with them the update forgets less, and annotate has something to match"],
        ),
    ],
)
def test_sets_that_lack_what_every_run_needs(sizes, raw, has_base, expected):
    assert [f"{p.kind} {p.level}: {p.message}" for p in missing_texts(ASSETS, sizes, raw, has_base)] == expected


def test_the_key_is_the_one_that_preprocess_groups_by():
    for text in ("My Zune, 2 of 300!", "", "İstanbul ßtraße", "a_b 1,000.5 ²", "\u202e😀"):
        assert near_key(text) == group_key(example(text))


def test_any_text_can_be_stored(tmp_path):
    """Even if it should not have come so far: half a pair, a NUL, nothing, a million characters; and an odd file name."""
    texts = ["a \ud800 b", "\0", "", "word " * 200_000, "'; DROP TABLE texts; --"]
    with TextIndex(tmp_path) as index:
        index.add(
            "base", "it's \ud800.jsonl", [(n, facts(example(t), group_key(example(t)))) for n, t in enumerate(texts)]
        )
        assert index.sizes() == {"base": (5, 5)} and list(index.repeats()) == []
        assert sum(len(stored.text) for pair in index.neighbours(across=False) for stored in pair) < 10_000
    assert list(tmp_path.iterdir()) == []


def test_the_same_texts_give_the_same_problems():
    sets = {
        "annotated": [example(LONG.replace("old", word)) for word in ("red", "big", "old", "red")],
        "test": [example(LONG.replace("old", "wet"))],
    }
    assert found(**sets) == found(**sets) != []


def test_of_a_set_of_variants_only_so_many_are_named(monkeypatch):
    """Those that leak into the test set are named all the same."""
    monkeypatch.setattr(repeated_texts, "MOST_NEAR", 3)
    words = LONG.split()
    variants = [example(" ".join([*words[:at], "thing", *words[at:]])) for at in range(10)]
    rows = found(annotated=variants, test=[example(LONG)])
    near = [message for kind, _, message in rows if kind == "near_duplicate"]
    assert len(near) == 3 and sum("no more were looked for" in message for message in near) == 1
    assert sum(kind == "near_leak" for kind, _, _ in rows) == 10
