"""Write the report: one offline HTML page."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import srsly
from typer import Option
from wasabi import msg

from ner_update.pages.changed_predictions import CHANGES, JUDGED, change_counts, changed, first
from ner_update.pages.curves import HEIGHT, WIDTH, curve
from ner_update.pages.error_examples import ERRORS, confused, error_counts, mistaken, worst
from ner_update.pages.render import page, render
from ner_update.pages.summary import verdict
from ner_update.pipeline import text_context  # noqa: F401  (where a command fails, command.py tries to load the pipelines that it was given)
from ner_update.project.hashes import md5_of
from ner_update.project.outputs import replacing


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """What the page shows, and where it is written."""

    metrics: Path
    rows: Path
    output: Path
    breakdowns: Annotated[
        Path | None, Option(help="Kinds of entity, of error and of text; left out of the page without it")
    ] = None
    made: Annotated[Path, Option(help="Written after the page: the gate waits for it, and reruns for no other page")]
    template: Annotated[Path, Option(help="Its style and its script lie beside it")]
    base_log: Annotated[Path, Option()]
    update_log: Annotated[Path, Option()]
    counts: Annotated[Path, Option()]
    versions: Annotated[Path, Option(help="Installed versions, as scripts/fingerprints.py writes them")]
    seed: int = 0
    used_path: Annotated[
        list[Path], Option("--used", help="What it all was made from, to be shown with its hash; repeat it")
    ] = field(default_factory=list)


def write_report(settings: ReportSettings) -> None:
    """Write the page, and then the file that says where it is."""
    metrics, rows, breakdowns = settings.metrics, settings.rows, settings.breakdowns
    scores = srsly.read_json(metrics)
    texts = list(srsly.read_jsonl(rows)) if rows.stat().st_size else []
    labels = all_labels(scores)
    errors, changes = list(mistaken(texts, scores)), list(changed(texts, scores))
    headline, sentences = verdict(scores)
    paths = [*settings.used_path, metrics, rows, *([breakdowns] if breakdowns else [])]
    html = page(
        settings.template,
        headline=headline,
        sentences=sentences,
        metrics=scores,
        breakdowns=srsly.read_json(breakdowns) if breakdowns else {},
        labels=labels,
        render=lambda text, entities: render(text, entities, labels),
        errors=worst(errors),
        errors_all=len(errors),
        error_counts=error_counts(errors),
        error_kinds=ERRORS,
        confused=confused,
        changes=first(changes),
        changes_all=len(changes),
        change_counts=change_counts(changes),
        change_kinds=CHANGES,
        judged=JUDGED,
        curves={"The base pipeline": curve(settings.base_log), "The update": curve(settings.update_log)},
        width=WIDTH,
        height=HEIGHT,
        counts=srsly.read_json(settings.counts),
        versions=srsly.read_json(settings.versions),
        seed=settings.seed,
        used=[used(path) for path in paths],
    )
    with replacing(settings.output) as path:
        path.write_text(html, encoding="utf8", newline="\n")
    with replacing(settings.made) as path:
        path.write_text(f"{settings.output.as_posix()}\n", encoding="utf8")
    msg.good(f"Open {settings.output} in a browser")


def all_labels(metrics: dict) -> list[str]:
    """List every label of the page: new, old, and annotated in one of the test sets."""
    annotated = (metrics.get(name, {}).get("labels", {}) for name in ("new_test", "base_test"))
    return sorted({label for group in (*metrics["labels"].values(), *annotated) for label in group})


def used(path: Path) -> dict[str, str]:
    """Describe a file or folder that the update was made from.

    RETURNS (dict): path, md5, and "what": name, version and components of a pipeline, or nothing.
    """
    meta = srsly.read_json(path / "meta.json") if (path / "meta.json").is_file() else None
    what = (
        f"{meta['lang']}_{meta['name']} {meta['version']}: {', '.join(meta['pipeline']) or 'no components'}"
        if meta
        else ""
    )
    return {"path": path.as_posix(), "md5": md5_of(path), "what": what}
