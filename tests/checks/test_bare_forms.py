"""What is annotated here and left bare there is listed, most contradicted first; what is no contradiction is not."""

from collections import Counter

import pytest
import spacy

from ner_update.checks.missed_mentions import PLACES, SEARCHED, BareCounts, BareForms, groups, surface_forms
from ner_update.checks.span_boundaries import doubtful_forms, edge_findings
from ner_update.data.records import Example
from ner_update.data.validation import check_record, trimmed

NLP = spacy.blank("en")


def marked(text, *entities):
    """An example in which words are annotated: marked("my Zune", ("Zune", "GADGET"))."""
    return Example(
        text=text, entities=[(text.index(word), text.index(word) + len(word), label) for word, label in entities]
    )


def report(**sets):
    """RETURNS (list): Place, message and text around of all bare forms in sets of examples."""
    forms = groups({side: Counter(form for e in sets.get(side, []) for form in surface_forms(e)) for side in SEARCHED})
    finders = {group: BareForms(counts, NLP) for group, counts in forms.items()}
    counts = BareCounts(forms)
    for side, examples in sets.items():
        for line, e in enumerate(examples, 1):
            counts.add(
                side,
                line,
                e.text,
                [match for group in SEARCHED[side] for match in finders[group].find(NLP.make_doc(e.text), e.entities)],
            )
    return [(p.where, p.message, p.around) for p in counts.report()]


def test_a_form_left_bare():
    sets = [
        marked("my Zune", ("Zune", "GADGET")),
        marked("a ZUNE and the zune"),
        marked("zunes"),
        marked("Zune, no", ("Zune", "GADGET")),
    ]
    assert report(annotated=sets) == [
        ("annotated:2", "'zune' is annotated as GADGET 2 times, and left bare 2 times: here", "a [[ZUNE]] and the zune")
    ]


def test_the_most_contradicted_comes_first():
    one, two = ("Zune", "GADGET"), ("Echo", "GADGET")
    sets = [*[marked("my Zune", one)] * 3, *[marked("zune")] * 2, marked("my Echo", two), *[marked("an echo")] * 9]
    first, second = report(annotated=sets)
    assert first[1] == "'zune' is annotated as GADGET 3 times, and left bare 2 times: here, and at annotated:5"
    assert (
        second[1]
        == "'echo' is annotated as GADGET once, and left bare 9 times: here, and at "
        + ", ".join(f"annotated:{n}" for n in range(8, 12))
        + " ..."
    )
    assert second[0] == "annotated:7" and PLACES == 5


@pytest.mark.parametrize(
    "text, entities",
    [
        ("my Zune HD", [("Zune HD", "GADGET")]),
        ("the Zune club", [("the Zune club", "ORG")]),
        ("Zunes", []),
        ("zunelike", []),
        ("us", []),
        ("it", []),
        ("5", []),
        ("x", []),
    ],
)
def test_what_is_no_contradiction(text, entities):
    known = [
        marked(
            "Zune US It 5 x", ("Zune", "GADGET"), ("US", "GADGET"), ("It", "GADGET"), ("5", "GADGET"), ("x", "GADGET")
        )
    ]
    assert report(annotated=[*known, marked(text, *entities)]) == []


def test_of_forms_in_each_other_the_longest_counts():
    sets = [marked("Zune HD", ("Zune HD", "GADGET")), marked("a Zune", ("Zune", "GADGET")), marked("my zune hd")]
    ((_, message, _),) = report(annotated=sets)
    assert message.startswith("'zune hd' is annotated")


def test_each_set_is_searched_for_its_own_labels():
    """Nobody marked gadgets in assets/base, nor people in assets/annotated; the test set has both."""
    new, old = (
        [marked("my Zune", ("Zune", "GADGET")), marked("Ines came")],
        [marked("Ines left", ("Ines", "PERSON")), marked("a zune")],
    )
    assert report(annotated=new, base=old) == []
    rows = report(annotated=new, base=old, test=[marked("ines has a zune")])
    assert [row[:2] for row in rows] == [
        ("test:1", "'ines' is annotated as PERSON once, and left bare once: here"),
        ("test:1", "'zune' is annotated as GADGET once, and left bare once: here"),
    ]
    rows = report(
        annotated=new,
        base=[*old, marked("ines")],
        test=[marked("Zune by Ines", ("Zune", "GADGET"), ("Ines", "PERSON"))],
    )
    assert [row[0] for row in rows] == ["base:3"]


def test_several_labels_are_named():
    sets = [*[marked("in Apple", ("Apple", "ORG"))] * 2, marked("an Apple", ("Apple", "FRUIT")), marked("apple")]
    assert report(base=sets)[0][1] == "'apple' is annotated as ORG 2 times, FRUIT once, and left bare once: here"


def test_nothing_to_look_for():
    assert report(annotated=[marked("a b")]) == report() == []


@pytest.mark.parametrize(
    "spans, doubtful",
    [
        (["Zune", "Zune."], ["zune."]),
        (["Zune", "Zune", "zune!", "'Zune"], ["'zune", "zune!"]),
        (["Yahoo!", "Yahoo!"], []),
        (["Yahoo!", "Yahoo!", "Yahoo"], []),
        (["U.S.", "U.S."], []),
        (["C++", "C"], []),
        (["#Zune", "Zune"], []),
        (["...", "."], []),
        (["Zune,", "Zune"], []),
    ],
)
def test_punctuation_that_other_spans_leave_out(spans, doubtful):
    assert sorted(form for form, _ in doubtful_forms(Counter((span.lower(), "X") for span in spans))) == doubtful


def test_a_doubtful_span_is_named():
    found = doubtful_forms(Counter({("zune.", "X"): 1, ("zune", "X"): 1}))
    (finding,) = edge_findings(Example(text="a Zune.", entities=[(2, 7, "X")]), found)
    assert (
        finding.message
        == "span [2, 7] X 'Zune.' begins or ends with punctuation, which other spans leave out: use [2, 6] 'Zune'"
    )
    assert list(edge_findings(Example(text="a Zune.", entities=[(2, 7, "Y")]), found)) == []


@pytest.mark.parametrize(
    "span, kept",
    [
        ("Zune,", "Zune"),
        (";Zune", "Zune"),
        ("(Zune", "Zune"),
        ("Zune)", "Zune"),
        ('"Zune', "Zune"),
        ("Zune\u201d", "Zune"),
        ("\u300c Zune ", "\u300c Zune"),
        (" Zune:\t", "Zune"),
        ("Yahoo!", "Yahoo!"),
        ("U.S.", "U.S."),
        ("C++", "C++"),
        ("iPhone (2nd)", "iPhone (2nd)"),
        ("(Zune)", "(Zune)"),
        ('"Weird Al" Yankovic', '"Weird Al" Yankovic'),
        ('iPad 9.7"', 'iPad 9.7"'),
        ("[a] and [b]", "[a] and [b]"),
        ("\u201eFoo\u201c Bar", "\u201eFoo\u201c Bar"),
        (",,", ""),
        ("( ", ""),
    ],
)
def test_edges_of_a_span(span, kept):
    text = f"x{span}x"
    start, end = trimmed(text, 1, len(text) - 1)
    assert text[start:end] == kept
    kinds = [finding.kind for finding in check_record(Example(text=text, entities=[(1, len(text) - 1, "X")]))]
    assert kinds == ([] if kept == span else ["edge_whitespace" if span != span.strip() else "edge_punctuation"])


def test_edges_of_a_very_long_span_in_time():
    text = "( " * 400_000
    start, end = trimmed(text, 0, len(text))
    assert end - start > 700_000
