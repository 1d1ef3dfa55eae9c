"""What every recogniser must do (`voxwire.interfaces.stt`)."""

import asyncio
from itertools import pairwise
from typing import cast

import pytest

from voxwire.audio.resample import Resampler
from voxwire.errors import EngineError
from voxwire.interfaces.stt import (
    ProbedSttStream,
    SttConfig,
    SttEngine,
    SttEvent,
    SttFinal,
    SttInterim,
    SttPartial,
    SttStream,
)
from voxwire.testing.contract.life import CLOSED_S, LONGEST_S, EngineContract
from voxwire.testing.contract.signals import hum, hush

#: 100 ms at 16 kHz.
_STEP = 3_200


async def hear(stream: SttStream, pcm: bytes, step: int = _STEP) -> list[SttEvent]:
    """All that is heard of this audio, pushed in pieces of `step` bytes while it is listened to."""

    async def push() -> None:
        for at in range(0, len(pcm), step):
            await stream.push(pcm[at : at + step])
        await stream.commit()

    pushing = asyncio.create_task(push())
    try:
        async with asyncio.timeout(LONGEST_S):
            heard = [event async for event in stream]
            await pushing
            return heard
    finally:
        pushing.cancel()
        await stream.cancel()


async def rest(stream: SttStream) -> list[SttEvent]:
    """What still comes of a stream that was closed."""
    async with asyncio.timeout(CLOSED_S):
        return [event async for event in stream]


class SttContract(EngineContract):
    """Utterances: their order, their end, closing, and sound without words."""

    @staticmethod
    def make_engine() -> SttEngine:
        raise NotImplementedError("say how an engine is made")

    @staticmethod
    def make_speech() -> bytes:
        """Two seconds or so of somebody speaking, PCM16 mono at 16 kHz. By default a hum, in which there are no
        words: an engine is tried harder with a recording."""
        return hum(2000)

    @classmethod
    def config(cls, engine: SttEngine, **settings: object) -> SttConfig:
        """At 16 kHz where the engine takes that, else at the first rate that it names."""
        rates = engine.capabilities.rates
        return SttConfig(**{"rate": 16_000 if 16_000 in rates else rates[0], **settings})  # type: ignore[arg-type]

    @classmethod
    def speech(cls, rate: int = 16_000) -> bytes:
        return Resampler(16_000, rate).push(cls.make_speech())

    async def heard(self, engine: SttEngine, pcm: bytes | None = None, step: int = _STEP) -> SttFinal:
        config = self.config(engine)
        events = await hear(engine.open(config), self.speech(config.rate) if pcm is None else pcm, step)
        assert isinstance(events[-1], SttFinal)
        return events[-1]

    async def test_says_what_it_takes(self, engine: SttEngine) -> None:
        assert engine.capabilities.rates
        assert all(rate > 0 for rate in engine.capabilities.rates)
        assert all(language == language.lower() for language in engine.capabilities.languages)

    async def test_partials_and_then_one_final(self, engine: SttEngine) -> None:
        for rate in engine.capabilities.rates:
            events = await hear(engine.open(self.config(engine, rate=rate)), self.speech(rate))
            assert [type(event) for event in events] == [SttPartial] * (len(events) - 1) + [SttFinal]

    async def test_what_is_stable_never_changes(self, engine: SttEngine) -> None:
        config = self.config(engine)
        *partials, final = await hear(engine.open(config), self.speech(config.rate))
        stable = [partial.text[: partial.stable] for partial in partials if isinstance(partial, SttPartial)]
        assert all(later.startswith(earlier) for earlier, later in pairwise(stable))
        assert isinstance(final, SttFinal)
        assert all(text.startswith(stable[-1]) for text in (final.text, *final.alternatives) if stable)

    async def test_words_are_those_of_the_text_in_time(self, engine: SttEngine) -> None:
        config = self.config(engine, word_times=True, logprobs=True)
        *_, final = await hear(engine.open(config), self.speech(config.rate))
        assert isinstance(final, SttFinal)
        assert all(final.text[word.start : word.end] == word.text for word in final.words)
        assert final.logprobs is None or "".join(likely.token for likely in final.logprobs) == final.text
        assert all(word.start_ms <= word.end_ms for word in final.words)
        assert all(a.end <= b.start and a.end_ms <= b.start_ms + 1 for a, b in pairwise(final.words))
        if final.words:
            assert final.words[-1].end_ms <= len(self.make_speech()) / 32 + 100

    @pytest.mark.parametrize("ms", [0, 20, 100, 2000])
    async def test_silence_has_no_words(self, engine: SttEngine, ms: int) -> None:
        assert (await self.heard(engine, hush(ms))).text == ""

    @pytest.mark.parametrize("step", [2, 641 * 2, 10_000_000], ids=["samples", "odd pieces", "all at once"])
    async def test_audio_may_come_in_any_pieces(self, engine: SttEngine, step: int) -> None:
        await self.heard(engine, self.speech()[:16_000] if step == 2 else None, step)

    @pytest.mark.parametrize("prompt", [None, "Voxwire, Siobhan, naïve 日本語"])
    @pytest.mark.parametrize("phrases", [(), ("what time is it", "今日は", "12", "?", "")], ids=["none", "phrases"])
    async def test_hints_are_taken(self, engine: SttEngine, prompt: str | None, phrases: tuple[str, ...]) -> None:
        config = self.config(engine, prompt=prompt, phrases=phrases)
        await engine.prepare(config)
        await hear(engine.open(config), self.speech(config.rate))

    async def test_a_language_that_it_does_not_know_is_refused(self, engine: SttEngine) -> None:
        if engine.capabilities.languages and "xx" not in engine.capabilities.languages:
            with pytest.raises(EngineError):
                await hear(engine.open(self.config(engine, language="xx")), hush(100))

    async def test_its_words_so_far_where_it_has_interims(self, engine: SttEngine) -> None:
        """One for each probe, in order. After the last comes no more sound, so the final says the same."""
        if not engine.capabilities.interims:
            return
        config = self.config(engine)
        stream, speech = cast("ProbedSttStream", engine.open(config)), self.speech(config.rate)
        half = len(speech) // 4 * 2
        for pcm in (speech[:half], speech[half:] + hush(300)):
            await stream.push(pcm)
            await stream.probe()
        events = await hear(stream, b"")
        interims = [event for event in events if isinstance(event, SttInterim)]
        final = events[-1]
        assert isinstance(final, SttFinal)
        assert len(interims) == 2
        assert (interims[-1].text, interims[-1].alternatives) == (final.text, final.alternatives)

    async def test_a_probe_of_what_was_closed(self, engine: SttEngine) -> None:
        if engine.capabilities.interims:
            stream = cast("ProbedSttStream", engine.open(self.config(engine)))
            await stream.cancel()
            await stream.probe()
            assert await rest(stream) == []

    async def test_nothing_comes_after_cancel(self, engine: SttEngine) -> None:
        stream = engine.open(self.config(engine))
        await stream.push(self.speech(self.config(engine).rate))
        await stream.cancel()
        await stream.cancel()
        await stream.push(hush(100))
        await stream.commit()
        assert await rest(stream) == []

    async def test_cancel_before_anything_else(self, engine: SttEngine) -> None:
        stream = engine.open(self.config(engine))
        await stream.cancel()
        assert await rest(stream) == []

    async def test_cancel_ends_a_reader_that_waits(self, engine: SttEngine) -> None:
        stream = engine.open(self.config(engine))
        reading = asyncio.create_task(rest(stream))
        await asyncio.sleep(0)
        await stream.cancel()
        assert await reading == []

    async def test_what_was_cancelled_gives_its_room_back(self, engine: SttEngine) -> None:
        for _ in range(10):
            stream = engine.open(self.config(engine))
            await stream.push(self.speech(self.config(engine).rate))
            await stream.cancel()
        await self.heard(engine)

    async def test_several_utterances_at_once_keep_apart(self, engine: SttEngine) -> None:
        alone = await self.heard(engine)
        together = await asyncio.gather(*(self.heard(engine, pcm) for pcm in (None, hush(500), None, hush(500))))
        assert [final.text for final in together] == [alone.text, "", alone.text, ""]
