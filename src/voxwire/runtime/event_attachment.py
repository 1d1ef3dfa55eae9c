"""A client that speaks the protocol: its dialect, its way in and its way out."""

import asyncio
import logging
from functools import partial
from typing import Final, Self

from voxwire.errors import INVALID_REQUEST, ClientError
from voxwire.events.closing import CloseReason
from voxwire.events.server import AudioDelta, ItemRetrieved, ServerEvent, SpeechStarted
from voxwire.interfaces.codec import Codec
from voxwire.interfaces.inputs import ClientMistake, Input
from voxwire.interfaces.transport import Transport
from voxwire.runtime.attachment import AttachmentRole
from voxwire.runtime.live import LiveSession
from voxwire.runtime.notify import Flag
from voxwire.runtime.outbox import DeferredFrame, Ending

logger = logging.getLogger("voxwire.runtime")

#: After this much work without waiting, a reader lets the others run: 16 small frames, or 256 KiB.
_TURN_COST: Final = 16
_BYTES_PER_COST: Final = 16 * 1024
#: A frame of this many characters is read, and its event worked on, by a thread: the largest would hold
#: everybody up for a tenth of a second, this much for a millisecond.
_LARGE_FRAME: Final = 64 * 1024
#: Retrieved audio from this size on is converted and encoded by a thread: 32 MiB, the most there is, would
#: hold everybody up for 0.4 s, this much for 3 ms.
_LARGE_AUDIO_BYTES: Final = 256 * 1024

BINARY_FRAME: Final = ClientMistake(
    type=INVALID_REQUEST,
    code="invalid_event",
    message="Binary frames are not part of the protocol; send each event as one JSON text frame.",
)


class EventAttachment:
    """Implements `voxwire.runtime.attachment.Attachment` for a connection that carries frames: JSON events, or whatever
    else its codec speaks. A transport's reader holds it."""

    def __init__(
        self, live: LiveSession, number: int, codec: Codec, transport: Transport, role: AttachmentRole
    ) -> None:
        self.number = number
        self.role = role
        self.outbox = live.outbox(transport, role)
        self.closed = Flag()
        """Set when the connection has ended from our side or the peer's; the reader stops then."""
        self._live = live
        self._codec = codec
        self._beside = live.share()
        self._voiced: str | None = None
        self._hurries = False
        self._cost = 0
        self._receiving = False

    @classmethod
    def join(
        cls, live: LiveSession, codec: Codec, transport: Transport, role: AttachmentRole = AttachmentRole.SPEAKER
    ) -> Self:
        """Attach a client to this session. Raises what `LiveSession.attach` raises."""
        return live.attach(lambda number: cls(live, number, codec, transport, role))

    # --- in -----------------------------------------------------------------------------------------

    def append(self, frame: bytes) -> bool:
        """Take a frame of less than 64 KiB at once, where it is audio (`Codec.append`). False: it is something else, or
        has to wait, so hand it to `offer` or `receive`."""
        if self._receiving or self.closed.is_set() or self._live.congested or not self.outbox.writable:
            return False
        try:
            event = self._codec.append(frame)
        except Exception as bug:
            self._live.crash(bug)
            return True
        if event is None:
            return False
        self._live.append(event.audio, self.number, len(frame), event.event_id)
        return True

    def offer(self, frame: str) -> bool:
        """Take a text frame at once. False: something has to wait, so hand the frame to `receive`.

        The order of frames is the transport's care: no offer while frames wait for `receive`.
        """
        if self._receiving or self.closed.is_set() or self._live.congested or not self.outbox.writable:
            return False
        if len(frame) >= _LARGE_FRAME:
            return False
        self._take(frame, binary=False)
        return True

    async def receive(self, frame: str | bytes, *, binary: bool = False) -> None:
        """Take one frame from the client; returns when the next one may be read.

        Not reading is how a client is slowed down: while audio waits for detection or recognition,
        or while the client does not read its own events. Never raises for anything a client can send;
        frames that come after the end are dropped.
        """
        if self.closed.is_set():
            return
        self._receiving = True
        try:
            if len(frame) >= _LARGE_FRAME:
                await self._take_beside(frame, binary=binary)
            else:
                self._take(frame, binary=binary)
            self._cost += 1 + len(frame) // _BYTES_PER_COST
            del frame  # from here on the session holds what it needs of it
            if self._cost >= _TURN_COST:
                self._cost = 0
                await asyncio.sleep(0)
            if self._live.congested or not self.outbox.writable:
                await self._live.readable(self)
        finally:
            self._receiving = False

    def turn_away(self) -> None:
        """Tell the client that a large message is not taken, neither from it nor for it, for want of memory."""
        self._live.turn_away(self.number)

    async def answered(self) -> None:
        """Wait until no response of the session is in progress."""
        await self._live.answered()

    async def leave(self) -> None:
        """The client has ended the connection: what it was answered before leaves, then the transport is
        closed. Returns when that is done, at once where the client is gone."""
        self._live.part(self)
        await self.closed.wait()

    def _take(self, frame: str | bytes, *, binary: bool) -> None:
        try:
            event = self._event(frame, binary=binary)
        except Exception as bug:
            self._live.crash(bug)
            return
        self._live.submit(event, self.number, len(frame))

    async def _take_beside(self, frame: str | bytes, *, binary: bool) -> None:
        """The same, beside the event loop. Until a thread has time for it, the frame waits like any other."""
        self._beside.hold(len(frame))
        try:
            try:
                event = await asyncio.to_thread(self._event, frame, binary=binary)
            except Exception as bug:
                self._live.crash(bug)
                return
            await self._live.submit_beside(event, self.number, len(frame))
        finally:
            self._beside.hold(0)

    def _event(self, frame: str | bytes, *, binary: bool) -> Input:
        try:
            return BINARY_FRAME if binary else self._live.prompted(self._codec.decode(frame))
        except ClientError as error:
            return ClientMistake.of(error)

    # --- out ----------------------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        return self.outbox.writable

    def flush(self) -> None:
        self.outbox.flush(at_once=self._hurries)
        self._hurries = False

    def discard_audio(self, response_id: str) -> None:
        """Drop the frames that have not left; where the other side holds some, the codec has a frame to say so."""
        self.outbox.discard_audio(response_id)
        frame = self._codec.discard_audio(response_id)
        if frame is not None:
            self.outbox.put(frame)

    def finish(self, reason: CloseReason, message: str | None = None) -> None:
        """Send what is queued, then close the transport."""
        self.outbox.finish(reason, message or reason.value)

    async def run(self) -> None:
        """Write until everything was sent, or the client is gone or given up."""
        ending = await self.outbox.run()
        if ending in (Ending.STALLED, Ending.OVERFLOWED):
            logger.warning("%s: gave up a client that does not read (%s)", self._live.id, ending.name.lower())

    def send(self, event: ServerEvent, event_id: str) -> None:
        """Queue an event, unless this dialect does not have it."""
        if type(event) is ItemRetrieved and event.audio_bytes >= _LARGE_AUDIO_BYTES:
            if self.outbox.crowded:
                self.turn_away()
                return
            encode = partial(self._encode_in_thread, event, event_id)
            self.outbox.put(DeferredFrame(encode, event.audio_bytes * 4 // 3))
            return
        frame = self._codec.encode(event, event_id)
        if frame is None:
            return
        if type(event) is not AudioDelta:
            self.outbox.put(frame)
            self._hurries |= type(event) is SpeechStarted  # who is interrupted is to be silent
            return
        self.outbox.put(frame, event.response_id)
        if event.response_id != self._voiced:  # the first sound of an answer
            self._voiced = event.response_id
            self._hurries = True

    async def _encode_in_thread(self, event: ServerEvent, event_id: str) -> bytes | None:
        try:
            return await asyncio.to_thread(self._codec.encode, event, event_id)
        except Exception as bug:
            self._live.crash(bug)
            return None
