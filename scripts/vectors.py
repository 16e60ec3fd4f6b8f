"""Distil static word vectors from a Hugging Face sentence encoder: what it knows of words, at the speed of a table.

An entity that training never showed gives a small CNN nothing to go on but its context. With these vectors it also
knows what the word is like. Each of the most frequent words of the language passes through the encoder alone; its
vector is the mean of its pieces' last hidden states, reduced to its principal components. The words come from
wordfreq (github.com/rspeer/wordfreq), not from the corpora: the table has seen no text of the test set.
Needs requirements-transformer.txt. Figures are in benchmarks/README.md.
"""

from pathlib import Path

import numpy
import spacy
import typer
from spacy.strings import StringStore
from spacy.vectors import Vectors
from tqdm import tqdm
from wasabi import msg

from outputs import fail, replacing

BATCH = 512
# Pieces after which a word is cut off. Hardly a word of 100,000 has more.
LONGEST = 16


def encode(encoder: str, words: list[str], gpu_id: int = -1) -> numpy.ndarray:
    """Pass words through an encoder, each as a text of its own.

    encoder (str): Name on the Hugging Face hub, or a folder.
    gpu_id (int): Number of the GPU, or -1 for the CPU.
    RETURNS (ndarray): Mean last hidden state of each word's pieces, shape (words, width of the encoder), float32.
    RAISES (OSError): If there is no such encoder.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    device = "cpu" if gpu_id < 0 else f"cuda:{gpu_id}"
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModel.from_pretrained(encoder).eval().to(device)
    marked = tokenizer(words, truncation=True, max_length=LONGEST, return_special_tokens_mask=True)
    pieces, special = marked["input_ids"], marked["special_tokens_mask"]
    # Words of one length make a batch without padding.
    order = sorted(range(len(words)), key=lambda n: (len(pieces[n]), n))
    states = numpy.zeros((len(words), model.config.hidden_size), dtype="f4")
    with torch.inference_mode(), tqdm(total=len(words), desc="encode", unit="word", disable=None) as bar:
        start = 0
        while start < len(order):
            length = len(pieces[order[start]])
            batch = [n for n in order[start : start + BATCH] if len(pieces[n]) == length]
            hidden = model(torch.tensor([pieces[n] for n in batch], device=device)).last_hidden_state
            own = torch.tensor([special[n] for n in batch], device=device) == 0
            summed = (hidden * own[..., None]).sum(dim=1)
            # A word of which the tokenizer leaves nothing (a lone accent) gets a vector of zeros.
            states[batch] = (summed / own.sum(dim=1).clamp(min=1)[:, None]).cpu().numpy()
            start += len(batch)
            bar.update(len(batch))
    return states


def reduce(states: numpy.ndarray, width: int) -> numpy.ndarray:
    """RETURNS (ndarray): The principal components, shape (words, width), scaled so that the mean norm is 1."""
    centred = states - states.mean(axis=0)
    _, axes = numpy.linalg.eigh(centred.T @ centred)
    reduced = centred @ axes[:, ::-1][:, :width]
    return (reduced / numpy.linalg.norm(reduced, axis=1).mean()).astype("f4")


def table(words: list[str], data: numpy.ndarray, strings: StringStore) -> Vectors:
    """RETURNS (Vectors): A word in lower case, capitalised and in upper case has one row: encoders of this kind mostly
    know no upper case, and spaCy 3.8 does not save the `attr` of a table, which would say so."""
    made = Vectors(strings=strings, data=data, keys=words, name="distilled")
    for row, word in enumerate(words):
        for form in (word.capitalize(), word.title(), word.upper()):
            made.add(form, row=row)
    return made


def main(
    output: Path,
    encoder: str = typer.Option("", help="Name on the Hugging Face hub, or a folder; empty for no vectors"),
    lang: str = "en",
    words: int = typer.Option(100_000, help="How many of the most frequent words get a vector"),
    width: int = typer.Option(128, help="Dimensions of a vector"),
    gpu_id: int = -1,
):
    nlp = spacy.blank(lang)
    if encoder:
        try:
            from wordfreq import top_n_list

            vocabulary = top_n_list(lang, words)
            data = reduce(encode(encoder, vocabulary, gpu_id), width)
        except ImportError as error:
            fail([f"{error.name} is not installed"], "Run: make transformer (it installs requirements-transformer.txt).")
        except (OSError, LookupError, ValueError) as error:
            fail([f"no vectors from {encoder!r} for {lang!r}: {error}"], "Mend vars.vectors_from in project.yml, or empty it.")
        nlp.vocab.vectors = table(vocabulary, data, nlp.vocab.strings)
    with replacing(output) as path:
        nlp.to_disk(path)
    msg.good(f"{nlp.vocab.vectors.n_keys} words with a vector in {output}" if encoder else "No encoder named in vars.vectors_from: no vectors")


if __name__ == "__main__":
    typer.run(main)
