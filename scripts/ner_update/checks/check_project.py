"""Check every data file under assets/, or repair them, and write what came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import srsly
from typer import Option
from wasabi import msg

from ner_update.checks.blocks import pipelines
from ner_update.checks.check_data import by_label, check, count_spans, known_labels, tasks_in
from ner_update.checks.labels import label_hints
from ner_update.checks.repaired_files import fix
from ner_update.checks.report import CheckReport
from ner_update.checks.severity import LevelsError, read_levels
from ner_update.data.dataset import show_counts
from ner_update.pipeline.base import BasePipelineError
from ner_update.project.outputs import fail, replacing


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """What is checked, how files are read, and what is written."""

    assets: Path
    output: Annotated[Path, Option(help="All problems; also written when there are errors")] = Path("corpus/check.json")
    counted: Annotated[Path, Option(help="What each set holds")] = Path("corpus/counts.json")
    texts: Annotated[Path, Option(help="Folder for the tokenised texts of each set")] = Path("corpus/checked")
    passed: Annotated[Path, Option(help="Written only when there is no error; later commands wait for it")] = Path(
        "corpus/check.passed"
    )
    lang: str = "en"
    base_model: str = ""
    told: Annotated[str, Option("--format", help="What files are that could be read in more than one way")] = ""
    fix_in: Annotated[
        Path | None, Option("--fix", help="Write repaired copies of all files to this folder, and nothing else")
    ] = None


def check_project(settings: CheckSettings) -> None:
    """Check all files and write the results, or repaired copies alone.

    RAISES (typer.Exit): After its messages, if there is an error, or the base pipeline or configs/check.yml cannot be used.
    """
    try:
        nlp, base = pipelines(settings.lang, settings.base_model)
        if settings.fix_in:
            spans = by_label(count_spans(list(tasks_in(settings.assets)), settings.told)[1])
            hints = label_hints(spans, known_labels(base, spans), bool(base))
            fix(settings.assets, settings.fix_in, nlp, hints, settings.told)
            return
        with CheckReport(read_levels()) as report, replacing(settings.texts) as folder:
            folder.mkdir()
            counts = check(settings.assets, folder, report, settings.lang, settings.base_model, settings.told)
            report.show(settings.output)
            show_counts(counts)
            report.write(settings.output, counts)
            if report.errors:
                fail(
                    [],
                    f"{report.errors:,} error(s) in {settings.assets}. Mend them and run the same command again. To have mended what a program can mend, in copies: --fix FOLDER",
                )
    except BasePipelineError as error:
        fail([error], "Nothing was written.")
    except LevelsError as error:
        fail(error.problems, "Mend configs/check.yml and run the same command again.")
    with replacing(settings.counted) as path:
        srsly.write_json(path, counts)
    with replacing(settings.passed) as path:
        # Always the same bytes: what waits for the check must not rerun because a count changed.
        path.write_text("All files under assets passed the check.\n", encoding="utf8")
    msg.good(f"{sum(row['texts'] for row in counts.values()):,} texts checked, {report.warnings:,} warning(s)")
