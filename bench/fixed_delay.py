"""Engines that take a fixed time: what a draft saves shows, and nothing else does (g)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from voxwire.interfaces.stt import SttConfig, SttFinal
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_stt import FakeStt, FakeSttStream
from voxwire.testing.fake_tts import FakeTts, FakeTtsStream

STT_FINAL_S: Final = 0.08
FIRST_TOKEN_S: Final = 0.12
FIRST_AUDIO_S: Final = 0.08


class FixedStt(FakeStt):
    """Reads what was said in 80 ms, at a probe and at the end; not twice where no audio came between."""

    def open(self, config: SttConfig) -> FakeSttStream:
        stream = _Stream(self, config, SttFinal(text="what is twelve times seven"))
        self.streams.append(stream)
        return stream


class _Stream(FakeSttStream):
    _read = -1

    async def probe(self) -> None:
        size = len(self.heard)
        await asyncio.sleep(STT_FINAL_S)
        self._read = size
        await super().probe()

    async def commit(self) -> None:
        if self._read != len(self.heard):
            await asyncio.sleep(STT_FINAL_S)
        await super().commit()


def fixed_llm() -> FakeLlm:
    """The first token after 120 ms, the others with it."""
    return FakeLlm([FIRST_TOKEN_S, *words("It is eighty-four. Is there anything else?")])


class FixedTts(FakeTts):
    """The first audio 80 ms after the first text, the rest with it."""

    def open(self, config: TtsConfig) -> FakeTtsStream:
        stream = _Voice(self, config)
        self.streams.append(stream)
        return stream


class _Voice(FakeTtsStream):
    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        first = True
        async for audio in super().__aiter__():
            if first:
                await asyncio.sleep(FIRST_AUDIO_S)
                first = False
            yield audio
