"""One utterance of the `realtime-transcription` engine."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from voxwire.awake import Deadline
from voxwire.engines.stt.placed_words import place_words
from voxwire.engines.stt.realtime_transcription.socket_dialects import SocketUtterance, utterance_of
from voxwire.engines.stt.realtime_transcription.socket_options import SocketOptions
from voxwire.engines.stt.realtime_transcription.transcription_socket import RefusedSocket, TranscriptionSocket
from voxwire.engines.stt.remote_stream import RemoteStream
from voxwire.engines.stt.settled_text import SettledText
from voxwire.engines.stt.stt_failures import STT_FAILURES
from voxwire.errors import EngineError
from voxwire.interfaces.stt import SttConfig, SttFinal, SttPartial

#: Eleven minutes at 24 kHz: nobody speaks so long in one turn.
_MOST_BYTES: Final = 32 * 1024 * 1024
#: One message: 100 ms at 24 kHz.
_STEP: Final = 4_800
#: An endpoint refuses a commit of less than 100 ms.
_LEAST_S: Final = 0.1
#: What belongs to a transcript comes right behind it, or never.
_MORE_S: Final = 0.25

#: Makes room for a socket, and opens it.
OpenSocket = Callable[[], Awaitable[TranscriptionSocket]]


class SocketStream(RemoteStream):
    """An `SttStream`. A socket that breaks is replaced once, and hears the utterance from its beginning."""

    def __init__(
        self,
        options: SocketOptions,
        config: SttConfig,
        open_socket: OpenSocket,
        place: AbstractAsyncContextManager[None],
    ) -> None:
        self._options = options
        self._config = config
        self._open_socket = open_socket
        self._place = place
        self._settled = SettledText(append_only=True)
        self._limit: Deadline | None = None
        super().__init__()

    async def push(self, pcm: bytes) -> None:
        if self._over or self._working.done():
            return
        if len(self._pcm) + len(pcm) > _MOST_BYTES:
            self._working.cancel()
            self._events.put_nowait(STT_FAILURES.failed("stt_too_long", "The utterance is too long."))
            return
        self._keep(pcm)

    async def closed(self) -> None:
        """Wait until it has let go of its socket, once it was cancelled."""
        await asyncio.wait({self._working})

    # --- inside ---

    async def _work(self) -> None:
        try:
            while not (self._loud or self._committed):  # no socket for silence
                self._changed.clear()
                await self._changed.wait()
            if self._loud:
                async with self._place:
                    await self._hear()
            else:
                self._events.put_nowait(SttFinal(text=""))
        except RefusedSocket as refused:
            self._events.put_nowait(STT_FAILURES.of_status(refused.status))
        except EngineError as error:
            self._events.put_nowait(error)

    async def _hear(self) -> None:
        try:
            await self._on_a_socket()
        except EngineError as error:
            if error.code != "stt_disconnected":
                raise
            await self._on_a_socket()

    async def _on_a_socket(self) -> None:
        """Say the utterance over a socket, and hear its words."""
        utterance = utterance_of(self._options, self._config)
        socket = await self._open_socket()
        speaking = asyncio.ensure_future(self._speak(socket, utterance))
        try:
            async with Deadline(self._options.timeout_s) as self._limit:
                async for message in socket.messages():
                    self._take(utterance, message)
                    if utterance.complete:
                        break
                    if utterance.final is not None:
                        self._limit.restart(_MORE_S)
        except (TimeoutError, EngineError) as error:
            if utterance.final is None:
                raise (
                    STT_FAILURES.silent(self._options.timeout_s) if isinstance(error, TimeoutError) else error
                ) from None
        finally:
            self._limit = None
            speaking.cancel()
            socket.close()
            await asyncio.gather(speaking, return_exceptions=True)
        assert utterance.final is not None
        self._events.put_nowait(self._as_settled(utterance.final))

    def _as_settled(self, heard: SttFinal) -> SttFinal:
        """With the words that were called final in their places."""
        text = self._settled.complete(heard.text)
        if text == heard.text:
            return heard
        words = place_words(text, [(word.text, word.start_ms, word.end_ms) for word in heard.words])
        return SttFinal(text=text, words=tuple(words))

    def _take(self, utterance: SocketUtterance, message: str | bytes) -> None:
        before, was_ready = utterance.text, utterance.ready
        alive = utterance.take(message)
        if self._limit and self._committed and alive:
            self._limit.restart(self._options.timeout_s)
        elif self._limit and utterance.ready and not was_ready:
            self._limit.restart(None)  # while somebody speaks, nothing is due
        if utterance.ready and not was_ready:
            self._changed.set()
        if utterance.text != before:
            shown = self._settled.update(utterance.text)
            self._events.put_nowait(SttPartial(text=shown, stable=len(self._settled.text)))

    async def _speak(self, socket: TranscriptionSocket, utterance: SocketUtterance) -> None:
        for message in utterance.opening():
            await socket.send(message)
        said = 0
        while True:
            self._changed.clear()
            while utterance.ready and said < len(self._pcm):
                piece = bytes(self._pcm[said : said + _STEP])
                said += len(piece)
                await socket.send(utterance.audio(piece))
            if utterance.ready and self._committed and said >= len(self._pcm):
                break
            await self._changed.wait()
        lacking = int(_LEAST_S * self._config.rate) * 2 - len(self._pcm)
        if lacking > 0:
            await socket.send(utterance.audio(bytes(lacking)))
        for message in utterance.ending():
            await socket.send(message)
        if self._limit:
            self._limit.restart(self._options.timeout_s)
