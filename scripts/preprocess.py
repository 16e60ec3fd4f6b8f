"""Turn checked examples into train, dev and test corpora that share no text."""

import re
from hashlib import md5
from pathlib import Path
from typing import Iterable

import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tqdm import tqdm
from wasabi import msg

from base_pipeline import BasePipelineError, load_base, tokenizer_for
from command import run
from data_set import DataSet, account, show_counts
from outputs import fail, replacing
from read_records import read_data
from records import DataError, Example, RawText, make_doc

SPLITS = ("train", "dev", "test")


def group_key(example: Example | RawText) -> str:
    """What must stay on one side of a split: the source document if it is named, else texts that differ
    only in case, numbers, spaces and punctuation.

    RETURNS (str): The same for all examples of a group.
    """
    if "doc" in example.meta:
        return f"doc {example.meta['doc']}"
    return " ".join(re.findall(r"[^\W\d]+|\d", re.sub(r"\d+", "0", example.text.casefold())))


def split_of(key: str, dev_size: float, test_size: float) -> str:
    """Choose the split from a hash of the key, so that adding, editing or reordering one example moves no
    other one (a seeded shuffle, as in scikit-learn's splitters, would move nearly all of them).

    key (str): From group_key.
    dev_size, test_size (float): Shares of the whole, 0 to 1.
    RETURNS (str): "train", "dev" or "test".
    """
    place = int(md5(key.encode("utf8", "surrogatepass")).hexdigest()[:8], 16) / 2**32
    return "test" if place < test_size else "dev" if place < test_size + dev_size else "train"


def split(examples: Iterable, dev_size: float, test_size: float) -> dict[str, dict[str, Example | RawText]]:
    """RETURNS (dict): For each split the examples by group key and text, in an order that does not depend
    on the files'. A text that stands twice is taken once."""
    corpus: dict[str, dict] = {name: {} for name in SPLITS}
    for example in examples:
        key = group_key(example)
        corpus[split_of(key, dev_size, test_size)].setdefault((key, example.text), example)
    return {name: dict(sorted(part.items())) for name, part in corpus.items()}


def drop_leaks(corpora: dict[str, dict[str, dict]]) -> int:
    """Take out of every train and dev set what a test set holds, of every train set what a dev set holds,
    and of the raw texts what is annotated anywhere.

    RETURNS (int): How many examples were dropped.
    """
    def keys(names: Iterable[str], splits: Iterable[str]) -> set[str]:
        return {key for name in names for part in splits for key, _ in corpora[name][part]}

    annotated = [name for name in corpora if name != "raw"]
    before = sum(len(part) for corpus in corpora.values() for part in corpus.values())
    for part, above in (("dev", ["test"]), ("train", ["test", "dev"])):
        for name in annotated:
            taken = keys(annotated, above)
            corpora[name][part] = {k: v for k, v in corpora[name][part].items() if k[0] not in taken}
    taken = keys(annotated, SPLITS)
    for part in SPLITS:
        corpora["raw"][part] = {k: v for k, v in corpora["raw"][part].items() if k[0] not in taken}
    return before - sum(len(part) for corpus in corpora.values() for part in corpus.values())


def to_doc(nlp: Language, example: Example | RawText) -> Doc:
    """RETURNS (Doc): With gold entities if the example was annotated, without any annotation if not."""
    return make_doc(nlp, example) if isinstance(example, Example) else nlp.make_doc(example.text)


def main(
    assets: Path,
    output: Path,
    lang: str = "en",
    base_model: str = "",
    dev_size: float = typer.Option(0.15, help="Share of the examples on which checkpoints are compared"),
    test_size: float = typer.Option(0.2, help="Share held back for evaluation, where no test set is given"),
    told: str = typer.Option("", "--format", help="What files are that could be read in more than one way"),
):
    raw = assets / "raw.jsonl"
    try:
        nlp = tokenizer_for(lang, load_base(base_model) if base_model else None)
        sets = {name: read_data(assets / name, told=told) for name in ("base", "annotated", "test")}
        sets["raw"] = read_data(raw, RawText) if raw.exists() and raw.stat().st_size else DataSet()
        show_counts(account(sets))
        base, annotated, test, texts = (data.require() for data in sets.values())
    except BasePipelineError as error:
        fail([error], "Nothing was written.")
    except DataError as error:
        fail(error.problems, "Mend the data (the check command lists every problem) and run this again.")
    corpora = {
        "base": split(base, dev_size, test_size),
        "new": split(annotated, dev_size, 0 if test else test_size),
        "raw": split(texts, dev_size, test_size),
    }
    if test:
        corpora["new"]["test"] = split(test, 0, 1)["test"]
    repeated = sum(map(len, (base, annotated, test, texts))) - sum(len(part) for corpus in corpora.values() for part in corpus.values())
    dropped = drop_leaks(corpora)
    for name, corpus in corpora.items():
        for part, examples in corpus.items():
            docs = tqdm(examples.values(), desc=f"{name}/{part}", unit="text", disable=None, leave=False)
            with replacing(output / name / f"{part}.spacy") as path:
                DocBin(docs=(to_doc(nlp, example) for example in docs)).to_disk(path)
    rows = [(name, *(len(corpus[part]) for part in SPLITS)) for name, corpus in corpora.items()]
    msg.table(rows, header=("Corpus", *SPLITS), divider=True)
    why = f"{dropped} example(s) left out because another split or set holds their text, {repeated} that stand twice"
    msg.good(f"Corpora in {output}; {why}")


if __name__ == "__main__":
    run(main)
