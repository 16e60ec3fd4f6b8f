"""The page that `visualize` opens. What it shows is made in shown_texts.py; what is not loopback stays outside (visualize.py)."""

import sys
from pathlib import Path

import srsly
import streamlit as st

from ner_update.pages.app_data import (
    SETS,
    SIDES,
    as_html,
    chosen,
    colours,
    data,
    files_of,
    finding_html,
    kinds,
    labels_of,
    load,
    missing,
    predict,
    wrong_texts,
)

PAGES = {"text": "Type a text", "errors": "Test errors", "data": "Data"}
# A text that is put on the page at once, and in an address that a browser takes.
LONGEST, LINK = 100_000, 1_000
EXAMPLE = "Ines lost her iPhone X in Lyon."


@st.cache_resource
def read_json(path: Path, changed: float):
    return srsly.read_json(path)


@st.cache_resource
def read_errors(path: Path, changed: float):
    return wrong_texts(path)


def pipelines(paths: dict[str, Path]) -> dict:
    """Load each pipeline by its name. A new one takes the place of the old when its folder changes."""
    return {name: _pipeline(path, (path / "meta.json").stat().st_mtime) for name, path in paths.items()}


@st.cache_resource(show_spinner="Loading a pipeline", max_entries=4)
def _pipeline(path: Path, changed: float):
    return load(path)


def page_of(rows: list, size: int, key: str) -> list:
    """Get the rows of the page that is chosen."""
    pages = max(1, -(-len(rows) // size))
    page = st.number_input(f"Page, of {pages:,}", 1, pages, key=key) if pages > 1 else 1
    return rows[(page - 1) * size : page * size]


def type_a_text(base: Path, updated: Path) -> None:
    paths = {"base": base, "updated": updated}
    if todo := missing(paths.values()):
        st.warning(todo)
        return
    text = st.text_area(
        "Text", st.query_params.get("text", EXAMPLE)[:LONGEST], max_chars=LONGEST, help="Ctrl and Enter to read it"
    )
    if len(text) <= LINK:
        # So that the address can be sent to somebody.
        st.query_params["text"] = text
    found = pipelines(paths)
    colour = colours(labels_of(*found.values()))
    for column, (name, nlp) in zip(st.columns(2), found.items()):
        column.subheader(name)
        column.html(f'<div class="side {name}">{predict(nlp, text, colour)}</div>')


def browse_errors(rows: Path) -> None:
    if todo := missing([rows]):
        st.warning(todo)
        return
    errors = read_errors(rows, rows.stat().st_mtime)
    sets = st.multiselect(
        "Test sets",
        list(SETS),
        [name for name in ("new", "base") if any(row["set"] == name for row in errors)],
        format_func=SETS.get,
    )
    known = sorted({label for row in errors for label in row["wrong"]})
    labels = st.multiselect("Labels of the wrong entities", known, known)
    colour = colours(label for row in errors for side in SIDES for _, _, label in row[side] or [])
    picked = chosen(errors, sets, labels)
    st.caption(
        f"{len(picked):,} texts, most errors first. Raw texts have no gold annotation: there updated differs from base."
    )
    for row in page_of(picked, 20, "errors"):
        with st.container(border=True):
            st.html(f"<small>{SETS[row['set']]}, {row['errors']} wrong or missed</small>")
            for column, side in zip(st.columns(3), SIDES):
                if row[side] is not None:
                    column.html(
                        f'<div class="error {side}"><small>{side}</small>{as_html(row["text"], row[side], colour)}</div>'
                    )


def browse_data(checked: Path, assets: Path, told: str) -> None:
    if todo := missing([checked, assets]):
        st.warning(todo)
        return
    problems = read_json(checked, checked.stat().st_mtime)["problems"]
    counted = kinds(problems)
    wanted = st.multiselect(
        "Kinds of findings", list(counted), list(counted), format_func=lambda kind: f"{kind} ({counted[kind]:,})"
    )
    problems = [problem for problem in problems if problem["kind"] in wanted]
    files = files_of(assets, problems)
    file = st.selectbox(
        "File", files, format_func=lambda name: f"{name} ({sum(p['file'] == name for p in problems):,} findings)"
    )
    only = st.checkbox("Only what has findings", any(problem["file"] == file for problem in problems))
    rows = [row for row in data(file, assets, problems, told) if row.findings or not only] if file else []
    colour = colours(label for row in rows for _, _, label in row.entities)
    st.caption(f"{len(rows):,} texts or findings. What the kinds mean, and which stop a run: configs/check.yml")
    for row in page_of(rows, 20, "data"):
        with st.container(border=True):
            text = "" if row.text is None else as_html(row.text, row.entities, colour)
            st.html('<div class="row">{}{}</div>'.format(text, "".join(map(finding_html, row.findings))))
            st.text(row.where)


def main(base: Path, updated: Path, rows: Path, checked: Path, assets: Path, told: str) -> None:
    st.set_page_config(page_title="Base and updated pipeline", layout="wide")
    asked = st.query_params.get("page", "text")
    page = st.radio(
        "Page",
        list(PAGES),
        list(PAGES).index(asked) if asked in PAGES else 0,
        format_func=PAGES.get,
        horizontal=True,
        label_visibility="collapsed",
    )
    if page == "text":
        type_a_text(base, updated)
    elif page == "errors":
        browse_errors(rows)
    else:
        browse_data(checked, assets, told)


if __name__ == "__main__":
    base, updated, rows, checked, assets = map(Path, sys.argv[1:6])
    main(base, updated, rows, checked, assets, sys.argv[6])
