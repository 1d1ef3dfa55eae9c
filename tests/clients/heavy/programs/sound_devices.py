"""A microphone, and the time that playing takes, as real devices keep it. PCM16, 24 kHz, mono."""

import asyncio

from realtime_flows import BYTES_PER_MS, speech

RATE = 24_000
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * BYTES_PER_MS


class Microphone:
    """Hears silence, and a recorded question once somebody says it."""

    def __init__(self) -> None:
        self._speech = b""
        self._due: float | None = None

    def say(self, name: str) -> None:
        self._speech += speech(name)

    async def frame(self) -> bytes:
        """The next `FRAME_MS`, when they are over. What was missed meanwhile is not lost."""
        now = asyncio.get_running_loop().time()
        self._due = (self._due or now) + FRAME_MS / 1000
        await asyncio.sleep(self._due - now)
        frame, self._speech = self._speech[:FRAME_BYTES], self._speech[FRAME_BYTES:]
        return frame.ljust(FRAME_BYTES, b"\0")


class Playing:
    """How long sound takes to play: one piece after the other, and a gap where nothing came."""

    def __init__(self) -> None:
        self._until = 0.0

    async def play(self, pcm: bytes) -> None:
        now = asyncio.get_running_loop().time()
        self._until = max(self._until, now) + len(pcm) / BYTES_PER_MS / 1000
        await asyncio.sleep(self._until - now)
