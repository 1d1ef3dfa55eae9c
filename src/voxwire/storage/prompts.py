"""Stored prompts: texts under a name, in versions. A version never changes; one of them is the current one."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import project_table, prompt_table, prompt_version_table

MAX_VERSIONS: Final = 100
#: Of all projects: a server holds all of them in memory.
MAX_PROMPTS: Final = 1000
MAX_BYTES: Final = 32 * 1024 * 1024
#: Versions asked for at once: SQLite takes so many values in a statement.
_AT_A_TIME: Final = 200


class PromptNameTaken(Exception):
    """The project has a prompt of this name."""


class TooManyPrompts(Exception):
    """There are as many as a server can hold; the message says of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPrompt:
    """A prompt without its texts. `id` is another one for a prompt that was deleted and made anew; `current` is the
    version that is meant where none is named. Times are in milliseconds since 1970."""

    project: str
    name: str
    id: str
    current: int
    latest: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersion:
    """One text of a prompt; `prompt` is its id."""

    prompt: str
    version: int
    text: str
    created_at: int
    created_by: str


class Prompts:
    """The prompts of a database. All raise StorageError. Changes note who made them (`by`), and why."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, project: str | None = None) -> list[StoredPrompt]:
        """Those of a project, or of all, by name."""
        query = select(prompt_table).order_by(prompt_table.c.name, prompt_table.c.project)
        if project is not None:
            query = query.where(prompt_table.c.project == project)
        async with self._database.read() as connection:
            return [_prompt(row) for row in await connection.execute(query)]

    async def find(self, project: str, name: str) -> StoredPrompt | None:
        """The one of this name, if the project has it."""
        async with self._database.read() as connection:
            row = (await connection.execute(_one(project, name))).first()
        return None if row is None else _prompt(row)

    async def versions(self, prompt: StoredPrompt) -> list[PromptVersion]:
        """All versions of one, newest first."""
        table = prompt_version_table
        query = select(table).where(table.c.prompt == prompt.id).order_by(table.c.version.desc())
        async with self._database.read() as connection:
            return [_version(row) for row in await connection.execute(query)]

    async def texts(
        self, known: Collection[tuple[str, int]]
    ) -> tuple[list[StoredPrompt], set[tuple[str, int]], list[PromptVersion]]:
        """All prompts, the ids and numbers of all versions, and of these the ones that are not `known`."""
        table = prompt_version_table
        async with self._database.read() as connection:
            prompts = [_prompt(row) for row in await connection.execute(select(prompt_table))]
            there = {
                (row.prompt, row.version) for row in await connection.execute(select(table.c.prompt, table.c.version))
            }
            new = sorted(there.difference(known))
            found: list[PromptVersion] = []
            for start in range(0, len(new), _AT_A_TIME):
                asked = tuple_(table.c.prompt, table.c.version).in_(new[start : start + _AT_A_TIME])
                found += map(_version, await connection.execute(select(table).where(asked)))
        return prompts, there, found

    async def add(
        self, project: str, name: str, text: str, *, id: str, by: str, reason: str | None = None
    ) -> StoredPrompt:
        """Keep a new one, as its version 1; makes its project. Raises PromptNameTaken, TooManyPrompts."""
        now = int(time.time() * 1000)
        made = StoredPrompt(project=project, name=name, id=id, current=1, latest=1, created_at=now, updated_at=now)
        async with self._database.write() as connection:
            await lock_project(connection, project, now)
            if (await connection.execute(_one(project, name))).first() is not None:
                raise PromptNameTaken
            count = select(func.count()).select_from(prompt_table)
            if (await connection.execute(count)).scalar_one() >= MAX_PROMPTS:
                raise TooManyPrompts(f"There are {MAX_PROMPTS} prompts, which is all that a server holds.")
            values = {field: getattr(made, field) for field in StoredPrompt.__slots__}
            await connection.execute(insert(prompt_table).values(**values))
            await _keep(connection, made, text, by, now)
            await _note(connection, made, "prompt.create", by, reason, {"version": 1})
        return made

    async def add_version(
        self, project: str, name: str, text: str, *, current: bool, by: str, reason: str | None = None
    ) -> StoredPrompt | None:
        """Keep a further version, as the current one if `current`; None if there is no such prompt. Raises
        TooManyPrompts."""
        now = int(time.time() * 1000)
        async with self._database.write() as connection:
            found = await self._locked(connection, project, name, now)
            if found is None:
                return None
            if found.latest >= MAX_VERSIONS:
                raise TooManyPrompts(f"The prompt has {MAX_VERSIONS} versions, which is all that one can have.")
            version = found.latest + 1
            changed = {"latest": version, "updated_at": now} | ({"current": version} if current else {})
            await connection.execute(_change(found, changed))
            await _keep(connection, found, text, by, now, version)
            await _note(connection, found, "prompt.update", by, reason, {"version": version, "current": current})
            row = (await connection.execute(_one(project, name))).one()
        return _prompt(row)

    async def make_current(
        self, project: str, name: str, version: int, *, by: str, reason: str | None = None
    ) -> StoredPrompt | None:
        """Have another version be the current one; None if there is no such prompt, or no such version."""
        now = int(time.time() * 1000)
        async with self._database.write() as connection:
            found = await self._locked(connection, project, name, now)
            if found is None or not 1 <= version <= found.latest:
                return None
            await connection.execute(_change(found, {"current": version, "updated_at": now}))
            await _note(connection, found, "prompt.update", by, reason, {"current": version})
            row = (await connection.execute(_one(project, name))).one()
        return _prompt(row)

    async def remove(self, project: str, name: str, *, by: str, reason: str | None = None) -> bool:
        """Delete one with all its versions; False if there is none."""
        async with self._database.write() as connection:
            row = (await connection.execute(_one(project, name))).first()
            if row is None:
                return False
            gone = _prompt(row)
            await connection.execute(delete(prompt_table).where(prompt_table.c.id == gone.id))
            await _note(connection, gone, "prompt.delete", by, reason, {})
        return True

    async def _locked(self, connection: AsyncConnection, project: str, name: str, now: int) -> StoredPrompt | None:
        """One that nobody else changes until the transaction ends."""
        locked = select(project_table.c.id).where(project_table.c.id == project)
        if (await connection.execute(locked)).first() is None:
            return None
        await lock_project(connection, project, now)
        row = (await connection.execute(_one(project, name))).first()
        return None if row is None else _prompt(row)


def _one(project: str, name: str) -> Select[Any]:
    return select(prompt_table).where((prompt_table.c.project == project) & (prompt_table.c.name == name))


def _change(prompt: StoredPrompt, values: Mapping[str, int]) -> Any:
    return update(prompt_table).where(prompt_table.c.id == prompt.id).values(**values)


async def _keep(
    connection: AsyncConnection, prompt: StoredPrompt, text: str, by: str, now: int, version: int = 1
) -> None:
    size = len(text.encode())
    held = (await connection.execute(select(func.sum(prompt_version_table.c.size)))).scalar_one() or 0
    if held + size > MAX_BYTES:
        raise TooManyPrompts(f"All prompts together have {MAX_BYTES // 1024**2} MiB, which is all that a server holds.")
    values = {"prompt": prompt.id, "version": version, "text": text, "size": size, "created_at": now, "created_by": by}
    await connection.execute(insert(prompt_version_table).values(**values))


async def _note(
    connection: AsyncConnection,
    prompt: StoredPrompt,
    action: str,
    by: str,
    reason: str | None,
    details: Mapping[str, Any],
) -> None:
    await record_decision(
        connection,
        project=prompt.project,
        principal=by,
        action=action,
        subject=prompt.name,
        details={**details, **({"reason": reason} if reason else {})},
    )
    await bump(connection)


def _prompt(row: Row[Any]) -> StoredPrompt:
    return StoredPrompt(**{field: getattr(row, field) for field in StoredPrompt.__slots__})


def _version(row: Row[Any]) -> PromptVersion:
    return PromptVersion(**{field: getattr(row, field) for field in PromptVersion.__slots__})
