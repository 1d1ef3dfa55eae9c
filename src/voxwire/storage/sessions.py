"""Stored sessions: a row for each, and what was recorded of it in chunks. What is said in them is encrypted by whoever
hands it in; here it is bytes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.schema import project_table, session_chunk_table, session_table
from voxwire.storage.vault import Vault

SessionState = Literal["running", "ended", "incomplete", "interrupted"]

#: Rows that one transaction deletes: others write in between.
PIECE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session, without what was said in it.

    Times are in milliseconds since 1970. `state`: `incomplete` lacks what came after some moment, `interrupted` lost
    its server. `flagged`: somebody should look at it. `size` is what is stored of it, in bytes.
    """

    id: str
    project: str
    deployment: str
    principal: str
    end_user: str | None
    policy: str
    state: SessionState
    flagged: bool
    size: int
    started_at: int
    ended_at: int | None
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """A session that has begun; `header` is encrypted."""

    id: str
    project: str
    deployment: str
    principal: str
    end_user: str | None
    policy: str
    started_at: int
    expires_at: int
    header: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChunk:
    """A piece of a recording, encrypted. Chunks of a session are numbered from 0 on."""

    session: str
    number: int
    lines: bytes
    events: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """A session has ended, or nothing more of it will come."""

    session: str
    state: SessionState
    ended_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWrites:
    """What one transaction writes. `alive` are sessions that run, and may be taken for lost at `alive_until`; `flagged`
    ones, which are among these or end, somebody should look at."""

    now: int
    started: Sequence[SessionStart] = ()
    chunks: Sequence[SessionChunk] = ()
    ended: Sequence[SessionEnd] = ()
    alive: Sequence[str] = ()
    flagged: Sequence[str] = ()
    alive_until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions a list has; None is any."""

    deployment: str | None = None
    end_user: str | None = None
    state: SessionState | None = None
    flagged: bool | None = None
    started_before: int | None = None
    equal: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in ("deployment", "end_user", "state", "flagged")}
        object.__setattr__(self, "equal", {name: value for name, value in given.items() if value is not None})


ANY_SESSION: Final = SessionFilter()


class Sessions:
    """The sessions of a database. All raise StorageError. One whose time is over is not found any more, whether its
    rows are gone already or not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- writing ------------------------------------------------------------------------------------

    async def write(self, writes: SessionWrites) -> set[str]:
        """Write all of it or nothing; what is there already, from a try whose end nobody saw, stays as it is. Returns
        the sessions that are not there any more, of which nothing was written: somebody has deleted them."""
        ids = {one.id for one in writes.started} | {one.session for one in writes.chunks}
        ids |= {one.session for one in writes.ended} | set(writes.alive)
        async with self._database.write() as connection:
            known, found = await _found(connection, ids, writes.now)
            projects = await _projects(connection, {one.project for one in writes.started})
            if new := [one for one in writes.started if one.id not in known and one.project in projects]:
                rows = [{**asdict(one), **_BEGUN, "alive_until": writes.alive_until} for one in new]
                await connection.execute(insert(session_table), rows)
                found |= {one.id: -1 for one in new}
            missing = [one for one in writes.chunks if one.session in found and one.number > found[one.session]]
            await _add_chunks(connection, missing)
            if alive := [id for id in writes.alive if id in found]:
                kept = update(session_table).where(session_table.c.id.in_(alive))
                await connection.execute(kept.values(alive_until=writes.alive_until))
            if flagged := [id for id in writes.flagged if id in found]:
                await connection.execute(
                    update(session_table).where(session_table.c.id.in_(flagged)).values(flagged=True)
                )
            for end in writes.ended:
                over = update(session_table).where(session_table.c.id == end.session)
                await connection.execute(over.values(state=end.state, ended_at=end.ended_at))
        return ids - found.keys()

    async def flag(self, project: str, id: str, flagged: bool = True) -> bool:
        """Mark that somebody should look at a session, or that somebody has. False where it is not stored."""
        one = (session_table.c.project == project) & (session_table.c.id == id)
        async with self._database.write() as connection:
            return (await connection.execute(update(session_table).where(one).values(flagged=flagged))).rowcount > 0

    # --- reading ------------------------------------------------------------------------------------

    async def find(self, project: str, id: str, now: int) -> tuple[StoredSession, bytes] | None:
        """A session of a project, and its header."""
        query = select(*_COLUMNS, session_table.c.header).where(_in_force(project, now), session_table.c.id == id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (_session(row), row.header)

    async def page(
        self, project: str, now: int, *, wanted: SessionFilter = ANY_SESSION, limit: int, after: str | None = None
    ) -> list[StoredSession]:
        """Sessions of a project, newest first; those after the session `after`, where one is named."""
        query = select(*_COLUMNS).where(_in_force(project, now))
        for name, value in wanted.equal.items():
            query = query.where(session_table.c[name] == value)
        if wanted.started_before is not None:
            query = query.where(session_table.c.started_at < wanted.started_before)
        place = session_table.c.started_at, session_table.c.id
        async with self._database.read() as connection:
            if after is not None:
                last = (await connection.execute(select(*place).where(session_table.c.id == after))).first()
                query = query.where(tuple_(*place) < tuple_(*last)) if last else query.where(session_table.c.id == "")
            found = await connection.execute(query.order_by(*(column.desc() for column in place)).limit(limit))
            return [_session(row) for row in found]

    async def chunks(self, id: str, *, lines: bool = True, after: int = -1, limit: int = 16) -> list[SessionChunk]:
        """The next chunks of a session. Without `lines`, only what clients were told."""
        table = session_chunk_table.c
        columns = (table.number, table.events, *((table.lines,) if lines else ()))
        query = select(*columns).where(table.session == id, table.number > after).order_by(table.number).limit(limit)
        async with self._database.read() as connection:
            return [
                SessionChunk(session=id, number=row.number, lines=row.lines if lines else b"", events=row.events)
                for row in await connection.execute(query)
            ]

    # --- deleting -----------------------------------------------------------------------------------

    async def expire(
        self, project: str, *, by: str, now: int, id: str | None = None, end_user: str | None = None
    ) -> int:
        """End the time of one session, or of all of an end user; how many that were. `purge` deletes their rows."""
        which = session_table.c.id == id if id is not None else session_table.c.end_user == end_user
        async with self._database.write() as connection:
            over = update(session_table).where(_in_force(project, now), which).values(expires_at=0)
            count = (await connection.execute(over)).rowcount
            if count:
                # Whose they were is not told: it is part of what shall be gone.
                subject = id if id is not None else "sessions of an end user"
                await _note(connection, project, by, subject, count)
            return count

    async def expire_all(self, project: str, vault: Vault, *, by: str, now: int) -> int:
        """End the time of all sessions of a project, and delete its key, so that nothing of it can be read anywhere;
        how many that were."""
        async with self._database.write() as connection:
            over = update(session_table).where(_in_force(project, now)).values(expires_at=0)
            count = (await connection.execute(over)).rowcount
            if await vault.delete_key(connection, project) or count:
                await _note(connection, project, by, "all sessions, and the project's key", count)
            return count

    async def purge(self, now: int) -> int:
        """Delete at most `PIECE` rows of sessions whose time is over; how many that were. 0: nothing is left."""
        chunk, session = session_chunk_table.c, session_table.c
        async with self._database.write() as connection:
            over = select(chunk.session, chunk.number).join(session_table).where(session.expires_at <= now).limit(PIECE)
            gone = delete(session_chunk_table).where(tuple_(chunk.session, chunk.number).in_(over))
            if deleted := (await connection.execute(gone)).rowcount:
                return deleted
            empty = ~exists().where(chunk.session == session.id)
            ended = select(session.id).where(session.expires_at <= now, empty).limit(PIECE)
            return (await connection.execute(delete(session_table).where(session.id.in_(ended)))).rowcount

    async def mark_lost(self, now: int) -> int:
        """Running sessions of which nothing was heard any more have lost their server; how many that were."""
        lost = (session_table.c.state == "running") & (session_table.c.alive_until < now)
        values = {"state": "interrupted", "ended_at": session_table.c.alive_until}
        async with self._database.write() as connection:
            return (await connection.execute(update(session_table).where(lost).values(values))).rowcount


_COLUMNS: Final = tuple(session_table.c[name] for name in StoredSession.__dataclass_fields__)
_BEGUN: Final = {"state": "running", "flagged": False, "size": 0}


def _in_force(project: str, now: int) -> ColumnElement[bool]:
    return (session_table.c.project == project) & (session_table.c.expires_at > now)


def _session(row: Any) -> StoredSession:
    return StoredSession(**{name: getattr(row, name) for name in StoredSession.__dataclass_fields__})


async def _found(connection: AsyncConnection, ids: set[str], now: int) -> tuple[set[str], dict[str, int]]:
    """Of these sessions, those that have rows, and for each whose time is not over the number of its last chunk; -1 for
    none."""
    session, chunk = session_table.c, session_chunk_table.c
    last = select(func.max(chunk.number)).where(chunk.session == session.id).scalar_subquery()
    query = select(session.id, session.expires_at, func.coalesce(last, -1)).where(session.id.in_(ids))
    rows = (await connection.execute(query)).all()
    return {id for id, _, _ in rows}, {id: number for id, expires_at, number in rows if expires_at > now}


async def _projects(connection: AsyncConnection, ids: set[str]) -> set[str]:
    if not ids:
        return set()
    return set((await connection.execute(select(project_table.c.id).where(project_table.c.id.in_(ids)))).scalars())


async def _add_chunks(connection: AsyncConnection, chunks: Sequence[SessionChunk]) -> None:
    if not chunks:
        return
    await connection.execute(insert(session_chunk_table), [asdict(one) for one in chunks])
    sizes: defaultdict[str, int] = defaultdict(int)
    for one in chunks:
        sizes[one.session] += len(one.lines) + len(one.events)
    grown = update(session_table).where(session_table.c.id == bindparam("grows"))
    added = [{"grows": id, "added": size} for id, size in sizes.items()]
    await connection.execute(grown.values(size=session_table.c.size + bindparam("added")), added)


async def _note(connection: AsyncConnection, project: str, by: str, subject: str, count: int) -> None:
    await record_decision(
        connection,
        project=project,
        principal=by,
        action="session.delete",
        subject=subject,
        details={"sessions": count},
    )
