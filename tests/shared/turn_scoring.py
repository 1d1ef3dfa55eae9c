"""A recording through the real session, runtime and speech detector: where turns were ended, and how good that is.

The audio goes in as fast as it is taken. Turns are a matter of audio time, so they end as those of a microphone do.
"""

import asyncio
import base64
import statistics
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from hard_conversations import Recording

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.events.session_config import SessionKind
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttEngine, SttEvent, SttFinal, SttInterim
from voxwire.interfaces.turn import TurnEngine
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime import Deadlines, Principal, RuntimeLimits, Service
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.memory_transport import MemoryTransport

#: An answer that begins later than this after the last word is late.
LATE_MS = 1200
SEMANTIC = {"type": "semantic_vad", "eagerness": "auto"}


def server_vad(silence_ms: int) -> dict[str, Any]:
    return {"type": "server_vad", "silence_duration_ms": silence_ms}


@dataclass(frozen=True)
class Outcome:
    """`ends` are where turns were ended, in ms of the audio."""

    recording: Recording
    ends: tuple[float, ...]

    @property
    def cuts(self) -> int:
        """Turns that were ended in their middle."""
        return sum(any(turn.start_ms < end < turn.end_ms for end in self.ends) for turn in self.recording.turns)

    @property
    def waits(self) -> list[float]:
        """From the last word of each turn to its end; far too long where it was never ended."""
        return [
            min((end - turn.end_ms for end in self.ends if end >= turn.end_ms), default=float("inf"))
            for turn in self.recording.turns
        ]

    @property
    def late(self) -> int:
        return sum(wait > LATE_MS for wait in self.waits)


@dataclass(frozen=True)
class Score:
    """Of the whole set."""

    turns: int
    cut: int
    late: int
    median_ms: float
    longest_ms: float


def score(outcomes: Sequence[Outcome]) -> Score:
    waits = [wait for outcome in outcomes for wait in outcome.waits]
    return Score(
        turns=len(waits),
        cut=sum(outcome.cuts for outcome in outcomes),
        late=sum(outcome.late for outcome in outcomes),
        median_ms=statistics.median(waits),
        longest_ms=max(waits),
    )


class ScriptedEars:
    """Hears what the script says was said up to there, at once and without a mistake. `wire`, that of the client, tells
    where each utterance begins."""

    def __init__(self, recording: Recording, wire: MemoryTransport) -> None:
        self.capabilities = SttCapabilities(
            info=EngineInfo(name="scripted-ears", label="words by the script", licence="Apache-2.0"), interims=True
        )
        self.words = [word for turn in recording.turns for word in turn.words]
        self.wire = wire
        self.opened = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def prepare(self, config: SttConfig) -> None: ...

    def open(self, config: SttConfig) -> "ScriptedUtterance":
        self.opened += 1
        return ScriptedUtterance(self, self.opened)

    def text(self, number: int, heard_ms: float) -> str:
        """What was said in so much of the utterance of this number."""
        start = self.wire.all("input_audio_buffer.speech_started")[number - 1]["audio_start_ms"]
        return " ".join(word for end, word in self.words if start < end <= start + heard_ms)


class ScriptedUtterance:
    def __init__(self, ears: ScriptedEars, number: int) -> None:
        self._ears = ears
        self._number = number
        self._heard = 0
        self._events: asyncio.Queue[SttEvent | None] = asyncio.Queue()

    async def push(self, pcm: bytes) -> None:
        self._heard += len(pcm)

    async def probe(self) -> None:
        self._events.put_nowait(SttInterim(text=self._text()))

    async def commit(self) -> None:
        self._events.put_nowait(SttFinal(text=self._text()))

    async def cancel(self) -> None:
        self._events.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        while (event := await self._events.get()) is not None:
            yield event
            if isinstance(event, SttFinal):
                return

    def _text(self) -> str:
        return self._ears.text(self._number, self._heard / 32)


async def listen(
    recordings: Sequence[Recording],
    detection: dict[str, Any],
    *,
    vad: VadEngine,
    stt: SttEngine | None = None,
    turn: TurnEngine | None = None,
    at_once: int = 32,
) -> list[Outcome]:
    """Where turns end, in so many of them at once. Without `stt` the script's words are heard. `stt` and `turn` are
    started and closed here, `vad` is not."""
    wires = [MemoryTransport() for _ in recordings]
    deployments = [
        fake_deployment(name=recording.conversation.name, stt=stt or ScriptedEars(recording, wire), turn=turn)
        for recording, wire in zip(recordings, wires, strict=True)
    ]
    # They share two cores, and go faster than a microphone: a pause may be judged for as long as it takes.
    limits = RuntimeLimits(deadlines=Deadlines(turn_s=60, stt_s=60))
    service = fake_service(*deployments, vad=vad, runtime_limits=limits)
    room = asyncio.Semaphore(at_once)

    async def run(recording: Recording, wire: MemoryTransport) -> Outcome:
        async with room:
            return await _run(service, recording, detection, wire)

    try:
        return list(await asyncio.gather(*map(run, recordings, wires)))
    finally:
        await service.directory.close()


async def _run(service: Service, recording: Recording, detection: dict[str, Any], wire: MemoryTransport) -> Outcome:
    hosted = service.directory.find(recording.conversation.name)
    assert hosted is not None
    await hosted.tried()
    heard = {
        "turn_detection": {**detection, "create_response": False},
        "transcription": {"language": recording.conversation.language},
    }
    codec = WireCodec(Variant(dialect=Dialect.GA, transcription=False))
    anybody, kind = Principal(id="anybody"), SessionKind.REALTIME
    async with service.converse(hosted, principal=anybody, kind=kind, codec=codec, transport=wire) as attachment:

        async def send(type: str, **fields: Any) -> None:
            await attachment.receive(msgspec.json.encode({"type": type, **fields}).decode())

        await send("session.update", session={"type": "realtime", "audio": {"input": heard}})
        for at in range(0, len(recording.pcm), 4800):
            await send("input_audio_buffer.append", audio=base64.b64encode(recording.pcm[at : at + 4800]).decode())
        await send("input_audio_buffer.clear")  # answered when all audio was scored and judged
        await wire.wait_for("input_audio_buffer.cleared", timeout=600)
    stopped = wire.all("input_audio_buffer.speech_stopped")
    return Outcome(recording, tuple(event["audio_end_ms"] for event in stopped))
