"""Compare the base pipeline with the updated one: what was gained, what was kept, on which kinds of entity and of text."""

from pathlib import Path

import spacy
import srsly
import typer
from wasabi import msg

from ner_update.evaluation.comparison import Comparison, details, differences, scores
from ner_update.pipeline.compute import use_openblas
from ner_update.project.command import run
from ner_update.project.outputs import replacing


def main(
    base: Path,
    updated: Path,
    corpus: Path,
    metrics: Path,
    rows: Path,
    breakdowns: Path | None = typer.Option(
        None, help="Also measure by kinds of entity and of text, and write that here"
    ),
    seed: int = 0,
):
    use_openblas()
    comparison = Comparison(spacy.load(base), spacy.load(updated), corpus)
    found = scores(comparison, seed)
    made = details(comparison, seed) if breakdowns else {}
    with replacing(rows) as path:
        srsly.write_jsonl(path, differences(comparison.tests, comparison.predicted))
    if breakdowns:
        with replacing(breakdowns) as path:
            srsly.write_json(path, dict(sorted(made.items())))
    with replacing(metrics) as path:
        srsly.write_json(path, dict(sorted(found.items())))
    for name in ("base_test", "new_test"):
        for label, row in found.get(name, {}).get("labels", {}).items():
            msg.text(f"{name:9} {label:16} base F {row['base']['f']:6} updated F {row['updated']['f']:6} {row['says']}")
    for probe, parts in made.get("probes", {}).items():
        for name, row in parts.items():
            msg.text(
                f"{probe.replace('_', ' '):14} {name} labels: {row['updated']['says']}, from F {row['updated']['plain_f']}"
            )
    for place in ("before", "after") if "mixed_texts" in found else ():
        row = found["mixed_texts"][place]
        msg.text(
            f"Names {place:6} the new texts: F {row['mixed']['f']} instead of {row['plain']['f']}; old names kept {row['old_kept']} %"
        )
    kept = found["retention"]
    share = f"{kept['kept']['percent']} %" if kept["kept"] else "-"
    msg.good(f"Gain F {found['gain']['f']}; kept {share} ({kept['measured']})")


if __name__ == "__main__":
    run(main)
