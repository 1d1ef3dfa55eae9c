"""One utterance: wire audio to the recogniser, its words to the session (ADR 7)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, cast

from msgspec.structs import replace

from voxwire.audio.convert import to_pcm
from voxwire.audio.resample import Resampler
from voxwire.awake import Deadline
from voxwire.errors import EngineError
from voxwire.interfaces.commands import StartTranscription
from voxwire.interfaces.engine import ANYBODY, Claim
from voxwire.interfaces.inputs import Failed, Transcribed
from voxwire.interfaces.stt import ProbedSttStream, SttConfig, SttEvent, SttFinal, SttInterim, SttPartial, SttStream
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.engine_calls import (
    broke_contract,
    close_iterator,
    first_failure,
    log_failure,
    stt_errors,
    timed_out,
)
from voxwire.runtime.foresight import Situation
from voxwire.runtime.notify import Notify
from voxwire.runtime.revocable_sink import RevocableSink
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.runtime.stage_timing import StageTimings

#: Audio converted and handed over in one step: little enough not to hold up the loop.
_STEP_MS: Final = 500
#: Audio gathered before a step, unless the utterance is complete. Converting and handing over cost
#: mostly per step; a recogniser needs a fraction of this time for this much audio.
_GATHER_MS: Final = 240


class Transcriber:
    """Feeds one utterance to a recogniser and reports what it hears.

    `feed`, `probe` and `finish` return at once; the audio waits here, in wire format, for the recogniser.
    `run` delivers partials while they change, then exactly one `SttFinal` or `Failed`.
    """

    def __init__(
        self,
        command: StartTranscription,
        deployment: Deployment,
        delivery: RevocableSink,
        deadlines: Deadlines,
        situation: Situation,
        claim: Claim = ANYBODY,
        timings: StageTimings | None = None,
    ) -> None:
        self._command = command
        self._timing = (timings or StageTimings()).begin("stt", command.transcription)
        self._situation = situation
        self._claim = claim.aside(command.recorded)
        self._deployment = deployment
        self._delivery = delivery
        self._idle_s = deadlines.stt_s
        self._step = command.format.size_of(_STEP_MS)
        self._gathered = command.format.size_of(_GATHER_MS)
        self._audio: deque[bytes | bytearray | memoryview] = deque()
        self._waiting_bytes = 0
        self._complete = False
        self._open_probes = 0
        self._probes = 0
        self._interims = 0
        self._words = ""
        self._heard = Notify()
        self._changed = Notify()
        self._limit: Deadline | None = None
        self._committed = False

    @property
    def waiting_ms(self) -> float:
        """Audio that the recogniser has not taken yet."""
        return self._command.format.duration_ms(self._waiting_bytes)

    def feed(self, audio: bytes | bytearray) -> None:
        self._audio.append(audio)
        self._waiting_bytes += len(audio)
        if self._has_work:
            self._changed.wake()

    def probe(self) -> None:
        """Hand over all audio so far, and ask what was heard of it where the recogniser can say that
        (`SttCapabilities.interims`), once for each call."""
        self._open_probes += 1
        self._changed.wake()

    @property
    def language(self) -> str | None:
        """The one that is spoken, where it is known."""
        return self._command.language

    async def words(self, grace_s: float) -> str | None:
        """What was heard of all audio so far, "" for nothing. Of a recogniser that cannot be asked, it is what it says
        within `grace_s` after it has the audio; what it says later is missing. None where it has said nothing yet."""
        self.probe()
        probe = self._probes + self._open_probes
        if self._can_be_asked:
            while self._interims < probe:
                await self._heard.wait()
        else:
            while self._probes < probe:
                await self._heard.wait()
            await asyncio.sleep(grace_s)
            return self._words or None
        return self._words

    @property
    def words_so_far(self) -> str:
        """What was heard, as far as it was said by itself."""
        return self._words

    @property
    def _can_be_asked(self) -> bool:
        return self._deployment.stt.capabilities.interims

    def finish(self) -> None:
        self._complete = True
        self._timing.wanted()
        self._changed.wake()

    @property
    def _has_work(self) -> bool:
        """Whether the pump has something to do. It sleeps until then: audio comes thirty times a second, and to wake a
        task that looks and sleeps again costs as much as all else that is done with the audio here."""
        return self._waiting_bytes >= self._gathered or self._complete or self._open_probes > 0

    async def run(self) -> None:
        try:
            with self._timing:
                await self._recognise()
        except* EngineError as errors:
            failure = first_failure(errors)
            log_failure(failure)
            self._deliver(Failed(code=failure.code, message=failure.message))

    async def _recognise(self) -> None:
        command = self._command
        foresight = self._deployment.foresight
        phrases = await foresight.phrases(self._situation)
        with stt_errors:
            rates = self._deployment.stt.capabilities.rates
            rate = command.format.rate if command.format.rate in rates else rates[0]
            stream = self._deployment.stt.open(
                SttConfig(
                    rate=rate,
                    language=command.language,
                    phrases=phrases,
                    prompt=command.prompt,
                    word_times=command.word_times,
                    logprobs=command.logprobs,
                    claim=self._claim,
                )
            )
        try:
            async with asyncio.TaskGroup() as group:
                pump = group.create_task(self._pump(stream, rate))
                final = await self._listen(stream)
                self._timing.done()
                pump.cancel()
                text = await foresight.reading(final, self._situation)
                # Times and probabilities are those of the free reading.
                free = text == final.text
                self._deliver(replace(final, alternatives=()) if free else SttFinal(text=text))
        finally:
            with stt_errors:
                await stream.cancel()

    def _deliver(self, event: SttEvent | Failed) -> None:
        self._delivery.submit(Transcribed(self._command.transcription, event))

    async def _pump(self, stream: SttStream, rate: int) -> None:
        """Hand over audio as it comes, then commit. Waits while the recogniser is behind."""
        resampler = Resampler(self._command.format.rate, rate)
        with stt_errors:
            try:
                async with Deadline(None) as patience:
                    while self._waiting_bytes or not self._complete:
                        if self._has_work:
                            await self._hand_over(stream, resampler, patience)
                        else:
                            patience.restart(None)
                            await self._changed.wait()
                    self._committed = True
                    patience.restart(self._idle_s)
                    await stream.commit()
            except TimeoutError:
                raise timed_out("stt", self._idle_s) from None
        if self._limit is not None:
            self._limit.restart(self._idle_s)

    async def _hand_over(self, stream: SttStream, resampler: Resampler, patience: Deadline) -> None:
        """One step of audio; and the probe, where all audio before it is handed over."""
        if self._waiting_bytes:
            pcm = resampler.push(to_pcm(self._take(), self._command.format))
            patience.restart(self._idle_s)
            await stream.push(pcm)
            self._delivery.relieve()
        while self._open_probes and not self._waiting_bytes:
            self._open_probes -= 1
            self._probes += 1
            self._heard.wake()
            if self._can_be_asked:
                patience.restart(self._idle_s)
                await cast("ProbedSttStream", stream).probe()

    def _take(self) -> bytes:
        """What waits, up to one step of it."""
        pieces: list[bytes | bytearray | memoryview] = []
        room = self._step
        while self._audio and room:
            piece = self._audio.popleft()
            if len(piece) > room:
                view = memoryview(piece)
                piece = view[:room]
                self._audio.appendleft(view[room:])
            pieces.append(piece)
            room -= len(piece)
        self._waiting_bytes -= self._step - room
        return b"".join(pieces)

    async def _listen(self, stream: SttStream) -> SttFinal:
        """Deliver partials as they change; return the final. Silence counts from the commit on."""
        events = aiter(stream)
        try:
            return await self._final(events)
        finally:
            await close_iterator("stt", events)

    async def _final(self, events: AsyncIterator[SttEvent]) -> SttFinal:
        heard: SttPartial | None = None
        while True:
            with stt_errors:
                event = await self._next(events)
            self._timing.reached()
            match event:
                case SttPartial() if event != heard:
                    heard = event
                    self._hear(event.text)
                    self._deliver(event)
                case SttInterim():
                    text = await self._deployment.foresight.reading(event, self._situation)
                    self._interims += 1
                    self._hear(text)
                    self._deliver(SttInterim(text=text))
                case SttFinal() if self._committed:
                    return event
                case SttFinal():
                    raise broke_contract("stt", "gave its result before the utterance was complete")
                case None:
                    raise broke_contract("stt", "ended without a result")

    def _hear(self, words: str) -> None:
        self._words = words
        self._heard.wake()

    async def _next(self, events: AsyncIterator[SttEvent]) -> SttEvent | None:
        try:
            async with Deadline(self._idle_s if self._committed else None) as self._limit:
                return await anext(events, None)
        except TimeoutError:
            raise timed_out("stt", self._idle_s) from None
        finally:
            self._limit = None
