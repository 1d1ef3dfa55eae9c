"""From settings to the running parts: engines, deployments, the service."""

import asyncio
import json
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from pydantic import SecretStr

from voxwire.config import DeploymentSettings, EngineSettings, Settings, TurnDefaults
from voxwire.dialects.model_names import REALTIME_MODELS, TRANSCRIPTION_MODELS
from voxwire.engines.registry import load
from voxwire.errors import ConfigurationError, EngineError, PackagesMissing, VoxwireError
from voxwire.events.session_config import DEFAULT_TURN_DETECTION, Eagerness, SemanticVad, TurnDetection
from voxwire.interfaces.engine import EngineKind
from voxwire.interfaces.llm import LlmEngine
from voxwire.interfaces.stt import SttEngine
from voxwire.interfaces.tts import TtsEngine
from voxwire.interfaces.turn import TurnEngine
from voxwire.quotas import quota_of
from voxwire.runtime import (
    Deadlines,
    Deployment,
    DeploymentTerms,
    EngineLeases,
    Hosted,
    LocalDirectory,
    RuntimeLimits,
    Service,
    capabilities_of,
    new_id,
)
from voxwire.runtime.failover import FailoverStt, FailoverTts, Member, Members, TakeoverTimes, failover_llm
from voxwire.server.memory import message_memory
from voxwire.server.monitored import check_policy
from voxwire.server.profiles import Profiles
from voxwire.server.settings_digest import settings_digest
from voxwire.session import Limits

logger = logging.getLogger("voxwire.server")

#: What tells an engine from others, and what makes it.
_Wanted = tuple[Hashable, Callable[[], Any]]

#: Speech detection is one pass for all conversations, so it is of the server and not of a deployment.
_VAD: Final = "silero"
#: What makes one engine of several, by kind.
_FAILOVER: Final[dict[EngineKind, Callable[[Members, TakeoverTimes], Any]]] = {
    "stt": FailoverStt,
    "llm": failover_llm,
    "tts": FailoverTts,
}


def build_service(
    settings: Settings, host: "DeploymentHost | None" = None, ids: Callable[[str], str] = new_id
) -> Service:
    """The service, not yet started, with the deployments of the settings; `host` makes further ones that share engines
    with them, `ids` makes ids. Raises ConfigurationError for an engine that cannot be had."""
    check_policy(settings, settings.content_policy)
    host = host or DeploymentHost(settings)
    directory = LocalDirectory(
        [host.make(name, chosen) for name, chosen in settings.deployments.items()],
        default=settings.default_deployment,
        aliases={name: settings.default_deployment for name in (*REALTIME_MODELS, *TRANSCRIPTION_MODELS)},
        # Those that are there without being asked for are no reason to start a server whose own ones do not.
        # By the profile of all they are asked for.
        needed=settings.deployments if settings.profile != "embedded" else settings.declared_deployments,
    )
    vad = settings.vad or EngineSettings(name=_VAD)
    return Service(
        directory=directory,
        vad=load("vad", vad.name, vad.options),
        limits=session_limits(settings),
        runtime_limits=runtime_limits(settings),
        ids=ids,
    )


def runtime_limits(settings: Settings) -> RuntimeLimits:
    """The bounds of the process as the settings have them."""
    return RuntimeLimits(
        sessions=settings.server.max_sessions,
        write_deadline_s=settings.websocket.write_timeout_s,
        message_bytes=_message_bytes(settings),
        deadlines=Deadlines(**settings.deadlines.model_dump()),
    )


def _message_bytes(settings: Settings) -> int:
    """Workers share the memory evenly; one of the largest messages fits anyway."""
    whole = settings.server.message_memory_bytes or message_memory()
    if settings.server.workers == 1:
        return whole
    return max(whole // settings.server.workers, settings.websocket.max_message_bytes)


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


class DeploymentHost:
    """Makes deployments of settings; engines with the same name and options are shared, for their pools are dear."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._profiles = Profiles(settings)
        self._patience = TakeoverTimes(**settings.failover.model_dump())
        self._leases = EngineLeases()

    def make(self, name: str, settings: DeploymentSettings) -> Hosted:
        """A deployment, not yet started. Raises ConfigurationError for an engine that cannot be had, and for a content
        policy that there is not."""
        check_policy(self._settings, settings.content_policy)
        if not settings.enabled:
            return Hosted(name, {}, partial(_assembled, name, settings), enabled=False)
        stages = self._profiles.stages(settings)
        wanted: dict[str, _Wanted] = {kind: self._engine(kind, engine, {}) for kind, engine in stages.items()}
        try:
            try:
                leases = self._leases.lease(wanted)
            except PackagesMissing as first:
                raise _all_missing(first, [make for _, make in wanted.values()]) from first
        except ConfigurationError as error:
            if (profile := self._profiles.name(settings)) == "embedded":
                raise
            raise ConfigurationError(f"Deployment {name}, profile {profile}: {error}") from error
        digest = settings_digest(self._settings, settings, stages)
        return Hosted(name, leases, partial(_assembled, name, settings, digest=digest))

    async def make_beside(self, name: str, settings: DeploymentSettings, project: str) -> Hosted:
        """The same while the server runs: engines are made in a thread, for their libraries take time to load. One that
        cannot be had is the deployment's trouble, and nobody else's."""
        assemble = partial(_assembled, name, settings)
        if not settings.enabled:
            return Hosted(name, {}, assemble, project=project, enabled=False)
        made: dict[Hashable, Any] = {}
        stage: EngineKind = "llm"
        try:
            check_policy(self._settings, settings.content_policy)
            stages = await asyncio.to_thread(self._profiles.stages, settings)
            for stage, line in stages.items():
                single = {key: make for key, make in (_single(stage, one) for one in _line(line))}
                # Another deployment may let go of an engine, while this one waits for the next.
                while missing := [key for key in self._leases.missing(single) if key not in made]:
                    made[missing[0]] = await asyncio.to_thread(single[missing[0]])
            wanted: dict[str, _Wanted] = {kind: self._engine(kind, line, made) for kind, line in stages.items()}
            leases = self._leases.lease(wanted)
        except Exception as error:
            if not isinstance(error, VoxwireError):
                logger.exception("an engine of the deployment %s cannot be made", name)
            trouble = EngineError(stage, "engine_not_made", str(error))
            return Hosted(name, {}, partial(_fails, trouble), project=project)
        finally:
            for engine in made.values():
                await engine.close()
        digest = settings_digest(self._settings, settings, stages)
        return Hosted(name, leases, partial(assemble, digest=digest), project=project)

    def _engine(self, kind: EngineKind, settings: EngineSettings, made: dict[Hashable, Any]) -> _Wanted:
        """What tells an engine from others, and what makes it, unless it is among those that are `made`."""
        line = _line(settings)
        singles = [_taken(*_single(kind, one), made) for one in line]
        if len(line) == 1:
            return singles[0]
        return (kind, *(key for key, _ in singles)), partial(self._several, kind, line, singles)

    def _several(
        self,
        kind: EngineKind,
        line: Sequence[EngineSettings],
        singles: Sequence[_Wanted],
    ) -> Any:
        """One engine made of several, each of which others may use as well."""
        leases = self._leases.lease({str(at): single for at, single in enumerate(singles)})
        names = [one.name for one in line]
        members = [
            Member(name if names.count(name) == 1 else f"{name} ({at})", lease)
            for at, (name, lease) in enumerate(zip(names, leases.values(), strict=True), 1)
        ]
        return _FAILOVER[kind](Members(kind, members, self._patience), self._patience)


def _line(settings: EngineSettings) -> tuple[EngineSettings, ...]:
    """The engine, and those that take over from it."""
    return settings.model_copy(update={"otherwise": ()}), *settings.otherwise


def _taken(key: Hashable, make: Callable[[], Any], made: dict[Hashable, Any]) -> _Wanted:
    """What makes an engine: the first time it takes the one that was made before, if there is one."""
    return key, lambda: made.pop(key) if key in made else make()


def _fails(trouble: EngineError, engines: Mapping[str, Any]) -> Deployment:
    raise trouble


def _single(kind: EngineKind, settings: EngineSettings) -> _Wanted:
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


def _assembled(name: str, settings: DeploymentSettings, engines: Mapping[str, Any], *, digest: str = "") -> Deployment:
    stt: SttEngine = engines["stt"]
    llm: LlmEngine = engines["llm"]
    tts: TtsEngine = engines["tts"]
    turn: TurnEngine | None = engines.get("turn")
    capabilities = capabilities_of(stt, llm, tts, turn)
    if settings.voice is not None and capabilities.voices is not None and settings.voice not in capabilities.voices:
        known = ", ".join(sorted(capabilities.voices)[:20])
        raise EngineError("tts", "unknown_voice", f"There is no voice {settings.voice!r}; there are: {known}.")
    return Deployment(
        name=name,
        stt=stt,
        llm=llm,
        tts=tts,
        turn=turn,
        capabilities=capabilities,
        instructions=settings.instructions,
        voice=settings.voice,
        turn_detection=_turn_detection(settings.turn_detection),
        max_drafts_per_turn=settings.max_drafts_per_turn,
        terms=DeploymentTerms(
            region=settings.region,
            content_policy=settings.content_policy,
            store=settings.store,
            retention_days=settings.retention_days,
            quota=quota_of(settings.limits),
        ),
        settings_digest=digest,
    )


def _turn_detection(chosen: TurnDefaults | None) -> TurnDetection | None:
    """How a new session hears the end of a turn; what the settings leave out is as without them."""
    if chosen is None:
        return DEFAULT_TURN_DETECTION
    answers = {"create_response": chosen.create_response, "interrupt_response": chosen.interrupt_response}
    match chosen.type:
        case "none":
            return None
        case "semantic_vad":
            return SemanticVad(eagerness=Eagerness(chosen.eagerness), **answers)
        case "server_vad":
            numbers = chosen.model_dump(
                include={"threshold", "prefix_padding_ms", "silence_duration_ms"}, exclude_none=True
            )
            return msgspec.structs.replace(DEFAULT_TURN_DETECTION, **numbers, **answers)
