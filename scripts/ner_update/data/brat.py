"""brat standoff: a text in NAME.txt and what is marked in it in NAME.ann, which EDS-NLP reads (`make brat` installs it)."""

import re
from collections.abc import Iterator
from pathlib import Path

from ner_update.data.json_files import Part, read_content
from ner_update.data.offsets import by_exported_text
from ner_update.data.records import Problem

# Over a line of many numbers the regular expressions of EDS-NLP take time with the square of its length.
LONGEST_LINE = 10_000


def read_brat(file: Path, problems: list[Problem]) -> Iterator[tuple[int, dict | None]]:
    """Read a text that brat annotated.

    file (Path): The .ann file. Relations, events, attributes and notes in it are no spans, and are ignored.
    problems (list): Gets what cannot be read, and each span that does not hold the text that brat wrote next to it.
    YIELDS (tuple): 1, and the text as a record, or None if something is wrong with it: a file holds one text.
    """
    marks, text = (read_content(Part(path), problems) for path in (file, file.with_suffix(".txt")))
    if marks is None or text is None:
        return
    wrong = [number for number, row in enumerate(marks.split("\n"), 1) if len(row) > LONGEST_LINE]
    if wrong:
        problems.append(Problem(str(file), wrong[0], f"a line of more than {LONGEST_LINE:,} characters is no mark"))
        return
    try:
        from edsnlp.data.standoff import parse_standoff_file
    except ImportError:
        problems.append(Problem(str(file), None, "to read brat standoff, EDS-NLP is needed: run `make brat`"))
        return
    try:
        found = parse_standoff_file(str(file.with_suffix(".txt")), [str(file)])
    except Exception as error:
        # It names the line, counted from 0, and the file by its whole path.
        line = re.search(r"Could not parse line (\d+)", str(error))
        problems.append(Problem(str(file), int(line[1]) + 1 if line else None, "this is no line of brat standoff"))
        yield 1, None
        return
    before, entities = len(problems), []
    other = [number for number, row in enumerate(marks.split("\n"), 1) if row.strip() and not row.startswith("#")]
    if other and not found["entities"]:
        message = "this marks something, and no entity is read: each entity needs a line that begins with T1, T2 ..."
        problems.append(Problem(str(file), other[0], message))
    for entity in found["entities"]:
        parts = entity["fragments"]
        span = (parts[0]["begin"], parts[-1]["end"], entity["label"])
        try:
            if len(parts) > 1:
                raise ValueError(
                    f"span [{span[0]}, {span[1]}] {span[2][:100]} is in {len(parts)} pieces: mark one piece, or several spans"
                )
            entities.append(by_exported_text(found["text"], span, entity["text"]))
        except ValueError as error:
            problems.append(Problem(str(file), 1, str(error), found["text"]))
    yield 1, {"text": found["text"], "entities": entities, "id": file.stem} if len(problems) == before else None
