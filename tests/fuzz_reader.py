"""What atheris runs: bytes as a data file, through the reader. See tests/system/test_fuzz.py.

python tests/fuzz_reader.py FOLDER -max_total_time=60
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
with atheris.instrument_imports(include=["ner_update.data"]):
    from ner_update.data.reader import read_data
    from ner_update.data.records import DataError, RawText

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def one(data: bytes) -> None:
    """Read bytes as a file of some kind, as annotated or as raw texts: the first byte says which."""
    path = FOLDER / (
        "x.json" if data[:1] < b"0" else "x.conll" if data[:1] < b"8" else "x.spacy" if data[:1] < b"@" else "x.jsonl"
    )
    path.write_bytes(data[1:])
    found = read_data(path, *([RawText] if data[:1] > b"k" else []))
    for problem in found.problems:
        str(problem).encode("utf8")
    try:
        found.require()
    except DataError as error:
        str(error)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
