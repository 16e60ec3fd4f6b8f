"""Write one offline HTML page: the verdict, base and updated side by side, training curves, where it fails, and what made it."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from ner_update.pages.changed_predictions import CHANGES, JUDGED, change_counts, changed, first
from ner_update.pages.curves import HEIGHT, WIDTH, curve
from ner_update.pages.error_examples import ERRORS, confused, error_counts, mistaken, worst
from ner_update.pages.render import page, render
from ner_update.pages.summary import verdict
from ner_update.pipeline import text_context  # noqa: F401  (where a command fails, command.py tries to load the pipelines that it was given)
from ner_update.project.command import run
from ner_update.project.hashes import md5_of
from ner_update.project.outputs import replacing


def all_labels(metrics: dict) -> list[str]:
    """RETURNS (list): Every label of the page: new, old, and annotated in one of the test sets."""
    annotated = (metrics.get(name, {}).get("labels", {}) for name in ("new_test", "base_test"))
    return sorted({label for group in (*metrics["labels"].values(), *annotated) for label in group})


def used(path: Path) -> dict[str, str]:
    """RETURNS (dict): path, md5, and "what": name, version and components of a pipeline, or nothing."""
    meta = srsly.read_json(path / "meta.json") if (path / "meta.json").is_file() else None
    what = (
        f"{meta['lang']}_{meta['name']} {meta['version']}: {', '.join(meta['pipeline']) or 'no components'}"
        if meta
        else ""
    )
    return {"path": path.as_posix(), "md5": md5_of(path), "what": what}


def main(
    metrics: Path,
    rows: Path,
    output: Path,
    breakdowns: Path | None = typer.Option(
        None, help="Kinds of entity, of error and of text; left out of the page without it"
    ),
    made: Path = typer.Option(..., help="Written after the page: the gate waits for it, and reruns for no other page"),
    template: Path = typer.Option(..., help="Its style and its script lie beside it"),
    base_log: Path = typer.Option(...),
    update_log: Path = typer.Option(...),
    counts: Path = typer.Option(...),
    versions: Path = typer.Option(..., help="Installed versions, as scripts/fingerprints.py writes them"),
    seed: int = 0,
    used_path: list[Path] = typer.Option(
        [], "--used", help="What it all was made from, to be shown with its hash; repeat it"
    ),
):
    scores = srsly.read_json(metrics)
    texts = list(srsly.read_jsonl(rows)) if rows.stat().st_size else []
    labels = all_labels(scores)
    errors, changes = list(mistaken(texts, scores)), list(changed(texts, scores))
    headline, sentences = verdict(scores)
    paths = [*used_path, metrics, rows, *([breakdowns] if breakdowns else [])]
    html = page(
        template,
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
        curves={"The base pipeline": curve(base_log), "The update": curve(update_log)},
        width=WIDTH,
        height=HEIGHT,
        counts=srsly.read_json(counts),
        versions=srsly.read_json(versions),
        seed=seed,
        used=[used(path) for path in paths],
    )
    with replacing(output) as path:
        path.write_text(html, encoding="utf8", newline="\n")
    with replacing(made) as path:
        path.write_text(f"{output.as_posix()}\n", encoding="utf8")
    msg.good(f"Open {output} in a browser")


if __name__ == "__main__":
    run(main)
