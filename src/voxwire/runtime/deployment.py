"""A deployment: the name that clients ask for, and the engines that answer."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from msgspec.structs import replace

from voxwire.events.session_config import (
    DEFAULT_TURN_DETECTION,
    SessionConfig,
    SessionKind,
    Transcription,
    TurnDetection,
)
from voxwire.interfaces.engine import Engine
from voxwire.interfaces.llm import LlmEngine, Overhears
from voxwire.interfaces.stt import SttConfig, SttEngine
from voxwire.interfaces.tts import TtsEngine
from voxwire.interfaces.turn import TurnEngine
from voxwire.runtime.foresight import Foresight, Situation
from voxwire.runtime.principal import UNBOUNDED, Quota
from voxwire.runtime.storing import StoringPolicy
from voxwire.runtime.token_counter import token_counter
from voxwire.session import Capabilities, Limits
from voxwire.turns import remark_of

#: The voice of a session that names none, where the synthesiser has it (protocol: sessions, A session as it starts).
DEFAULT_VOICE: Final = "alloy"
#: Answers begun in the pauses of one turn, where that costs no money: most turns have no more than one pause in them.
DRAFTS_WHERE_LOCAL: Final = 2


def capabilities_of(stt: SttEngine, llm: LlmEngine, tts: TtsEngine, turn: TurnEngine | None = None) -> Capabilities:
    """What a session may promise its client, as the engines declare it."""
    speech, hears = llm.capabilities.speech, llm.capabilities.hears
    voices = frozenset(tts.capabilities.voices if speech is None else speech.voices)
    return Capabilities(
        voices=None if speech is not None and not voices else voices,
        languages=stt.capabilities.languages,
        context_tokens=llm.capabilities.context_tokens,
        count_tokens=token_counter(llm),
        images=llm.capabilities.images,
        tools=llm.capabilities.tools,
        hears=hears,
        overhears=hears and isinstance(llm, Overhears),
        # A draft is begun with words, and compared by them (ADR 19): audio has none yet.
        interims=stt.capabilities.interims and not hears,
        hears_turns=turn is not None,
        remark=remark_of,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentTerms:
    """What holds for the conversations of a deployment, beside what its engines do: the checks that transcripts go
    through, what is stored and for how long, and how much all sessions may use together."""

    region: str | None = None
    content_policy: str | None = None
    store: Literal["none", "text", "text+audio"] = "none"
    retention_days: int = 30
    quota: Quota = UNBOUNDED


@dataclass(frozen=True, kw_only=True, eq=False)
class Deployment:
    """Engines under a name. Engines may be shared with other deployments.

    `instructions`, `voice` and `turn_detection` are what a new session starts with; a voice of None is the first that
    there is. `max_drafts_per_turn` is None where the engines decide. `settings_digest` tells
    deployments with different settings apart.
    """

    name: str
    stt: SttEngine
    llm: LlmEngine
    tts: TtsEngine
    turn: TurnEngine | None = None
    capabilities: Capabilities
    instructions: str = ""
    voice: str | None = None
    turn_detection: TurnDetection | None = DEFAULT_TURN_DETECTION
    max_drafts_per_turn: int | None = None
    terms: DeploymentTerms = DeploymentTerms()
    settings_digest: str = ""
    foresight: Foresight = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "foresight", Foresight(self.llm))

    @property
    def storing(self) -> StoringPolicy:
        """What is stored of its conversations, and for how long."""
        return StoringPolicy(self.terms.store, self.terms.retention_days)

    @property
    def label(self) -> str:
        """Says in words what answers, wherever a person looks; `session.model` is the name that was asked for."""
        return self.llm.capabilities.info.label

    def config(self, kind: SessionKind, model: str | None = None) -> SessionConfig:
        """What a new session starts with, asked for by the name `model` (protocol: decisions, Name of the model)."""
        return SessionConfig(
            kind=kind,
            model=model or self.name,
            instructions=self.instructions,
            voice=self.voice or _voice(self.capabilities.voices),
            turn_detection=self.turn_detection,
            transcription=Transcription() if kind is SessionKind.TRANSCRIPTION else None,
        )

    def limits(self, limits: Limits) -> Limits:
        """The bounds of a session of this deployment, where `limits` are those of all. Answers are begun in pauses
        where the settings say so, or else where the language engine runs on machines of its operator."""
        drafts = self.max_drafts_per_turn
        if drafts is None:
            drafts = DRAFTS_WHERE_LOCAL if self.llm.capabilities.local else limits.max_drafts_per_turn
        return replace(limits, max_drafts_per_turn=drafts)

    def reciting_voice(self, voice: str) -> str:
        """The synthesiser's voice for words that no language engine writes, in a session that has this voice."""
        voices = self.tts.capabilities.voices
        return voice if voice in voices else _voice(voices)

    async def expect(self, situation: Situation) -> None:
        """Have the recogniser get ready for what is likely to be said. Raises EngineError."""
        await self.stt.prepare(SttConfig(phrases=await self.foresight.phrases(situation)))

    @property
    def engine_names(self) -> dict[str, str]:
        """By stage; of a list all, in their order."""
        stages = {"stt": self.stt, "llm": self.llm, "tts": self.tts, "turn": self.turn}
        return {stage: _names(engine) for stage, engine in stages.items() if engine is not None}

    @property
    def engines(self) -> tuple[Engine, ...]:
        """All of them, to be started and closed."""
        engines = self.stt, self.llm, self.tts
        return engines if self.turn is None else (*engines, self.turn)


def _voice(voices: Collection[str] | None) -> str:
    """The voice of those who ask for none. None is any name."""
    return DEFAULT_VOICE if not voices or DEFAULT_VOICE in voices else min(voices)


def _names(engine: Any) -> str:
    members = getattr(engine, "members", None)
    return ", ".join(member.name for member in members.all) if members else engine.capabilities.info.name
