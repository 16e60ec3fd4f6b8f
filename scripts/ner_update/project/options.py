"""Fill a frozen dataclass of settings from the command line, in one place: a command that takes one needs no list of parameters."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def with_options(main: Callable) -> Callable:
    """Let typer see the fields of a dataclass as the parameters of a command.

    main (Callable): Takes one argument, annotated with a dataclass. The fields' types may be Annotated with typer.Option or
        typer.Argument; a field without a default is an argument.
    RETURNS (Callable): Takes the fields, makes the dataclass of them, and calls `main`. Any other function as it is.
    """
    parameters = list(inspect.signature(main).parameters.values())
    settings: Any = get_type_hints(main).get(parameters[0].name) if len(parameters) == 1 else None
    if not is_dataclass(settings):
        return main
    make: Any = settings

    def command(**given: Any) -> None:
        main(make(**given))

    hints = get_type_hints(settings, include_extras=True)
    command.__signature__ = inspect.Signature([  # type: ignore[attr-defined]  # inspect reads it, and typer so, too.
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[field.name], default=_default(field)) for field in fields(settings)
    ])  # fmt: skip
    command.__annotations__ = hints
    command.__doc__ = main.__doc__
    return command


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is MISSING else field.default
