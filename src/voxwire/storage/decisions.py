"""Who changed what, and why: a line for every change that a person or a program made by the API or a command."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.schema import decision_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A change. `at` is in milliseconds since 1970; `action` is like `deployment.create`, `subject` what was changed.
    `details` hold no secret; its `reason` is what the one who decided has said."""

    id: int
    at: int
    project: str
    principal: str
    action: str
    subject: str
    details: Mapping[str, Any]


async def record_decision(
    connection: AsyncConnection,
    *,
    project: str,
    principal: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note a change in the transaction that makes it."""
    await connection.execute(
        insert(decision_table).values(
            at=int(time.time() * 1000),
            project=project,
            principal=principal,
            action=action,
            subject=subject,
            details=json.dumps(details or {}),
        )
    )


async def was_decided(connection: AsyncConnection, action: str) -> bool:
    """Whether there ever was such a change, in any project, also in one that is gone."""
    found = select(decision_table.c.id).where(decision_table.c.action == action).limit(1)
    return (await connection.execute(found)).first() is not None


class Decisions:
    """The decisions of a database. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, project: str, limit: int, before: int | None = None) -> list[Decision]:
        """The last ones of a project, newest first; `before` is an id."""
        query = select(decision_table).where(decision_table.c.project == project)
        if before is not None:
            query = query.where(decision_table.c.id < before)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(decision_table.c.id.desc()).limit(limit))
            return [
                Decision(
                    id=row.id,
                    at=row.at,
                    project=row.project,
                    principal=row.principal,
                    action=row.action,
                    subject=row.subject,
                    details=json.loads(row.details),
                )
                for row in found
            ]
