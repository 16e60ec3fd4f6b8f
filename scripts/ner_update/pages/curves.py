"""Training curves: what two panels of an SVG, score and loss by training step, are drawn from. The page's template draws them."""

from collections.abc import Iterator
from math import ceil, floor, log10
from pathlib import Path

import srsly

# Of a panel, in the SVG's own units.
WIDTH, HEIGHT = 300, 150
SCORES = {"score": "score that chose the checkpoint", "ents_p": "precision", "ents_r": "recall"}


def ticks(top: float, about: int = 5) -> list[float]:
    """Choose round numbers from 0 up to the first that is not below `top`."""
    if top <= 0:
        return [0.0, 1.0]
    power = 10.0 ** floor(log10(top / about))
    step = next(power * n for n in (1, 2, 5, 10) if power * n * about >= top)
    return [round(step * n, 10) for n in range(ceil(top / step - 1e-9) + 1)]


def number(value: float) -> str:
    """Write a number with commas for thousands, and no trailing zeros."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def panel(title: str, unit: str, steps: list[int], lines: dict[str, list[float]]) -> dict:
    """Lay out lines over the training steps.

    lines (dict): By name the values of a line, one for each step.
    RETURNS (dict): title, unit, the ticks of both axes as (place, text), the names and the points of the lines.
    """
    across = ticks(steps[-1])
    up = ticks(max(max(values) for values in lines.values()))
    right, top = max(steps[-1], 1), up[-1]
    return {
        "title": title,
        "unit": unit,
        "x": [(round(WIDTH * tick / right, 1), number(tick)) for tick in across if tick <= steps[-1]],
        "y": [(round(HEIGHT * (1 - tick / top), 1), number(tick)) for tick in up],
        "lines": [
            {
                "name": name,
                "points": " ".join(
                    f"{WIDTH * s / right:.1f},{HEIGHT * (1 - v / top):.1f}" for s, v in zip(steps, values)
                ),
            }
            for name, values in lines.items()
        ],
        "at": {
            "x": [round(WIDTH * s / right, 1) for s in steps],
            "y": {name: [round(HEIGHT * (1 - v / top), 1) for v in values] for name, values in lines.items()},
        },
    }


def losses(rows: list[dict]) -> Iterator[tuple[str, list[float]]]:
    """Compute each component's loss per step. The log has sums of the steps since the last evaluation.

    YIELDS (tuple): The component's name, and its loss.
    """
    passed = [max(row["step"] - before["step"], 1) for before, row in zip([rows[0], *rows], rows)]
    for name in rows[0]["losses"]:
        yield name, [row["losses"].get(name, 0.0) / n for row, n in zip(rows, passed)]


def curve(log: Path) -> dict | None:
    """Lay out a training log.

    log (Path): JSONL with step, losses, score and scores of each evaluation, as spaCy's ConsoleLogger.v3 writes it.
    RETURNS (dict): steps, and the step with the best score; its score in percent; rows for a table; panels. None if nothing was trained.
    """
    rows = list(srsly.read_jsonl(log)) if log.stat().st_size else []
    if len(rows) < 2:
        return None
    steps = [row["step"] for row in rows]
    # The log has the score as a share, and what it is made of in percent.
    scores = {SCORES["score"]: [100 * row["score"] for row in rows]}
    scores |= {
        name: [row["scores"][key] for row in rows]
        for key, name in SCORES.items()
        if all(key in row.get("scores", {}) for row in rows)
    }
    lost = dict(losses(rows))
    best = max(range(len(rows)), key=lambda n: rows[n]["score"])
    panels = [panel("Score on the dev set", "%", steps, scores)] + (
        [panel("Loss", "per step", steps, lost)] if lost else []
    )
    columns = {**scores, **{f"loss of {name}": values for name, values in lost.items()}}
    return {
        "steps": steps[-1],
        "best": {"n": best, "step": steps[best], "score": round(100 * rows[best]["score"], 1)},
        "panels": panels,
        "columns": list(columns),
        "rows": [(step, [round(values[n], 2) for values in columns.values()]) for n, step in enumerate(steps)],
    }
