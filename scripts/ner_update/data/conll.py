"""Files with a token and its tag in each line, a blank line after each sentence: CoNLL-2003 and its many relatives.

The token is in the first column, or in the second after its number, and the tag in the last one. Columns are parted by
tabs or else by spaces, and -DOCSTART- may part documents. Also read: one sentence a line with `London|B-GPE` or
`London|NNP|B-GPE` for each token, and Label Studio's own export, whose -DOCSTART- has no blank line after it and whose
labels may hold spaces.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ner_update.data.json_files import Part
from ner_update.data.records import Problem
from ner_update.data.tag_schemes import TAG, TagError, from_tags, scheme_of

LABEL_STUDIO = re.compile(r"(\S+) -X- _ (\S.*)")
COMMENT = re.compile(r"# ?(newdoc\b|newpar\b|id\b|[\w.]+ = )")
NUMBER = re.compile(r"\d+([-.:]\d+)*")
DOCSTART = b"-DOCSTART-"
# After so many lines that make no sense the file is something else, and nobody wants to read on.
MOST_PROBLEMS = 20
# Lines that tell whether the first column holds the words.
SAMPLE = 2_000
# Phrases that are no entities: in CoNLL-2003 their tags stand before those of the entities.
CHUNKS = frozenset("NP VP PP ADVP ADJP SBAR PRT CONJP INTJ LST UCP AP NC VC PC AC NX VX PX".split())

Sentence = list[tuple[int, str, str]]


class Layout(NamedTuple):
    """How a file is written.

    That is: how many | separate a token from its tag (0: it is in columns), how many columns follow the token (0: not
    known yet), the scheme of its tags (empty: to be found out), whether it holds several documents, whether a number is
    before each token, which columns hold tags of phrases, and why it is refused (empty: it is not).
    """

    piped: int = 0
    others: int = 0
    scheme: str = ""
    several: bool = False
    numbered: bool = False
    phrases: frozenset[int] = frozenset()
    refused: str = ""


def parts_of_columns(file: Path, size: int) -> Iterator[Part]:
    """Cut a file into parts of about so many bytes, each of whole documents, or else of whole sentences.

    The first part tells how the file is written; a later one that contradicts it is an error.
    """
    with file.open("rb") as stream:
        start, line, layout = 0, 1, None
        while content := stream.read(size):
            content += stream.readline()
            layout = layout or layout_of(content.decode("utf8", "replace"))
            while (row := stream.readline()) and not (layout.piped or (layout.several and row.startswith(DOCSTART))):
                content += row
                if not row.strip() and not layout.several:
                    break
            else:
                stream.seek(start + len(content))
            yield Part(file, start, len(content), line, layout)
            start, line = start + len(content), line + content.count(b"\n")


def layout_of(content: str) -> Layout:
    """Find out how a file is written that begins like this."""
    documents, layout = _documents("", content, Layout(), 1, [], [])
    scheme = scheme_of([tag for _, _, tag in sentence] for sentences in documents for sentence in sentences)
    return layout._replace(scheme=scheme, several=len(documents) > 1)


def read_columns(part: Part, content: str, problems: list[Problem]) -> Iterator[tuple[int, dict | None]]:
    """Read the sentences of a part.

    content (str): What the part holds.
    problems (list): Gets each line that cannot be read, and each tag that may not occur where it does.
    YIELDS (tuple): Line where a sentence begins, and its record, or None if something is wrong with it.
    """
    file = part.file
    wrong: list[Problem] = []
    documents, layout = _documents(str(file), content, part.layout or Layout(), part.line, wrong, problems)
    if layout.refused:
        if not (part.layout and part.layout.refused and part.start):
            problems.append(Problem(str(file), None, layout.refused))
        yield from ((sentence[0][0], None) for sentences in documents for sentence in sentences)
        return
    if len(wrong) > MOST_PROBLEMS:
        message = "too many lines are no token and tag: if these are columns, mend them; if not, give the file the suffix of what it is"
        wrong[MOST_PROBLEMS:] = [Problem(str(file), None, message)]
        documents = []
    problems += wrong
    broken = {problem.line for problem in wrong}
    scheme = layout.scheme or scheme_of(
        [tag for _, _, tag in sentence] for sentences in documents for sentence in sentences
    )
    for sentences in documents:
        for sentence in sentences:
            record = None
            if not broken & {number for number, _, _ in sentence}:
                words = [word for _, word, _ in sentence]
                try:
                    record = from_tags(words, [tag for _, _, tag in sentence], scheme)
                except TagError as error:
                    problems.append(Problem(str(file), sentence[error.index][0], str(error), " ".join(words)))
                else:
                    if layout.several or len(documents) > 1:
                        # Sentences of a document stay on one side of a split. Its beginning names it, wherever it stands.
                        record["meta"]["doc"] = " ".join(word for sentence in sentences[:3] for _, word, _ in sentence)
            yield sentence[0][0], record


def is_piped(row: str) -> bool:
    """Check whether a line is a whole sentence, its tags separated from the tokens by |."""
    items = row.split()
    return bool(items) and all("|" in item and TAG.fullmatch(item.rpartition("|")[2]) for item in items)


def _documents(
    file: str, content: str, layout: Layout, line: int, wrong: list[Problem], warnings: list[Problem]
) -> tuple[list[list[Sentence]], Layout]:
    rows = [(number, row.strip(" \r")) for number, row in enumerate(content.split("\n"), line)]
    first = next((row for _, row in rows if row and not row.startswith(("-DOCSTART-", "#"))), "")
    piped = layout.piped or (min(item.count("|") for item in first.split()) if is_piped(first) else 0)
    if not (piped or layout.others):
        layout = _numbers(rows[:SAMPLE], layout)
    expected, numbered = layout.others, layout.numbered
    rest: list[list[str]] = []
    documents: list[list[Sentence]] = [[]]
    sentence: Sentence = []
    for number, row in [*rows, (line + len(rows), "")]:
        blank, starts = not row.strip(" \t"), row.startswith("-DOCSTART-")
        if (blank or starts or piped) and sentence:
            documents[-1].append(sentence)
            sentence = []
        if starts and documents[-1]:
            documents.append([])
        if blank or starts or COMMENT.match(row) or (numbered and row.startswith("#")):
            continue
        cells = [item.rsplit("|", piped) for item in row.split()] if piped else [_columns(row)[numbered:] or [""]]
        for word, *others in cells:
            tag = others[-1] if others else ""
            expected = expected or len(others)
            if len(others) == expected and (expected > 1 or numbered):
                rest.append(others)
            if not word and tag == "O":
                # An emoji that another tool could not write. Neither text nor an entity is lost with it.
                warnings.append(
                    Problem(file, number, "no token before the tag O: the line is passed over", row, level="warning")
                )
                continue
            if numbered and not _columns(row)[0].isdecimal():
                wrong.append(
                    Problem(file, number, "the number of the word should stand here, as in the lines before", row)
                )
            elif not word or not others:
                wrong.append(Problem(file, number, "a token and its tag should stand here", row))
            elif not TAG.fullmatch(tag):
                wrong.append(
                    Problem(
                        file, number, f"the last column must be a tag such as O or B-PERSON, not {tag[:100]!r}", row
                    )
                )
            elif len(others) != expected:
                message = f"{len(others) + 1} columns, where the lines before have {expected + 1}"
                wrong.append(Problem(file, number, message, row))
            sentence.append((number, word, tag if TAG.fullmatch(tag) else "O"))
        if len(wrong) > MOST_PROBLEMS:
            break
    refused, phrases = _refused([Counter(column) for column in zip(*rest)], layout)
    layout = layout._replace(piped=piped, others=expected, phrases=phrases, refused=layout.refused or refused)
    return [sentences for sentences in documents if sentences], layout


def _numbers(rows: list[tuple[int, str]], layout: Layout) -> Layout:
    """Check whether the first column counts the words, so that they are in the second one.

    RETURNS (Layout): That, or why the file cannot be read.
    """
    total = counts = whole = numbers = same = tags = columns = 0
    first = None
    for _, row in rows:
        if not row.strip(" \t"):
            first = None
        elif not row.startswith(("#", "-DOCSTART-")):
            before, (first, *others) = first, _columns(row)
            columns = columns or len(others) + 1
            total += 1
            whole += first.isdecimal()
            numbers += bool(NUMBER.fullmatch(first))
            after = str(int(before[:9]) + 1) if before and before.isdecimal() else ""
            counts += first in ("0", "1") if before is None else first == after
            same += bool(first) and first == before
            tags += bool(others and TAG.fullmatch(others[-1]))
    # A sentence may be `1 2 3`, or `ha ha ha`, but hardly a whole file.
    counted = total > 1 and counts > total / 2
    if counted and whole == total and columns > 2:
        return layout._replace(numbered=True)
    if counted or (tags > max(1, total / 2) and columns > 2 and (numbers > 0.9 * total or same > total / 2)):
        message = "the first column holds numbers, or the same in most lines, and no words"
        return layout._replace(refused=f"{message}: write a word and its tag in each line")
    return layout


def _refused(values: list[Counter], layout: Layout) -> tuple[str, frozenset[int]]:
    """Explain why it is not certain which column holds the tags.

    RETURNS (tuple): The reason (empty: it is certain), and the columns of phrases.
    """
    if not values:
        return "", layout.phrases
    found, phrases = {}, {*layout.phrases}
    for number, counter in enumerate(values, 2 + layout.numbered):
        tags = Counter({value: n for value, n in counter.items() if TAG.fullmatch(value)})
        inside = tags.total() - tags["O"]
        if sum(n for value, n in tags.items() if value[2:].split("-")[0] in CHUNKS) > inside / 2:
            phrases.add(number)
        # Among lemmas and the like there is a `B-52` now and then.
        if counter is values[-1] or (tags.total() > counter.total() / 2 and number not in phrases):
            found[number] = sorted({*counter} - {"O"})
    if len(found) > 1 and any(found.values()):
        shown = [f"{number} ({', '.join(some[:3])[:100] or 'only O'})" for number, some in [*found.items()][-3:]]
        message = f"columns {' and '.join(shown)} hold tags, and only one can count"
        return f"{message}: keep the one that a person annotated, as the last column", layout.phrases
    other = next((value for value in found[number] if not TAG.fullmatch(value)), "") if layout.numbered else ""
    message = f"the last column must be a tag such as O or B-PERSON, not {other[:100]!r}: write the tags there"
    return message if other else "", frozenset(phrases)


def _columns(row: str) -> list[str]:
    if special := LABEL_STUDIO.fullmatch(row):
        return [special[1], "-X-", "_", special[2]]
    if "\t" in row:
        return [cell.strip(" ") for cell in row.split("\t")]
    return [cell for cell in row.split(" ") if cell]
