"""Would more data help? Figures of trainings on shares of the new label's examples, and what the last share brought."""

import csv
from pathlib import Path

import numpy
import srsly

from ner_update.evaluation.scoring import f_score, interval, resample, sentence
from ner_update.experiments.variant import Variant, VariantSettings, results
from ner_update.project.outputs import replacing

SHARES = (0.25, 0.5, 0.75, 1.0)


def last_quarter(rows: list[dict], seed: int) -> dict:
    """Compare the last two points of the curve on the same test texts.

    rows (list): What variant.py gives, in order of their shares.
    RETURNS (dict): examples that came last, difference of F with its 95 % interval, and what it says about annotating more.
    """
    before, after = (numpy.array(row["counts"]) for row in rows[-2:])
    samples = resample(len(after), seed)
    difference = round(float(f_score(after.sum(axis=0)) - f_score(before.sum(axis=0))), 2)
    low, high = limits = interval(f_score(samples @ after) - f_score(samples @ before))
    examples = rows[-1]["examples"] - rows[-2]["examples"]
    brought = f"the last {examples} examples: {sentence(difference, limits)}"
    if low > 0:
        says = f"Worth annotating for: {brought}. As many again would bring about as much, or less."
    elif high < 0:
        says = f"Not worth annotating for: {brought}. Look at those examples first: are they annotated as the others?"
    else:
        says = f"Not shown to be worth annotating for: {brought}. This test set, of {len(after)} texts, cannot tell."
    return {"examples": examples, "difference_f": difference, "interval": limits, "says": says}


def table(rows: list[dict]) -> list[dict]:
    """Make rows of a CSV file, figures in percent; kept is empty where nothing can be."""
    return [
        {
            "share": round(100 * row["share"]),
            "examples": row["examples"],
            "rehearsal": row["rehearsal"],
            "f": row["gain"]["f"],
        }
        | dict(zip(("f_low", "f_high"), row["gain"]["interval"]))
        | (
            {"kept": row["kept"]["percent"]} | dict(zip(("kept_low", "kept_high"), row["kept"]["interval"]))
            if row["kept"]
            else {}
        )
        for row in rows
    ]


def svg(rows: list[dict], width: int = 320, height: int = 200) -> str:
    """Draw the curve: gain, and what was kept, each with its intervals over the number of examples."""
    panels = [("Gain: F of the new labels", "f")] + ([("Kept, in percent", "kept")] if "kept" in rows[-1] else [])
    most, parts = rows[-1]["examples"], []
    for n, (title, key) in enumerate(panels):
        low = min(0 if key == "f" else 90, *(row.get(f"{key}_low", 100) for row in rows))
        high = max(100, *(row[f"{key}_high"] for row in rows))

        def x(row: dict, n: int = n) -> float:
            return round(n * (width + 40) + 45 + (width - 60) * row["examples"] / most, 1)

        def y(value: float, low: float = low, high: float = high) -> float:
            return round(30 + (height - 60) * (high - value) / (high - low), 1)

        left, right = n * (width + 40) + 45, n * (width + 40) + width - 15
        parts.append(f'<text x="{left}" y="16" font-weight="bold">{title}</text>')
        for tick in (low, high):
            parts.append(
                f'<path d="M{left} {y(tick)}H{right}" stroke-opacity=".3"/><text x="{left - 6}" y="{y(tick) + 4}" text-anchor="end">{tick:.0f}</text>'
            )
        parts.append(f'<polyline points="{" ".join(f"{x(row)},{y(row[key])}" for row in rows)}" fill="none"/>')
        for row in rows:
            bar = f'<path d="M{x(row)} {y(row[f"{key}_low"])}V{y(row[f"{key}_high"])}"/><circle cx="{x(row)}" cy="{y(row[key])}" r="3" fill="currentColor"/>'
            parts.append(f'{bar}<text x="{x(row)}" y="{height - 8}" text-anchor="middle">{row["examples"]}</text>')
    size = f"{len(panels) * (width + 40)} {height}"
    style = 'font-family="sans-serif" font-size="11" stroke-width="1.5"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" color="#2f6fdb" stroke="currentColor" {style}>'
    )
    return head + "<style>text { stroke: none; fill: #667 }</style>" + "".join(parts) + "</svg>\n"


def learning_curve(settings: VariantSettings, output: Path) -> tuple[list[dict], dict]:
    """Train on each of SHARES, and write the curve as JSON, CSV and SVG.

    output (Path): Folder for the three files.
    RETURNS (tuple): The rows of `table`, and what `last_quarter` gives.
    """
    found = results(settings, [Variant(settings.seed, share, settings.seed) for share in SHARES])
    rows, last = table(found), last_quarter(found, settings.seed)
    with replacing(output) as folder:
        folder.mkdir()
        measured = (
            found[-1]["kept"]["measured"] if found[-1]["kept"] else "nothing: the base pipeline recognises no entities"
        )
        curve = {
            "seed": settings.seed,
            "max_steps": settings.max_steps,
            "kept": measured,
            "rows": rows,
            "last_quarter": last,
        }
        srsly.write_json(folder / "curve.json", curve)
        with (folder / "curve.csv").open("w", encoding="utf8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        (folder / "curve.svg").write_text(svg(rows), encoding="utf8")
    return rows, last
