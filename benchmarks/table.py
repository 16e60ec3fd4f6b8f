"""Write the table of results.jsonl into benchmarks/README.md: a line per data set, recipe and seed, and the means."""

from pathlib import Path

import numpy
import srsly
import typer

HERE = Path(__file__).parent
COLUMNS = ["gain", "retention", "strict", "agreement", "seen_r", "unseen_r", "words_s", "mb", "minutes"]
HEADER = ["Data", "Recipe", "Seed", "Gain F", "Retention %", "Strict %", "Agreement %", "Seen R", "Unseen R", "Words/s", "MB", "Minutes"]
START, END = "<!-- results -->", "<!-- /results -->"


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value > 1000 else f"{value:.1f}"


def table(rows: list[dict]) -> str:
    """RETURNS (str): Markdown: each run, and per data set and recipe the mean and the standard deviation."""
    lines = ["| " + " | ".join(HEADER) + " |", "| --- | --- | --- |" + " ---: |" * len(COLUMNS)]
    for data, recipe in dict.fromkeys((row["data"], row["recipe"]) for row in rows):
        group = [row for row in rows if (row["data"], row["recipe"]) == (data, recipe)]
        for row in sorted(group, key=lambda row: row["seed"]):
            lines.append(f"| {data} | {recipe} | {row['seed']} | " + " | ".join(shown(row.get(c)) for c in COLUMNS) + " |")
        cells = []
        for column in COLUMNS:
            values = [row[column] for row in group if row.get(column) is not None]
            spread = f" ± {numpy.std(values, ddof=1):.1f}" if len(values) > 1 and column in COLUMNS[:6] else ""
            cells.append(f"**{shown(float(numpy.mean(values)))}**{spread}" if values else "")
        lines.append(f"| {data} | {recipe} | **mean** | " + " | ".join(cells) + " |")
    for row in rows:
        if "gain_minus_separate" in row:
            low, high = row["gain_minus_separate"]["interval"]
            point = row["gain_minus_separate"]["difference"]
            lines += ["", f"{row['data']}, seed {row['seed']}: gain minus the separate model's {point:+.1f} ({low:+.1f} to {high:+.1f})"]
    return "\n".join(lines)


def main(results: Path = HERE / "results.jsonl", readme: Path = HERE / "README.md"):
    text = readme.read_text(encoding="utf8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{START}\n{table(list(srsly.read_jsonl(results)))}\n{END}{after}", encoding="utf8")


if __name__ == "__main__":
    typer.run(main)
