"""Which models an endpoint has, and whether the one that is wanted is among them."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.engines.remote.http import HttpEndpoint
from voxwire.engines.remote.patience import Patience
from voxwire.errors import ConfigurationError

_LIST_S: Final = 10.0
_SHOWN: Final = 20


class _Listed(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Listed] | None


async def check_model(http: HttpEndpoint, wanted: str, failures: Failures, key_variable: str, has_key: bool) -> None:
    """Ask the endpoint whether it has a model. Raises as `list_models`, and ConfigurationError where it has not."""
    names = await list_models(http, failures, key_variable, has_key)
    if not is_listed(wanted, names):
        raise ConfigurationError(f"The {failures.what}'s endpoint has no model {wanted!r}. It has: {shown(names)}.")


async def list_models(http: HttpEndpoint, failures: Failures, key_variable: str, has_key: bool) -> tuple[str, ...]:
    """Ask the endpoint for the names of its models.

    Raises ConfigurationError for a wrong address or key, and EngineError when it cannot say at the moment.
    """
    status, names = await _ask(http, "", failures)
    if status == 200 and names is not None:
        return names
    if status in (401, 403):
        refuses = "refuses the key" if has_key else "needs a key"
        raise ConfigurationError(f"The {failures.what}'s endpoint {http.base_url} {refuses}; set {key_variable}.")
    if status in (408, 429) or status >= 500:
        raise failures.of_status(status)
    below = await _ask(http, "/v1", failures)
    if below[0] == 200 and below[1] is not None:
        raise ConfigurationError(
            f"There is no {failures.what} at {http.base_url}, but there is one at {http.base_url}/v1; use that address."
        )
    raise ConfigurationError(
        f"There is no {failures.what} at {http.base_url}: asked for its models it answers {status} and no list. "
        "Most addresses end in /v1. For an endpoint that has no list set the option check to false."
    )


def is_listed(wanted: str, names: Sequence[str]) -> bool:
    """Whether it is one of the names. Ollama leaves the tag out."""
    return wanted in names or f"{wanted}:latest" in names


def shown(names: Sequence[str]) -> str:
    """The names in a sentence; not all of very many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none") + more


async def _ask(http: HttpEndpoint, below: str, failures: Failures) -> tuple[int, tuple[str, ...] | None]:
    async with http.ask("GET", f"{below}/models", Patience(_LIST_S, _LIST_S, failures)) as answer:
        body = await answer.body()
    try:
        listed: Any = msgspec.json.decode(body, type=_Models).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return answer.status, None
    return answer.status, tuple(model.id for model in listed or ())
