"""A spoken question to a deployment, from the end of the speech to the first sound of the answer."""

import asyncio
import statistics
import time
from functools import partial
from typing import Final

import numpy as np

from voxwire.errors import EngineError
from voxwire.events.client import AppendAudio
from voxwire.events.closing import CloseReason
from voxwire.events.response import ResponseStatus, StatusDetails
from voxwire.events.server import AudioDelta, ErrorOccurred, ResponseDone, ServerEvent
from voxwire.events.session_config import ServerVad, SessionKind, SessionPatch
from voxwire.measuring.stages import SpokenSample
from voxwire.runtime import AttachmentRole, Flag, Hosted, LiveSession, Principal, Service

#: What the client asks for, and what every answer waits for at least.
SILENCE_MS: Final = 500
_STEP_S: Final = 0.02
_RATE: Final = 24_000
_TURNS: Final = 3
#: Quieter than this the question is over; a fiftieth of the loudest sample there is.
_LOUD: Final = 0.02
_PATIENCE_S: Final = 60.0
_NOBODY: Final = Principal(id="doctor")


async def first_sound(service: Service, hosted: Hosted, question: SpokenSample) -> float:
    """Milliseconds from the last loud sample of the question to the first sound of the answer: the median of some
    turns, asked at the pace of speech. Raises EngineError when an answer fails, or none comes for a minute."""
    pcm = question.at(_RATE)
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > _LOUD * 32_768)
    speech = pcm[: 2 * (int(loud[-1]) + 1)] if loud.size else pcm
    delays = []
    for _ in range(_TURNS):
        async with service.session(hosted, principal=_NOBODY, kind=SessionKind.REALTIME) as live:
            caller = live.attach(partial(_Caller, live))
            live.open(patch=SessionPatch(turn_detection=ServerVad(silence_duration_ms=SILENCE_MS)))
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    delays.append(await caller.ask(speech))
            except TimeoutError:
                raise EngineError("llm", "engine_timeout", f"No answer came within {_PATIENCE_S:.0f} s.") from None
            finally:
                caller.hang_up()
    return statistics.median(delays) * 1000


class _Caller:
    """Implements `Attachment`: speaks, and waits for the first sound of the answer."""

    def __init__(self, live: LiveSession, number: int) -> None:
        self.number = number
        self.role = AttachmentRole.SPEAKER
        self.closed = Flag()
        self.writable = True
        self._live = live
        self._answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._hung_up = asyncio.Event()

    async def ask(self, speech: bytes) -> float:
        """Seconds from the end of `speech` to the first sound. Raises EngineError."""
        size = int(_RATE * _STEP_S) * 2
        due = time.perf_counter()
        at = 0
        ended = None
        while not self._answered.done():
            piece = speech[at : at + size]
            at += size
            due += _STEP_S
            await asyncio.sleep(due - time.perf_counter())
            if at >= len(speech) and ended is None:
                ended = due - (size - len(piece)) / 2 / _RATE
            self._live.submit(AppendAudio(audio=piece.ljust(size, b"\0")), self.number, size)
        return self._answered.result() - (ended or due)

    def hang_up(self) -> None:
        if self._answered.done() and not self._answered.cancelled():
            self._answered.exception()  # it was read, or nobody wants it any more
        self._live.part(self)

    def send(self, event: ServerEvent, event_id: str) -> None:
        if self._answered.done():
            return
        match event:
            case AudioDelta():
                self._answered.set_result(time.perf_counter())
            case ResponseDone(response=response) if response.status is not ResponseStatus.CANCELLED:
                why = response.status_details or StatusDetails()
                error = EngineError("llm", why.code or "no_audio", why.message or "The answer had no sound.")
                self._answered.set_exception(error)
            case ErrorOccurred():
                self._answered.set_exception(EngineError("llm", event.code or "error", event.message))

    def flush(self) -> None:
        """Nothing waits to leave."""

    def discard_audio(self, response_id: str) -> None:
        """Nothing is kept."""

    def finish(self, reason: CloseReason, message: str | None = None) -> None:
        if not self._answered.done():
            self._answered.set_exception(EngineError("llm", "session_ended", message or reason.value))
        self._hung_up.set()

    async def run(self) -> None:
        await self._hung_up.wait()
