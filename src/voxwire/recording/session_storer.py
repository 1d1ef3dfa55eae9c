"""Stores sessions while they run: notes become chunks, and chunks go to the database, by a task of its own.

Nobody waits for it. While the database is lost, chunks wait, up to `MOST_WAITING_BYTES`; then the sessions that run are
stored no further, which their rows say, and their conversations go on.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final

from voxwire import __version__
from voxwire.errors import StorageError
from voxwire.recording.journal_format import JournalHeader, encode_journal
from voxwire.recording.notes import Notes, packed
from voxwire.recording.recorded_session import RecordedSession
from voxwire.recording.replay import plain_capabilities
from voxwire.runtime import SessionArguments, SessionFacts, StoringPolicy
from voxwire.storage.backlog import Backlog
from voxwire.storage.database import Database
from voxwire.storage.last_writes import last_writes

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.master_key import Cipher
    from voxwire.storage.sessions import SessionChunk, SessionEnd, Sessions, SessionStart
    from voxwire.storage.vault import Vault

logger = logging.getLogger("voxwire.recording")

#: How often the writer looks, in seconds.
_PERIOD_S: Final = 1.0
#: The longest that notes wait for others, in seconds: what a crash can lose.
_FLUSH_S: Final = 30.0
#: Notes of one session that wait for no more, in bytes.
_FLUSH_BYTES: Final = 256 * 1024
#: Chunks of all sessions that may wait for a database that is lost, in bytes; and ended sessions among them.
MOST_WAITING_BYTES: Final = 64 * 1024 * 1024
_MOST_SESSIONS: Final = 10_000
#: Sessions of one transaction: others write in between.
_BATCH: Final = 100
#: A session of which nothing was heard for so long has lost its server, in seconds; how often it is heard of.
_LOST_S: Final = 180.0
_ALIVE_S: Final = 60.0
_DAY_MS: Final = 86_400_000


@dataclass(eq=False, slots=True)
class _Recording:
    """One session on its way to the database."""

    header: JournalHeader
    project: str
    principal: str
    days: int
    notes: Notes
    flushed_at: float
    alive_at: float
    begun: bool = False
    """Its row is there."""
    whole: bool = True
    flagged: bool = False
    """It is to be marked."""
    ended_at: int | None = None
    chunks: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Lines and events, not encrypted yet."""
    written: int = 0
    """Chunks that are in the database."""

    @property
    def id(self) -> str:
        return self.header.session_id

    @property
    def waiting(self) -> int:
        """What is to be written, in bytes of memory, about."""
        return self.notes.size + sum(len(lines) + len(events) for lines, events in self.chunks)


class SessionStorer:
    """Implements `voxwire.runtime.SessionRecorder`. Use as `async with storer.running(): …`."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._clock = clock
        self._wall_clock = wall_clock
        self._recordings: dict[str, _Recording] = {}
        self._store: Sessions | None = None
        self._vault: Vault | None = None
        self._some = asyncio.Event()
        self._ending = False
        self._failing = False
        self.lost = 0
        """Sessions that could not be stored to their end."""

    # --- sessions -----------------------------------------------------------------------------------

    def session(
        self, facts: SessionFacts, policy: StoringPolicy, engines: str, arguments: SessionArguments
    ) -> RecordedSession | None:
        """A session that notes what it is told."""
        if self._ending or len(self._recordings) >= _MOST_SESSIONS:
            self.lost += 1
            return None
        now = self._clock()
        header = JournalHeader(
            software=__version__,
            session_id=facts.session_id,
            deployment=facts.deployment,
            engines=engines,
            policy=policy.what,
            config=arguments["config"],
            limits=arguments["limits"],
            capabilities=plain_capabilities(arguments["capabilities"]),
            now=arguments["now"],
            started_at=int(self._wall_clock() * 1000),
            expires_at=arguments["expires_at"],
            end_user=arguments["end_user"],
            fingerprint=arguments["fingerprint"],
        )
        notes = Notes(keep_audio=policy.what == "text+audio")
        self._recordings[facts.session_id] = _Recording(
            header, facts.principal.project, facts.principal.id, policy.days, notes, flushed_at=now, alive_at=now
        )
        self._some.set()
        return RecordedSession(notes, **arguments)

    def ended(self, session_id: str) -> None:
        """Nothing more is told to this session."""
        if recording := self._recordings.get(session_id):
            recording.ended_at = int(self._wall_clock() * 1000)

    def flag(self, session_id: str) -> None:
        """Mark that somebody should look at what is stored of this session, which runs. Waits for nothing; does nothing
        where it is not stored."""
        if recording := self._recordings.get(session_id):
            recording.flagged = True

    @property
    def waiting(self) -> int:
        """Sessions that are not stored to their end yet."""
        return len(self._recordings)

    @property
    def backlog(self) -> Backlog:
        """Of sessions: those that have ended and are not stored to their end yet, and those that never will be."""
        ended = sum(one.ended_at is not None for one in self._recordings.values())
        return Backlog(ended, self.lost)

    # --- the task -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the block lasts, and at its end what still waits."""
        task = asyncio.create_task(self._write_on(), name="store sessions")
        try:
            yield
        finally:
            self._ending = True
            self._some.set()
            await last_writes(task)
            if self._recordings:
                logger.error("%d conversations could not be stored to their end.", len(self._recordings))

    async def _write_on(self) -> None:
        while self._recordings or not self._ending:
            await self._some.wait()
            await self._look()
            if not self._recordings:
                self._some.clear()
            if self._recordings or not self._ending:
                await asyncio.sleep(0.05 if self._ending else _PERIOD_S)

    async def _look(self) -> None:
        """Write what is due. What cannot be written waits for the next look."""
        now = self._clock()
        due = [one for one in self._recordings.values() if self._due(one, now)]
        batches = [due[start : start + _BATCH] for start in range(0, len(due), _BATCH)]
        for batch in batches:  # all of them, also where nothing can be written: notes take more room
            await self._pack([one for one in batch if self._full(one, now)], now)
        for batch in batches:
            try:
                await self._write(batch, now)
            except Exception as error:
                if isinstance(error, StorageError) and error.kind != "failed":
                    self._tell(error)
                    break
                # A fault of ours: it would come again for ever, and keep everything behind it.
                logger.exception("%d conversations are not stored any further.", len(batch))
                for one in batch:
                    self._give_up(one)
                    self._recordings.pop(one.id, None)
            else:
                self._tell(None)
        self._bound()

    def _due(self, one: _Recording, now: float) -> bool:
        """Whether there is something to write."""
        return (
            not one.begun or bool(one.chunks) or one.flagged or now - one.alive_at >= _ALIVE_S or self._full(one, now)
        )

    def _full(self, one: _Recording, now: float) -> bool:
        """Whether its notes are to become a chunk."""
        return (
            one.ended_at is not None
            or not (one.written or one.chunks)
            or one.notes.size >= _FLUSH_BYTES
            or (bool(one.notes) and now - one.flushed_at >= _FLUSH_S)
        )

    async def _pack(self, batch: list[_Recording], now: float) -> None:
        """Make chunks of notes. It is done in a thread: much may have come."""
        full = [(one, one.notes.take()) for one in batch if one.notes]
        if not full:
            return

        def pack() -> list[tuple[bytes, bytes] | Exception]:
            made: list[tuple[bytes, bytes] | Exception] = []
            for _, taken in full:
                try:
                    made.append(packed(taken))
                except Exception as bug:  # text that is no Unicode: it is this session's alone
                    made.append(bug)
            return made

        for (one, _), chunk in zip(full, await asyncio.to_thread(pack), strict=True):
            one.flushed_at = now
            if isinstance(chunk, Exception):
                logger.error("%s: what it was told cannot be stored (%s).", one.id, type(chunk).__name__)
                self._give_up(one)
            else:
                one.chunks.append(chunk)

    async def _write(self, batch: list[_Recording], now: float) -> None:
        store = await self._open()
        from voxwire.storage.sessions import SessionWrites

        wall = int(self._wall_clock() * 1000)
        assert self._vault is not None
        ciphers = {project: await self._vault.key(project) for project in {one.project for one in batch}}
        sealed = await asyncio.to_thread(lambda: [_sealed(one, ciphers[one.project]) for one in batch])
        # A session may end at any moment. One whose last notes are no chunk yet says later that it has ended.
        over = [one for one in batch if one.ended_at is not None and not one.notes]
        begun = [one for one in batch if not one.begun]
        headers = await asyncio.to_thread(lambda: [_header(one, ciphers[one.project]) for one in begun])
        flagged = [one.id for one in batch if one.flagged]
        gone = await store.write(
            SessionWrites(
                now=wall,
                started=headers,
                chunks=[chunk for chunks in sealed for chunk in chunks],
                ended=[_end(one) for one in over],
                alive=[one.id for one in batch if one not in over],
                flagged=flagged,
                alive_until=wall + int(_LOST_S * 1000),
            )
        )
        for one, chunks in zip(batch, sealed, strict=True):
            one.begun, one.alive_at = True, now
            one.flagged = one.flagged and one.id not in flagged
            one.written += len(chunks)
            del one.chunks[: len(chunks)]
            if one.id in gone:
                one.notes.stop()
            if one.id in gone or (one in over and not one.flagged):
                self._recordings.pop(one.id, None)

    async def _open(self) -> "Sessions":
        if self._store is None:
            await asyncio.to_thread(import_module, "voxwire.storage.vault")
            await asyncio.to_thread(import_module, "voxwire.storage.sessions")
            from voxwire.storage.sessions import Sessions
            from voxwire.storage.vault import Vault

            self._vault = Vault(self._database)
            self._store = Sessions(self._database)
        return self._store

    # --- what goes wrong ----------------------------------------------------------------------------

    def _bound(self) -> None:
        """Too much waits: nothing more of these sessions is stored."""
        if sum(one.waiting for one in self._recordings.values()) <= MOST_WAITING_BYTES:
            return
        logger.error("Too much waits for the database; conversations that run now are stored no further.")
        for one in list(self._recordings.values()):
            self._give_up(one)
            if not one.begun:
                del self._recordings[one.id]

    def _give_up(self, one: _Recording) -> None:
        """Nothing more of it is stored than what is."""
        self.lost += one.whole
        one.whole = False
        one.notes.stop()
        one.chunks.clear()

    def _tell(self, error: StorageError | None) -> None:
        """Once when the database is lost, and once when it is back."""
        if error is not None and not self._failing:
            logger.error("%s What is to be stored of conversations waits.", error)
        elif error is None and self._failing:
            logger.warning("Conversations are stored in the database %s again.", self._database.address.shown)
        self._failing = error is not None


def _header(one: _Recording, cipher: "Cipher") -> "SessionStart":
    from voxwire.recording.sealing import header_place, seal
    from voxwire.storage.sessions import SessionStart

    header = one.header
    return SessionStart(
        id=one.id,
        project=one.project,
        deployment=header.deployment,
        principal=one.principal,
        end_user=header.end_user,
        policy=header.policy,
        started_at=header.started_at,
        expires_at=header.started_at + one.days * _DAY_MS,
        header=seal(cipher, encode_journal(header), header_place(one.id)),
    )


def _sealed(one: _Recording, cipher: "Cipher") -> "list[SessionChunk]":
    from voxwire.recording.sealing import chunk_place, seal
    from voxwire.storage.sessions import SessionChunk

    return [
        SessionChunk(
            session=one.id,
            number=number,
            lines=seal(cipher, lines, chunk_place(one.id, number, "lines")),
            events=seal(cipher, events, chunk_place(one.id, number, "events")),
        )
        for number, (lines, events) in enumerate(one.chunks, one.written)
    ]


def _end(one: _Recording) -> "SessionEnd":
    from voxwire.storage.sessions import SessionEnd

    assert one.ended_at is not None
    return SessionEnd(session=one.id, state="ended" if one.whole else "incomplete", ended_at=one.ended_at)
