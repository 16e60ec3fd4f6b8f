"""Write the table of results.jsonl into benchmarks/README.md: a line per data set, recipe and seed, and the means."""

from pathlib import Path

import numpy
import srsly
import typer

HERE = Path(__file__).parent
COLUMNS = ["gain", "retention", "strict", "agreement", "seen_r", "unseen_r", "words_s", "of_base", "mb", "minutes"]
HEADER = [
    "Data",
    "Recipe",
    "Seed",
    "Gain F",
    "Retention %",
    "Strict %",
    "Agreement %",
    "Seen R",
    "Unseen R",
    "Words/s",
    "Of base's",
    "MB",
    "Minutes",
]
START, END = "<!-- results -->", "<!-- /results -->"
NAMES = {
    "naive": "published way: train on",
    "stock": "a separate model, stock config",
    "separate": "a separate model, same recipe",
    "update": "**the update**",
    "separate_vectors": "a separate model with word vectors",
    "update_vectors": "**the update with word vectors**",
    "update_vectors_4_teachers": "**the update with word vectors that learns from four**",
    "update_vectors_3_teachers_1_transformer_teachers": "**the update with word vectors that learns from three and a transformer**",
    "update_vectors_0_teachers_1_transformer_teachers_6_distilled_ratio": "**the update with word vectors that learns from a large transformer**",
    "transformer": "the update with a transformer",
}
DATA = {
    "fashion": "FASHION_BRAND",
    "food": "INGRED",
    "food_epyc": "INGRED, on an AMD EPYC",
    "food_zen5": "INGRED, on an AMD EPYC (Zen 5)",
    "food_zen4": "INGRED, on an AMD EPYC (Zen 4)",
    "food_h100": "INGRED, on the same and an H100",
    "default": "GADGET (ours)",
}


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value > 1000 else f"{value:.2f}" if value < 2 else f"{value:.1f}"


def table(rows: list[dict]) -> str:
    """RETURNS (str): Markdown: each run, and per data set and recipe the mean and the standard deviation."""
    lines = ["| " + " | ".join(HEADER) + " |", "| --- | --- | --- |" + " ---: |" * len(COLUMNS)]
    found = {(row["data"], row["recipe"]) for row in rows}
    others = sorted({recipe for _, recipe in found} - {"base", *NAMES})
    for data, recipe in (
        (data, recipe) for data in DATA for recipe in ("base", *NAMES, *others) if (data, recipe) in found
    ):
        group = [row for row in rows if (row["data"], row["recipe"]) == (data, recipe)]
        for row in sorted(group, key=lambda row: row["seed"]):
            lines.append(
                f"| {data} | {recipe} | {row['seed']} | " + " | ".join(shown(row.get(c)) for c in COLUMNS) + " |"
            )
        cells = []
        for column in COLUMNS:
            values = [row[column] for row in group if row.get(column) is not None]
            spread = f" ± {numpy.std(values, ddof=1):.1f}" if len(values) > 1 and column in COLUMNS[:6] else ""
            cells.append(f"**{shown(float(numpy.mean(values)))}**{spread}" if values else "")
        lines.append(f"| {data} | {recipe} | **mean** | " + " | ".join(cells) + " |")
    for row in rows:
        for key, other in (
            ("gain_minus_separate", "the separate model's"),
            ("gain_minus_update", "that of the update without teachers"),
        ):
            if row.get(key):
                (low, high), point = row[key]["interval"], row[key]["difference"]
                lines += [
                    "",
                    f"{row['data']}, {row['recipe']}, seed {row['seed']}: gain minus {other} {point:+.1f} ({low:+.1f} to {high:+.1f})",
                ]
    return "\n".join(lines)


def figures(rows: list[dict]) -> str:
    """RETURNS (str): Markdown for the front page: mean and standard deviation over the seeds, of the recipes in NAMES."""
    head = ["New label", "Recipe", "Seeds", "Gain F", "Strict retention %", "Recall, seen", "Recall, unseen"]
    lines = ["| " + " | ".join(head) + " |", "| --- | --- |" + " ---: |" * (len(head) - 2)]
    for data, recipe in ((data, recipe) for data in DATA for recipe in NAMES):
        group = [row for row in rows if (row["data"], row["recipe"]) == (data, recipe)]
        if not group:
            continue
        cells = [str(len(group))]
        for column in ("gain", "strict", "seen_r", "unseen_r"):
            values = [row[column] for row in group if row.get(column) is not None]
            spread = f" ± {numpy.std(values, ddof=1):.1f}" if len(values) > 1 else ""
            cells.append(f"{numpy.mean(values):.1f}{spread}" if values else "")
        lines.append(f"| {DATA[data]} | {NAMES[recipe]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def put(readme: Path, text: str, start: str, end: str) -> None:
    """Write text between two markers of a file."""
    before, rest = readme.read_text(encoding="utf8").split(start)
    readme.write_text(f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf8")


def main(results: Path = HERE / "results.jsonl", readme: Path = HERE / "README.md"):
    rows = list(srsly.read_jsonl(results))
    put(readme, table(rows), START, END)
    speeds = [row["of_base"] for row in rows if row["recipe"].startswith("update") and row.get("of_base")]
    source = (
        "Mean ± SD of the seeds, each with its own base, from `python benchmarks/run.py` (benchmarks/README.md says with what data); "
        f"2 cores of an Intel Xeon, no GPU. The updated pipeline reads {min(speeds):.2f} to {max(speeds):.2f} of the base's words per second."
    )
    put(HERE.parent / "README.md", f"{figures(rows)}\n\n{source}", "<!-- figures -->", "<!-- /figures -->")


if __name__ == "__main__":
    typer.run(main)
