"""Annotate texts with a pipeline: the one class that does it, in this process, in others, and in the actors of Ray."""

from collections.abc import Iterable, Iterator

import spacy
from spacy.util import minibatch

from ner_update.pipeline import text_context  # noqa: F401  (a pipeline that this project updated needs it to load)
from ner_update.pipeline.compute import take_gpu, use_openblas

# Texts that are in memory as Docs at once. Always the same ones together, so that results do not depend on who does the work.
BATCH = 1000


class Annotator:
    """A pipeline that is loaded from where it lies: it does not travel between processes."""

    def __init__(self, pipeline: str, gpu_id: int = -1):
        """Load the pipeline.

        pipeline (str): Path of a folder, or name of an installed package.
        gpu_id (int): Number of the GPU, -1 for the CPU.
        RAISES (OSError): ENODEV, if there is no such GPU.
        """
        if gpu_id >= 0:
            take_gpu(gpu_id)
        else:
            use_openblas()
        self.nlp = spacy.load(pipeline)

    def __call__(self, texts: Iterable[str]) -> Iterator[list[tuple[int, int, str]]]:
        """Find the entities of some texts.

        YIELDS (list): Start, end (code points) and label of each, text by text.
        """
        for batch in minibatch(texts, BATCH):
            # Else each new word would stay in memory for good.
            with self.nlp.memory_zone():
                found = [
                    [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in self.nlp.pipe(batch)
                ]
            yield from found
