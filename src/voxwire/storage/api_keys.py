"""Stored keys: who made them, what they may do, and of the keys themselves a hash."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision, was_decided
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import api_key_table

KeyKind = Literal["primary", "secondary", "named"]

#: Keys in force at once, of all projects: a server holds all of them in memory, half a kilobyte each.
MAX_KEYS: Final = 20_000


#: Keys that are read at once: about 5 ms of the event loop.
_PAGE: Final = 500

#: How the decision is called by which a key is made.
_CREATED: Final = "key.create"


class KeyNameTaken(Exception):
    """The project has a key of this name that is in force."""


class KeyChanged(Exception):
    """The key that was to be replaced is no longer in force: somebody else has just rotated or revoked it."""


class TooManyKeys(Exception):
    """There are as many keys in force as a server can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key. Times are milliseconds since 1970. `deployments` are the only ones it may use; None is all."""

    id: str
    project: str
    name: str
    kind: KeyKind
    sha256: bytes
    hint: str
    roles: tuple[str, ...]
    deployments: tuple[str, ...] | None
    created_at: int
    created_by: str
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None

    def expired(self, now: int) -> bool:
        """Whether it has expired at `now`, in milliseconds since 1970."""
        return self.expires_at is not None and self.expires_at <= now


class ApiKeys:
    """The keys of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: StoredKey, *, replaces: str | None = None) -> None:
        """Keep a key; of `replaces`, the id of another one, it takes the place in the same moment.

        Makes its project. Raises KeyChanged, KeyNameTaken, TooManyKeys.
        """
        async with self._database.write() as connection:
            await lock_project(connection, key.project, key.created_at)
            if replaces is not None and not await _revoke(connection, replaces, key.created_at):
                raise KeyChanged
            if await _live(connection, key.project, key.name) is not None:
                raise KeyNameTaken
            count = select(func.count()).select_from(api_key_table).where(api_key_table.c.revoked_at.is_(None))
            if (await connection.execute(count)).scalar_one() >= MAX_KEYS:
                raise TooManyKeys
            await connection.execute(insert(api_key_table).values(**_columns(key)))
            action = _CREATED if replaces is None else "key.rotate"
            await _record(connection, action, key, key.created_by)
            await bump(connection)

    async def revoke(self, key: StoredKey, now: int, by: str) -> None:
        """End a key. Raises KeyChanged where it is no longer in force."""
        async with self._database.write() as connection:
            if not await _revoke(connection, key.id, now):
                raise KeyChanged
            await _record(connection, "key.revoke", key, by)
            await bump(connection)

    async def state(self) -> tuple[int | None, ...]:
        """Differs once a key was made or has ended; the first number is how many there are, those that have ended among
        them. Quick."""
        columns = api_key_table.c
        counted = (
            func.count(),
            func.count(columns.revoked_at),
            func.max(columns.created_at),
            func.max(columns.revoked_at),
        )
        async with self._database.read() as connection:
            return tuple((await connection.execute(select(*counted))).one())

    async def ever_made(self) -> bool:
        """Whether there ever was a key, also of a project that is gone with all that was its."""
        async with self._database.read() as connection:
            return await was_decided(connection, _CREATED)

    async def in_force(self) -> AsyncIterator[list[StoredKey]]:
        """All that are not revoked, of all projects, some at a time; some may have expired."""
        after = ""
        while True:
            query = select(api_key_table).where(api_key_table.c.revoked_at.is_(None), api_key_table.c.id > after)
            async with self._database.read() as connection:
                rows = (await connection.execute(query.order_by(api_key_table.c.id).limit(_PAGE))).all()
            if not rows:
                return
            after = rows[-1].id
            yield [_key(row) for row in rows]

    async def of_project(self, project: str, *, revoked: bool = False) -> list[StoredKey]:
        """The keys of a project, by name; with `revoked` those, too, that are no longer in force."""
        query = select(api_key_table).where(api_key_table.c.project == project)
        if not revoked:
            query = query.where(api_key_table.c.revoked_at.is_(None))
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(api_key_table.c.name, api_key_table.c.created_at))
            return [_key(row) for row in found]

    async def named(self, project: str, name: str) -> StoredKey | None:
        """The key in force of this name."""
        async with self._database.read() as connection:
            return await _live(connection, project, name)

    async def used(self, times: Mapping[str, int]) -> None:
        """Note when keys, by id, were last used. A later time that is there already stays. No change for servers."""
        async with self._database.write() as connection:
            for id, at in times.items():
                earlier = (api_key_table.c.last_used_at.is_(None)) | (api_key_table.c.last_used_at < at)
                await connection.execute(
                    update(api_key_table).where(api_key_table.c.id == id, earlier).values(last_used_at=at)
                )


async def _record(connection: AsyncConnection, action: str, key: StoredKey, by: str) -> None:
    details = {"id": key.id, "roles": key.roles, "deployments": key.deployments, "expires_at": key.expires_at}
    await record_decision(
        connection, project=key.project, principal=by, action=action, subject=key.name, details=details
    )


async def _revoke(connection: AsyncConnection, id: str, now: int) -> bool:
    live = (api_key_table.c.id == id) & api_key_table.c.revoked_at.is_(None)
    return (await connection.execute(update(api_key_table).where(live).values(revoked_at=now))).rowcount > 0


async def _live(connection: AsyncConnection, project: str, name: str) -> StoredKey | None:
    live = (api_key_table.c.project == project) & (api_key_table.c.name == name) & api_key_table.c.revoked_at.is_(None)
    row = (await connection.execute(select(api_key_table).where(live))).first()
    return None if row is None else _key(row)


def _columns(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "project": key.project,
        "name": key.name,
        "kind": key.kind,
        "sha256": key.sha256,
        "hint": key.hint,
        "roles": json.dumps(key.roles),
        "deployments": None if key.deployments is None else json.dumps(key.deployments),
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
    }


def _key(row: Row[Any]) -> StoredKey:
    return StoredKey(
        id=row.id,
        project=row.project,
        name=row.name,
        kind=row.kind,
        sha256=bytes(row.sha256),
        hint=row.hint,
        roles=tuple(json.loads(row.roles)),
        deployments=None if row.deployments is None else tuple(json.loads(row.deployments)),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
