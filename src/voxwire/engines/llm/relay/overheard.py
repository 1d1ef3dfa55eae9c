"""The turn of the user that is in the service's buffer: what is spoken goes up while it is spoken."""

import asyncio
from collections import deque
from typing import Final

import pybase64

from voxwire.audio.clip import AudioClip
from voxwire.audio.convert import to_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.engines.llm.relay.upstream_socket import UpstreamGone, UpstreamSocket

#: Audio of the wire in one event.
_PIECE: Final = 64 * 1024
#: Audio that the service has not got yet at which nothing more is sent before the turn is over.
_MOST_WAITING: Final = 4 * 1024 * 1024
#: What is overheard of one turn: some five minutes.
_MOST_TOLD: Final = 16 * 1024 * 1024
#: No service takes a turn that is shorter.
_SHORTEST_MS: Final = 100


class Overheard:
    """The buffer of one connection. What was overheard is a guess: `complete` sees to it that it is the right turn."""

    def __init__(self, socket: UpstreamSocket, rate: int) -> None:
        self._socket = socket
        self._rate = rate
        self._turn: int | None = None
        self._format = AudioFormat.PCM16
        self._resampler = Resampler(rate, rate)
        self._told = bytearray()
        self._waiting: deque[bytes] = deque()
        self._stale = False
        self._fresh = True
        self._sent = 0
        self._behind = False
        self._gone = False
        self._pump: asyncio.Task[None] | None = None

    def overhear(self, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
        """More of a turn that goes on."""
        if turn != self._turn:
            self._begin(turn, format)
        waiting = sum(map(len, self._waiting))
        # A gap would be no turn: when it is too much, the rest goes up at the end.
        self._behind = self._behind or waiting > _MOST_WAITING or len(self._told) > _MOST_TOLD
        if not self._behind:
            self._told += audio
            self._add(bytes(audio))

    async def complete(self, clip: AudioClip) -> None:
        """Have exactly this turn in the buffer, filled up with silence if it is too short. Raises UpstreamGone."""
        size = len(self._told)
        whole = len(clip.data) // clip.format.sample_bytes * clip.format.sample_bytes
        if self._turn is None or clip.format is not self._format or clip.data[:size] != self._told:
            self._begin(0, clip.format)
            size = 0
        self._add(bytes(clip.data[size:whole]))
        if self._pump is not None:
            await asyncio.wait([self._pump])
        if self._gone:
            raise UpstreamGone
        missing = self._rate * _SHORTEST_MS // 500 - self._sent
        if missing > 0:
            await self._append(bytes(missing))
        self._turn, self._fresh = None, True
        self._told.clear()

    def _begin(self, turn: int, format: AudioFormat) -> None:
        """Forget what was overheard; the service does so before it gets more."""
        self._turn, self._format, self._behind, self._fresh = turn, format, False, True
        self._stale = self._stale or bool(self._told)
        self._waiting.clear()
        self._told.clear()

    def _add(self, audio: bytes) -> None:
        self._waiting.extend(audio[at : at + _PIECE] for at in range(0, len(audio), _PIECE))
        if not self._gone and (self._pump is None or self._pump.done()):
            self._pump = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting or self._stale:
                if self._fresh:
                    self._fresh, self._sent = False, 0
                    self._resampler = Resampler(self._format.rate, self._rate)
                if self._stale:
                    self._stale = False
                    await self._socket.send("input_audio_buffer.clear")
                elif self._waiting:
                    await self._append(await self._converted(self._waiting.popleft()))
        except UpstreamGone:
            self._gone = True
            self._waiting.clear()

    async def _converted(self, audio: bytes) -> bytes:
        if self._format is AudioFormat.PCM16 and self._rate == self._format.rate:
            return audio
        return await asyncio.to_thread(_pcm, audio, self._format, self._resampler)

    async def _append(self, pcm: bytes) -> None:
        self._sent += len(pcm)
        await self._socket.send("input_audio_buffer.append", audio=pybase64.b64encode(pcm).decode())


def _pcm(audio: bytes, format: AudioFormat, resampler: Resampler) -> bytes:
    return resampler.push(to_pcm(audio, format))
