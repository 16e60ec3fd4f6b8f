"""Write one offline HTML page: the verdict, base and updated side by side, training curves, where it fails, and what made it."""

from ner_update.pages.report import ReportSettings, write_report
from ner_update.project.command import run


def main(options: ReportSettings):
    write_report(options)


if __name__ == "__main__":
    run(main)
