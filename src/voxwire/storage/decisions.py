"""Who changed what, and why: a line for every change that a person or a program made by the API or a command."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.schema import decision_table

#: Beginnings of actions that are about deployments.
_OF_DEPLOYMENTS: Final = ("deployment", "quota", "alias")
#: Decisions that are looked through at once.
_PAGE: Final = 1000


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

    @property
    def deployments(self) -> frozenset[str]:
        """Names of the deployments that it was about: one itself, its quota, an alias of it."""
        match self.action.partition(".")[0], self.subject.split("/"):
            case "deployment", _:
                return frozenset({self.subject})
            case "quota", ["deployment", name]:
                return frozenset({name})
            case "alias", _:
                return frozenset({self.details[name] for name in ("deployment", "before") if name in self.details})
        return frozenset()


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

    async def newest(
        self, project: str, limit: int, before: int | None = None, *, of: frozenset[str] | None = None
    ) -> list[Decision]:
        """The last ones of a project, newest first; `before` is an id. With `of` only those that are about these
        deployments and no other."""
        query = select(decision_table).where(decision_table.c.project == project).order_by(decision_table.c.id.desc())
        if of is None:
            return await self._page(query, limit, before)
        query = query.where(or_(*(decision_table.c.action.startswith(f"{what}.") for what in _OF_DEPLOYMENTS)))
        found: list[Decision] = []
        while len(found) < limit:
            page = await self._page(query, _PAGE, before)
            found += [one for one in page if one.deployments and one.deployments <= of]
            if len(page) < _PAGE:
                break
            before = page[-1].id
        return found[:limit]

    async def _page(self, query: Select[Any], limit: int, before: int | None) -> list[Decision]:
        if before is not None:
            query = query.where(decision_table.c.id < before)
        async with self._database.read() as connection:
            return [_decision(row) for row in await connection.execute(query.limit(limit))]


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        id=row.id,
        at=row.at,
        project=row.project,
        principal=row.principal,
        action=row.action,
        subject=row.subject,
        details=json.loads(row.details),
    )
