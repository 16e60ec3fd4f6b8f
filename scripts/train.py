"""Put the base pipeline in its place: train it from random weights, or take an installed one."""

from ner_update.project.command import run
from ner_update.training.base import BaseSettings, make_base


def main(options: BaseSettings):
    make_base(options)


if __name__ == "__main__":
    run(main)
