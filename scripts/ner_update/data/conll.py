"""Files with a token and its tag in each line, a blank line after each sentence: CoNLL-2003 and its many relatives.

The tag stands in the last column, columns are parted by tabs or else by spaces, and -DOCSTART- may part documents. Also
read: one sentence a line with `London|B-GPE` or `London|NNP|B-GPE` for each token, and Label Studio's own export, whose
-DOCSTART- has no blank line after it and whose labels may hold spaces.
"""

import re
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from ner_update.data.json_files import Part
from ner_update.data.records import Problem
from ner_update.data.tag_schemes import TAG, TagError, from_tags, scheme_of

LABEL_STUDIO = re.compile(r"(\S+) -X- _ (\S.*)")
COMMENT = re.compile(r"# ?(newdoc\b|newpar\b|id\b|[\w.]+ = )")
DOCSTART = b"-DOCSTART-"
# After so many lines that make no sense the file is something else, and nobody wants to read on.
MOST_PROBLEMS = 20

Sentence = list[tuple[int, str, str]]


class Layout(NamedTuple):
    """How a file is written: how many | part a token from its tag (0: it is in columns), how many columns follow the token (0:
    not known yet), the scheme of its tags (empty: to be found out), and whether it holds several documents."""

    piped: int = 0
    others: int = 0
    scheme: str = ""
    several: bool = False


def parts_of_columns(file: Path, size: int) -> Iterator[Part]:
    """YIELDS (Part): A file in parts of about so many bytes, each of whole documents, or else of whole sentences. What it is
    written in, the first part tells; a later one that contradicts it is an error."""
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
    """RETURNS (Layout): How a file is written that begins like this."""
    documents, layout = _documents("", content, Layout(), 1, [], [])
    scheme = scheme_of([tag for _, _, tag in sentence] for sentences in documents for sentence in sentences)
    return layout._replace(scheme=scheme, several=len(documents) > 1)


def read_columns(part: Part, content: str, problems: list[Problem]) -> Iterator[tuple[int, Optional[dict]]]:
    """YIELDS (tuple): Line where a sentence begins, and its record, or None if something is wrong with it.

    content (str): What stands in the part.
    problems (list): Gets each line that cannot be read, and each tag that may not stand where it does.
    """
    file = part.file
    wrong: list[Problem] = []
    documents, layout = _documents(str(file), content, part.layout or Layout(), part.line, wrong, problems)
    if len(wrong) > MOST_PROBLEMS:
        message = "too many lines are no token and tag: if these are columns, mend them; if not, give the file the suffix of what it is"
        wrong[MOST_PROBLEMS:] = [Problem(str(file), None, message)]
        documents = []
    problems += wrong
    broken = {problem.line for problem in wrong}
    scheme = layout.scheme or scheme_of([tag for _, _, tag in sentence] for sentences in documents for sentence in sentences)
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
    """RETURNS (bool): Whether a line is a whole sentence, its tags parted from the tokens by |."""
    items = row.split()
    return bool(items) and all("|" in item and TAG.fullmatch(item.rpartition("|")[2]) for item in items)


def _documents(
    file: str, content: str, layout: Layout, line: int, wrong: list[Problem], warnings: list[Problem]
) -> tuple[list[list[Sentence]], Layout]:
    rows = [(number, row.strip(" \r")) for number, row in enumerate(content.split("\n"), line)]
    first = next((row for _, row in rows if row and not row.startswith(("-DOCSTART-", "#"))), "")
    piped = layout.piped or (min(item.count("|") for item in first.split()) if is_piped(first) else 0)
    expected = layout.others
    documents: list[list[Sentence]] = [[]]
    sentence: Sentence = []
    for number, row in [*rows, (line + len(rows), "")]:
        blank, starts = not row.strip(" \t"), row.startswith("-DOCSTART-")
        if (blank or starts or piped) and sentence:
            documents[-1].append(sentence)
            sentence = []
        if starts and documents[-1]:
            documents.append([])
        if blank or starts or COMMENT.match(row):
            continue
        cells = [item.rsplit("|", piped) for item in row.split()] if piped else [_columns(row)]
        for word, *others in cells:
            tag = others[-1] if others else ""
            expected = expected or len(others)
            if not word and tag == "O":
                # An emoji that another tool could not write. Neither text nor an entity is lost with it.
                warnings.append(Problem(file, number, "no token before the tag O: the line is passed over", row, level="warning"))
                continue
            if not word or not others:
                wrong.append(Problem(file, number, "a token and its tag should stand here", row))
            elif not TAG.fullmatch(tag):
                wrong.append(Problem(file, number, f"the last column must be a tag such as O or B-PERSON, not {tag[:100]!r}", row))
            elif len(others) != expected:
                message = f"{len(others) + 1} columns, where the lines before have {expected + 1}"
                wrong.append(Problem(file, number, message, row))
            sentence.append((number, word, tag if TAG.fullmatch(tag) else "O"))
        if len(wrong) > MOST_PROBLEMS:
            break
    return [sentences for sentences in documents if sentences], layout._replace(piped=piped, others=expected)


def _columns(row: str) -> list[str]:
    if special := LABEL_STUDIO.fullmatch(row):
        return [special[1], "-X-", "_", special[2]]
    if "\t" in row:
        return [cell.strip(" ") for cell in row.split("\t")]
    return [cell for cell in row.split(" ") if cell]
