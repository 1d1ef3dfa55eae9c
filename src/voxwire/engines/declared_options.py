"""Options of an engine that are declared as a pydantic model: checked, and refused with one sentence."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from voxwire.errors import ConfigurationError


class DeclaredOptions(BaseModel):
    """The base of such models. Secrets do not show in a `repr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_OptionsT = TypeVar("_OptionsT", bound=DeclaredOptions)


def declared(engine: str, declaration: type[_OptionsT], options: Mapping[str, Any]) -> _OptionsT:
    """The options as they are declared. Raises ConfigurationError with one sentence, which never repeats a value."""
    try:
        return declaration(**options)
    except ValidationError as error:
        explained = (_explain(engine, declaration, problem) for problem in error.errors(include_input=False))
        raise ConfigurationError("; ".join(explained)) from None


def require(*packages: str) -> None:
    """Raises ModuleNotFoundError for a package that is not installed, without importing one that is. Engines ask after
    they have checked their options, so that these can be checked anywhere."""
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)


def _explain(engine: str, declaration: type[DeclaredOptions], problem: Mapping[str, Any]) -> str:
    name = ".".join(map(str, problem["loc"]))
    match problem["type"]:
        case "extra_forbidden":
            return f"{engine} has no option {name}; it knows: {', '.join(declaration.model_fields)}"
        case "missing":
            return f"{engine} needs the option {name}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"The option {name} of {engine}: {message[:1].lower()}{message[1:]}"
