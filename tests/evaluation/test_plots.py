"""What DVC shows: a short table of metrics, and a page of plots that needs no network; the README's experiments, as they stand."""

import json
import re
import shutil

import pytest
import srsly

from conftest import ROOT, command

PLOTS = [path for plot in srsly.read_yaml(ROOT / "dvc.yaml")["plots"] for path in plot]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A name that is resolved is a look at the network.
ALONE = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=20000",
    "--enable-logging=stderr",
]
GIT = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def measured(folder, label="GADGET"):
    """Metrics, breakdowns and logs of no run: one text with one entity, which was missed."""
    row = {"p": 0.0, "r": 0.0, "f": 0.0, "support": 1}
    pair = {"base": row, "updated": row, "interval": [0, 0], "says": "no difference"}
    side = {**row, "drop": 0.0, "says": "no difference"}
    agreed = {"kept": {"percent": 100.0}}
    metrics = {
        "labels": {"new": [label], "old": [], "taken_over": []},
        "gain": row,
        "retention": {"kept": None},
        "new_test": {"labels": {label: pair}},
        "agreement": {"new_test": agreed, "raw_test": agreed},
        "seen_unseen": {
            "seen": {"r": None, "support": 0},
            "unseen": {"r": 0.0, "base_r": 0.0, "support": 1, "says": "no difference"},
        },
    }
    kinds = {
        kind: {"base": 1, "updated": 1, "says": "no difference"}
        for kind in ("correct", "missed", "spurious", "boundary")
    }
    matrix = {label: {label: 0, "none": 1}, "none": {label: 0, "none": 0}}
    found = {
        **{part: {"new_test": {"0": {label: pair, "all": pair}}} for part in ("frequency", "length", "casing")},
        "errors": {"new_test": {label: kinds, "all": kinds}},
        "confusion": {"new_test": {"base": matrix, "updated": matrix}},
        "probes": {"lower": {"new": {"base": side, "updated": side}}},
    }
    for name, content in (("metrics", metrics), ("breakdowns", found)):
        srsly.write_json(folder / f"training/{name}.json", content)
    srsly.write_json(
        folder / "training/mix.json",
        {"train": {"gold": {"texts": 3}, "silver": {"texts": 0}, "rehearsal": {"texts": 9}}},
    )
    srsly.write_json(
        folder / "training/distilled.json",
        {
            "texts": 6,
            "teachers": [
                {"config": "update.cfg"},
                {"config": "update.cfg"},
                {"config": "t.cfg", "encoder": "an/encoder"},
            ],
        },
    )
    (folder / "training/base.jsonl").write_text("", encoding="utf8")
    srsly.write_jsonl(folder / "training/updated.jsonl", [{"step": n, "score": n / 9} for n in range(3)])


def draw(project):
    """RETURNS (str): The page that DVC makes of what scripts/plots.py writes."""
    words = [
        "training/metrics.json",
        "training/breakdowns.json",
        "training/plots",
        "--summary",
        "training/summary.json",
    ]
    words += ["--mix", "training/mix.json", "--distilled", "training/distilled.json"]
    done = command(
        "python",
        "scripts/plots.py",
        *words,
        "--base-log",
        "training/base.jsonl",
        "--update-log",
        "training/updated.jsonl",
        cwd=project,
    )
    assert done.code == 0, done.raw
    done = command("dvc", "plots", "show", cwd=project)
    assert done.code == 0 and "ERROR" not in done.raw, done.raw
    return (project / "dvc_plots/index.html").read_text(encoding="utf8")


@pytest.fixture
def page(clone):
    measured(clone)
    return draw(clone)


def test_every_plot_is_drawn_and_nothing_is_fetched(page):
    for path in PLOTS:
        assert f'id = "{re.sub("[/.]", "_", path)}"' in page
    assert page.count("vegaEmbed('#") == len(PLOTS) >= 7
    assert not re.search(r"<(script|link|img|iframe)\b[^>]*?(src|href)\s*=\s*[\"']?(\w+:|//)", page)
    assert "GADGET, new texts (1)" in page and "<DVC_METRIC_" not in page


def test_a_label_is_no_code(clone):
    measured(clone, "</script><script>alert(1)</script>")
    assert "alert(1)" in (page := draw(clone)) and "<script>alert" not in page


def test_the_summary_is_a_short_line(page, clone):
    shown = json.loads(command("dvc", "metrics", "show", "--json", cwd=clone).raw)[""]["data"]
    assert list(shown) == ["training/summary.json"]
    figures = shown["training/summary.json"]["data"]
    assert figures["recall"] == {"unseen": 0.0} and figures["errors"]["missed"] == 1 and "retention" not in figures
    assert figures["teachers"] == {"update": 2, "an/encoder": 1}
    assert sum(map(len, figures.values())) < 20


def test_the_committed_summary_is_of_the_committed_metrics():
    metrics, summary = (srsly.read_json(ROOT / f"training/{name}.json") for name in ("metrics", "summary"))
    assert summary["gain"] == {key: metrics["gain"][key] for key in "fpr"}
    assert summary["retention"]["strict"] == metrics["retention"]["strict"]["percent"]


@pytest.mark.places
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_draws_it_without_a_network(clone):
    measured(clone)
    draw(clone)
    done = command(CHROMIUM, *ALONE, "--dump-dom", (clone / "dvc_plots/index.html").as_uri(), cwd=clone)
    assert done.code == 0 and len(re.findall(r"<canvas\b", done.raw)) == len(PLOTS), done.raw[-2000:]
    assert "CONSOLE" not in done.raw, re.findall(r".*CONSOLE.*", done.raw)


@pytest.mark.places
def test_the_experiments_of_the_readme(ran_with_dvc, tmp_path):
    """Each line of it, on a small project: only the number of steps is another."""
    project = shutil.copytree(ran_with_dvc, tmp_path / "project", symlinks=True)
    block = re.search(
        r"<!-- experiments -->\n```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf8"), re.DOTALL
    )[1]
    said = {}
    for line in (line.split(" #")[0].strip() for line in block.replace("max_steps 1500", "max_steps 60").splitlines()):
        done = command("bash", "-c", line, cwd=project, **GIT)
        assert done.code == 0, (line, done.raw)
        said[" ".join(line.split()[:3])] = done.out
    assert "[shorter]" in said["dvc exp show"] and "[shorter-rehearsed-less]" in said["dvc exp show"]
    assert "vars.rehearsal_ratio" in said["dvc exp show"] and "vars.rehearsal_ratio 1.0 4" in said["dvc params diff"]
    for rev in ("shorter", "shorter-rehearsed-less"):
        assert f'"rev": "{rev}"' in (project / "dvc_plots/index.html").read_text(encoding="utf8")
    text = (project / "project.yml").read_text(encoding="utf8")
    assert "update_max_steps: 60\n" in text and "rehearsal_ratio: 1.0\n" in text and "${vars.rehearsal_ratio}" in text
    assert (project / "training/smoke_test.json").exists() and "Running stage 'gate'" in said["dvc repro"]
    assert "Running stage 'update'" not in said["dvc repro"]
