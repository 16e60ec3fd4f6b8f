"""Run `spacy debug data` on a corpus."""

import os
import subprocess
import sys
from pathlib import Path

from ner_update.corpus import readers as streamed_corpus
from ner_update.corpus.shards import count_texts

SCRIPTS = Path(__file__).parents[2]


def debug_data(config: Path, corpus: Path, most: int = 0) -> str:
    """Run `spacy debug data`.

    It leaves with an error code when it finds the data too small: that is advice for the reader of its text, not a
    failure.

    most (int): Of a part of the corpus with more texts a sample of so many is looked at, for they are all in memory. 0: all.
    RETURNS (str): What it printed, after a line for each sample.
    RAISES (RuntimeError): If it did not come to its summary, with the last line that it printed.
    """
    command = [sys.executable, "-m", "spacy", "debug", "data", str(config)]
    command += ["--paths.train", str(corpus / "train.spacy"), "--paths.dev", str(corpus / "dev.spacy")]
    note = ""
    for part in ("train", "dev"):
        texts = count_texts(corpus / f"{part}.spacy") if most else 0
        if texts > most:
            note += f"{part}: a sample of {most:,} of {texts:,} texts\n"
            command += [
                f"--corpora.{part}.@readers",
                "ner_update.SampledCorpus.v1",
                f"--corpora.{part}.limit",
                str(most),
            ]
    if note:
        command += ["--code", streamed_corpus.__file__]
    own = os.pathsep.join(filter(None, (str(SCRIPTS), os.environ.get("PYTHONPATH"))))
    # Without the last but one a spinner leaves as many frames in the text as it had time for.
    plain = {
        **os.environ,
        "NO_COLOR": "1",
        "ANSI_COLORS_DISABLED": "1",
        "COLUMNS": "100",
        "WASABI_LOG_FRIENDLY": "1",
        "PYTHONPATH": own,
    }
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf8", env=plain)
    if "Summary" not in done.stdout:
        raise RuntimeError((done.stdout + done.stderr).strip().rsplit("\n", 1)[-1])
    return note + done.stdout
