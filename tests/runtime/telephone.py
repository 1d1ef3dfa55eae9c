"""A transport that carries sound and no events, as telephones and WebRTC will: the person's audio goes in, answers are
played at the pace of speech, and how far they are goes back. It knows the contract of attachments, and nothing else
of the runtime."""

import asyncio
from collections import deque

from voxwire.events.client import AppendAudio
from voxwire.events.closing import CloseReason
from voxwire.events.server import AudioDelta, ServerEvent, SessionCreated, SessionUpdated
from voxwire.events.session_config import SessionConfig
from voxwire.interfaces.inputs import PlayoutDrained, PlayoutProgress
from voxwire.runtime.attachment import Attachment, AttachmentRole
from voxwire.runtime.live import LiveSession
from voxwire.runtime.notify import Flag

#: Speech that it holds before answers have to wait.
MOST_HELD_MS = 400


class Telephone:
    """Implements `Attachment`. `play` is the clock: a test says how much is played."""

    def __init__(self, live: LiveSession, number: int) -> None:
        self.number = number
        self.role = AttachmentRole.SPEAKER
        self.closed = Flag()
        self.config: SessionConfig | None = None
        self.played = bytearray()
        self.ending: CloseReason | None = None
        self._live = live
        self._held: deque[tuple[AudioDelta, bytes]] = deque()
        self._played_ms: dict[str, float] = {}
        self._hung_up = asyncio.Event()

    # --- for the session ----------------------------------------------------------------------------

    @property
    def held_ms(self) -> float:
        return sum(len(pcm) / 2 / delta.format.rate * 1000 for delta, pcm in self._held)

    @property
    def writable(self) -> bool:
        return self.held_ms < MOST_HELD_MS

    def send(self, event: ServerEvent, event_id: str) -> None:
        match event:
            case SessionCreated() | SessionUpdated():
                self.config = event.config
            case AudioDelta():
                self._held.append((event, event.pcm))
            case _:
                pass

    def flush(self) -> None:
        """Nothing waits to leave: `play` takes it."""

    def discard_audio(self, response_id: str) -> None:
        self._held = deque(entry for entry in self._held if entry[0].response_id != response_id)

    def finish(self, reason: CloseReason, message: str | None = None) -> None:
        if self.ending is None:
            self.ending = reason
            self._hung_up.set()

    async def run(self) -> None:
        await self._hung_up.wait()

    # --- for tests ----------------------------------------------------------------------------------

    def say(self, pcm: bytes) -> None:
        """The person speaks: PCM16 mono, 24 kHz."""
        self._live.submit(AppendAudio(audio=pcm), self.number, len(pcm))

    def play(self, ms: float) -> None:
        """So much time passes; what is held is played meanwhile."""
        while self._held and ms > 0:
            delta, pcm = self._held.popleft()
            size = min(len(pcm), int(ms * delta.format.rate / 1000) * 2)
            self.played += pcm[:size]
            if size < len(pcm):
                self._held.appendleft((delta, pcm[size:]))
            lasted_ms = size / 2 / delta.format.rate * 1000
            ms -= lasted_ms
            item_id = delta.item_id
            self._played_ms[item_id] = self._played_ms.get(item_id, 0.0) + lasted_ms
            report = PlayoutProgress(item_id=item_id, content_index=0, played_ms=self._played_ms[item_id])
            self._live.submit(report, self.number)
        if not self._held:
            self._live.submit(PlayoutDrained(), self.number)
        self._live.relieve()

    def hang_up(self) -> None:
        self._live.part(self)


def fits(telephone: Telephone) -> Attachment:
    """For the type checker, and for who reads: this is all that an attachment has to be."""
    return telephone
