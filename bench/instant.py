"""Engines that have all they will say at hand: (a) to (e) are to show what the server takes, and nothing of theirs."""

from collections.abc import AsyncIterator
from typing import Final

from voxwire.interfaces.tts import TtsAudio, TtsConfig, TtsStream
from voxwire.runtime import Flag
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_tts import FakeTts

#: Speech of two characters, and of one at the end: 60 ms each at 24 kHz, as `FakeTts` speaks.
_SOUND: Final = tuple(b"\x00\x04\x00\xfc" * (720 * chars) for chars in range(3))


def instant_llm() -> FakeLlm:
    """One answer, cut into its words before anybody asks."""
    return FakeLlm(words("Hello! How can I help you?"))


class InstantTts:
    """Speaks without making its speech first."""

    def __init__(self) -> None:
        self.capabilities = FakeTts().capabilities

    async def start(self) -> None:
        """There is nothing to load."""

    async def close(self) -> None:
        """Nor to free."""

    def open(self, config: TtsConfig) -> TtsStream:
        return _Stream()


class _Stream:
    def __init__(self) -> None:
        self._fed = 0
        self._complete = False
        self._changed = Flag()

    async def feed(self, text: str) -> None:
        self._fed += len(text)
        self._changed.set()

    async def flush(self) -> None:
        self._complete = True
        self._changed.set()

    async def cancel(self) -> None:
        self._fed, self._complete = 0, True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        spoken = 0
        while True:
            if spoken < self._fed:
                start, spoken = spoken, min(spoken + 2, self._fed)
                chars = spoken - start
                yield TtsAudio(pcm=_SOUND[chars], chars_from=start, chars_to=spoken)
            elif self._complete:
                return
            else:
                self._changed.clear()
                await self._changed.wait()
