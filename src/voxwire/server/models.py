"""Deployments as models: `GET /v1/models`."""

from collections.abc import Iterable
from typing import Any, Protocol

from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime.deployment import Deployment


class _HasInfo(Protocol):
    @property
    def info(self) -> EngineInfo: ...


def model_list(deployments: Iterable[Deployment], vad: VadEngine, created: int) -> dict[str, Any]:
    """The body of the list; `created` is when the server started, in seconds since 1970."""
    data = [model(deployment, vad, deployment.name, created) for deployment in deployments]
    return {"object": "list", "data": data}


def model(deployment: Deployment, vad: VadEngine, name: str, created: int) -> dict[str, Any]:
    """One model, with what really answers beside the fields of the official API."""
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "voxwire",
        "label": deployment.label,
        "engines": {
            "vad": _engine(vad.capabilities),
            "stt": _engine(deployment.stt.capabilities),
            "llm": _engine(deployment.llm.capabilities),
            "tts": _engine(deployment.tts.capabilities),
            # Without a turn model, silence decides.
            "turn": _engine(deployment.turn.capabilities) if deployment.turn is not None else None,
        },
    }


def _engine(capabilities: _HasInfo) -> dict[str, str | None]:
    info = capabilities.info
    return {"name": info.name, "label": info.label, "licence": info.licence, "notice": info.notice}
