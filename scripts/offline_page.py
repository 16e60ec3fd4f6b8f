"""A page that stands alone: its style and its script are inside it, it fetches nothing, and nothing from data becomes markup."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

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
    pages = Environment(loader=FileSystemLoader(template.parent), autoescape=select_autoescape(["html"]), trim_blocks=True, lstrip_blocks=True)
    return pages.get_template(template.name).render(**shown, style=text(template.with_name(STYLE)), script=script, script_hash=digest)
