"""(a), (b), (c), (g): how soon the server reacts.

(a) `response.create` to the first audio delta, interleaved with the floor in one run.
(b) The append that completes the window in which `silence_duration_ms` is reached, to the first
    audio delta of the answer.
(g) The same as (b), with 500 ms of silence asked and engines that take a fixed time.
(c) The first loud frame to `speech_started`, in milliseconds of audio.
"""

import asyncio
import re
from time import perf_counter

from client import Client, append_frames, frame
from servers import Server

SILENCE_MS = 200
FRAME_MS = 20
_TIMEOUT_S = 20.0
_CREATE = frame({"type": "response.create"})
_END = re.compile(rb'"audio_end_ms":(\d+)')


def _configure(silence_ms: int | None) -> bytes:
    settings = None if silence_ms is None else {"type": "server_vad", "silence_duration_ms": silence_ms}
    return frame(
        {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": settings}}}}
    )


class _Watch:
    """Collects the arrival times of events by name until one of them comes."""

    def __init__(self, client: Client) -> None:
        self.times: dict[bytes, tuple[float, bytes]] = {}
        self._awaited = b""
        self._arrived = asyncio.Event()
        client.on_event = self._event

    def _event(self, payload: bytes, at: float) -> None:
        kind = payload[:90]
        for name in (b"speech_started", b"speech_stopped", b"audio.delta", b"session.updated", b"response.done"):
            if name in kind:
                self.times.setdefault(name, (at, payload))
                if name == self._awaited:
                    self._arrived.set()

    async def until(self, name: bytes) -> float:
        if name not in self.times:
            self._awaited = name
            self._arrived.clear()
            await asyncio.wait_for(self._arrived.wait(), _TIMEOUT_S)
        return self.times[name][0]


class Asker:
    """(a): one open session that asks for answer after answer."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._watch = _Watch(client)

    @classmethod
    async def connect(cls, server: Server) -> "Asker":
        asker = cls(await Client.open(server.address))
        asker.client.send(_configure(None))
        await asker._watch.until(b"session.updated")
        return asker

    async def first_audio(self) -> float:
        """Milliseconds from `response.create` to the first audio delta."""
        self._watch.times.clear()
        sent = perf_counter()
        self.client.send(_CREATE)
        first = await self._watch.until(b"audio.delta")
        await self._watch.until(b"response.done")
        return (first - sent) * 1000


async def spoken_turn(server: Server, pcm: bytes, onset_ms: float, silence_ms: int = SILENCE_MS) -> tuple[float, float]:
    """(b) in milliseconds and (c) in milliseconds of audio, from one turn spoken in real time.

    `pcm` is one utterance with silence around it; `onset_ms` where its first loud sample lies.
    """
    client = await Client.open(server.address)
    try:
        watch = _Watch(client)
        client.send(_configure(silence_ms))
        await watch.until(b"session.updated")
        sent_at: list[float] = []
        started = perf_counter()
        for index, data in enumerate(append_frames(pcm, FRAME_MS)):
            await asyncio.sleep(max(0.0, started + index * FRAME_MS / 1000 - perf_counter()))
            sent_at.append(perf_counter())
            client.send(data)
        answered = await watch.until(b"audio.delta")
        stopped = _END.search(watch.times[b"speech_stopped"][1])
        assert stopped is not None
        completing = -(-int(stopped[1]) // FRAME_MS) - 1
        noticed = watch.times[b"speech_started"][0]
        heard_ms = sum(sent <= noticed for sent in sent_at) * FRAME_MS
        return (answered - sent_at[completing]) * 1000, heard_ms - onset_ms
    finally:
        client.close()
