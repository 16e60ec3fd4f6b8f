"""Open a page in which to try the pipelines on a text, and to browse test errors and the data with what the check found."""

import importlib.util
from pathlib import Path

import typer

from ner_update.project.outputs import fail

# Loopback alone, no statistics to Streamlit, no question for an e-mail address, no pages that are made from the scripts' sources.
OPTIONS = {
    "server.address": "127.0.0.1",
    "browser.gatherUsageStats": "false",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
}


def main(
    app: Path,
    base: Path,
    updated: Path,
    rows: Path,
    checked: Path,
    assets: Path,
    format: str = "",
    port: int = typer.Option(8501, help="On this machine only. Streamlit takes the next free one if 8501 is taken"),
    browser: bool = typer.Option(False, help="Also open a browser"),
):
    if importlib.util.find_spec("streamlit") is None:
        fail(["Streamlit is not installed"], "Run: make visualize")
    given = (
        OPTIONS | {"server.headless": str(not browser).lower()} | ({} if port == 8501 else {"server.port": str(port)})
    )
    options = [word for name, value in given.items() for word in (f"--{name}", value)]
    # Without the project's lock, which would keep all runs waiting for as long as somebody looks.
    from streamlit.web import cli

    # In this process: so what ends the command ends the server.
    cli.main(["run", *options, str(app), "--", *map(str, (base, updated, rows, checked, assets)), format])


if __name__ == "__main__":
    typer.run(main)
