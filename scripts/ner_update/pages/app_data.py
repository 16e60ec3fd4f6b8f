"""What the page of `visualize` shows, apart from Streamlit: texts with their entities as HTML, test errors, data with findings."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import spacy
import srsly
from markupsafe import Markup, escape
from spacy import displacy

from ner_update.data.reader import data_files, read_data
from ner_update.data.records import Example, RawText
from ner_update.pipeline import text_context  # noqa: F401  (registers the layer of the updated pipeline)

# Light enough for black letters.
PALETTE = [
    "#ffd966",
    "#9fc5e8",
    "#b6d7a8",
    "#ea9999",
    "#b4a7d6",
    "#f9cb9c",
    "#a2dfd9",
    "#d5a6bd",
    "#d9ead3",
    "#ffe5a0",
    "#cfe2f3",
    "#e6c9a8",
]
SETS = {"new": "new texts", "base": "base texts", "raw": "raw texts"}
SIDES = ("gold", "base", "updated")
# Characters of a text that are shown; a million would stop the browser.
SHOWN = 20_000


class Row(NamedTuple):
    """A text of a data file, or a finding that belongs to none, with all that the check found in it."""

    where: str
    text: str | None
    entities: list
    findings: list[dict]


def missing(paths: Iterable[Path]) -> str:
    """Explain what to do, if some of the paths do not exist; otherwise nothing."""
    gone = [path.as_posix() for path in paths if not path.exists()]
    return f"There is no {', '.join(gone)} yet. Run the whole project (make), and reload this page." if gone else ""


def colours(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a colour, which depends on the labels alone."""
    return {label: PALETTE[n % len(PALETTE)] for n, label in enumerate(sorted(set(labels)))}


def as_html(text: str, entities: list, colour: dict[str, str], direction: str = "ltr") -> Markup:
    """Render a text, of which nothing becomes markup. displaCy escapes the text, and leaves the labels to its caller.

    entities (list): [start, end, label] each, in code points. Those that are not inside the text are left out.
    """
    cut = text[:SHOWN]
    ents = [
        {"start": s, "end": e, "label": str(escape(label))}
        for s, e, label in sorted(map(tuple, entities))
        if 0 <= s < e <= len(cut)
    ]
    options = {"colors": {str(escape(label)): value for label, value in colour.items()}}
    parsed = {"text": cut, "ents": ents, "title": None, "settings": {"direction": direction}}
    html = displacy.render(parsed, style="ent", manual=True, page=False, jupyter=False, options=options)
    more = f"<p>… and {len(text) - SHOWN:,} more characters</p>" if len(text) > SHOWN else ""
    return Markup(html + more)


def load(path: Path) -> spacy.Language:
    """Load a pipeline of this project."""
    return spacy.load(path)


def predict(nlp: spacy.Language, text: str, colour: dict[str, str]) -> Markup:
    """Mark in a text what a pipeline finds in it."""
    entities = [(ent.start_char, ent.end_char, ent.label_) for ent in nlp(text).ents]
    return as_html(text, entities, colour, nlp.vocab.writing_system.get("direction", "ltr"))


def labels_of(*pipelines: spacy.Language) -> list[str]:
    """List every label that one of the pipelines may give to an entity."""
    return sorted(
        {
            label
            for nlp in pipelines
            for name, _ in nlp.pipeline
            for label in getattr(nlp.get_pipe(name), "labels", ())
            if "ner" in name
        }
    )


def wrong_texts(rows: Path) -> list[dict]:
    """Read the texts in which the updated pipeline and the gold annotation differ; of raw texts, which have none, the base.

    rows (Path): training/differences.jsonl.
    RETURNS (list): Its rows, with the labels of the wrong entities (wrong) and their number (errors), most errors first.
    """
    found = []
    for row in srsly.read_jsonl(rows) if rows.stat().st_size else []:
        right, said = (
            {tuple(ent) for ent in row[side]} for side in ("base" if row["gold"] is None else "gold", "updated")
        )
        if right != said:
            found.append({**row, "wrong": sorted({label for _, _, label in right ^ said}), "errors": len(right ^ said)})
    return sorted(found, key=lambda row: (-row["errors"], row["set"], row["text"]))


def chosen(errors: list[dict], sets: Iterable[str], labels: Iterable[str]) -> list[dict]:
    """Choose the errors in texts of some test sets in which an entity of one of the labels is wrong."""
    sets, labels = set(sets), set(labels)
    return [row for row in errors if row["set"] in sets and labels & set(row["wrong"])]


def kinds(problems: list[dict]) -> dict[str, int]:
    """Count the problems of each kind, errors first."""
    levels = {problem["kind"]: problem["level"] for problem in problems}
    return dict(
        sorted(Counter(p["kind"] for p in problems).items(), key=lambda pair: (levels[pair[0]] != "error", pair[0]))
    )


def files_of(assets: Path, problems: list[dict]) -> list[str]:
    """List the data files, and whatever else the check found something in."""
    sets = [assets / name for name in ("annotated", "test", "base", "raw.jsonl") if (assets / name).exists()]
    files = [str(file) for path in sets for file in data_files(path)]
    return list(dict.fromkeys([*files, *(problem["file"] for problem in problems)]))


def data(file: str, assets: Path, problems: list[dict], told: str = "") -> Iterator[Row]:
    """Put the texts of a data file beside what the check found in them.

    problems (list): Those of corpus/check.json that shall be shown.
    told (str): vars.format.
    YIELDS (Row): First what belongs to no text, then each text of the file.
    """
    by_line = defaultdict(list)
    for problem in problems:
        if problem["file"] == file:
            by_line[problem["line"]].append(problem)
    path, read = Path(file), []
    if path.is_file() and path.name != "patterns.jsonl":
        read = read_data(path, RawText if path == assets / "raw.jsonl" else Example, told).examples
    texts = {line for _, line, _ in read}
    for line in sorted(by_line.keys() - texts, key=lambda line: line or 0):
        yield Row(file if line is None else f"{file}:{line}", None, [], by_line[line])
    for _, line, record in read:
        yield Row(f"{file}:{line}", record.text, getattr(record, "entities", []), by_line.get(line, []))


def finding_html(finding: dict) -> Markup:
    """Show what the check said, with the text around it and the repair. Nothing of it becomes markup."""
    around = Markup("<br><code>{}</code>").format(finding["around"]) if finding["around"] else ""
    repair = Markup("<br>Repair: {}").format(finding["repair"]) if finding["repair"] else ""
    return Markup('<p class="finding">{} <b>{}</b>: {}{}{}</p>').format(
        finding["level"], finding["kind"], finding["message"], around, repair
    )
