"""Write one offline HTML page: what was gained, what was kept, the learning curve, and texts in which it fails."""

from pathlib import Path
from typing import Optional

import spacy
import srsly
import typer
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape
from spacy import displacy
from wasabi import msg

from command import run
from outputs import replacing

# How many texts each list of the page shows at most.
SHOWN = 30


def render(text: str, entities: list) -> Markup:
    """RETURNS (Markup): displaCy's rendering of a text. displaCy escapes the text, and leaves the labels to its caller."""
    ents = [{"start": start, "end": end, "label": str(escape(label))} for start, end, label in entities]
    html = displacy.render({"text": text, "ents": ents, "title": None}, style="ent", manual=True, page=False, jupyter=False)
    return Markup(html)


def failures(rows: list[dict], labels: list[str]) -> list[dict]:
    """Pick the test texts where the updated pipeline errs on the given labels, most errors first.

    RETURNS (list): Rows with gold and updated rendered, and the error counts.
    """
    picked = []
    for row in rows:
        if row["gold"] is None:
            continue
        gold, said = ({tuple(e) for e in row[side] if e[2] in labels} for side in ("gold", "updated"))
        if gold != said:
            errors = {"missed": len(gold - said), "spurious": len(said - gold)}
            sides = {"gold": render(row["text"], sorted(gold)), "updated": render(row["text"], sorted(said))}
            picked.append({**row, **errors, **sides})
    return sorted(picked, key=lambda row: (-row["missed"] - row["spurious"], row["text"]))[:SHOWN]


def changed(rows: list[dict], old: list[str]) -> list[dict]:
    """RETURNS (list): Texts in which the old labels' predictions are not what the base said."""
    picked = []
    for row in rows:
        base, said = ({tuple(e) for e in row[side] if e[2] in old} for side in ("base", "updated"))
        if base != said:
            picked.append({**row, "base": render(row["text"], sorted(base)), "updated": render(row["text"], row["updated"])})
    return picked[:SHOWN]


def curve(log: Path, width: int = 600, height: int = 160) -> dict | None:
    """RETURNS (dict): Points of an SVG polyline of the dev score by training step; None if nothing was trained."""
    rows = list(srsly.read_jsonl(log)) if log.stat().st_size else []
    if len(rows) < 2:
        return None
    steps, scores = [row["step"] for row in rows], [row["score"] for row in rows]
    points = [(width * s / steps[-1], height * (1 - f)) for s, f in zip(steps, scores)]
    best = max(range(len(rows)), key=scores.__getitem__)
    return {
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        "best": {"x": round(points[best][0], 1), "y": round(points[best][1], 1), "step": steps[best], "f": round(100 * scores[best], 1)},
        "last": steps[-1],
    }


def main(
    metrics: Path,
    rows: Path,
    output: Path,
    breakdowns: Optional[Path] = typer.Option(None, help="Kinds of entity, of error and of text; left out of the page without it"),
    made: Path = typer.Option(..., help="Written after the page: the gate waits for it, and reruns for no other page"),
    template: Path = typer.Option(...),
    base_log: Path = typer.Option(...),
    update_log: Path = typer.Option(...),
    counts: Path = typer.Option(...),
):
    scores = srsly.read_json(metrics)
    texts = list(srsly.read_jsonl(rows)) if rows.stat().st_size else []
    old, new = scores["labels"]["old"], scores["labels"]["new"]
    pages = Environment(loader=FileSystemLoader(template.parent), autoescape=select_autoescape(["html"]), trim_blocks=True)
    html = pages.get_template(template.name).render(
        metrics=scores,
        breakdowns=srsly.read_json(breakdowns) if breakdowns else {},
        old=old,
        new=new,
        failures=failures(texts, new),
        changed=changed(texts, old),
        curves={"Base": curve(base_log), "Update": curve(update_log)},
        counts=srsly.read_json(counts),
        spacy_version=spacy.__version__,
    )
    with replacing(output) as path:
        path.write_text(html, encoding="utf8")
    with replacing(made) as path:
        path.write_text(f"{output.as_posix()}\n", encoding="utf8")
    msg.good(f"Open {output} in a browser")


if __name__ == "__main__":
    run(main)
