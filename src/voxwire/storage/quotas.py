"""Quotas that somebody has set: of a deployment, a key, a principal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Row, delete, func, insert, select

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import quota_table

QuotaKind = Literal["deployment", "key", "principal"]

#: Of all projects: a server holds all of them in memory.
MAX_QUOTAS: Final = 20_000


class TooManyQuotas(Exception):
    """There are as many quotas as a server can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuota:
    """What one may use. `subject` is the name of a deployment or of a key, or the id of a principal. `limits` has a
    number for each limit that there is. `updated_at` is in milliseconds since 1970."""

    project: str
    kind: QuotaKind
    subject: str
    limits: Mapping[str, int]
    updated_at: int
    updated_by: str


class StoredQuotas:
    """The quotas of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, quota: StoredQuota) -> None:
        """Keep a quota in the place of the one that there was. Makes its project. Raises TooManyQuotas."""
        async with self._database.write() as connection:
            await lock_project(connection, quota.project, quota.updated_at)
            await connection.execute(delete(quota_table).where(_same(quota.project, quota.kind, quota.subject)))
            count = select(func.count()).select_from(quota_table)
            if (await connection.execute(count)).scalar_one() >= MAX_QUOTAS:
                raise TooManyQuotas
            await connection.execute(
                insert(quota_table).values(
                    project=quota.project,
                    kind=quota.kind,
                    subject=quota.subject,
                    spec=json.dumps(dict(quota.limits)),
                    updated_at=quota.updated_at,
                    updated_by=quota.updated_by,
                )
            )
            await record_decision(
                connection,
                project=quota.project,
                principal=quota.updated_by,
                action="quota.set",
                subject=f"{quota.kind}/{quota.subject}",
                details=dict(quota.limits),
            )
            await bump(connection)

    async def remove(self, project: str, kind: QuotaKind, subject: str, by: str) -> bool:
        """Forget a quota; False if there is none."""
        async with self._database.write() as connection:
            removed = await connection.execute(delete(quota_table).where(_same(project, kind, subject)))
            if not removed.rowcount:
                return False
            await record_decision(
                connection, project=project, principal=by, action="quota.remove", subject=f"{kind}/{subject}"
            )
            await bump(connection)
            return True

    async def one(self, project: str, kind: QuotaKind, subject: str) -> StoredQuota | None:
        """The quota of one of them; None if none was set."""
        async with self._database.read() as connection:
            found = await connection.execute(select(quota_table).where(_same(project, kind, subject)))
            row = found.first()
            return None if row is None else _quota(row)

    async def all(self, project: str | None = None) -> list[StoredQuota]:
        """Those of a project, or of all, by kind and subject."""
        query = select(quota_table).order_by(quota_table.c.project, quota_table.c.kind, quota_table.c.subject)
        if project is not None:
            query = query.where(quota_table.c.project == project)
        async with self._database.read() as connection:
            return [_quota(row) for row in await connection.execute(query)]


def _same(project: str, kind: str, subject: str) -> Any:
    return (quota_table.c.project == project) & (quota_table.c.kind == kind) & (quota_table.c.subject == subject)


def _quota(row: Row[Any]) -> StoredQuota:
    return StoredQuota(
        project=row.project,
        kind=row.kind,
        subject=row.subject,
        limits=json.loads(row.spec),
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
