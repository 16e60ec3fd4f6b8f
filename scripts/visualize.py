"""Open a page in which to try the pipelines on a text, and to browse test errors and the data with what the check found."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from ner_update.project.options import with_options
from ner_update.project.outputs import fail

# Loopback alone, no statistics to Streamlit, no question for an e-mail address, no pages that are made from the scripts' sources.
SERVER = {
    "server.address": "127.0.0.1",
    "browser.gatherUsageStats": "false",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    app: Path
    base: Path
    updated: Path
    rows: Path
    checked: Path
    assets: Path
    format: str = ""
    port: Annotated[int, Option(help="On this machine only. Streamlit takes the next free one if 8501 is taken")] = 8501
    browser: Annotated[bool, Option(help="Also open a browser")] = False


def main(options: Options):
    if importlib.util.find_spec("streamlit") is None:
        fail(["Streamlit is not installed"], "Run: make visualize")
    given = SERVER | {"server.headless": str(not options.browser).lower()}
    given |= {} if options.port == 8501 else {"server.port": str(options.port)}
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    paths = map(str, (options.base, options.updated, options.rows, options.checked, options.assets))
    # Without the project's lock, which would keep all runs waiting for as long as somebody looks.
    from streamlit.web import cli

    # In this process: so what ends the command ends the server.
    cli.main(["run", *words, str(options.app), "--", *paths, options.format])


if __name__ == "__main__":
    typer.run(with_options(main))
