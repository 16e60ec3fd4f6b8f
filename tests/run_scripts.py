"""Run several scripts one after the other in one process, which imports spaCy once: a second less for each of them.

python tests/run_scripts.py '[["check.py", "assets"], ["preprocess.py", "corpus/checked", "corpus"]]'
"""

import json
import runpy
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"

if __name__ == "__main__":
    lines = json.loads(sys.argv[1])
    sys.path[0] = str(SCRIPTS)
    for script, *words in lines:
        sys.argv = [str(SCRIPTS / script), *words]
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except SystemExit as stop:
            if stop.code:
                raise
