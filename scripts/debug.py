"""Keep what `spacy debug data` says about the corpora as a text file."""

from pathlib import Path

import typer
from wasabi import msg

from ner_update.corpus.debug_data import debug_data
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing


def main(
    config: Path,
    corpus: Path,
    output: Path,
    stream_over: int = typer.Option(0, help="Of a larger corpus a sample of so many texts is looked at; 0 for all"),
    base_model: str = typer.Option(
        "", help="If a pipeline is named, none is trained, and only the new data are looked at"
    ),
):
    report = ""
    for name in ("new",) if base_model else ("base", "new"):
        try:
            report += f"# {corpus / name}, with {config}\n{debug_data(config, corpus / name, stream_over)}\n"
        except RuntimeError as error:
            fail([f"spacy debug data broke off on {corpus / name}: {error}"], "Nothing was written.")
    with replacing(output) as path:
        path.write_text(report, encoding="utf8")
    print(report)
    msg.good(f"Kept in {output}")


if __name__ == "__main__":
    run(main)
