"""From settings to the running parts: engines, deployments, the service."""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from pydantic import SecretStr

from voxwire.config import DeploymentSettings, EngineSettings, Settings
from voxwire.dialects.model_names import REALTIME_MODELS, TRANSCRIPTION_MODELS
from voxwire.engines.registry import load
from voxwire.errors import ConfigurationError, PackagesMissing
from voxwire.interfaces.engine import EngineKind
from voxwire.interfaces.llm import LlmEngine
from voxwire.interfaces.stt import SttEngine
from voxwire.interfaces.tts import TtsEngine
from voxwire.interfaces.turn import TurnEngine
from voxwire.runtime import (
    Deadlines,
    Deployment,
    EngineLeases,
    Hosted,
    LocalDirectory,
    RuntimeLimits,
    Service,
    capabilities_of,
)
from voxwire.runtime.failover import FailoverStt, FailoverTts, Member, Members, TakeoverTimes, failover_llm
from voxwire.server.memory import message_memory
from voxwire.server.profiles import Profiles
from voxwire.session import Limits

#: Speech detection is one pass for all conversations, so it is of the server and not of a deployment.
_VAD: Final = "silero"
#: What makes one engine of several, by kind.
_FAILOVER: Final[dict[EngineKind, Callable[[Members, TakeoverTimes], Any]]] = {
    "stt": FailoverStt,
    "llm": failover_llm,
    "tts": FailoverTts,
}


def build_service(settings: Settings) -> Service:
    """The service, not yet started. Raises ConfigurationError for an engine that cannot be had."""
    host = _Host(Profiles(settings), TakeoverTimes(**settings.failover.model_dump()))
    directory = LocalDirectory(
        [host.host(name, chosen) for name, chosen in settings.deployments.items()],
        default=settings.default_deployment,
        aliases={name: settings.default_deployment for name in (*REALTIME_MODELS, *TRANSCRIPTION_MODELS)},
        # Those that are there without being asked for are no reason to start a server whose own ones do not.
        # By the profile of all they are asked for.
        needed=[
            name
            for name, chosen in settings.deployments.items()
            if chosen != DeploymentSettings() or settings.profile != "embedded"
        ],
    )
    vad = settings.vad or EngineSettings(name=_VAD)
    return Service(
        directory=directory,
        vad=load("vad", vad.name, vad.options),
        limits=session_limits(settings),
        runtime_limits=runtime_limits(settings),
    )


def runtime_limits(settings: Settings) -> RuntimeLimits:
    """The bounds of the process as the settings have them."""
    return RuntimeLimits(
        sessions=settings.server.max_sessions,
        write_deadline_s=settings.websocket.write_timeout_s,
        message_bytes=settings.server.message_memory_bytes or message_memory(),
        deadlines=Deadlines(**settings.deadlines.model_dump()),
    )


def session_limits(settings: Settings) -> Limits:
    """The bounds of a session as the settings have them."""
    chosen = settings.limits.model_dump()
    on_empty = chosen.pop("on_empty_transcript")
    guard = settings.interruption
    return Limits(
        **chosen,
        respond_to_empty_transcript=on_empty == "respond",
        interrupt_speech_ms=guard.speech_ms,
        interrupt_words=guard.words,
        back_channels_pass=guard.back_channels == "pass",
    )


class _Host:
    """Makes deployments of settings; engines with the same name and options are shared, for their pools are dear."""

    def __init__(self, profiles: Profiles, patience: TakeoverTimes) -> None:
        self._profiles = profiles
        self._patience = patience
        self._leases = EngineLeases()

    def host(self, name: str, settings: DeploymentSettings) -> Hosted:
        """A deployment, not yet started. Raises ConfigurationError for an engine that cannot be had."""
        stages = self._profiles.stages(settings)
        wanted: dict[str, tuple[Hashable, Callable[[], Any]]] = {
            kind: self._engine(kind, engine) for kind, engine in stages.items()
        }
        try:
            try:
                leases = self._leases.lease(wanted)
            except PackagesMissing as first:
                raise _all_missing(first, [make for _, make in wanted.values()]) from first
        except ConfigurationError as error:
            if (profile := self._profiles.name(settings)) == "embedded":
                raise
            raise ConfigurationError(f"Deployment {name}, profile {profile}: {error}") from error
        return Hosted(name, leases, partial(_assembled, name, settings))

    def _engine(self, kind: EngineKind, settings: EngineSettings) -> tuple[Hashable, Callable[[], Any]]:
        if not settings.otherwise:
            return _single(kind, settings)
        line = settings.model_copy(update={"otherwise": ()}), *settings.otherwise
        return (kind, *(_single(kind, one)[0] for one in line)), partial(self._several, kind, line)

    def _several(self, kind: EngineKind, line: Sequence[EngineSettings]) -> Any:
        """One engine made of several, each of which others may use as well."""
        leases = self._leases.lease({str(at): _single(kind, one) for at, one in enumerate(line)})
        names = [one.name for one in line]
        members = [
            Member(name if names.count(name) == 1 else f"{name} ({at})", lease)
            for at, (name, lease) in enumerate(zip(names, leases.values(), strict=True), 1)
        ]
        return _FAILOVER[kind](Members(kind, members, self._patience), self._patience)


def _single(kind: EngineKind, settings: EngineSettings) -> tuple[Hashable, Callable[[], Any]]:
    key = kind, settings.name, json.dumps(settings.options, sort_keys=True, default=_distinct)
    return key, partial(load, kind, settings.name, settings.options)


def _all_missing(found: PackagesMissing, makers: Sequence[Callable[[], Any]]) -> PackagesMissing:
    """What is missing for any of the engines, for one command that installs it: nobody starts a server twice to learn
    of two packages."""
    for make in makers:
        try:
            make()
        except PackagesMissing as more:
            found += more
        except ConfigurationError:
            continue  # said when the packages are there
    return found


def _distinct(value: Any) -> str:
    """What tells two options apart: of a secret its value, or engines with different keys would be one."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _assembled(name: str, settings: DeploymentSettings, engines: Mapping[str, Any]) -> Deployment:
    stt: SttEngine = engines["stt"]
    llm: LlmEngine = engines["llm"]
    tts: TtsEngine = engines["tts"]
    turn: TurnEngine | None = engines.get("turn")
    return Deployment(
        name=name,
        stt=stt,
        llm=llm,
        tts=tts,
        turn=turn,
        capabilities=capabilities_of(stt, llm, tts, turn),
        instructions=settings.instructions,
        max_drafts_per_turn=settings.max_drafts_per_turn,
    )
