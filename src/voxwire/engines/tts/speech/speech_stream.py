"""One spoken answer of the `speech` engine: a request for each clause, audio as it comes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Final

from voxwire.engines.tts.clause_queue import ClauseQueue
from voxwire.engines.tts.clauses import Clause, ClauseSizes
from voxwire.interfaces.tts import TtsAudio

#: The speech of a text, in pieces. Raises EngineError; leaving it closes the socket.
Ask = Callable[[str], AsyncGenerator[bytes, None]]
#: So much of the audio at hand is held back, because the last of a clause says that it is over.
_HELD_MS: Final = 20


class Tempo:
    """How many characters a second the endpoint speaks, learnt from what it has spoken: where the audio of a clause is
    in its text, nobody says before it is over."""

    def __init__(self) -> None:
        self._characters_s = 15.0

    def heard(self, seconds: float) -> int:
        """Characters that so many seconds of speech are."""
        return int(seconds * self._characters_s)

    def learn(self, characters: int, seconds: float) -> None:
        """So many characters took so long."""
        if characters >= 20 and seconds > 0.5:
            measured = min(max(characters / seconds, 3.0), 40.0)
            self._characters_s += (measured - self._characters_s) / 4


class SpeechStream:
    """Implements `TtsStream`."""

    def __init__(self, sizes: ClauseSizes, ask: Ask, rate: int, tempo: Tempo) -> None:
        self._clauses = ClauseQueue(sizes)
        self._ask = ask
        self._bytes_per_s = 2 * rate
        self._held_bytes = 2 * (rate * _HELD_MS // 1000)
        self._tempo = tempo
        self._spoken_to = 0
        self._pieces: AsyncGenerator[bytes, None] | None = None
        self._step: asyncio.Task[bytes | None] | None = None

    async def feed(self, text: str) -> None:
        self._clauses.feed(text)

    async def flush(self) -> None:
        self._clauses.flush()

    async def cancel(self) -> None:
        self._clauses.close()
        if self._step is not None:
            self._step.cancel()
            await asyncio.wait({self._step})
        await self._leave()

    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        while clause := await self._clauses.next():
            if any(map(str.isalnum, clause.text)):
                async for audio in self._speak(clause):
                    yield audio
                    if self._clauses.closed:
                        return

    async def _speak(self, clause: Clause) -> AsyncIterator[TtsAudio]:
        end = clause.start + len(clause.text)
        made, held = 0, b""
        self._pieces = self._ask(clause.text.strip())
        try:
            while (piece := await self._next()) is not None:
                held += piece
                if len(held) > self._held_bytes:
                    pcm, held = held[: -self._held_bytes], held[-self._held_bytes :]
                    made += len(pcm)
                    heard = clause.start + self._tempo.heard(made / self._bytes_per_s)
                    yield self._audio(pcm, min(heard, end - 1))
        finally:
            await self._leave()
        if not self._clauses.closed:
            self._tempo.learn(len(clause.text), (made + len(held)) / self._bytes_per_s)
            yield self._audio(held, end)

    async def _next(self) -> bytes | None:
        """What the endpoint sends next; None at the end, and once the answer was cancelled."""
        if self._pieces is None or self._clauses.closed:
            return None
        self._step = asyncio.ensure_future(_anext(self._pieces))
        try:
            return await self._step
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._clauses.closed and not (task and task.cancelling()):
                return None
            raise
        finally:
            self._step = None

    async def _leave(self) -> None:
        """Close the socket, if the clause is not over."""
        pieces, self._pieces = self._pieces, None
        if pieces is not None:
            await pieces.aclose()

    def _audio(self, pcm: bytes, chars_to: int) -> TtsAudio:
        chars_from, self._spoken_to = self._spoken_to, max(self._spoken_to, chars_to)
        return TtsAudio(pcm=pcm, chars_from=chars_from, chars_to=self._spoken_to)


async def _anext(pieces: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(pieces, None)
