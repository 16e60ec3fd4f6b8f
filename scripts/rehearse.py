"""Mix the new examples with rehearsal texts: texts of the base pipeline's own kind, in which the new labels must not be predicted."""

from ner_update.project.command import run
from ner_update.rehearsal.corpus import RehearseSettings, rehearse


def main(options: RehearseSettings):
    rehearse(options)


if __name__ == "__main__":
    run(main)
