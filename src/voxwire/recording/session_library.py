"""Stored sessions, found and read."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from voxwire.errors import StorageError
from voxwire.recording.journal_format import JournalHeader, Told, decode_header, decode_lines, decode_told
from voxwire.recording.replay import Chunk
from voxwire.recording.retention import purge_sessions
from voxwire.recording.sealing import chunk_place, header_place, unseal
from voxwire.storage.database import Database
from voxwire.storage.master_key import Cipher
from voxwire.storage.sessions import ANY_SESSION, SessionFilter, Sessions, StoredSession
from voxwire.storage.vault import Vault

#: Chunks that are held at once: those with sound in them have a quarter of a megabyte.
_FEW: Final = 8
_MANY: Final = 64

_Decoded = TypeVar("_Decoded")


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A stored session that can be read, chunk by chunk: a long one is more than fits into memory."""

    stored: StoredSession
    header: JournalHeader
    _store: Sessions
    _cipher: Cipher

    async def told(self) -> AsyncIterator[list[Told]]:
        """What clients were told. Raises StorageError."""
        async for number, _, events in self._sealed(lines=False):
            yield await asyncio.to_thread(self._decoded, events, number, "events", decode_told)

    async def chunks(self) -> AsyncIterator[Chunk]:
        """All of it. Raises StorageError."""
        async for number, lines, events in self._sealed(lines=True):
            yield await asyncio.to_thread(self._chunk, number, lines, events)

    def _chunk(self, number: int, lines: bytes, events: bytes) -> Chunk:
        told = self._decoded(events, number, "events", decode_told)
        return self._decoded(lines, number, "lines", decode_lines), told

    async def _sealed(self, *, lines: bool) -> AsyncIterator[tuple[int, bytes, bytes]]:
        number = -1
        while page := await self._store.chunks(
            self.stored.id, lines=lines, after=number, limit=_FEW if lines else _MANY
        ):
            for chunk in page:
                number = chunk.number
                yield number, chunk.lines, chunk.events

    def _decoded(self, sealed: bytes, number: int, column: str, decode: Callable[[bytes], _Decoded]) -> _Decoded:
        return _read(decode, self._cipher, sealed, chunk_place(self.stored.id, number, column))


class SessionLibrary:
    """The stored sessions of a database. All raise StorageError; one of another project is not found."""

    def __init__(self, database: Database, wall_clock: Callable[[], float] = time.time) -> None:
        self.store: Final = Sessions(database)
        self._database = database
        self._vault = Vault(database)
        self._wall_clock = wall_clock

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self._wall_clock() * 1000)

    async def page(
        self, project: str, *, wanted: SessionFilter = ANY_SESSION, limit: int, after: str | None = None
    ) -> list[StoredSession]:
        """Sessions of a project, newest first; nothing of what was said in them is read."""
        return await self.store.page(project, self.now(), wanted=wanted, limit=limit, after=after)

    async def open(self, project: str, id: str) -> OpenedSession | None:
        """A session of a project, to be read; None where it is not stored, or not any more."""
        found = await self.store.find(project, id, self.now())
        if found is None:
            return None
        stored, sealed = found
        cipher = await self._vault.existing_key(project)
        if cipher is None:
            raise StorageError("refused", f"The key of the project {project!r} was deleted: nothing of it can be read.")
        header = await asyncio.to_thread(_read, decode_header, cipher, sealed, header_place(id))
        return OpenedSession(stored, header, self.store, cipher)

    async def delete(self, project: str, *, by: str, id: str | None = None, end_user: str | None = None) -> int:
        """Delete one session, or all of an end user; how many that were. They are gone at once, and their rows soon."""
        count = await self.store.expire(project, by=by, now=self.now(), id=id, end_user=end_user)
        await purge_sessions(self._database, self._wall_clock)
        return count

    async def delete_all(self, project: str, *, by: str) -> int:
        """Delete all sessions of a project, and its key: whatever was encrypted with it can be read nowhere any more,
        in backups of the database neither."""
        count = await self.store.expire_all(project, self._vault, by=by, now=self.now())
        await purge_sessions(self._database, self._wall_clock)
        return count


def _read(decode: Callable[[bytes], _Decoded], cipher: Cipher, sealed: bytes, place: str) -> _Decoded:
    try:
        return decode(unseal(cipher, sealed, place))
    except msgspec.MsgspecError:
        raise StorageError("newer", f"What is stored at {place} was written by another version of Voxwire.") from None
