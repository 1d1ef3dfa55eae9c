"""What people say while an answer is spoken, through the real session, runtime and speech detector: does it go on?

The audio goes in piece by piece, and each piece is judged before the next one comes, as from a microphone: a pause is
long enough then to ask for its words.
"""

import asyncio
import base64
import statistics
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from hard_conversations import Recording
from turn_scoring import ScriptedEars, ScriptedUtterance, server_vad

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.events.session_config import SessionKind
from voxwire.interfaces.llm import LlmDone, LlmEvent, LlmRequest, LlmText
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttPartial
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime import Principal, Service
from voxwire.session.limits import Limits
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.memory_transport import MemoryTransport

BEGINNING, REST = "Let me tell you all of it.", " And that was the last of it."
_PIECE_MS = 40


@dataclass(frozen=True)
class Overheard:
    """`stopped_ms`: for each remark how long after its begin the answer was stopped, None where it went on. `ending` is
    what the last answer came to, from its first word to its last."""

    recording: Recording
    stopped_ms: tuple[float | None, ...]
    ending: str


@dataclass(frozen=True)
class RemarkScore:
    """Of the whole set: `stopped` are answers that a listener's words ended, `missed` the interruptions that were not
    taken for one, and `median_ms` is how long after its begin an interruption stopped the answer."""

    back_channels: int
    stopped: int
    interruptions: int
    missed: int
    median_ms: float


def remark_score(overheard: Sequence[Overheard]) -> RemarkScore:
    def of_kind(kind: str) -> list[float | None]:
        return [ms for one in overheard if one.recording.conversation.kind == kind for ms in one.stopped_ms]

    listening, interrupting = of_kind("back-channels"), of_kind("interruptions")
    return RemarkScore(
        back_channels=len(listening),
        stopped=sum(ms is not None for ms in listening),
        interruptions=len(interrupting),
        missed=sum(ms is None for ms in interrupting),
        median_ms=statistics.median(ms for ms in interrupting if ms is not None),
    )


class LongAnswer(FakeLlm):
    """Begins each answer, and says its rest once everybody has spoken."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = asyncio.Event()

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        yield LlmText(text=BEGINNING)
        await self.rest.wait()
        yield LlmText(text=REST)
        yield LlmDone()


class RemarkEars(ScriptedEars):
    """Hears the words of the remark that is said at `now_ms` of the audio, as far as they were said."""

    now_ms = 0.0

    def text(self, number: int, heard_ms: float) -> str:
        return " ".join(word for end, word in self.words if self.now_ms - heard_ms < end <= self.now_ms)


class StreamingEars(RemarkEars):
    """Says each word as soon as it was said, and cannot be asked."""

    def __init__(self, recording: Recording, wire: MemoryTransport) -> None:
        super().__init__(recording, wire)
        self.capabilities = SttCapabilities(info=self.capabilities.info)

    def open(self, config: SttConfig) -> "StreamedUtterance":
        self.opened += 1
        return StreamedUtterance(self, self.opened)


class StreamedUtterance(ScriptedUtterance):
    said = ""

    async def push(self, pcm: bytes) -> None:
        await super().push(pcm)
        if self._text() != self.said:
            self.said = self._text()
            self._events.put_nowait(SttPartial(text=self.said))


async def overhear(
    recordings: Sequence[Recording], limits: Limits, *, vad: VadEngine, hearing: type[RemarkEars] = RemarkEars
) -> list[Overheard]:
    """What becomes of the answers, all of them at once."""
    wires = [MemoryTransport() for _ in recordings]
    ears = [hearing(recording, wire) for recording, wire in zip(recordings, wires, strict=True)]
    answers = [LongAnswer() for _ in recordings]
    deployments = [
        fake_deployment(name=recording.conversation.name, stt=heard, llm=answer)
        for recording, heard, answer in zip(recordings, ears, answers, strict=True)
    ]
    service = fake_service(*deployments, vad=vad, limits=limits)
    return list(await asyncio.gather(*(_run(service, *each) for each in zip(recordings, ears, answers, strict=True))))


async def _run(service: Service, recording: Recording, ears: RemarkEars, answer: LongAnswer) -> Overheard:
    hosted = service.directory.find(recording.conversation.name)
    assert hosted is not None
    await hosted.tried()
    wire, stops = ears.wire, list[float]()
    heard = {"turn_detection": server_vad(500), "transcription": {"language": recording.conversation.language}}
    codec = WireCodec(Variant(dialect=Dialect.GA, transcription=False))
    anybody, kind = Principal(id="anybody"), SessionKind.REALTIME
    async with service.converse(hosted, principal=anybody, kind=kind, codec=codec, transport=wire) as attachment:

        async def send(type: str, **fields: Any) -> None:
            await attachment.receive(msgspec.json.encode({"type": type, **fields}).decode())

        await send("session.update", session={"type": "realtime", "audio": {"input": heard}})
        await send("response.create")
        await wire.wait_for("response.output_audio.delta")
        for number, at in enumerate(range(0, len(recording.pcm), _PIECE_MS * 48), 2):
            piece = recording.pcm[at : at + _PIECE_MS * 48]
            ears.now_ms = (at + len(piece)) / 48
            await send("input_audio_buffer.append", audio=base64.b64encode(piece).decode())
            await send("session.update", session={"type": "realtime"})  # answered when the piece was scored
            await wire.wait_for("session.updated", number)
            stops += [ears.now_ms] * (len(wire.all("response.done")) - len(stops))
        await wire.wait_for("response.created", len(stops) + 1)
        answer.rest.set()
        await wire.wait_for("response.done", len(stops) + 1)
        last = await wire.wait_for("response.output_audio_transcript.done", len(stops) + 1)
    return Overheard(recording, _by_remark(recording, stops), last["transcript"])


def _by_remark(recording: Recording, stops: Sequence[float]) -> tuple[float | None, ...]:
    """For each remark the stop that came between its begin and that of the next."""
    begins = [turn.start_ms for turn in recording.turns]
    ends = [*begins[1:], float("inf")]
    return tuple(
        next((at - begin for at in stops if begin < at <= end), None) for begin, end in zip(begins, ends, strict=True)
    )
