"""Render pages that stand alone, and texts with their entities marked. Nothing that comes from data becomes markup.

A page has its style and its script inside it, and fetches nothing.
"""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape
from spacy import displacy
from spacy.displacy.render import DEFAULT_LABEL_COLORS

# What every page extends, and its style; they lie beside the template.
FRAME, STYLE = "page.html", "page.css"


def page(template: Path, **shown: object) -> str:
    """Fill in a template.

    template (Path): Extends FRAME. A script of the same name (.js) that lies beside it goes in, too.
    shown: What the template names. It is escaped, unless it is Markup.
    RETURNS (str): HTML that tells the browser to run no script but that one, and to fetch nothing.
    """

    def text(path: Path) -> Markup:
        return Markup(path.read_text(encoding="utf8")) if path.exists() else Markup("")

    script = text(template.with_suffix(".js"))
    digest = b64encode(sha256(script.encode("utf8")).digest()).decode("ascii")
    pages = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template(template.name).render(
        **shown, style=text(template.with_name(STYLE)), script=script, script_hash=digest
    )


# For labels that displaCy has no colour of its own for. Black text on each has a contrast above 9.
COLORS = ("#ffd6a5", "#caffbf", "#9bf6ff", "#ffc6ff", "#fdffb6", "#bdb2ff", "#ffb3ba", "#a0e7e5")

# Characters of a text that are shown; a million, three times over, would stop the browser.
SHOWN = 5_000


def colors(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a colour, as displaCy looks them up: by the escaped label."""
    unknown = [label for label in labels if label.upper() not in DEFAULT_LABEL_COLORS]
    return {str(escape(label)): COLORS[n % len(COLORS)] for n, label in enumerate(unknown)}


def render(text: str, entities: list, labels: Iterable[str] = ()) -> Markup:
    """Mark entities in a text. displaCy escapes the text, and leaves the labels to its caller.

    entities (list): [start, end, label] in characters, which do not overlap.
    labels (list): All labels of the page, so that each has the same colour everywhere.
    RETURNS (Markup): A div with a mark for each entity. Of a long text it is the beginning.
    """
    ents = [
        {"start": start, "end": end, "label": str(escape(label))}
        for start, end, label in sorted(map(tuple, entities))
        if end <= SHOWN
    ]
    shown = {"text": text[:SHOWN], "ents": ents, "title": None}
    more = f"<p>… and {len(text) - SHOWN:,} more characters</p>" if len(text) > SHOWN else ""
    return Markup(
        displacy.render(shown, style="ent", manual=True, page=False, jupyter=False, options={"colors": colors(labels)})
        + more
    )
