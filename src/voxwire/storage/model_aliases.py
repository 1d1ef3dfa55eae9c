"""Stored aliases: further names of deployments, per project."""

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import model_alias_table

#: Of all projects: a server holds all of them in memory.
MAX_ALIASES: Final = 2000


class TooManyAliases(Exception):
    """There are as many as a server can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAlias:
    """A name that stands for a deployment. `created_at` is in milliseconds since 1970."""

    project: str
    name: str
    deployment: str
    created_at: int
    created_by: str


class ModelAliases:
    """The aliases of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, project: str | None = None) -> list[ModelAlias]:
        """Those of a project, or of all, by name."""
        query = select(model_alias_table).order_by(model_alias_table.c.name, model_alias_table.c.project)
        if project is not None:
            query = query.where(model_alias_table.c.project == project)
        async with self._database.read() as connection:
            return [_alias(row) for row in await connection.execute(query)]

    async def point(
        self, project: str, name: str, deployment: str, *, by: str, reason: str | None = None
    ) -> tuple[ModelAlias, bool]:
        """Have a name stand for a deployment from now on; and whether the name is new. Raises TooManyAliases."""
        mine = (model_alias_table.c.project == project) & (model_alias_table.c.name == name)
        now = int(time.time() * 1000)
        values = {"deployment": deployment, "created_at": now, "created_by": by}
        async with self._database.write() as connection:
            await lock_project(connection, project, now)
            before = (await connection.execute(select(model_alias_table).where(mine))).first()
            if before is None:
                count = select(func.count()).select_from(model_alias_table)
                if (await connection.execute(count)).scalar_one() >= MAX_ALIASES:
                    raise TooManyAliases
                await connection.execute(insert(model_alias_table).values(project=project, name=name, **values))
            else:
                await connection.execute(update(model_alias_table).where(mine).values(**values))
            details = {"deployment": deployment} | ({"reason": reason} if reason else {})
            if before is not None and before.deployment != deployment:
                details["before"] = before.deployment
            await record_decision(
                connection, project=project, principal=by, action="alias.point", subject=name, details=details
            )
            await bump(connection)
        alias = ModelAlias(project=project, name=name, deployment=deployment, created_at=now, created_by=by)
        return alias, before is None

    async def remove(self, project: str, name: str, *, by: str, reason: str | None = None) -> bool:
        """Delete an alias; False if the project has none of this name."""
        mine = (model_alias_table.c.project == project) & (model_alias_table.c.name == name)
        async with self._database.write() as connection:
            before = (await connection.execute(select(model_alias_table).where(mine))).first()
            removed = (await connection.execute(delete(model_alias_table).where(mine))).rowcount > 0
            if removed and before is not None:
                details = {"deployment": before.deployment} | ({"reason": reason} if reason else {})
                await record_decision(
                    connection, project=project, principal=by, action="alias.delete", subject=name, details=details
                )
                await bump(connection)
            return removed


def _alias(row: Row[Any]) -> ModelAlias:
    return ModelAlias(**{name: getattr(row, name) for name in ModelAlias.__slots__})
