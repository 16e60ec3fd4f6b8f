"""Measure how fast `check` and `preprocess` read annotated texts, and in how much memory, beside what people do today.

Our own examples are grown to each size: fresh ids, and words of our own texts put in at random places, so that no two texts
are the same. Beside the two commands stand, on the same texts,
- loop: `char_span` and a DocBin in one process, as in the published templates;
- convert: `spacy convert` of the same texts as columns (CoNLL); and the two commands on those.

    python benchmarks/reading.py 10000 100000 1000000
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import spacy
import srsly
import typer

ROOT = Path(__file__).parents[1]
OWN = ("base/people_orgs_places.jsonl", "annotated/gadgets.jsonl")
# The published templates' scripts/convert.py, shortened: github.com/explosion/projects, pipelines/ner_demo.
LOOP = """
import sys, warnings
import spacy, srsly
from spacy.tokens import DocBin
nlp, db = spacy.blank("en"), DocBin()
for record in srsly.read_jsonl(sys.argv[1]):
    doc = nlp.make_doc(record["text"])
    ents = []
    for start, end, label in record["entities"]:
        span = doc.char_span(start, end, label=label)
        if span is None:
            warnings.warn(f"Skipping entity [{start}, {end}, {label}]")
        else:
            ents.append(span)
    doc.ents = ents
    db.add(doc)
db.to_disk(sys.argv[2])
"""


def grow(size: int, path: Path) -> None:
    """Write examples made from our own: each with an id of its own, and three more words where no entity is."""
    rng = random.Random(0)
    own = [record for name in OWN for record in srsly.read_jsonl(ROOT / "assets" / name)]
    words = sorted({word for record in own for word in record["text"].split() if word.isalpha()})
    with path.open("w", encoding="utf8") as file:
        for number in range(size):
            record = own[number % len(own)]
            text, entities = record["text"], [tuple(entity) for entity in record["entities"]]
            for _ in range(3):
                word = rng.choice(words) + " "
                places = [0, *(at + 1 for at, char in enumerate(text) if char == " ")]
                at = rng.choice(
                    [place for place in places if not any(start < place < end for start, end, _ in entities)]
                )
                text = text[:at] + word + text[at:]
                entities = [
                    (s + len(word), e + len(word), label) if s >= at else (s, e, label) for s, e, label in entities
                ]
            file.write(
                json.dumps({"text": text, "entities": entities, "id": f"grown-{number}"}, ensure_ascii=False) + "\n"
            )


def as_columns(source: Path, path: Path) -> None:
    """Write the same texts as CoNLL columns."""
    nlp = spacy.blank("en")
    with path.open("w", encoding="utf8") as file:
        for record in srsly.read_jsonl(source):
            doc = nlp.make_doc(record["text"])
            doc.set_ents([doc.char_span(*entity) for entity in record["entities"]])
            rows = (
                f"{token.text}\t{token.ent_iob_}{'-' if token.ent_type else ''}{token.ent_type_}"
                for token in doc
                if not token.is_space
            )
            file.write("\n".join(rows) + "\n\n")


def measure(folder: Path, *commands: list) -> tuple[float, float]:
    """RETURNS (tuple): Seconds that the commands took, and the most memory in MB that one of them and its processes had at once."""
    started, most = time.perf_counter(), 0
    for command in commands:
        running = psutil.Popen(
            [sys.executable, *map(str, command)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        while running.poll() is None:
            most = max(most, memory(running))
            # To look takes time of its own, for the memory of each process is counted page by page.
            time.sleep(0.5)
        if running.returncode:
            raise SystemExit(running.stderr.read().decode())
    return time.perf_counter() - started, most / 1e6


def memory(process: psutil.Process) -> int:
    """RETURNS (int): Bytes of a process and those it started, each shared page counted once."""
    found = 0
    for one in (process, *process.children(recursive=True)):
        try:
            found += one.memory_full_info().pss
        except psutil.Error:
            continue
    return found


def main(
    sizes: list[int],
    output: Path = ROOT / "benchmarks" / "reading.jsonl",
    columns: bool = True,
):
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for part in ("base", "annotated", "test"):
                (folder / "assets" / part).mkdir(parents=True)
            (folder / "assets/raw.jsonl").write_text('{"text": "a raw text"}\n')
            (folder / "assets/base/one.jsonl").write_text('{"text": "nobody here", "entities": []}\n')
            (folder / "loop.py").write_text(LOOP)
            own = folder / "assets/annotated/grown.jsonl"
            grow(size, own)
            ours = [[ROOT / "scripts/check.py", "assets"], [ROOT / "scripts/preprocess.py", "corpus/checked", "corpus"]]
            rows = {"loop": measure(folder, ["loop.py", own, "loop.spacy"]), "ours": measure(folder, *ours)}
            rows |= {"check": measure(folder, ours[0]), "preprocess": measure(folder, ours[1])}
            if columns:
                conll = folder / "grown.conll"
                as_columns(own, conll)
                own.unlink()
                rows["convert"] = measure(folder, ["-m", "spacy", "convert", conll, folder, "-c", "conll", "-n", "1"])
                conll.rename(folder / "assets/annotated/grown.conll")
                rows["ours, columns"] = measure(folder, *ours)
            for way, (seconds, mb) in rows.items():
                row = {
                    "texts": size,
                    "way": way,
                    "seconds": round(seconds, 1),
                    "texts_s": round(size / seconds),
                    "mb": round(mb),
                }
                print(row, flush=True)
                srsly.write_jsonl(output, [row], append=True, append_new_line=False)


if __name__ == "__main__":
    typer.run(main)
