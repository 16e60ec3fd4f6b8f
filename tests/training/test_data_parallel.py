"""A training that several processes share learns what one would learn, each time the same, and ends cleanly whatever becomes of them."""

import signal
import subprocess
import sys

import numpy
import psutil
import pytest
import spacy
import srsly
from spacy.lang.en import English
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Model, Shim
from thinc.config import Config

from conftest import ROOT, command, with_code
from ner_update.training.data_parallel import alone

GADGETS = ["zune", "kindle", "walkman", "lumio", "palmpilot", "tamagotchi"]
TEXTS = [
    (f"my {gadget} {verb} {when}", gadget)
    for gadget in GADGETS
    for verb in ("died", "froze")
    for when in ("today", "again", "at work", "in june")
]
TEXTS += [
    (f"the {thing} {verb} {when}", "")
    for thing in ("dog", "bus", "phone")
    for verb in ("died", "froze")
    for when in ("today", "at work")
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(text) for text, _ in TEXTS]
    for doc, (_, gadget) in zip(docs, TEXTS):
        doc.set_ents([doc.char_span(3, 3 + len(gadget), "GADGET")] if gadget else [])
        for token in doc:
            token.tag_ = "DT" if token.i == 0 else "NN"
    DocBin(docs=docs, attrs=["ENT_IOB", "ENT_TYPE", "TAG"]).to_disk(folder / "train.spacy")
    DocBin(docs=docs[1::2], attrs=["ENT_IOB", "ENT_TYPE", "TAG"]).to_disk(folder / "dev.spacy")
    return folder


@pytest.fixture
def config(tmp_path):
    """RETURNS (Callable): Writes configs/base.cfg with other settings, by their paths."""

    def write(**settings):
        made = Config().from_disk(ROOT / "configs/base.cfg", interpolate=False)
        for path, value in settings.items():
            *sections, name = path.split("__")
            block = made
            for section in sections:
                block = block[section]
            block[name] = value
        made.to_disk(tmp_path / "config.cfg")
        return tmp_path / "config.cfg"

    return write


def words(config, corpus, output, processes, steps):
    return [
        ROOT / "scripts/train.py",
        config,
        corpus,
        output,
        output.with_suffix(".jsonl"),
        "--max-steps",
        steps,
        "--processes",
        processes,
    ]


def trained(config, corpus, output, processes, steps=40, how=(), **variables):
    done = command("python", *words(config, corpus, output, processes, steps), *how, cwd=output.parent, **variables)
    assert done.code == 0, done.raw
    return {
        path.relative_to(output).as_posix(): path.read_bytes() for path in sorted(output.rglob("*")) if path.is_file()
    }


def weights(folder):
    nlp = spacy.load(folder)
    return numpy.concatenate(
        [
            node.get_param(name).ravel()
            for _, pipe in nlp.pipeline
            for node in pipe.model.walk()
            for name in node.param_names
        ]
    )


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_gradients_add_up_to_those_of_one_process(config, corpus, tmp_path, accumulate):
    """Without dropout, and in the first round, after which they have the texts in other orders. Of Adam, which makes a step of the
    sign of a gradient that is next to nothing, this would not be true.
    """
    batches = {"@batchers": "spacy.batch_by_sequence.v1", "size": 12}
    settings = config(training__batcher=batches, training__optimizer={"@optimizers": "SGD.v1", "learn_rate": 0.01},
                      training__accumulate_gradient=accumulate, training__max_epochs=1)  # fmt: skip
    # spaCy's recogniser drops a tenth of its hidden units whatever the config says.
    path = with_code(
        tmp_path,
        "from thinc.api import NumpyOps\nNumpyOps.get_dropout_mask = lambda self, shape, drop: self.alloc(shape) + 1\n",
    )
    for name, number, steps in (("start", 1, 1), ("alone", 1, 5), ("two", 2, 5), ("three", 3, 5)):
        trained(settings, corpus, tmp_path / name, number, steps, PYTHONPATH=path)
    start, by_one, *by_more = (weights(tmp_path / name) for name in ("start", "alone", "two", "three"))
    moved = numpy.abs(by_one - start).max()
    assert moved > 0.05
    for by_all in by_more:
        # Where a text has no token more, spaCy's recogniser takes the batch's last one for the gradient: another one in each part.
        assert numpy.abs(by_all - by_one).max() < moved / 20


@pytest.mark.parametrize("how", [(), ("--stream-over", 10)], ids=["in memory", "streamed"])
@pytest.mark.parametrize("averages", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_bytes_are_the_same_each_time(config, corpus, tmp_path, averages, how):
    """Three processes, and batches of two texts: now and then somebody has nothing to do."""
    settings = config(
        training__optimizer__use_averages=averages,
        training__batcher={"@batchers": "spacy.batch_by_sequence.v1", "size": 2},
    )
    first, second = (trained(settings, corpus, tmp_path / name, 3, how=how) for name in ("a", "b"))
    # A config holds the paths of its own run.
    assert {name for name in first if first[name] != second[name]} <= {"config.cfg"}
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize("pipeline", [["tok2vec", "ner"], ["tok2vec", "ner", "tagger"]])
def test_scores_are_those_of_the_checkpoint(config, corpus, tmp_path, pipeline):
    tagger = {
        "factory": "tagger",
        "model": {
            "@architectures": "spacy.Tagger.v2",
            "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96},
        },
    }
    made = Config().from_disk(config(), interpolate=False)
    made["nlp"]["pipeline"] = pipeline
    if "tagger" in pipeline:
        made["components"]["tagger"] = tagger
        made["training"]["score_weights"] = {"ents_f": 0.5, "tag_acc": 0.5}
    made.to_disk(tmp_path / "config.cfg")
    trained(tmp_path / "config.cfg", corpus, tmp_path / "model", 2)
    nlp = spacy.load(tmp_path / "model")
    examples = [
        Example(nlp.make_doc(gold.text), gold) for gold in DocBin().from_disk(corpus / "dev.spacy").get_docs(nlp.vocab)
    ]
    found, best = nlp.evaluate(examples), max(srsly.read_jsonl(tmp_path / "model.jsonl"), key=lambda row: row["score"])
    assert best["scores"]["ents_f"] == pytest.approx(100 * found["ents_f"]) and found["ents_f"] > 0.5
    if "tagger" in pipeline:
        assert best["scores"]["tag_acc"] == pytest.approx(100 * found["tag_acc"]) and found["tag_acc"] > 0.5


def running(config, corpus, output, log):
    """RETURNS (tuple): A training without end in the background, as soon as it has had a look at the dev set, and its helper."""
    with log.open("wb") as file:
        argv = [sys.executable, "-u", *map(str, words(config, corpus, output, 2, 100_000))]
        run = subprocess.Popen(argv, cwd=output.parent, stdout=file, stderr=file, start_new_session=True)
    try:
        while "  20  " not in log.read_text(encoding="utf8"):
            try:
                run.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(log.read_text(encoding="utf8"))
        # Python may have processes of its own there, which look after shared memory.
        first = psutil.Process(run.pid)
        (helper,) = [child for child in first.children() if child.cmdline() == first.cmdline()]
    except BaseException:
        run.kill()
        raise
    return run, helper


@pytest.fixture
def endless(config, corpus, tmp_path):
    """A training, with an earlier output in its place."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model/earlier").write_text("as it was")
    run, helper = running(
        config(training__eval_frequency=20, training__patience=0), corpus, tmp_path / "model", tmp_path / "log"
    )
    yield run, helper, tmp_path
    if run.poll() is None:
        run.kill()
        run.wait()


def test_a_helper_that_dies_ends_the_training_with_a_message(endless):
    run, helper, folder = endless
    helper.kill()
    assert run.wait(timeout=60) == 1
    said = " ".join((folder / "log").read_text(encoding="utf8").split())
    assert (
        "One of the processes that train together has ended" in said
        and "vars.training_processes 1" in said
        and "Traceback" not in said
    ), said
    assert [path.name for path in (folder / "model").iterdir()] == ["earlier"]


def test_a_helper_ends_with_the_first_process(endless):
    run, helper, _ = endless
    run.kill()
    run.wait()
    helper.wait(timeout=60)


def test_an_interrupted_training_is_kept(endless, config, corpus):
    """SIGINT to the whole group, as Ctrl-C sends it."""
    run, helper, folder = endless
    psutil.Process(run.pid).send_signal(signal.SIGINT)
    helper.send_signal(signal.SIGINT)
    assert run.wait(timeout=60) != 0
    helper.wait(timeout=60)
    said = " ".join((folder / "log").read_text(encoding="utf8").split())
    assert "Interrupted. The last checkpoint, after step" in said and "Traceback" not in said, said
    step = srsly.read_json(folder / "interrupted/step.json")["step"]
    done = command(
        "python",
        *words(config(training__eval_frequency=20), corpus, folder / "model", 2, step + 20),
        cwd=folder,
        RESUME="1",
    )
    assert done.code == 0 and f"Going on after step {step}" in done.out, done.raw
    assert step < [*srsly.read_jsonl(folder / "model.jsonl")][-1]["step"] <= step + 20
    assert spacy.load(folder / "model").pipe_names == ["tok2vec", "ner"]


def test_what_a_helper_stumbles_over_is_said(config, corpus, tmp_path):
    path = with_code(
        tmp_path,
        "import os\nfrom ner_update.training import data_parallel\nown = os.getpid()\nplain = data_parallel.Team.update\n"
        "def update(self, *args, **options):\n    if os.getpid() != own:\n        raise MemoryError('no room')\n    return plain(self, *args, **options)\n"
        "data_parallel.Team.update = update\n",
    )
    done = command("python", *words(config(), corpus, tmp_path / "model", 2, 40), cwd=tmp_path, PYTHONPATH=path)
    assert done.code == 1 and "has ended: MemoryError: no room" in done.out and "Traceback" not in done.raw, done.raw
    assert not (tmp_path / "model").exists()


def test_a_part_made_of_pytorch_is_trained_by_one_process():
    nlp = English()
    nlp.add_pipe("ner")
    assert not alone(nlp)
    nlp.get_pipe("ner").model.layers.append(
        Model("torch", lambda model, X, is_train: (X, lambda d: d), shims=[Shim(None)])
    )
    assert "PyTorch" in alone(nlp)
