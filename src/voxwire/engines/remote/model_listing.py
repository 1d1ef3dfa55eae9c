"""Which models an endpoint has, and whether the one that is wanted is among them."""

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
    """Ask the endpoint for its models.

    Raises ConfigurationError for a wrong address, key or model name, and EngineError when it cannot say at the moment.
    """
    status, names = await _ask(http, "", failures)
    who = f"The {failures.what}'s endpoint {http.base_url}"
    if status == 200 and names is not None:
        if wanted not in names:
            raise ConfigurationError(
                f"The {failures.what}'s endpoint has no model {wanted!r}. It has: {_shown(names)}."
            )
        return
    if status in (401, 403):
        raise ConfigurationError(f"{who} {'refuses the key' if has_key else 'needs a key'}; set {key_variable}.")
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


async def _ask(http: HttpEndpoint, below: str, failures: Failures) -> tuple[int, tuple[str, ...] | None]:
    async with http.ask("GET", f"{below}/models", Patience(_LIST_S, _LIST_S, failures)) as answer:
        body = await answer.body()
    try:
        listed: Any = msgspec.json.decode(body, type=_Models).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return answer.status, None
    return answer.status, tuple(model.id for model in listed or ())


def _shown(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none") + more
