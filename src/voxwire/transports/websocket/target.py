"""What a WebSocket URL asks for: forms W1 to W12 (protocol: connecting, Addresses)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from voxwire.config import checked_name
from voxwire.dialects.model_names import TRANSCRIPTION_MODELS
from voxwire.errors import RequestRefused, shorten
from voxwire.runtime import Permission, Principal

_VOICE_LIVE: Final = "/voice-live/realtime"
_PLAIN_PATHS: Final = frozenset({"/v1/realtime", "/openai/v1/realtime", "/openai/realtime", _VOICE_LIVE})
_TRANSLATION_PATHS: Final = frozenset({"/v1/realtime/translations", "/openai/v1/realtime/translations"})
_DEPLOYMENT_PREFIX: Final = "/openai/deployments/"
_DEPLOYMENT_SUFFIX: Final = "/realtime"
#: How Voice Live clients name an agent of Azure's in place of a model; the second is older.
_AGENT_KEYS: Final = ("agent-name", "agent-id")


@dataclass(frozen=True, slots=True)
class Target:
    """What a connection asks for; `name` None is the default deployment, or what the key says."""

    name: str | None
    transcription: bool


def is_websocket_path(path: str) -> bool:
    """Whether a (normalised) path is one that clients open WebSockets on."""
    return path_template(path) is not None


def path_template(path: str) -> str | None:
    """A WebSocket path without what the client chose in it; None for any other path."""
    if path in _PLAIN_PATHS or path in _TRANSLATION_PATHS:
        return path
    return None if _deployment_in(path) is None else f"{_DEPLOYMENT_PREFIX}{{deployment}}{_DEPLOYMENT_SUFFIX}"


def parse_target(path: str, query: Mapping[str, str], *, nameless: bool = False) -> Target:
    """What `path` (normalised) and `query` name; raises RequestRefused (404, 400). `nameless`: the name may be left
    out, because the key says it."""
    if not is_websocket_path(path):
        raise unknown_path(path)
    if path in _TRANSLATION_PATHS:
        raise RequestRefused(404, "Translation sessions are not supported yet.", code="unsupported_endpoint")
    if "call_id" in query:
        raise RequestRefused(404, "There is no call with this id.", code="call_not_found", param="call_id")
    if path == _VOICE_LIVE and (agent := next((key for key in _AGENT_KEYS if key in query), None)):
        message = "There are no agents here. Name a model: ?model=NAME."
        raise RequestRefused(400, message, code="unsupported_parameter", param=agent)
    # Of several names the deployment's wins: the oldest Azure clients send a `model` and a path
    # segment beside it that name something else (W5, W6).
    name = query.get("deployment") or _deployment_in(path) or query.get("model") or None
    # A transcription model can do nothing else, so the intent may be left out.
    transcription = query.get("intent") == "transcription" or name in TRANSCRIPTION_MODELS
    if name is None and not transcription and not nameless:
        param = "deployment" if path == "/openai/realtime" else "model"
        raise RequestRefused(400, f"The URL must name a model: ?{param}=NAME.", code="missing_model", param=param)
    return Target(name, transcription)


def unknown_path(path: str) -> RequestRefused:
    """404 for a path that nothing serves. The path is cut: it goes back to the client."""
    return RequestRefused(404, f"Unknown path {path[:200]!r}. Realtime sessions are at /v1/realtime.", code="not_found")


def unknown_deployment(target: Target, path: str, principal: Principal) -> RequestRefused:
    """404 in the words of the service that the path belongs to. Who may make the deployment is told how."""
    azure = path.startswith("/openai/")
    return RequestRefused(
        404,
        f"There is no {'deployment' if azure else 'model'} {shorten(target.name or '')!r} here. "
        f"{_remedy(target.name or '', principal)}",
        code="DeploymentNotFound" if azure else "model_not_found",
        param="deployment" if azure else "model",
    )


def _remedy(name: str, principal: Principal) -> str:
    if not principal.may(Permission.MANAGE_DEPLOYMENTS):
        return "GET /v1/models lists those that this key may use."
    try:
        return f"To make it, type: voxwire deployments create {checked_name(name)}"
    except ValueError as error:
        return f"It cannot be made: {error}."


def forbidden_deployment(name: str) -> RequestRefused:
    """403 for a deployment that is there, and is not for this key."""
    return RequestRefused(
        403, f"This key may not use the deployment {name!r}.", code="deployment_not_allowed", param="model"
    )


def disabled_deployment(name: str) -> RequestRefused:
    """403 for a deployment that its operator has switched off."""
    return RequestRefused(403, f"The deployment {name!r} is switched off.", code="deployment_disabled", param="model")


def _deployment_in(path: str) -> str | None:
    """NAME of `/openai/deployments/NAME/realtime`; it may hold slashes."""
    if not (path.startswith(_DEPLOYMENT_PREFIX) and path.endswith(_DEPLOYMENT_SUFFIX)):
        return None
    return path[len(_DEPLOYMENT_PREFIX) : -len(_DEPLOYMENT_SUFFIX)] or None
