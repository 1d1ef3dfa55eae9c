"""Deployments as models: `GET /v1/models`."""

from collections.abc import Iterable
from typing import Any, Protocol

from voxwire.interfaces.engine import EngineInfo
from voxwire.runtime.deployment import Deployment


class _HasInfo(Protocol):
    @property
    def info(self) -> EngineInfo: ...


def model_list(deployments: Iterable[Deployment], created: int) -> dict[str, Any]:
    """The body of the list; `created` is when the server started, in seconds since 1970."""
    return {"object": "list", "data": [model(deployment, deployment.name, created) for deployment in deployments]}


def model(deployment: Deployment, name: str, created: int) -> dict[str, Any]:
    """One model, with what really answers beside the fields of the official API."""
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "voxwire",
        "label": deployment.label,
        "engines": {
            "stt": _engine(deployment.stt.capabilities),
            "llm": _engine(deployment.llm.capabilities),
            "tts": _engine(deployment.tts.capabilities),
        },
    }


def _engine(capabilities: _HasInfo) -> dict[str, str | None]:
    info = capabilities.info
    return {"name": info.name, "label": info.label, "licence": info.licence, "notice": info.notice}
