"""Engines that fail on purpose, and lists of engines for tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from voxwire.errors import EngineError
from voxwire.interfaces.llm import LlmEvent, LlmRequest
from voxwire.interfaces.stt import SttConfig, SttEvent, SttFinal
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.runtime.failover import FailoverLlm, FailoverStt, FailoverTts, Member, Members, TakeoverTimes, failover_llm
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_stt import FakeStt, FakeSttStream
from voxwire.testing.fake_tts import FakeTts, FakeTtsStream

#: Long enough for an engine that works, short enough for a test.
PATIENCE = TakeoverTimes(stt_s=0.2, llm_s=0.2, tts_s=0.2, rest_s=30.0)


def died(stage: str, code: str = "engine_died") -> EngineError:
    return EngineError(stage, code, "It died.")


class Hold:
    """A lease of a test: the engine, and how often it fails to start."""

    def __init__(self, engine: Any, *failures: Exception) -> None:
        self.engine = engine
        self.failures = list(failures)
        self.released = 0

    async def start(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        await self.engine.start()

    async def release(self) -> None:
        self.released += 1
        await self.engine.close()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def members(
    stage: str, engines: Sequence[Any], clock: Clock | None = None, patience: TakeoverTimes = PATIENCE
) -> Members:
    """A list; an engine may be given as a `Hold`. They are named by letters."""
    holds = [engine if isinstance(engine, Hold) else Hold(engine) for engine in engines]
    line = [Member(name, hold) for name, hold in zip("abcd", holds, strict=False)]
    return Members(stage, line, patience, clock or Clock())


async def llm(*engines: Any, clock: Clock | None = None) -> FailoverLlm:
    made = failover_llm(members("llm", engines, clock), PATIENCE)
    await made.start()
    return made


async def tts(*engines: Any) -> FailoverTts:
    made = FailoverTts(members("tts", engines), PATIENCE)
    await made.start()
    return made


async def stt(*engines: Any) -> FailoverStt:
    made = FailoverStt(members("stt", engines), PATIENCE)
    await made.start()
    return made


class HangingLlm(FakeLlm):
    """Says what it is told to, and then nothing more."""

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        async for event in super().respond(request):
            yield event
        await asyncio.Event().wait()


class LyingTts(FakeTts):
    """Ends after so many stretches, as if all was spoken."""

    def __init__(self, stretches: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.stretches = stretches

    def open(self, config: TtsConfig) -> FakeTtsStream:
        made = _LyingTtsStream(self, config)
        self.streams.append(made)
        return made


class _LyingTtsStream(FakeTtsStream):
    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        stretches = super().__aiter__()
        for _ in range(self._engine.stretches):  # type: ignore[attr-defined]
            yield await anext(stretches)


class LyingStt(FakeStt):
    """Gives its final before the commit, or none at all."""

    def __init__(self, *, early: bool) -> None:
        super().__init__("nonsense")
        self.early = early

    def open(self, config: SttConfig) -> FakeSttStream:
        made = _LyingSttStream(self, config, SttFinal(text="nonsense"))
        self.streams.append(made)
        return made


class _LyingSttStream(FakeSttStream):
    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        if self._engine.early:  # type: ignore[attr-defined]
            while not self.heard:  # noqa: ASYNC110 - audio wakes nobody
                await asyncio.sleep(0)
            yield SttFinal(text="nonsense")
        else:
            await self.committed.wait()


class DeafStt(FakeStt):
    """Takes no audio."""

    def open(self, config: SttConfig) -> FakeSttStream:
        made = _DeafStream(self, config, SttFinal(text=""))
        self.streams.append(made)
        return made


class _DeafStream(FakeSttStream):
    async def push(self, pcm: bytes) -> None:
        await asyncio.Event().wait()
