"""What every synthesiser must do (`voxwire.interfaces.tts`)."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import pytest

from voxwire.errors import EngineError
from voxwire.interfaces.tts import TtsAudio, TtsConfig, TtsEngine, TtsStream
from voxwire.testing.contract.life import CLOSED_S, LONGEST_S, EngineContract

TEXT: Final = "Hello there. I have 42 apples, Dr. Smith; that is what I said. Are you sure?"
LONG: Final = "This sentence is spoken again and again. " * 50
#: Texts with words in them, and something besides.
ODD_TEXTS: Final = {
    "latin": "Straße, café, naïve — “quoted” … done.",
    "two scripts": "日本語 and English",
    "emoji and control characters": "👩‍👩‍👧 family \x00\x07\ud7ff end",
    "right to left": "مرحبا hello",
    "markup": "<speak>&amp; [[h@l'oU]] </speak>",
    "one long word": "a" * 1_000,
    "digits": "1" * 100,
}


async def drain(stream: TtsStream, seconds: float = CLOSED_S) -> list[TtsAudio]:
    """What comes of a stream within so many seconds, to its end."""
    async with asyncio.timeout(seconds):
        return [audio async for audio in stream]


def check(audio: Sequence[TtsAudio], text: str) -> None:
    """Speech in order: characters without gaps, whole samples, words where they stand in the text."""
    if not audio:
        return
    assert audio[0].chars_from == 0
    assert all(a.chars_to == b.chars_from for a, b in pairwise(audio))
    assert all(chunk.chars_from <= chunk.chars_to for chunk in audio)
    assert audio[-1].chars_to == len(text)
    assert all(len(chunk.pcm) % 2 == 0 for chunk in audio)
    words = [word for chunk in audio for word in chunk.words]
    assert all(text[word.start : word.end] == word.text for word in words)
    assert all(word.start_ms <= word.end_ms for word in words)
    assert all(a.end <= b.start and a.end_ms <= b.start_ms + 0.01 for a, b in pairwise(words))


class TtsContract(EngineContract):
    """Answers spoken: their order, their end, voices, closing, and text out of the ordinary."""

    @staticmethod
    def make_engine() -> TtsEngine:
        raise NotImplementedError("say how an engine is made")

    @classmethod
    def open(cls, engine: TtsEngine, *, speed: float = 1.0) -> TtsStream:
        return engine.open(TtsConfig(voice=min(engine.capabilities.voices), speed=speed))

    async def spoken(self, engine: TtsEngine, *pieces: str, stream: TtsStream | None = None) -> list[TtsAudio]:
        """The speech of a text that is fed in these pieces, which must be in order."""
        stream = stream or self.open(engine)
        for piece in pieces:
            await stream.feed(piece)
        await stream.flush()
        audio = await drain(stream, LONGEST_S)
        check(audio, "".join(pieces))
        return audio

    def seconds(self, engine: TtsEngine, audio: Sequence[TtsAudio]) -> float:
        return sum(len(chunk.pcm) for chunk in audio) / 2 / engine.capabilities.rate

    async def test_says_how_it_speaks(self, engine: TtsEngine) -> None:
        assert engine.capabilities.rate > 0
        assert engine.capabilities.voices

    async def test_a_text_is_spoken_to_its_end(self, engine: TtsEngine) -> None:
        audio = await self.spoken(engine, TEXT)
        assert 1 < self.seconds(engine, audio) < 30
        assert any(any(chunk.pcm) for chunk in audio), "there is sound"
        spoken = self.seconds(engine, audio) * 1000
        assert all(word.end_ms <= spoken + 0.01 for chunk in audio for word in chunk.words)

    async def test_text_may_come_in_any_pieces(self, engine: TtsEngine) -> None:
        whole = await self.spoken(engine, TEXT)
        pieces = await self.spoken(engine, *(TEXT[at : at + 3] for at in range(0, len(TEXT), 3)))
        assert self.seconds(engine, pieces) == pytest.approx(self.seconds(engine, whole), rel=0.25)

    @pytest.mark.parametrize("text", ["", " ", "\n\t "], ids=["nothing", "a space", "white space"])
    async def test_nothing_to_say_is_silence(self, engine: TtsEngine, text: str) -> None:
        assert await self.spoken(engine, text) == []

    @pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=list(ODD_TEXTS))
    async def test_whatever_a_model_writes(self, engine: TtsEngine, text: str) -> None:
        assert await self.spoken(engine, text)

    async def test_every_voice_that_it_names(self, engine: TtsEngine) -> None:
        for voice in sorted(engine.capabilities.voices):
            assert await self.spoken(engine, "Yes.", stream=engine.open(TtsConfig(voice=voice))), voice

    async def test_a_voice_that_it_does_not_have_is_refused(self, engine: TtsEngine) -> None:
        with pytest.raises(EngineError):
            await self.spoken(engine, "Yes.", stream=engine.open(TtsConfig(voice="nobody at all")))

    async def test_slow_is_longer_than_fast(self, engine: TtsEngine) -> None:
        slow, fast = [await self.spoken(engine, TEXT, stream=self.open(engine, speed=speed)) for speed in (0.5, 1.5)]
        assert self.seconds(engine, slow) > 1.5 * self.seconds(engine, fast)

    async def test_nothing_comes_after_cancel(self, engine: TtsEngine) -> None:
        stream = self.open(engine)
        await stream.feed(LONG)
        audio = aiter(stream)
        async with asyncio.timeout(LONGEST_S):
            await anext(audio)
        await stream.cancel()
        await stream.cancel()
        await stream.feed("More text. ")
        await stream.flush()
        async with asyncio.timeout(CLOSED_S):
            assert [chunk async for chunk in audio] == []

    async def test_cancel_before_anything_else(self, engine: TtsEngine) -> None:
        stream = self.open(engine)
        await stream.cancel()
        assert await drain(stream) == []

    async def test_cancel_ends_a_reader_that_waits(self, engine: TtsEngine) -> None:
        stream = self.open(engine)
        reading = asyncio.create_task(drain(stream))
        await asyncio.sleep(0)
        await stream.cancel()
        assert await reading == []

    async def test_what_was_cancelled_gives_its_room_back(self, engine: TtsEngine) -> None:
        for _ in range(10):
            stream = self.open(engine)
            await stream.feed(LONG)
            await stream.cancel()
        assert await self.spoken(engine, "Still here.")

    async def test_several_answers_at_once_keep_apart(self, engine: TtsEngine) -> None:
        texts = [f"Number {number} is mine. And {number} it stays." for number in range(6)]
        for audio in await asyncio.gather(*(self.spoken(engine, text) for text in texts)):
            assert audio
