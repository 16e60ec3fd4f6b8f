"""Stop before packaging if the update learnt too little or forgot too much, and say which label lost what."""

from ner_update.evaluation.gate import GateSettings, gate
from ner_update.project.command import run


def main(options: GateSettings):
    gate(options)


if __name__ == "__main__":
    run(main)
