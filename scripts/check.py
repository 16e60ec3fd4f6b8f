"""Check every data file under assets/, list all problems at once, and tokenise the texts, before anything is built on them."""

from ner_update.checks.check_project import CheckSettings, check_project
from ner_update.project.command import run


def main(options: CheckSettings):
    check_project(options)


if __name__ == "__main__":
    run(main)
