"""What a service says went wrong, as a stable code and a sentence that a client may see. Its own words are not
repeated: they may carry parts of keys, or addresses of the inside."""

import re
from typing import Final

from voxwire.engines.llm.relay.upstream_events import UpstreamError
from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.errors import EngineError

#: What every failure of a service begins with.
SERVICE_FAILURES: Final = Failures("llm", "Realtime service")

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]]{0,63}")
_KEY: Final = ("invalid_api_key", "authentication_error", "invalid_token", "unauthorized", "access_denied")
_NOT_FOUND: Final = ("model_not_found", "deployment_not_found", "DeploymentNotFound", "invalid_model")
_TOO_MANY: Final = ("rate_limit_exceeded", "insufficient_quota", "too_many_requests", "too_many_sessions")
#: The service ends the session of its own accord; a new one can be had.
_OVER: Final = ("session_expired", "server_restarting")


def plain_name(name: str | None) -> str | None:
    """A code or a field's path where it is one: safe to log, good to act upon."""
    return name if name is not None and _PLAIN.fullmatch(name) else None


def is_over(error: UpstreamError | None) -> bool:
    """Whether it says no more than that this connection ends."""
    return error is not None and error.code in _OVER


def of_error(error: UpstreamError | None) -> EngineError:
    """The failure that an `error` of the service stands for."""
    code = error.code or error.type if error else None
    if code in _KEY:
        return SERVICE_FAILURES.of_status(401)
    if code in _NOT_FOUND:
        return SERVICE_FAILURES.of_status(404)
    if code in _TOO_MANY:
        return SERVICE_FAILURES.of_status(429)
    if is_over(error):
        return SERVICE_FAILURES.disconnected()
    if error is not None and error.type == "invalid_request_error":
        said = f" ({plain_name(code)})" if plain_name(code) else ""
        return SERVICE_FAILURES.failed("llm_request_refused", f"The Realtime service refused the request{said}.")
    return SERVICE_FAILURES.failed("llm_error", "The Realtime service reported an error.")
