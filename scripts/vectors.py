"""Make the table of word vectors: read it from a file, or distil it from a Hugging Face sentence encoder.

An entity that training never showed gives a small CNN nothing to go on but its context. With word vectors it also
knows what the word is like. A file holds vectors that were trained on billions of words (GloVe, word2vec, fastText).
An encoder gives them for any language: each of the most frequent words passes through it alone; its vector is the
mean of its pieces' last hidden states, reduced to its principal components. Those words come from wordfreq
(github.com/rspeer/wordfreq), not from the corpora: the table has seen no text of the test set. An encoder needs
`make transformer`. Figures are in benchmarks/README.md.
"""

from pathlib import Path

import spacy
import typer
from wasabi import msg

from ner_update.pipeline.vectors import encode, read_file, reduce, table
from ner_update.project.command import run
from ner_update.project.outputs import fail, replacing


def main(
    output: Path,
    source: str = typer.Option(
        "", help="File of word vectors, or Hugging Face encoder (name or folder); empty for none"
    ),
    lang: str = "en",
    words: int = typer.Option(400_000, min=1, help="How many of the most frequent words get a vector, at most"),
    width: int = typer.Option(128, min=1, help="Dimensions of a vector that is distilled from an encoder"),
    gpu_id: int = -1,
):
    nlp = spacy.blank(lang)
    if source:
        try:
            if Path(source).is_file():
                known, data = read_file(Path(source), words)
            else:
                from wordfreq import top_n_list

                known = top_n_list(lang, words)
                data = reduce(encode(source, known, gpu_id), width)
        except ImportError as error:
            problem = f"{source!r} is no file of word vectors, and for an encoder {error.name} is not installed"
            fail([problem], "Mend vars.vectors_from in project.yml, or run: make transformer")
        except (OSError, LookupError, ValueError, AssertionError, RuntimeError) as error:
            problem = f"no vectors from {source!r} for {lang!r}: {error or type(error).__name__}"
            fail([problem], "Mend vars.vectors_from in project.yml, or empty it.")
        nlp.vocab.vectors = table(known, data, nlp.vocab.strings)
    with replacing(output) as path:
        nlp.to_disk(path)
    found = f"{nlp.vocab.vectors.n_keys} forms of {len(nlp.vocab.vectors.data)} words have a vector in {output}"
    msg.good(found if source else "vars.vectors_from names nothing: no vectors")


if __name__ == "__main__":
    run(main)
