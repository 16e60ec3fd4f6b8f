"""Fetch what project.yml names by URL under assets, each file whole and with the right checksum, or not at all.

`python -m spacy project assets` reads the same list. It never replaces a file that is there, right or wrong, keeps what it
fetched with a wrong checksum, ends with exit code 0 then, and with a traceback where there is no network.
"""

from pathlib import Path

import typer
from wasabi import msg
from weasel.cli.assets import convert_asset_url
from weasel.util import load_project_config

from ner_update.project.assets import difference, expected, fetch
from ner_update.project.outputs import fail


def main(
    names: list[str] = typer.Argument(None, help="Only these, each as its dest in project.yml"),
    extra: bool = typer.Option(False, help="Those marked as extra, too"),
):
    assets = load_project_config(Path.cwd()).get("assets", [])
    known = [asset["dest"] for asset in assets]
    unknown = sorted({*(names or [])} - {*known})
    if unknown:
        fail([f"project.yml has no asset {name}" for name in unknown], "It has: " + ", ".join(known))
    problems = []
    for asset in assets:
        dest = Path(asset["dest"])
        if asset["dest"] not in (names or known) or (asset.get("extra") and not extra and not names):
            continue
        if not asset.get("url"):
            if not dest.exists():
                msg.warn(
                    f"{dest} has no url: put your own there (or what comes from git: python -m spacy project assets)"
                )
            continue
        hashes, url = expected(asset), convert_asset_url(asset["url"].partition("#sha256=")[0])
        if dest.is_file() and dest.stat().st_size and not difference(dest, hashes):
            msg.good(f"{dest} is there")
            continue
        try:
            fetch(url, dest, hashes)
            msg.good(f"{dest} fetched")
        # Each kind of URL has errors of its own, and the other assets are still to be fetched.
        except Exception as error:
            problems.append(f"{dest}: {url}: {error}")
    if problems:
        fail(problems, "Nothing was written for these; what stood there is as it was. The others are in place.")


if __name__ == "__main__":
    typer.run(main)
