"""Show one round of training on one text, with the real pipeline, and what it does to what was known. Nothing is saved.

1. weights: sourced from a finished pipeline, or initialised at random
2. the prediction
3. the comparison with the gold annotation
4. the loss, and the size of the gradient
5. the update of the weights
6. again: the prediction after 1, 5 and 20 updates

Then the same updates made in three ways, and what each does to sentences with the old labels.
"""

from ner_update.project.command import run
from ner_update.walkthrough.walk_through import StepSettings, walk_through


def main(options: StepSettings):
    walk_through(options)


if __name__ == "__main__":
    run(main)
