"""The report on a tiny real run in which texts and a label are attacks; and, in headless Chromium, what a reader sees (marker: browser)."""

import json
import re
import shutil
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest
import srsly

from chromium import browser
from conftest import command, copy_of_repository
from ner_update.pages.changed_predictions import JUDGED, change_counts, changed
from ner_update.pages.curves import curve, ticks
from ner_update.pages.error_examples import MOST, OF_EACH, WORST, confused, error_counts, mistaken, worst
from ner_update.pages.render import SHOWN, render
from ner_update.pages.summary import verdict
from ner_update.project.hashes import md5_of
from rerun_table import ANNOTATED, TEST
from tiny_project import marked, tiny

LABEL, TEXT = '"><img src=x onerror=alert(1)>', "<script>alert(1)</script>"
PAGE = "training/report.html"
THINGS = ("Gizmo", "Doodad", "Widget", "Whatsit")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which all has run up to the report."""
    project = tiny(copy_of_repository(tmp_path_factory.mktemp("reported") / "my project"))
    attacks = [
        marked(f"{TEXT} our {thing} {how}", thing, LABEL)
        for thing in THINGS
        for how in ("melted", "rusted", "sank", "flew")
    ]
    for file, rows in (
        (ANNOTATED, attacks[:12]),
        (TEST, [*attacks[12:], marked(f"{TEXT} nothing of that kind", "nothing", LABEL)]),
    ):
        (project / file).write_text(
            (project / file).read_text(encoding="utf8") + "".join(f"{json.dumps(row)}\n" for row in rows),
            encoding="utf8",
        )
    done = command("dvc", "repro", "report", cwd=project)
    assert done.code == 0, done.raw
    return project


@pytest.fixture(scope="module")
def shown(project, tmp_path_factory):
    """The same with differences that no tiny run has for sure, of all kinds, in texts and labels that are attacks."""
    folder = shutil.copytree(project, tmp_path_factory.mktemp("shown") / "my project", symlinks=True)
    rows, text = folder / "training/differences.jsonl", f"{TEXT} Ines saw Zune"
    ines, zune = ([text.index(name), text.index(name) + 4] for name in ("Ines", "Zune"))
    made = [
        {
            "set": "base",
            "text": text,
            "gold": [[*ines, "PERSON"]],
            "base": [[*ines, "PERSON"]],
            "updated": [[*ines, LABEL], [*zune, "PERSON"]],
        },
        {"set": "raw", "text": text, "gold": None, "base": [[*ines, "PERSON"]], "updated": [[*ines, LABEL]]},
        {
            "set": "new",
            "text": text,
            "gold": [[*zune, "GADGET"]],
            "base": [[*zune, "PERSON"]],
            "updated": [[*ines, "PERSON"], [*zune, "GADGET"]],
        },
    ]
    srsly.write_jsonl(rows.with_suffix(".new"), [*made, *srsly.read_jsonl(rows)])
    rows.with_suffix(".new").replace(rows)
    done = command("python", "-m", "spacy", "project", "run", "report", cwd=folder)
    assert done.code == 0 and "Open training/report.html" in done.out, done.raw
    return folder


class Elements(HTMLParser):
    """Tags with their attributes, and the text between them, as a browser takes a page apart."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def page(folder):
    return (folder / PAGE).read_text(encoding="utf8")


def test_texts_and_labels_are_text(shown):
    found = Elements(page(shown))
    assert [tag for tag, _ in found.tags].count("script") == 1 and not {
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "base",
    } & {tag for tag, _ in found.tags}
    assert not [attrs for _, attrs in found.tags if any(name.startswith("on") or name == "src" for name in attrs)]
    assert found.text.count(TEXT) > 6 and found.text.count(LABEL) > 6
    options = {attrs["value"] for tag, attrs in found.tags if tag == "option"}
    assert LABEL in options and "PERSON" in options


def test_nothing_is_fetched(project):
    html, found = page(project), Elements(page(project))
    assert {attrs["href"] for _, attrs in found.tags if "href" in attrs} == {
        "#compared",
        "#kinds",
        "#curves",
        "#errors",
        "#changes",
        "#data",
        "#made",
        "step.html",
        "learning_curve/curve.svg",
    }
    assert not re.search(r"\w://|url\(|@import", html)
    assert "default-src 'none'" in html and len(html) < 400_000


def sentences(part) -> list[str]:
    """RETURNS (list): All that says in words what a difference means."""
    if isinstance(part, dict):
        return [*filter(None, [part.get("says")]), *(says for value in part.values() for says in sentences(value))]
    return []


def test_all_that_was_measured_is_said(project):
    html = unescape(page(project))
    measured = [srsly.read_json(project / f"training/{name}.json") for name in ("metrics", "breakdowns")]
    said = {says for part in measured for says in sentences(part)}
    assert len(said) > 20 and [says for says in said if says not in html] == []
    # As often as in the tables, not just somewhere.
    times = Counter(sentences(measured[1]))
    assert [says for says, number in times.items() if html.count(says) < number] == []
    assert (
        html.index("</h1>")
        < html.index("Base and updated pipeline</h2>")
        < html.index("Training curves</h2>")
        < html.index('id="errors"')
        < html.index('id="changes"')
    )
    assert html.count("<polyline") >= 4 and "checkpoint that was kept" in html


def test_hashes_are_those_of_dvc(project):
    rows = dict(
        re.findall(r'<th scope="row">(\S+)</th><td class="words"><code>([0-9a-f]{32}(?:\.dir)?)</code>', page(project))
    )
    # What DVC wrote down when the report was made.
    lock = {dep["path"]: dep["md5"] for dep in srsly.read_yaml(project / "dvc.lock")["stages"]["report"]["deps"]}
    assert {
        "configs/base.cfg",
        "configs/update.cfg",
        "corpus/base/train.spacy",
        "corpus/new/test.spacy",
        "training/base/model-best",
        "training/updated/model-best",
        "training/metrics.json",
    } <= rows.keys()
    assert rows == {path: lock[path] for path in rows}
    for name, version in srsly.read_json(project / "corpus/fingerprints/versions.json").items():
        assert f"{name} {version}" in page(project)
    assert "seed 0" in page(project)


def test_the_hash_of_a_folder_is_that_of_dvc(clone):
    """Shards, folders in it, and names that sort in more than one way."""
    for name in ("b.spacy", "a/b.spacy", "a-b.spacy", "a.spacy", "ä.spacy", "A/é ü.spacy", "a/b/c.spacy", ".hidden"):
        path = clone / "shards" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf8")
    (clone / "one file").write_bytes(b"a\r\nb")
    for name in ("shards", "one file"):
        done = command("dvc", "add", name, cwd=clone)
        assert done.code == 0, done.raw
        assert srsly.read_yaml(clone / f"{name}.dvc")["outs"][0]["md5"] == md5_of(clone / name)


def test_the_same_inputs_give_the_same_bytes(project):
    before = (project / PAGE).read_bytes()
    done = command("python", "-m", "spacy", "project", "run", "report", "--force", cwd=project)
    assert done.code == 0 and (project / PAGE).read_bytes() == before, done.raw


def test_a_bug_is_no_damaged_pipeline(project, tmp_path):
    """Where the report stops, sound pipelines are not accused."""
    folder = shutil.copytree(project, tmp_path / "project", symlinks=True)
    (folder / "training/metrics.json").unlink()
    (folder / "training/metrics.json").write_text("{}", encoding="utf8")
    done = command("python", "-m", "spacy", "project", "run", "report", cwd=folder)
    assert done.code != 0 and "KeyError" in done.out and "Damaged" not in done.out, done.raw


def test_where_no_old_label_is_annotated_it_is_agreement(project, tmp_path):
    folder = shutil.copytree(project, tmp_path / "project", symlinks=True)
    metrics = srsly.read_json(folder / "training/metrics.json")
    del metrics["base_test"]
    (folder / "training/metrics.json").unlink()
    srsly.write_json(folder / "training/metrics.json", {**metrics, "retention": metrics["agreement"]["raw_test"]})
    done = command("python", "-m", "spacy", "project", "run", "report", cwd=folder)
    assert done.code == 0, done.raw
    text = Elements(page(folder)).text
    assert "agrees with the base on the old labels by" in text and "strictly: what a new entity covers is lost" in text
    assert text.count("not accuracy") == 2 and "On the base's own test texts" not in text


METRICS = {
    "labels": {"new": ["GADGET"], "old": ["PERSON"]},
    "new_test": {"labels": {"GADGET": {}, "PERSON": {}}},
    "base_test": {"labels": {"PERSON": {}}},
}


def row(set_name, gold, base, updated, text="Ines has a Zune"):
    return {"set": set_name, "text": text, "gold": gold, "base": base, "updated": updated}


def test_errors_are_named_and_counted():
    rows = [
        row("new", [[0, 4, "PERSON"], [11, 15, "GADGET"]], [], [[0, 4, "GADGET"]]),
        row("new", [[11, 15, "GADGET"]], [], [[9, 15, "GADGET"], [0, 4, "OTHER"]]),
        row("base", [[0, 4, "PERSON"]], [], [[0, 4, "PERSON"], [11, 15, "GADGET"]]),
        row("base", [[0, 4, "PERSON"]], [], [[0, 4, "PERSON"]]),
        row("raw", None, [], [[0, 4, "PERSON"]]),
    ]
    found = list(mistaken(rows, METRICS))
    # A label that is annotated nowhere in a test set says nothing there.
    assert [[error["kind"] for error in text["errors"]] for text in found] == [
        ["label", "missed"],
        ["boundary"],
        ["spurious"],
    ]
    assert found[0]["errors"][0] == {
        "kind": "label",
        "label": "PERSON",
        "other": "GADGET",
        "span": "Ines",
        "instead": "Ines",
    }
    counts = error_counts(found)
    assert counts["new"]["GADGET"] == {"boundary": 1, "label": 0, "boundary_and_label": 0, "missed": 1, "spurious": 0}
    assert counts["base"] == {
        "GADGET": {"boundary": 0, "label": 0, "boundary_and_label": 0, "missed": 0, "spurious": 1}
    }


def test_the_worst_texts_come_first_and_each_kind_of_error_has_some():
    many = [
        row("new", [[0, 4, "GADGET"], [11, 15, "GADGET"]], [], [], f"Zune has a Zune {n:03}") for n in range(2 * WORST)
    ]
    few = [row("new", [[0, 4, "PERSON"]], [], [], f"Ines has a Zune {n:03}") for n in range(2 * OF_EACH)]
    picked = worst(list(mistaken(few + many, METRICS)))
    assert [len(text["errors"]) for text in picked] == [2] * WORST + [1] * OF_EACH
    # Of very many labels not every one has its texts.
    labels = {f"L{n}": {} for n in range(2 * MOST)}
    rows = [row("new", [[0, 4, label]], [], [], f"Ines {label}") for label in labels]
    assert len(worst(list(mistaken(rows, {**METRICS, "new_test": {"labels": labels}})))) == MOST
    assert confused({"A": {"A": 5, "B": 1, "none": 0}, "B": {"A": 2, "B": 0, "none": 2}}) == [
        ("B", "A", 2),
        ("B", "none", 2),
        ("A", "B", 1),
    ]


@pytest.mark.parametrize(
    "gold, base, updated, kind, judged",
    [
        ([[0, 4, "PERSON"]], [[0, 4, "PERSON"]], [], "lost", "broken"),
        ([], [[0, 4, "PERSON"]], [], "lost", "mended"),
        ([[0, 4, "GADGET"]], [[0, 4, "PERSON"]], [[0, 4, "GADGET"]], "to a new label", "mended"),
        ([[0, 4, "PERSON"]], [[0, 4, "PERSON"]], [[0, 4, "GADGET"]], "to a new label", "broken"),
        ([], [], [[0, 4, "PERSON"]], "appeared", "broken"),
        ([[0, 8, "PERSON"]], [[0, 4, "PERSON"]], [[0, 8, "PERSON"]], "other boundaries", "mended"),
        ([[0, 15, "PERSON"]], [[0, 4, "PERSON"]], [[0, 8, "PERSON"]], "other boundaries", "wrong before and after"),
        (None, [[0, 4, "PERSON"]], [], "lost", "not annotated"),
    ],
)
def test_a_change_is_named_and_judged(gold, base, updated, kind, judged):
    (text,) = changed([row("raw" if gold is None else "new", gold, base, updated)], METRICS)
    (change,) = text["changes"]
    assert (change["kind"], change["judged"]) == (kind, judged)
    cells = change_counts([text])["raw" if gold is None else "new"]["PERSON"]
    assert cells[kind] == 1 and sum(cells[name] for name in JUDGED) == 1


def test_a_new_entity_where_none_was_is_no_change():
    assert list(changed([row("new", [], [], [[0, 4, "GADGET"]])], METRICS)) == []


def test_the_verdict_says_what_the_interval_says():
    def said(says, kept, plain=True):
        retention = {"kept": kept and {"percent": 98.6, "interval": [97.8, 99.3]}} | ({"plain": {}} if plain else {})
        gain = {"f": 79.6, "p": 90.0, "r": 71.0, "base_f": 0.0, "interval": [74.0, 84.0], "says": says}
        return verdict({"labels": {"new": ["GADGET", "APP"]}, "gain": gain, "retention": retention})

    assert (
        said("better by 79.6 F (74.0 to 84.0)", True)[0]
        == "It learnt GADGET and APP, and kept 98.6 % of what the base knew."
    )
    assert "not measurably better" in said("not distinguishable (-1.0 to +2.0 F)", True)[0]
    assert "worse than before" in said("worse by 3.0 F (1.0 to 5.0)", True)[0]
    headline, words = said("better by 79.6 F (74.0 to 84.0)", True, plain=False)
    assert "agrees with the base" in headline and "not accuracy" in words[1]
    headline, words = said("better by 79.6 F (74.0 to 84.0)", False)
    assert "nothing to retain" in headline and len(words) == 1


@pytest.mark.parametrize("top", [0, 1e-6, 0.3, 1, 7, 50, 99.9, 100, 101, 1500, 20_000, 1e7])
def test_ticks_are_round_and_reach_the_top(top):
    made = ticks(top)
    assert made[0] == 0 and made[-2] < top <= made[-1] if top else made == [0, 1]
    assert 2 <= len(made) <= 6 and all(
        re.fullmatch(r"0|[125]0*|[1-9]0*|[1-9][05]0*", f"{1e9 * tick:.0f}".rstrip("0") or "0") for tick in made[:2]
    )


def test_a_log_without_a_training_has_no_curve(tmp_path):
    (tmp_path / "log.jsonl").write_text("", encoding="utf8")
    assert curve(tmp_path / "log.jsonl") is None
    srsly.write_jsonl(
        tmp_path / "log.jsonl", [{"step": 600 * n, "score": 0.0, "losses": {"ner": 9.0}} for n in range(3)]
    )
    made = curve(tmp_path / "log.jsonl")
    assert made["steps"] == 1200 and [panel["title"] for panel in made["panels"]] == ["Score on the dev set", "Loss"]


def test_of_a_very_long_text_the_beginning_is_shown():
    made = render("a" * 1_000_000, [[0, 1, "GADGET"], [999_998, 999_999, "GADGET"]])
    assert made.count("<mark") == 1 and len(made) < 2 * SHOWN and "995,000 more characters" in made


@pytest.fixture
def tab(tmp_path):
    with browser(tmp_path) as tab:
        yield tab


def opened(tab, path):
    tab.open(path.as_uri())
    tab.wait("document.readyState === 'complete' && document.querySelector('h1') !== null", "page")


def assert_quiet(tab, path):
    """It asked for nothing but itself, no error is in the console, and no attack ran."""
    assert set(tab.requests()) == {path.as_uri()} and tab.complaints() == []
    assert not [event for event in tab.events if event["method"] == "Page.javascriptDialogOpening"]
    assert tab.js("document.images.length") == 0


ALL = "[...document.querySelectorAll('#%s .text')]"
SEEN = f"{ALL}.filter(text => text.getClientRects().length)"
CHOOSE = "(field => (field.value = %s, field.dispatchEvent(new Event('change', {bubbles: true})), field.value))(document.querySelector('#%s select[name=%s]'))"


@pytest.mark.browser
@pytest.mark.parametrize("part, kinds", [("errors", ["missed", "spurious", "label"]), ("changes", ["to a new label"])])
def test_filters_show_what_is_asked_for_and_hide_the_rest(shown, tab, part, kinds):
    opened(tab, shown / PAGE)
    whole = tab.js(f"{ALL % part}.length")
    assert tab.js(f"{SEEN % part}.length") == whole > 1
    fits = f"{SEEN % part}.every(text => [...text.querySelectorAll('li')].some(row => %s))"
    assert tab.js(CHOOSE % (json.dumps(LABEL), part, "label")) == LABEL
    some = tab.js(f"{SEEN % part}.length")
    assert 0 < some < whole and tab.js(fits % f"[row.dataset.label, row.dataset.other].includes({json.dumps(LABEL)})")
    assert tab.js(f"document.querySelector('#{part} .status').innerText") == f"{some} of these {whole} texts: {LABEL}"
    # The other list is left alone, and the address brings the same back.
    other = "changes" if part == "errors" else "errors"
    assert tab.js(f"{ALL % other}.length - {SEEN % other}.length") == 0
    tab.call("Page.reload")
    tab.wait(f"document.readyState === 'complete' && {SEEN % part}.length === {some}", "the same texts")
    for kind in kinds:
        assert tab.js(CHOOSE % (json.dumps(kind), part, "kind")) == kind
        assert tab.js(
            fits
            % f"row.dataset.kind === {json.dumps(kind)} && [row.dataset.label, row.dataset.other].includes({json.dumps(LABEL)})"
        )
    tab.js(f"document.querySelector('#{part} form button').click()")
    assert tab.js(f"{SEEN % part}.length") == whole
    assert_quiet(tab, shown / PAGE)


@pytest.mark.browser
def test_without_scripts_all_is_there(shown, tab):
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    opened(tab, shown / PAGE)
    for part in ("errors", "changes"):
        assert tab.js(f"{SEEN % part}.length === {ALL % part}.length && {ALL % part}.length > 1")
        assert tab.js(f"document.querySelector('#{part} form').getClientRects().length") == 0
    assert_quiet(tab, shown / PAGE)


@pytest.mark.browser
def test_all_of_it_is_printed(shown, tab):
    opened(tab, shown / PAGE)
    pages = len(re.findall(rb"/Type\s*/Page\b", tab.pdf()))
    assert pages > 1
    # A sheet of A4 between the margins. Nothing is wider, and what is folded on the screen is not on paper.
    tab.look(717, media="print")
    assert tab.js("document.documentElement.scrollWidth") <= 717
    assert tab.js("[...document.querySelectorAll('.scroll')].every(box => box.scrollWidth <= box.clientWidth)")
    assert tab.js(
        "[...document.querySelectorAll('details .scroll')].every(box => box.getBoundingClientRect().height > 20)"
    )
    assert tab.js("[...document.querySelectorAll('form, nav')].every(box => !box.getClientRects().length)")
    # What is hidden by a filter is not printed.
    tab.js(CHOOSE % (json.dumps("missed"), "errors", "kind"))
    assert tab.js(f"{SEEN % 'errors'}.length < {ALL % 'errors'}.length")


@pytest.mark.browser
def test_a_phone_scrolls_tables_and_never_the_page(shown, tab):
    opened(tab, shown / PAGE)
    tab.look(390, 844, phone=True)
    assert tab.js("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    assert tab.js(
        "[...document.querySelectorAll('p, h1, h2, li, dd, caption span')].every(box => box.getBoundingClientRect().right <= 390)"
    )
    assert tab.js(
        "[...document.querySelectorAll('select, button')].every(box => box.getBoundingClientRect().height >= 32)"
    )


# The lowest ratio of the luminances of letters and what is behind them, by kind of element, as WCAG defines it.
CONTRAST = """(() => {
  const numbers = (colour) => { const c = colour.match(/[\\d.]+/g).map(Number); return c.length < 4 ? [...c, 1] : c; };
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255, v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (element) => { const c = element ? numbers(getComputedStyle(element).backgroundColor) : [0, 0, 0, 0]; return c[3] ? c : element ? behind(element.parentElement) : [255, 0, 255, 1]; };
  const lowest = {};
  for (const kind of ["body p", ".note", "td", "thead th", "tbody th", ".good", ".bad", "a", "mark", "mark span", "dt", "dd", "li", "label", "select", "button", "code", ".card b", "svg text"]) {
    for (const element of document.querySelectorAll(kind)) {
      const style = getComputedStyle(element);
      const [a, b] = [light(numbers(kind === "svg text" ? style.fill : style.color).slice(0, 3)), light(behind(element).slice(0, 3))];
      lowest[kind] = Math.min(lowest[kind] ?? 99, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
  }
  return lowest;
})()"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme, dark", [("light", False), ("dark", True)])
def test_it_is_readable_in_light_and_dark(shown, tab, scheme, dark):
    opened(tab, shown / PAGE)
    tab.look(1200, scheme=scheme)
    paper = [int(n) for n in re.findall(r"\d+", tab.js("getComputedStyle(document.body).backgroundColor"))]
    assert (max(paper) < 60) is dark
    lowest = tab.js(CONTRAST)
    assert len(lowest) == 19 and {kind: ratio for kind, ratio in lowest.items() if ratio < 4.5} == {}


@pytest.mark.browser
def test_the_page_of_step_is_of_the_same_kind(project, tab):
    done = command("python", "-m", "spacy", "project", "run", "step", cwd=project)
    assert done.code == 0, done.raw
    path = project / "training/step.html"
    opened(tab, path)
    assert (
        "One round of training" in tab.js("document.querySelector('h1').innerText")
        and tab.js("document.querySelectorAll('mark').length") > 0
    )
    assert tab.js("document.querySelector('a[href=\"report.html\"]') !== null")
    tab.look(390, 844, phone=True)
    assert tab.js("document.documentElement.scrollWidth") == 390
    for scheme in ("light", "dark"):
        tab.look(1200, scheme=scheme)
        assert {kind: ratio for kind, ratio in tab.js(CONTRAST).items() if ratio < 4.5} == {}
    assert_quiet(tab, path)
