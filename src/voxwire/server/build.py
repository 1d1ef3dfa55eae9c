"""From settings to the running parts: engines, deployments, the service."""

import json
from typing import Any, Final

from voxwire.config import DeploymentSettings, EngineSettings, Settings
from voxwire.dialects.model_names import REALTIME_MODELS, TRANSCRIPTION_MODELS
from voxwire.engines.registry import EngineKind, load
from voxwire.interfaces.llm import LlmEngine
from voxwire.interfaces.stt import SttEngine
from voxwire.interfaces.tts import TtsEngine
from voxwire.runtime.deployment import Deployment, capabilities_of
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.service import Service
from voxwire.server.memory import message_memory
from voxwire.session.limits import Limits

#: Speech detection is one pass for all conversations, so it is of the server and not of a deployment.
_VAD: Final = "silero"
#: The engines that a profile starts from.
_PROFILES: Final = {
    "embedded": {"stt": "pocketsphinx", "llm": "offline-assistant", "tts": "embedded"},
}


def build_service(settings: Settings) -> Service:
    """The service, not yet started. Raises ConfigurationError for an engine that cannot be had."""
    engines = _Engines()
    return Service(
        deployments=[_deployment(name, chosen, settings.llm, engines) for name, chosen in settings.deployments.items()],
        default=settings.default_deployment,
        aliases={name: settings.default_deployment for name in (*REALTIME_MODELS, *TRANSCRIPTION_MODELS)},
        vad=engines.get("vad", settings.vad or EngineSettings(name=_VAD)),
        limits=session_limits(settings),
        runtime_limits=RuntimeLimits(
            sessions=settings.server.max_sessions,
            write_deadline_s=settings.websocket.write_timeout_s,
            message_bytes=settings.server.message_memory_bytes or message_memory(),
        ),
    )


def session_limits(settings: Settings) -> Limits:
    """The bounds of a session as the settings have them."""
    chosen = settings.limits.model_dump()
    on_empty = chosen.pop("on_empty_transcript")
    return Limits(**chosen, respond_to_empty_transcript=on_empty == "respond")


class _Engines:
    """Loads engines; the same one with the same options is shared, for its pools are dear."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str, str], Any] = {}

    def get(self, kind: EngineKind, settings: EngineSettings) -> Any:
        key = kind, settings.name, json.dumps(settings.options, sort_keys=True, default=str)
        if key not in self._loaded:
            self._loaded[key] = load(kind, settings.name, settings.options)
        return self._loaded[key]


def _deployment(
    name: str, settings: DeploymentSettings, default_llm: EngineSettings | None, engines: _Engines
) -> Deployment:
    profile = _PROFILES[settings.profile]
    stt: SttEngine = engines.get("stt", settings.stt or EngineSettings(name=profile["stt"]))
    llm: LlmEngine = engines.get("llm", settings.llm or default_llm or EngineSettings(name=profile["llm"]))
    tts: TtsEngine = engines.get("tts", settings.tts or EngineSettings(name=profile["tts"]))
    return Deployment(
        name=name,
        stt=stt,
        llm=llm,
        tts=tts,
        capabilities=capabilities_of(stt, llm, tts),
        instructions=settings.instructions,
    )
