"""Deployments as models: `GET /v1/models`."""

from collections.abc import Iterable
from typing import Any, Protocol

from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime import Hosted


class _HasInfo(Protocol):
    @property
    def info(self) -> EngineInfo: ...


def model_list(deployments: Iterable[Hosted], vad: VadEngine, created: int) -> dict[str, Any]:
    """The body of the list; `created` is when the server started, in seconds since 1970."""
    data = [model(hosted, vad, hosted.name, created) for hosted in deployments]
    return {"object": "list", "data": data}


def model(hosted: Hosted, vad: VadEngine, name: str, created: int) -> dict[str, Any]:
    """One model, with what really answers beside the fields of the official API.

    `ready` is false while its engines start or do not; `failed` is then the kind of the engine that does not. `voices`
    are the names that a session may ask for; None where it may be any, or where that is not known yet.
    `stored` is what is stored of conversations, None where that is not known yet.
    """
    engines = {"vad": vad, **hosted.stages}
    engines.setdefault("turn", None)  # without a turn model, silence decides
    voices = hosted.deployment.capabilities.voices if hosted.deployment else None
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "voxwire",
        "label": hosted.label,
        "ready": hosted.deployment is not None,
        "failed": hosted.trouble.stage if hosted.trouble else None,
        "voices": None if voices is None else sorted(voices),
        "stored": hosted.deployment and str(hosted.deployment.storing),
        "engines": {kind: engine and _engine(engine.capabilities) for kind, engine in engines.items()},
    }


def _engine(capabilities: _HasInfo) -> dict[str, str | None]:
    info = capabilities.info
    return {"name": info.name, "label": info.label, "licence": info.licence, "notice": info.notice}
