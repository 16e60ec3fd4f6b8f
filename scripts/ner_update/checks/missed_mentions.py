"""Surface forms that are annotated in one place and left bare in another: where annotators forgot one, or did not agree.

Two passes. The first counts what is annotated, set by set, with `surface_forms`; `groups` puts that together:

    forms = groups({"base": Counter(...), "annotated": Counter(...), "test": Counter(...)})   # {"new": ..., "old": ...}

A text of assets/base is not annotated for the new labels, and one of assets/annotated for no other: so forms of the new labels
are looked for in annotated and test, those of the old labels in base and test (SEARCHED). The second pass finds what stands
bare, in each worker with finders of its own (they do not travel between processes), and one process counts:

    finders = {group: BareForms(forms[group], nlp) for group in forms}                         # in each worker, once
    found = [match for group in SEARCHED[side] for match in finders[group].find(doc, example.entities)]
    counts = BareCounts(forms)                                                                 # in the main process
    counts.add(file, line, example.text, found)                                                # if anything was found
    problems = counts.report()                                                                 # the most frequent first
"""

from collections import Counter
from collections.abc import Iterator

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from ner_update.data.records import Example, Problem

# Which forms a set is searched for.
SEARCHED = {"annotated": ("new",), "base": ("old",), "test": ("new", "old")}
# How many places of a form are named.
PLACES = 5
# A longer form is a sentence, and stands nowhere else.
LONGEST_FORM = 100

Span = tuple[int, int, str]


def surface_forms(example: Example) -> list[tuple[str, str]]:
    """List the lower-cased text and the label of each span, to be counted in the first pass."""
    return [(example.text[start:end].lower(), label) for start, end, label in example.entities]


def groups(forms: dict[str, Counter]) -> dict[str, Counter]:
    """Put together which forms are to be looked for in the same texts.

    forms (dict): For "base", "annotated" and "test" how often each (form, label) was annotated.
    RETURNS (dict): The same counts for "new", the labels of assets/annotated, and "old", all others.
    """
    new = {label for _, label in forms["annotated"]}
    made: dict[str, Counter] = {"new": Counter(), "old": Counter()}
    for counts in forms.values():
        for (form, label), count in counts.items():
            made["new" if label in new else "old"][form, label] += count
    return made


class BareForms:
    """Finds forms in Docs, whatever their case, as whole tokens.

    forms (Counter): How often each (form, label) was annotated.
    nlp (Language): Its tokenizer, which must be the one that makes the Docs, cuts the forms.
    """

    def __init__(self, forms: Counter, nlp: Language):
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        stop_words = nlp.Defaults.stop_words
        known = dict.fromkeys(form for form, _ in forms if _tells(form, stop_words))
        if known:
            self._matcher.add("form", [nlp.make_doc(form) for form in known])

    def find(self, doc: Doc, spans: list[Span], text: str | None = None) -> list[Span]:
        """Find forms that stand outside all spans. Of forms in each other the longest counts.

        spans (list): What is annotated in the text, in characters.
        text (str): That of the Doc, if it is at hand: to put it together takes as long as all the rest.
        RETURNS (list): Start, end and form, in characters, in the order of the text.
        """
        matches = self._matcher(doc)
        # What is annotated is found, too, each time, and what begins there is no other.
        starts = [start for start, _, _ in spans]
        bare = [(start, last) for _, first, last in matches if (start := doc[first].idx) not in starts]
        if not bare:
            return []
        bare = [(start, doc[last - 1].idx + len(doc[last - 1])) for start, last in bare]
        taken = [(start, end) for start, end, _ in spans]
        found: list[Span] = []
        text = str(doc) if text is None else text
        for start, end in sorted(bare, key=lambda place: (place[0] - place[1], place)):
            if all(end <= other[0] or other[1] <= start for other in taken):
                taken.append((start, end))
                found.append((start, end, text[start:end].lower()))
        return sorted(found)


class BareCounts:
    """Counts where forms stand bare. `forms` (dict): What `groups` returned."""

    def __init__(self, forms: dict[str, Counter]):
        self._labels: dict[str, Counter] = {}
        for counts in forms.values():
            for (form, label), count in counts.items():
                self._labels.setdefault(form, Counter())[label] += count
        self._bare: Counter = Counter()
        self._places: dict[str, list[tuple[str, int, Span, str]]] = {}

    def add(self, file: str, line: int, text: str, found: list[Span]) -> None:
        """Count what `find` returned for a text."""
        for start, end, form in found:
            if form not in self._labels:
                continue
            self._bare[form] += 1
            places = self._places.setdefault(form, [])
            # The first text is kept whole, to be shown; of the others the place will do.
            if len(places) < PLACES and (not places or places[-1][:2] != (file, line)):
                places.append((file, line, (start, end, form), "" if places else text))

    def report(self) -> Iterator[Problem]:
        """Warn of each form that is annotated in one text and left bare in another.

        First those where it happens most often that one text contradicts another: often annotated, often bare. A form
        that is nearly always bare comes last; it may well mean something else there.
        """

        def order(form: str) -> tuple:
            annotated = self._labels[form].total()
            return -min(annotated, self._bare[form]), -annotated, form

        for form in sorted(self._bare, key=order):
            labels = ", ".join(
                f"{label} {_times(count)}"
                for label, count in sorted(self._labels[form].items(), key=lambda item: (-item[1], item[0]))
            )
            (file, line, (start, end, _), text), *others = self._places[form]
            places = ", ".join(f"{file}:{line}" for file, line, _, _ in others)
            where = f"here, and at {places}{' ...' if self._bare[form] > PLACES else ''}" if others else "here"
            label = self._labels[form].most_common(1)[0][0]
            message = f"{form!r} is annotated as {labels}, and left bare {_times(self._bare[form])}: {where}"
            repair = f"annotate it as {label} wherever it means the same"
            yield Problem(file, line, message, text, kind="bare_form", span=(start, end, label), repair=repair)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _tells(form: str, stop_words: set[str]) -> bool:
    # "US" is a place and "us" is none; a number is annotated or not for what stands around it.
    return 1 < len(form) <= LONGEST_FORM and form not in stop_words and any(map(str.isalpha, form))
