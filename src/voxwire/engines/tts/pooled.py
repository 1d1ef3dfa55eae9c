"""The host's side of a voice engine in worker processes: clauses in, audio out."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from voxwire.engines.tts.clause_queue import ClauseQueue
from voxwire.engines.tts.clauses import Clause, ClauseSizes
from voxwire.engines.tts.messages import Piece, Speak
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.errors import EngineError
from voxwire.interfaces.engine import Claim, Word
from voxwire.interfaces.tts import TtsAudio, TtsCapabilities, TtsConfig

_PIECES: Final = msgspec.msgpack.Decoder(Piece)
#: How long a clause waits for a free worker: many times what any clause takes.
_LEASE_S: Final = 10.0
#: A clause of the longest kind, spoken slowly, fits: a client that does not read holds no worker.
SEND_WINDOW: Final = 4 * 1024 * 1024


class PooledTts:
    """A `TtsEngine` whose voices live in worker processes.

    `settings` maps the voice names of `capabilities` to what the worker needs to know about each.
    """

    def __init__(
        self,
        capabilities: TtsCapabilities,
        settings: Mapping[str, dict[str, Any]],
        spec: WorkerSpec,
        *,
        size: int | None = None,
        clauses: ClauseSizes = ClauseSizes(),  # noqa: B008 - it is a constant
    ) -> None:
        self._capabilities = capabilities
        self._settings = settings
        self._clauses = clauses
        self.pool: WorkerPool[Piece] = WorkerPool(spec, _PIECES, size=size)

    @property
    def capabilities(self) -> TtsCapabilities:
        return self._capabilities

    async def start(self) -> None:
        """Raises ConfigurationError when the voice library cannot be loaded."""
        await self.pool.start()

    async def close(self) -> None:
        await self.pool.close()

    def open(self, config: TtsConfig) -> "PooledTtsStream":
        """Begin an answer. Raises EngineError for a voice or a speed that this engine does not have."""
        settings = self._settings.get(config.voice)
        if settings is None:
            raise EngineError("tts", "unknown_voice", f"There is no voice named {config.voice!r}.")
        if not 0.25 <= config.speed <= 1.5:
            raise EngineError("tts", "invalid_speed", "The speed must be between 0.25 and 1.5.")
        return PooledTtsStream(self.pool, settings, config, self._capabilities.rate, self._clauses)


class PooledTtsStream:
    """One spoken answer. A worker is leased for each clause, while it is synthesised."""

    def __init__(
        self, pool: WorkerPool[Piece], settings: dict[str, Any], config: TtsConfig, rate: int, clauses: ClauseSizes
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._speed = config.speed
        self._claim: Claim = config.claim
        self._bytes_per_ms = rate * 2 / 1000
        self._clauses = ClauseQueue(clauses)
        self._leasing: asyncio.Task[Stream[Piece]] | None = None
        self._lease: Stream[Piece] | None = None
        self._clock_ms = 0.0
        self._spoken_to = 0

    async def feed(self, text: str) -> None:
        self._clauses.feed(text)

    async def flush(self) -> None:
        self._clauses.flush()

    async def cancel(self) -> None:
        self._clauses.close()
        if self._leasing:
            self._leasing.cancel()
        if self._lease:
            self._lease.cancel()

    async def __aiter__(self) -> AsyncIterator[TtsAudio]:
        while clause := await self._clauses.next():
            lease = self._lease = await self._leased()
            if lease is None:
                return
            try:
                await lease.send(Speak(clause.text, self._settings, self._speed))
                clause_ms = self._clock_ms
                async for piece in lease:
                    yield self._audio(clause, clause_ms, piece)
                    if self._clauses.closed:
                        return
            finally:
                lease.cancel()
                self._lease = None

    async def _leased(self) -> Stream[Piece] | None:
        """A worker; None when cancelled meanwhile. Raises EngineBusy or EngineDied."""
        if self._clauses.closed:
            return None
        self._leasing = asyncio.ensure_future(self._pool.lease(_LEASE_S, self._claim))
        try:
            return await self._leasing
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._clauses.closed and not (task and task.cancelling()):
                return None
            raise
        finally:
            self._leasing = None

    def _audio(self, clause: Clause, clause_ms: float, piece: Piece) -> TtsAudio:
        """The piece on the stream's clock, its characters counted over all text fed."""
        chars_from = self._spoken_to
        self._spoken_to = max(chars_from, clause.start + piece.chars_to)
        self._clock_ms += len(piece.pcm) / self._bytes_per_ms
        words = tuple(
            Word(
                text=clause.text[word.start : word.end],
                start=clause.start + word.start,
                end=clause.start + word.end,
                start_ms=clause_ms + word.start_ms,
                end_ms=clause_ms + word.end_ms,
            )
            for word in piece.words
        )
        return TtsAudio(pcm=piece.pcm, chars_from=chars_from, chars_to=self._spoken_to, words=words)
