"""What a sweep tries: configs/sweep.yml, read and checked, and the trials that come of it.

plan = read_plan(path, project)            # RAISES PlanError
for values in trials(plan): ...            # for Optuna, send the outcome of each
"""

import itertools
from collections.abc import Generator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import srsly
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictFloat,
    StrictInt,
    Tag,
    ValidationError,
    model_validator,
)

from ner_update.project.outputs import ProblemsError
from ner_update.project.vars import set_var

Number = StrictInt | StrictFloat
Values = dict[str, bool | int | float | str]
# With these the dev set is another one, or is trained on, and its figures cannot be compared.
OF_THE_DEV_SET = {"dev_size", "test_size", "format", "lang", "update_on"}
# The stages of a trial: all up to these. DVC keeps no experiment that the gate stopped.
TARGETS = ("plots", "report")
AFTER = {"gate", "package", "smoke-test"}


class PlanError(ProblemsError):
    """Raised when a plan cannot be used."""


def scalar(value: Any) -> Any:
    """Check that a value is something that a var can be.

    RETURNS (Any): The value.
    RAISES (ValueError): If it is not.
    """
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError(f"{value!r} is no number, text, true or false")
    return value


class Range(BaseModel):
    """Values between two ends, both included: whole numbers if the ends are."""

    model_config = ConfigDict(extra="forbid")
    low: Number
    high: Number
    step: Number | None = None
    log: bool = False

    @model_validator(mode="after")
    def _possible(self) -> "Range":
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("with log, low must be above 0, and there is no step")
        if self.step is not None and self.step <= 0:
            raise ValueError("step must be above 0")
        return self


Listed = Annotated[list[Annotated[Any, AfterValidator(scalar)]], Field(min_length=1), Tag("listed")]
Tried = Annotated[
    Listed | Annotated[Range, Tag("range")],
    Discriminator(lambda value: "range" if isinstance(value, (dict, Range)) else "listed"),
]


class Plan(BaseModel):
    """The content of configs/sweep.yml, where each key is explained."""

    model_config = ConfigDict(extra="forbid")
    search: Literal["grid", "optuna"]
    trials: Annotated[int, Field(ge=1)] = 20
    seed: Annotated[int, Field(ge=0)] = 0
    metric: Literal["f", "p", "r"] = "f"
    limits: dict[Literal["f", "p", "r", "kept"], float] = {}
    vars: Annotated[dict[str, Tried], Field(min_length=1)]


class Outcome(NamedTuple):
    """What Optuna is told of a trial.

    value (float): Of the metric, in percent.
    lacking (float): By how many percent the trial stays below its limits, all together; 0 if it keeps them.
    """

    value: float
    lacking: float


def read_plan(path: Path, project: Path) -> Plan:
    """Read and check a plan.

    path (Path): YAML, as configs/sweep.yml.
    project (Path): Folder with project.yml and dvc.yaml.
    RETURNS (Plan): The plan.
    RAISES (PlanError): If it cannot be read, or names what is not there or cannot be compared.
    """
    try:
        plan = Plan.model_validate(srsly.read_yaml(path))
    except (OSError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise PlanError([f"{path}: cannot be read: {' '.join(str(error).split())}"]) from error
        raise PlanError(
            [f"{path}: {said}" for said in dict.fromkeys(map(_worded, error.errors(include_url=False)))]
        ) from error
    problems = [
        f"{path}: {problem}" for name, tried in plan.vars.items() for problem in _problems(plan, name, tried, project)
    ]
    if problems:
        raise PlanError(problems)
    return plan


def trials(plan: Plan) -> Generator[Values, Outcome | None, None]:
    """Generate the values of each trial.

    The same plan and outcomes give the same trials: so a sweep that goes on asks again for those that are finished.
    Optuna is sent the outcome of each, None for one that failed.
    """
    if plan.search == "grid":
        for values in itertools.product(*plan.vars.values()):
            yield dict(zip(plan.vars, values))
        return
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=plan.seed))
    spaces = {name: _distribution(tried) for name, tried in plan.vars.items()}
    for _ in range(plan.trials):
        trial = study.ask(spaces)
        outcome = yield {
            name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in trial.params.items()
        }
        if outcome is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            trial.set_constraint("limits", outcome.lacking)
            study.tell(trial, outcome.value)


def number_of_trials(plan: Plan) -> int:
    """Count what `trials` gives."""
    return plan.trials if plan.search == "optuna" else len(list(itertools.product(*plan.vars.values())))


def _distribution(tried: list | Range):
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(tried, list):
        return CategoricalDistribution(tried)
    if all(isinstance(value, int) for value in (tried.low, tried.high, tried.step or 1)):
        return IntDistribution(tried.low, tried.high, log=tried.log, step=tried.step or 1)
    return FloatDistribution(tried.low, tried.high, log=tried.log, step=tried.step)


def vars_of_trials(project: Path) -> set[str]:
    """Find the vars that the stages of a trial use."""
    stages = srsly.read_yaml(project / "dvc.yaml")["stages"]
    rows = [row for name, stage in stages.items() if name not in AFTER for row in stage.get("params", [])]
    return {var.removeprefix("vars.") for row in rows for var in row["project.yml"]}


def _problems(plan: Plan, name: str, tried: list | Range, project: Path) -> list[str]:
    text = (project / "project.yml").read_text(encoding="utf8")
    known, used = list(srsly.yaml_loads(text)["vars"]), vars_of_trials(project)
    if name not in known:
        near = get_close_matches(name, known, 1)
        return [
            f"project.yml has no var {name!r}"
            + (f": did you mean {near[0]}?" if near else f"; it has {', '.join(known)}")
        ]
    if name in OF_THE_DEV_SET:
        return [f"{name} changes the dev set, on which trials are compared, or what it has seen: leave it out"]
    if name not in used:
        return [f"nothing that is measured depends on {name}: leave it out"]
    if isinstance(tried, Range) and plan.search == "grid":
        return [f"{name}: a range is for optuna; for a grid, list the values"]
    values = [tried.low, tried.high] if isinstance(tried, Range) else tried
    problems = [f"{name}: {value!r} stands there twice" for n, value in enumerate(values) if value in values[:n]]
    for value in values:
        try:
            set_var(text, name, shown(value))
        except ValueError as error:
            problems.append(str(error))
    return problems


def shown(value: object) -> str:
    """Write a value as scripts/set_var.py takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _worded(item: Mapping) -> str:
    place = ".".join(str(part) for part in item["loc"] if part not in ("listed", "range", "int", "float"))
    return f"{place or 'all of it'}: {item['msg'].removeprefix('Value error, ')}"
