"""Build the wheel and the sdist of the updated pipeline, with a model card, and with the same bytes each time."""

from ner_update.packaging.package import PackageSettings, package
from ner_update.project.command import run


def main(options: PackageSettings):
    package(options)


if __name__ == "__main__":
    run(main)
