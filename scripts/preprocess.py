"""Split the checked texts into train, dev and test corpora that share no text."""

from collections import Counter
from functools import partial
from itertools import product
from pathlib import Path

import numpy
import typer
from tqdm import tqdm
from wasabi import msg

from ner_update.corpus.shards import DocShard
from ner_update.corpus.splitting import CORPORA, SPLITS, assign, split_shard
from ner_update.parallel.pool import in_processes
from ner_update.project.command import run
from ner_update.project.outputs import replacing, scratch


def main(
    checked: Path,
    output: Path,
    dev_size: float = typer.Option(0.15, help="Share of the examples on which checkpoints are compared"),
    test_size: float = typer.Option(0.2, help="Share held back for evaluation, where no test set is given"),
):
    index = {name: numpy.load(checked / name / "index.npy") for name in CORPORA}
    parts, leaks, repeated = assign(index, dev_size, test_size)
    tasks = [
        (path, CORPORA[name], parts[name][index[name]["shard"] == number])
        for name in CORPORA
        for number, path in enumerate(sorted((checked / name).glob("*.spacy")))
    ]
    with scratch(output / "splits") as folder:
        with tqdm(total=sum(map(len, index.values())), desc="split", unit="text", disable=None) as bar:
            for (_, _, places), _ in zip(tasks, in_processes(partial(split_shard, folder), tasks)):
                bar.update(len(places))
        for corpus, split in product(dict.fromkeys(CORPORA.values()), SPLITS):
            made = folder / corpus / f"{split}.spacy"
            if not made.exists():
                DocShard().to_folder(made)
            with replacing(output / corpus / made.name) as path:
                made.rename(path)
    sizes = Counter((CORPORA[name], place) for name in CORPORA for place in parts[name].tolist())
    rows = [
        (corpus, *(sizes[corpus, place] for place in range(len(SPLITS)))) for corpus in dict.fromkeys(CORPORA.values())
    ]
    msg.table(rows, header=("Corpus", *SPLITS), divider=True)
    why = f"{leaks} example(s) left out because another split or set holds their text, {repeated} that stand twice"
    msg.good(f"Corpora in {output}; {why}")


if __name__ == "__main__":
    run(main)
