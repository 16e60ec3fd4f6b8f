"""Check every data file under assets/, list all problems at once, and tokenise the texts, before anything is built on them."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from ner_update.checks.blocks import pipelines
from ner_update.checks.check_data import by_label, check, count_spans, known_labels, tasks_in
from ner_update.checks.labels import label_hints
from ner_update.checks.repaired_files import fix
from ner_update.checks.report import CheckReport
from ner_update.checks.severity import LevelsError, read_levels
from ner_update.data.dataset import show_counts
from ner_update.pipeline.base import BasePipelineError
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing


def main(
    assets: Path,
    output: Path = typer.Option("corpus/check.json", help="All problems; also written when there are errors"),
    counted: Path = typer.Option("corpus/counts.json", help="What each set holds"),
    texts: Path = typer.Option("corpus/checked", help="Folder for the tokenised texts of each set"),
    passed: Path = typer.Option(
        "corpus/check.passed", help="Written only when there is no error; later commands wait for it"
    ),
    lang: str = "en",
    base_model: str = "",
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
    fix_in: Path | None = typer.Option(
        None, "--fix", help="Write repaired copies of all files to this folder, and nothing else"
    ),
):
    try:
        nlp, base = pipelines(lang, base_model)
        if fix_in:
            spans = by_label(count_spans(list(tasks_in(assets)), told)[1])
            fix(assets, fix_in, nlp, label_hints(spans, known_labels(base, spans), bool(base)), told)
            return
        with CheckReport(read_levels()) as report, replacing(texts) as folder:
            folder.mkdir()
            counts = check(assets, folder, report, lang, base_model, told)
            report.show(output)
            show_counts(counts)
            report.write(output, counts)
            if report.errors:
                fail(
                    [],
                    f"{report.errors:,} error(s) in {assets}. Mend them and run the same command again. To have mended what a program can mend, in copies: --fix FOLDER",
                )
    except BasePipelineError as error:
        fail([error], "Nothing was written.")
    except LevelsError as error:
        fail(error.problems, "Mend configs/check.yml and run the same command again.")
    with replacing(counted) as path:
        srsly.write_json(path, counts)
    with replacing(passed) as path:
        # Always the same bytes: what waits for the check must not rerun because a count changed.
        path.write_text("All files under assets passed the check.\n", encoding="utf8")
    msg.good(f"{sum(row['texts'] for row in counts.values()):,} texts checked, {report.warnings:,} warning(s)")


if __name__ == "__main__":
    run(main)
