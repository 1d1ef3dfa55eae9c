"""What is wrong with a body or a query: one refusal that names the field."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from voxwire.config import check_json
from voxwire.errors import RequestRefused, shorten

_Model = TypeVar("_Model", bound=BaseModel)

#: The codes of the official API by the type of pydantic's.
_CODES: Final = {"extra_forbidden": "unknown_parameter", "missing": "missing_required_parameter"}


def check_fields(given: Mapping[str, Any]) -> None:
    """Raises RequestRefused (400) for a field of a body or a query that cannot be kept (`config.check_json`)."""
    param = None
    try:
        check_json(list(given))
        for name, value in given.items():
            param = shorten(name)
            check_json(value)
    except ValueError as error:
        what = "name of a field" if param is None else f"value of {param!r}"
        raise RequestRefused(400, f"Invalid {what}: {error}.", code="invalid_value", param=param) from None


def validated(model: type[_Model], given: Any) -> _Model:
    """`given` as the model. Raises RequestRefused (400) for the first thing that is wrong, whose path is `param`.

    What was given is not repeated: it may be a secret.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _refusal(first) from None


def _refusal(problem: Mapping[str, Any]) -> RequestRefused:
    kind = str(problem["type"])
    param = shorten(".".join(str(step) for step in problem["loc"])) or None
    code = _CODES.get(kind, "invalid_type" if kind.endswith(("_type", "_parsing")) else "invalid_value")
    match code:
        case "unknown_parameter":
            message = f"Unknown parameter: {param!r}."
        case "missing_required_parameter":
            message = f"Missing required parameter: {param!r}."
        case _:
            said = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
            message = f"Invalid {f'value of {param!r}' if param else 'body'}: {said[:1].lower()}{said[1:]}."
    return RequestRefused(400, message, code=code, param=param)
