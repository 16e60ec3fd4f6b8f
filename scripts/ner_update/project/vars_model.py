"""The vars of project.yml: which values each may have. This is the one place for that.

    for said in problems({"seed": -1}): ...     # a sentence for each bad value

scripts/set_var.py checks them before it writes, and scripts/ner_update/project/command.py at the start of each command. Vars that the model does
not name are an adopter's own, and may have any value. It imports little, for each command does.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

# With DVC a command line passes through a shell.
SPECIAL = "\"'`$\\;&|<>*{}"
LONGEST = 1000
LANG = re.compile(r"[a-z][a-z_]{1,19}")
PACKAGE_NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
# What of PEP 440 stays as it is in the name of a wheel.
NUMBER = "(0|[1-9][0-9]{0,8})"
PACKAGE_VERSION = rf"^{NUMBER}(\.{NUMBER}){{0,3}}((a|b|rc|\.dev){NUMBER})?$"
GATE = re.compile(r"(.+?)\s+at (least|most)\s+(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)")


class Gate(NamedTuple):
    """A limit on a figure: `way` is least or most."""

    path: str
    way: str
    limit: float


def read_gates(gates: str) -> Iterator[Gate]:
    """Read vars.gates.

    gates (str): "PATH at least NUMBER, PATH at most NUMBER".
    YIELDS (Gate): Each of them.
    RAISES (ValueError): If one cannot be read.
    """
    for gate in filter(None, (part.strip() for part in gates.split(","))):
        found = GATE.fullmatch(gate)
        if not found:
            raise ValueError(f"vars.gates has {gate!r}, which cannot be read")
        yield Gate(found[1], found[2], float(found[3]))


def is_language(code: str) -> bool:
    """Check whether spaCy, or a package that adds a language to it, knows this code. spaCy is not imported."""
    if not LANG.fullmatch(code):
        return False
    spacy = find_spec("spacy")
    if spacy and spacy.origin and Path(spacy.origin).with_name("lang").joinpath(code, "__init__.py").exists():
        return True
    from importlib.metadata import entry_points

    return code in entry_points(group="spacy_languages").names


def _language(code: str) -> str:
    if not is_language(code):
        raise ValueError("spaCy does not know this language")
    return code


def _gates(gates: str) -> str:
    list(read_gates(gates))
    return gates


def _text(value: str) -> str:
    if not value.isprintable() or set(value) & set(SPECIAL):
        raise ValueError(f"it holds one of {SPECIAL} or a character that cannot be printed")
    return value


def whole(low: int, high: int, what: str) -> Any:
    """Make the field of a whole number in a range."""
    return Field(ge=low, le=high, description=f"a whole number from {low:,} to {high:,} ({what})")


def real(low: float, high: float, what: str) -> Any:
    """Make the field of a finite number in a range."""
    return Field(ge=low, le=high, allow_inf_nan=False, description=f"a number from {low:,} to {high:,} ({what})")


def text(allowed: str, pattern: str = "") -> Any:
    """Make the field of a text of which a pattern, or another check, says more."""
    return Field(pattern=pattern or None, max_length=LONGEST, description=allowed)


Text = Annotated[str, AfterValidator(_text)]
# Words without quotes in a command line, or arguments, which must not begin as an option does.
WORD, ARGUMENT = r"^[^\s-]\S*$", r"^[^\s-]"


class Vars(BaseModel):
    """The vars of project.yml, where comments say what each is for. A description completes "it must be"."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    lang: Annotated[Text, AfterValidator(_language)] = text("the code of a language that spaCy knows, such as en or xx")
    package_name: Annotated[Text, Field(max_length=50)] = text(
        "at most 50 lower-case letters, digits and single _ between them, a letter first, without the language",
        PACKAGE_NAME,
    )
    package_version: Text = text(
        "a version such as 0.1.0, 1.0rc1 or 2.0.dev3, in quotes, its numbers without leading zeros", PACKAGE_VERSION
    )
    package_license: Text = text("the name of a license, or empty for that of the base")
    base_model: Text = text("an installed pipeline, a folder, blank:en (or another language), or empty to train one")
    base_model_version: Text = text("the version of the base, in quotes, or empty for any")
    format: Literal[
        "",
        "own",
        "prodigy",
        "spacy_v2",
        "spacy_doc",
        "label_studio",
        "label_studio_min",
        "doccano",
        "doccano_code_points",
        "hugging_face",
        "argilla",
        "columns",
    ] = Field(
        description="empty, own, prodigy, spacy_v2, spacy_doc, label_studio, label_studio_min, doccano, doccano_code_points, hugging_face, argilla or columns"
    )
    dev_size: float = real(
        0.001, 0.999, "share of the texts for choosing the checkpoint; below 1 together with test_size"
    )
    test_size: float = real(0.0, 0.999, "share of the texts for the final evaluation; below 1 together with dev_size")
    rehearsal_ratio: float = real(0.0, 1000.0, "rehearsal texts per annotated text of the new label")
    silver_ratio: float = real(0.0, 1000.0, "silver examples per annotated text; 0 for none")
    teachers: int = whole(0, 100, "updates that read the raw texts first; 0 for none")
    transformer_teachers: int = whole(0, 100, "transformers that read the raw texts first; 0 for none")
    distilled_ratio: float = real(0.0, 1000.0, "distilled texts per annotated text")
    suggestions: int = whole(1, 1_000_000, "raw texts that `suggest` puts forward")
    trials: int = whole(2, 1000, "seeds under which `trials` trains the update")
    base_max_steps: int = whole(1, 10_000_000, "training steps of the base")
    update_max_steps: int = whole(1, 10_000_000, "training steps of the update")
    update_on: Literal["train", "train+dev"] = Field(description="train or train+dev")
    training_processes: int = whole(1, 1000, "processes that share each training step")
    stream_over: int = whole(0, 1_000_000_000, "texts of a training corpus that is held in memory; 0: any number")
    min_gain: float = real(0.0, 100.0, "F of the new labels, in percent")
    min_retention: float = real(0.0, 100.0, "strict retention, in percent")
    max_mixed_loss: float = real(
        0.0, 100.0, "points of F of the new labels lost with names of old labels in the same text"
    )
    gates: Annotated[Text, AfterValidator(_gates)] = text(
        '"PATH at least NUMBER" or "PATH at most NUMBER", with commas between several, or empty'
    )
    update_config: Text = text("the path of a config, without spaces", WORD)
    encoder: Text = text("a Hugging Face encoder, by name or folder, or empty")
    vectors_from: Text = text("a file of word vectors, a Hugging Face encoder, or empty")
    vectors_words: int = whole(1, 100_000_000, "words that get a vector")
    review_tool: Literal["label_studio", "prodigy", "doccano"] = Field(description="label_studio, prodigy or doccano")
    review_source: Text = text("the path of a file or folder, without spaces", WORD)
    hub_repository: Text = text(
        "OWNER/NAME on the Hugging Face Hub, or empty", r"^([A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*)?$"
    )
    engine: Literal["local", "ray"] = Field(description="local or ray")
    workers: int = whole(0, 100_000, "processes, or actors of Ray; 0 for all cores")
    predict_from: Text = text("a folder of shards, or one shard, by path or address", ARGUMENT)
    predict_to: Text = text("a folder, by path or address", ARGUMENT)
    seed: int = whole(0, 2**32 - 1, "seed of all random numbers")
    gpu_id: int = whole(-1, 1000, "number of the GPU; -1 for the CPU")

    @field_validator("package_name")
    @classmethod
    def _without_language(cls, name: str, info: ValidationInfo) -> str:
        # spaCy would not put it there a second time.
        if "lang" in info.data and name.startswith(f"{info.data['lang']}_"):
            raise ValueError(f"the package is called {name} without it, too")
        return name

    @field_validator("test_size")
    @classmethod
    def _some_left(cls, test_size: float, info: ValidationInfo) -> float:
        if info.data.get("dev_size", 0) + test_size >= 1:
            raise ValueError(f"dev_size is {info.data['dev_size']}, and nothing is left to train on")
        return test_size


def problems(values: Mapping[str, Any]) -> list[str]:
    """Check values of vars.

    values (Mapping): Some of the vars, or all, by name.
    RETURNS (list): For each bad value a sentence with the var, the value and what is allowed.
    """
    try:
        Vars.model_validate(dict(values))
    except ValidationError as error:
        # What is missing the task runners say themselves, if a command uses it.
        found = [row for row in error.errors(include_url=False) if row["type"] != "missing"]
        return [_worded(str(row["loc"][0]), row["input"], row.get("ctx", {}).get("error", "")) for row in found]
    return []


def read_vars(text: str) -> dict[str, Any]:
    """Read the vars in the text of a project.yml.

    RAISES (ValueError): If it cannot be read.
    """
    try:
        project = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    found = project.get("vars") if isinstance(project, dict) else None
    return found if isinstance(found, dict) else {}


def _worded(name: str, value: Any, why: object) -> str:
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
    return f"vars.{name} is {shown}{f': {why}' if str(why) else ''}. It must be {Vars.model_fields[name].description}"
