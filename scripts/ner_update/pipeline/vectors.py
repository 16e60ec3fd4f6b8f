"""Make the table of word vectors: read it from a file, or distil it from a Hugging Face sentence encoder.

An entity that training never showed gives a small CNN nothing to go on but its context. With word vectors it also
knows what the word is like. A file holds vectors that were trained on billions of words (GloVe, word2vec, fastText).
An encoder gives them for any language: each of the most frequent words passes through it alone; its vector is the
mean of its pieces' last hidden states, reduced to its principal components. Those words come from wordfreq
(github.com/rspeer/wordfreq), not from the corpora: the table has seen no text of the test set. An encoder needs
requirements-transformer.txt. Figures are in benchmarks/README.md.
"""

from pathlib import Path

import numpy
import srsly
from spacy.strings import StringStore
from spacy.training.initialize import read_vectors
from spacy.vectors import Vectors
from tqdm import tqdm

BATCH = 512
# Pieces after which a word is cut off. Hardly a word of 100,000 has more.
LONGEST = 16


def read_file(path: Path, most: int) -> tuple[list[str], numpy.ndarray]:
    """Read word vectors.

    A file has one word and its values a line, as GloVe, word2vec and fastText write them (.gz and .zip too), or is the
    JSON of the npm packages wink-embeddings-*.

    most (int): How many words at most; the first ones of a file are its most frequent.
    RETURNS (tuple): The words, and their vectors, shape (words, dimensions), float32.
    RAISES (ValueError): If the file is of another kind.
    """
    if path.suffix == ".json":
        made = srsly.read_json(path)
        words = made["words"][:most]
        return words, numpy.array([made["vectors"][word][: made["dimensions"]] for word in words], dtype="f4")
    data, words, _ = read_vectors(path, truncate_vectors=most)
    return words, data[: len(words)]


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
    """Compute the principal components, scaled so that the mean norm is 1.

    RETURNS (ndarray): Shape (words, width).
    """
    centred = states - states.mean(axis=0)
    _, axes = numpy.linalg.eigh(centred.T @ centred)
    reduced = centred @ axes[:, ::-1][:, :width]
    return (reduced / numpy.linalg.norm(reduced, axis=1).mean()).astype("f4")


def table(words: list[str], data: numpy.ndarray, strings: StringStore) -> Vectors:
    """Make a table of vectors in which a word also has a row capitalised and in upper case.

    Such a form has the row of the lower case, unless it has one of its own: most tables know no upper case, and spaCy
    3.8 does not save the `attr` that would say so.
    """
    made = Vectors(strings=strings, data=data, keys=words, name="words")
    for row, word in enumerate(words):
        for form in (word.capitalize(), word.title(), word.upper()):
            if form not in made:
                made.add(form, row=row)
    return made
