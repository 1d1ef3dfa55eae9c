"""One utterance of the `transcriptions` engine: kept here, and asked for as a whole."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from voxwire.engines.stt.placed_words import place_words
from voxwire.engines.stt.remote_stream import RemoteStream
from voxwire.engines.stt.settled_text import SettledText
from voxwire.engines.stt.stt_failures import STT_FAILURES
from voxwire.errors import EngineError
from voxwire.interfaces.stt import SttConfig, SttFinal, SttInterim, SttPartial

#: Endpoints take files of 25 MB; ten minutes at 16 kHz are 19.
_MOST_BYTES: Final = 24 * 1024 * 1024

#: Asks for the words of this audio; calls back with the text so far where it streams; whether somebody waits for it.
AskForWords = Callable[[bytes, Callable[[str], None], bool], Awaitable[SttFinal]]


class RequestedStream(RemoteStream):
    """A `ProbedSttStream`. At most one request is on its way at a time."""

    def __init__(self, config: SttConfig, ask: AskForWords, *, partial_s: float | None, streamed: bool) -> None:
        self._config = config
        self._ask = ask
        self._partial_bytes = None if partial_s is None else int(partial_s * config.rate) * 2
        self._asked = 0
        self._probes: list[int] = []
        # Words of an answer that is being written stay; those of a growing utterance may be taken back.
        self._settled = SettledText(append_only=streamed and partial_s is None)
        self._read: tuple[int, SttFinal] | None = None
        super().__init__()

    async def push(self, pcm: bytes) -> None:
        if self._over or len(self._pcm) > _MOST_BYTES:
            return  # too much already: the iteration says so
        self._keep(pcm)

    async def probe(self) -> None:
        self._probes.append(len(self._pcm))
        self._changed.set()

    # --- inside ---

    async def _work(self) -> None:
        try:
            while not (self._committed and not self._probes):
                self._changed.clear()
                if len(self._pcm) > _MOST_BYTES:
                    raise STT_FAILURES.failed("stt_too_long", "The utterance is too long for one request.")
                if self._probes:
                    reading = await self._words(self._probes.pop(0), urgent=True)
                    self._events.put_nowait(SttInterim(text=reading.text))
                elif self._partial_due():
                    await self._partial()
                else:
                    await self._changed.wait()
            self._events.put_nowait(await self._words(len(self._pcm), urgent=True))
        except EngineError as error:
            self._events.put_nowait(error)

    async def _partial(self) -> None:
        """Ask for the words so far, and give up where something more urgent comes."""
        asking = asyncio.ensure_future(self._words(len(self._pcm), urgent=False))
        try:
            while not asking.done() and not self._committed and not self._probes:
                self._changed.clear()
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({asking, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            if asking.done():
                self._show(asking.result().text)
        finally:
            asking.cancel()

    def _partial_due(self) -> bool:
        return self._partial_bytes is not None and self._loud and len(self._pcm) - self._asked >= self._partial_bytes

    async def _words(self, size: int, *, urgent: bool) -> SttFinal:
        """The words of the first `size` bytes; asked for once where nothing has come since."""
        if self._read is not None and self._read[0] == size:
            return self._read[1]
        self._asked = size
        if not self._loud:
            return SttFinal(text="")
        show = self._show if urgent and self._committed else _nothing
        reading = self._as_settled(await self._ask(bytes(self._pcm[:size]), show, urgent))
        self._read = (size, reading)
        return reading

    def _as_settled(self, reading: SttFinal) -> SttFinal:
        """With the words that were called final in their places."""
        text = self._settled.complete(reading.text)
        if text == reading.text:
            return reading
        words = place_words(text, [(word.text, word.start_ms, word.end_ms) for word in reading.words])
        return msgspec.structs.replace(reading, text=text, words=tuple(words), logprobs=None)

    def _show(self, text: str) -> None:
        shown = self._settled.update(text)
        if shown:
            self._events.put_nowait(SttPartial(text=shown, stable=len(self._settled.text)))


def _nothing(_: str) -> None:
    """Nobody is to be shown what a draft hears."""
