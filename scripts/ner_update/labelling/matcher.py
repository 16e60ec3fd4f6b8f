"""Match patterns over texts, in a process of its own that is ended when they run away."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.util import filter_spans

from ner_update.parallel.time_limit import in_time

# Texts go in batches of so many characters. The slowest text that the check lets pass takes a second per thousand.
BATCH = 100_000
SECONDS = 120.0
ADVICE = "Mend the texts and the patterns (the check command lists every problem) and run the same command again."


class Match(NamedTuple):
    """What a pattern matched, in characters of the text. Patterns are told by their places in the list of them.

    `winner` is the pattern that keeps the place: this one, or that of a longer or earlier match. `same` says whether its
    match has the same start and end.
    """

    start: int
    end: int
    pattern: int
    winner: int
    same: bool


class PatternError(RuntimeError):
    """Raised when patterns do not come to an end, or are none. `text` is the first of those that they were matched over."""

    text = ""


class PatternMatcher:
    """Finds patterns with spaCy's SpanRuler, in a process of its own, which is started once."""

    def __init__(self, patterns: list[dict], lang: str):
        """Compile the patterns.

        patterns (list): In EntityRuler format. Phrases match whatever their case; token patterns as they say.
        lang (str): Language code.
        RAISES (PatternError): If spaCy does not take the patterns.
        """
        self._sent: deque[list[str]] = deque()
        self._found = in_time(partial(find, json.dumps(patterns), lang), iter(self._sent.popleft, None), SECONDS)
        # Without a text first, so that bad patterns are noticed where there is none.
        self._find([])

    def __call__(self, texts: Iterable[str]) -> Iterator[tuple[str, list[Match]]]:
        """Match the patterns over raw or annotated texts. No more than a batch of them is held.

        YIELDS (tuple): Each text and what was found in it, as `find` says.
        RAISES (PatternError): If the patterns run away.
        """
        for batch in batches(texts):
            yield from zip(batch, self._find(batch))

    def _find(self, batch: list[str]) -> list[list[Match]]:
        self._sent.append(batch)
        found = next(self._found)
        if found is None:
            size = sum(map(len, batch))
            error = PatternError(
                f"the patterns take more than {SECONDS:.0f} seconds, or all memory, over {size:,} characters; the first of them"
            )
            error.text = "".join(batch[:1])
            raise error
        return found


def matches(texts: Iterable[str], patterns: list[dict], lang: str) -> Iterator[tuple[str, list[Match]]]:
    """Match texts as PatternMatcher does, for those who need it once.

    RAISES (PatternError): As it does.
    """
    yield from PatternMatcher(patterns, lang)(texts)


def find(patterns: str, lang: str, texts: list[str]) -> list[list[Match]]:
    """Match patterns over texts.

    Of matches that overlap the longest stays, of equally long ones the first in the text, of those in the same place
    the one of the pattern that comes first.

    patterns (str): As JSON.
    RETURNS (list): For each text its matches, in the order of the text. What a pattern matches inside, or across, a match
        that it keeps is none of its own.
    RAISES (PatternError): If spaCy does not take the patterns.
    """
    try:
        nlp = _ruler(patterns, lang)
        # Else each new word would stay in memory for good.
        with nlp.memory_zone():
            return [_settle(doc.spans["ruler"]) for doc in nlp.pipe(texts)]
    except MemoryError:
        raise
    except Exception as error:
        # Whatever spaCy says of patterns that no check has seen.
        raise PatternError(f"the patterns cannot be matched: {' '.join(str(error).split())}") from None


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Divide texts into lists, in their order, each as long as it may be, or one text."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and size + len(text) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _settle(spans: Iterable[Span]) -> list[Match]:
    found = sorted(spans, key=lambda span: int(span.id_))
    kept = filter_spans(found)
    holders = {i: span for span in kept for i in range(span.start, span.end)}
    settled = [(span, span) for span in kept]
    for pattern in dict.fromkeys(span.id_ for span in found):
        for span in filter_spans(span for span in found if span.id_ == pattern):
            over = list(dict.fromkeys(holders[i] for i in range(span.start, span.end) if i in holders))
            if all(other.id_ != pattern for other in over):
                settled.append((span, max(over, key=len)))
    rows = [
        Match(span.start_char, span.end_char, int(span.id_), int(winner.id_), span.text == winner.text)
        for span, winner in settled
    ]
    return sorted(rows)


@lru_cache(maxsize=1)
def _ruler(patterns: str, lang: str) -> Language:
    nlp = spacy.blank(lang)
    # The number of a pattern in place of its own id, which others may share.
    numbered = [{**entry, "id": str(number)} for number, entry in enumerate(json.loads(patterns))]
    ruler: Any = nlp.add_pipe("span_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns(numbered)
    return nlp
