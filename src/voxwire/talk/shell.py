"""The client over an open WebSocket: say something and wait for the answer."""

import asyncio
import time
from collections.abc import AsyncIterable, Callable, Coroutine
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from voxwire.audio.pcm import AudioFormat
from voxwire.talk import protocol
from voxwire.talk.core import ClientCore
from voxwire.talk.latency import SentAudio
from voxwire.talk.outcome import TalkError
from voxwire.talk.protocol import OutgoingEvent
from voxwire.talk.question import FRAME_BYTES, FRAME_MS, frames
from voxwire.talk.screen import printable

#: An answer is due and nothing arrives for so long: it will not come any more.
PATIENCE_S = 30.0
#: A transcript may come after the answer; it is worth this much waiting.
TRANSCRIPT_S = 3.0
#: Silence that is sent beyond what ends a turn: at least, for slow networks, and at most.
EXTRA_SILENCE_MS = 500
MAX_EXTRA_SILENCE_MS = 5_000

#: Bytes that a server may send however short the answer may be: its settings and our own.
MIN_ROOM = 16 * 2**20
#: What a server may send besides the sound of the answer, as multiples of that: base64 makes four thirds of it, and
#: words, names and numbers around pieces of 20 ms about as much again.
WRAPPING = 4

_SILENCE = bytes(FRAME_BYTES)


class ClientShell:
    """Joins a `ClientCore` to a WebSocket.

    A server that never ends is given up: an answer may take `max_answer_s` seconds, and all that is received
    may be a few times as long as so much sound.
    """

    def __init__(self, socket: ClientConnection, core: ClientCore, sent: SentAudio, *, max_answer_s: float) -> None:
        self._socket = socket
        self._core = core
        self._sent = sent
        self._max_answer_s = max_answer_s
        self._room = MIN_ROOM + WRAPPING * AudioFormat.PCM16.size_of(max_answer_s * 1000)
        self._arrived = asyncio.Event()

    async def hold(self, script: Coroutine[Any, Any, None]) -> None:
        """Run `script`, made of the methods below, while listening.

        Raises TalkError when the server fails or hangs up before the end of the script.
        """
        listening = asyncio.create_task(self._listen())
        speaking = asyncio.create_task(script)
        try:
            await asyncio.wait((listening, speaking), return_when=asyncio.FIRST_COMPLETED)
            if speaking.done() and not isinstance(speaking.exception(), ConnectionClosed):
                await speaking
            else:
                await listening  # it knows why the server hung up
        finally:
            for task in (listening, speaking):
                task.cancel()
            await asyncio.gather(listening, speaking, return_exceptions=True)

    async def configure(self, update: OutgoingEvent) -> None:
        """Send the settings and wait until they are accepted."""
        await self._send(update)
        await self._until(lambda: self._core.configured, "accept the settings")

    async def ask(self, text: str) -> None:
        """Type a question and wait for the answer."""
        self._core.ask(text, time.monotonic())
        await self._send(protocol.user_message(text))
        await self._send(protocol.RESPONSE_CREATE)
        await self._answered()

    async def say(self, pcm: bytes, silence_ms: int) -> None:
        """Stream recorded speech in real time, then silence until the turn has ended, and wait for the answer."""
        began = time.monotonic()
        sent_ms = 0
        for frame in frames(pcm):
            sent_ms += FRAME_MS
            await self._send_at(began + sent_ms / 1000, frame)
        spoken_ms = sent_ms
        while self._core.user_speaking or sent_ms < spoken_ms + silence_ms + EXTRA_SILENCE_MS:
            if sent_ms >= spoken_ms + silence_ms + MAX_EXTRA_SILENCE_MS:
                raise TalkError("The server did not notice that the speech had ended.")
            sent_ms += FRAME_MS
            await self._send_at(began + sent_ms / 1000, _SILENCE)
        if not self._core.heard_speech:
            raise TalkError("The server heard no speech in the question.")
        await self._answered()

    async def stream(self, microphone: AsyncIterable[bytes], muted: Callable[[], bool]) -> None:
        """Send a microphone's frames for ever, except while `muted` says that it would hear the answer."""
        async for frame in microphone:
            if not muted():
                await self._send_frame(frame, time.monotonic())

    async def _answered(self) -> None:
        try:
            async with asyncio.timeout(self._max_answer_s):
                await self._until(lambda: self._core.settled, "answer")
        except TimeoutError:
            raise TalkError(
                f"The answer took longer than {self._max_answer_s:.0f} s; --max-answer allows more."
            ) from None
        try:
            async with asyncio.timeout(TRANSCRIPT_S):
                await self._until(lambda: self._core.transcribed, "transcribe")
        except TimeoutError:
            return  # the answer is what counts

    async def _until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until an event makes `reached` true; events of any kind renew the patience."""
        while not reached():
            self._arrived.clear()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._arrived.wait()
            except TimeoutError:
                raise TalkError(f"The server did not {what}: nothing came for {PATIENCE_S:.0f} s.") from None

    async def _listen(self) -> None:
        """Read events until the server hangs up, which is a failure while something is still expected."""
        try:
            async for message in self._socket:
                self._room -= len(message)
                if self._room < 0:
                    raise TalkError("The server sent far more than the answer can be; --max-answer allows more.")
                for event in self._core.receive(protocol.decode(message), time.monotonic()):
                    await self._send(event)
                self._arrived.set()
        except ConnectionClosed:
            pass
        reason = self._socket.close_reason
        raise TalkError(f"The server hung up{f': {printable(reason)}' if reason else '.'}")

    async def _send_at(self, moment: float, frame: bytes) -> None:
        """Send a frame when its last sample would have been captured."""
        await asyncio.sleep(moment - time.monotonic())
        await self._send_frame(frame, moment)

    async def _send_frame(self, frame: bytes, captured: float) -> None:
        self._sent.add(frame, captured)
        await self._send(protocol.append(frame))

    async def _send(self, event: OutgoingEvent) -> None:
        await self._socket.send(protocol.to_json(event))
