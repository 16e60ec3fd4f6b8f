"""Match patterns over raw texts to make silver examples, which a person reviews before they become gold.

Beside the examples it writes what each pattern is good for: what it matches in the raw texts, which other pattern takes its
matches away, and how far it is right in the annotated texts.
"""

from ner_update.labelling.annotate import AnnotateSettings, write_silver
from ner_update.project.command import run


def main(options: AnnotateSettings):
    write_silver(options).show(options.output, options.table)


if __name__ == "__main__":
    run(main)
