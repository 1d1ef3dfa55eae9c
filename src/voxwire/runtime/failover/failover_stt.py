"""A recogniser made of several: the next one hears again what the one that fails was given of the utterance."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Final, cast

from msgspec.structs import replace

from voxwire.audio.resample import Resampler
from voxwire.awake import Deadline
from voxwire.errors import EngineError
from voxwire.interfaces.stt import (
    ProbedSttStream,
    SttCapabilities,
    SttConfig,
    SttEngine,
    SttEvent,
    SttFinal,
    SttInterim,
    SttPartial,
    SttStream,
)
from voxwire.runtime.engine_calls import broke_contract, timed_out
from voxwire.runtime.failover.failover_llm import models_of
from voxwire.runtime.failover.members import Attempt, Members, TakeoverTimes

#: Audio of one utterance that is kept for the next recogniser, in bytes: five minutes at 16 kHz. Of a longer one
#: nothing is kept, and its recogniser is the only one.
_MOST_KEPT: Final = 10 * 1024 * 1024
#: Audio that a recogniser is behind before whoever pushes has to wait, in seconds.
_AHEAD_S: Final = 10.0
_STEP_S: Final = 0.5


class FailoverStt:
    """An `SttEngine` of several. It takes the rates of the first; the others get what they can take.

    `hearing` is there once it runs, if the first one has it: whether another speaker can be followed (`runtime.load`).
    """

    hearing: Callable[[], tuple[int, float, float]]

    def __init__(self, members: Members, patience: TakeoverTimes) -> None:
        self.members = members
        self.wait_s = patience.stt_s
        self._capabilities: SttCapabilities | None = None

    @property
    def capabilities(self) -> SttCapabilities:
        if self._capabilities is not None:
            return self._capabilities
        every = [cast("SttCapabilities", engine.capabilities) for engine in self.members.engines]
        languages = dict.fromkeys(language for c in every for language in c.languages)
        return replace(
            every[0],
            info=replace(every[0].info, label=" or ".join(dict.fromkeys(c.info.label for c in every))),
            languages=tuple(languages) if all(c.languages for c in every) else (),
            interims=all(c.interims for c in every),
        )

    @property
    def models(self) -> tuple[str, ...]:
        return models_of(self.members)

    async def start(self) -> None:
        await self.members.start()
        # They stay as they are, whoever starts later; that it answers probes must hold for everybody.
        every = [member.engine.capabilities.interims for member in self.members.all if member.running]
        self._capabilities = replace(self.capabilities, interims=all(every) and len(every) == len(self.members.all))

        if (hearing := getattr(self.members.first, "hearing", None)) is not None:
            self.hearing = hearing

    async def close(self) -> None:
        await self.members.close()

    async def prepare(self, config: SttConfig) -> None:
        """Each of them, since each may be asked. What one cannot shows in an utterance."""
        results = await asyncio.gather(
            *(engine.prepare(_fitting(engine, config)) for engine in self.members.engines), return_exceptions=True
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, EngineError) or len(failures) == len(results):
                raise failure

    def open(self, config: SttConfig) -> "FailoverSttStream":
        return FailoverSttStream(self, config)


def _fitting(engine: SttEngine, config: SttConfig) -> SttConfig:
    rates = engine.capabilities.rates
    return config if config.rate in rates else replace(config, rate=rates[0])


class FailoverSttStream:
    """One utterance, and all of its audio until it is over."""

    def __init__(self, engine: FailoverStt, config: SttConfig) -> None:
        self._engine = engine
        self._config = config
        self._audio = bytearray()
        self._dropped = 0
        """Bytes that are not kept any more."""
        self._taken = 0
        self._probes: list[int] = []
        """After how many bytes each was asked for that is not answered."""
        self._committed = False
        self._cancelled = False
        self._stable = ""
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._current: SttStream | None = None
        self._limit: Deadline | None = None
        self._patience_s: float | None = None
        self._failure: EngineError | None = None

    # --- SttStream ---------------------------------------------------------------------------------

    async def push(self, pcm: bytes) -> None:
        if self._committed or self._cancelled:
            return
        self._audio += pcm
        self._changed.set()
        while self._end - self._taken > _AHEAD_S * 2 * self._config.rate and not self._cancelled:
            self._room.clear()
            await self._room.wait()

    async def probe(self) -> None:
        self._probes.append(self._end)
        self._changed.set()

    async def commit(self) -> None:
        self._committed = True
        self._changed.set()
        if self._limit is not None:
            self._limit.restart(self._patience_s)

    async def cancel(self) -> None:
        self._cancelled = True
        self._changed.set()
        self._room.set()
        if self._current is not None:
            await self._current.cancel()

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        try:
            for attempt in self._engine.members.attempts():
                self._patience_s = None if attempt.last else self._engine.wait_s
                try:
                    async with aclosing(self._heard_by(attempt)) as events:
                        async for event in events:
                            if self._cancelled:
                                return
                            if self._is_new(event):
                                yield event
                    if not self._cancelled:
                        attempt.worked()
                except Exception as error:
                    if self._cancelled:
                        return
                    attempt.failed(error)
                    if self._dropped and attempt.error is not None:
                        raise attempt.error from None
        finally:
            self._cancelled = True
            self._room.set()

    # --- inside ------------------------------------------------------------------------------------

    @property
    def _end(self) -> int:
        """Bytes pushed so far."""
        return self._dropped + len(self._audio)

    def _is_new(self, event: SttEvent) -> bool:
        """Stable words are never taken back, whoever hears them: what contradicts them is left out."""
        if isinstance(event, SttInterim):
            del self._probes[:1]
        if not isinstance(event, SttPartial):
            return True
        stable = event.text[: event.stable]
        if not stable.startswith(self._stable):
            return False
        self._stable = stable
        return True

    async def _heard_by(self, attempt: Attempt) -> AsyncGenerator[SttEvent, None]:
        """What one recogniser hears of the utterance, from its beginning."""
        engine: SttEngine = attempt.engine
        config = _fitting(engine, self._config)
        self._failure = None
        self._current = stream = engine.open(config)
        pump = asyncio.create_task(self._pump(stream, config.rate, engine.capabilities.interims))
        try:
            if self._cancelled:
                return
            events = aiter(stream)
            while (event := await self._next(events)) is not None:
                if isinstance(event, SttFinal) and not self._committed:
                    raise broke_contract("stt", "gave its result before the utterance was complete")
                yield event
                if isinstance(event, SttFinal):
                    return
            if not self._cancelled:
                raise self._failure or broke_contract("stt", "ended without a result")
        finally:
            pump.cancel()
            self._current = None
            await stream.cancel()

    async def _next(self, events: AsyncIterator[SttEvent]) -> SttEvent | None:
        """Silence counts from the commit on, as it does for the runtime."""
        try:
            async with Deadline(self._patience_s if self._committed else None) as self._limit:
                return await anext(events, None)
        except TimeoutError:
            raise timed_out("stt", self._engine.wait_s) from None
        finally:
            self._limit = None

    async def _pump(self, stream: SttStream, rate: int, probed: bool) -> None:
        """Hand over what there is, and what comes. What goes wrong ends the listening, which says why."""
        try:
            await self._hand_over(stream, Resampler(self._config.rate, rate), probed)
        except TimeoutError:
            self._failure = timed_out("stt", self._engine.wait_s)
        except Exception as error:
            failed = EngineError("stt", "engine_failed", "The speech recogniser failed unexpectedly.")
            self._failure = error if isinstance(error, EngineError) else failed
        if self._failure is not None:
            await stream.cancel()

    async def _hand_over(self, stream: SttStream, resampler: Resampler, probed: bool) -> None:
        at, asked = self._dropped, 0
        self._taken = at
        while True:
            self._changed.clear()
            probe = self._probes[asked] if asked < len(self._probes) else None
            end = min(self._end if probe is None else probe, at + int(_STEP_S * self._config.rate) * 2)
            if end > at:
                pcm = resampler.push(bytes(self._audio[at - self._dropped : end - self._dropped]))
                async with Deadline(self._patience_s):
                    await stream.push(pcm)
                at = self._taken = end
                self._forget()
                self._room.set()
            elif probe is not None:
                before = len(self._probes)
                if probed:
                    await cast("ProbedSttStream", stream).probe()
                asked += 1 - (before - len(self._probes))
            elif self._committed:
                await stream.commit()
                return
            else:
                await self._changed.wait()

    def _forget(self) -> None:
        """Of a very long utterance nothing is kept that was handed over."""
        if self._dropped or len(self._audio) > _MOST_KEPT:
            del self._audio[: self._taken - self._dropped]
            self._dropped = self._taken
