"""Changing stored quotas: what the command line and REST have in common. It brings SQLAlchemy along."""

import time
from collections.abc import Callable

from voxwire.config import QuotaLimits
from voxwire.errors import RequestRefused
from voxwire.storage.database import Database
from voxwire.storage.known_deployments import KnownDeployments
from voxwire.storage.quotas import MAX_QUOTAS, QuotaKind, StoredQuota, StoredQuotas, TooManyQuotas


class QuotaBook:
    """The stored quotas of a database. All raise StorageError. `by` is who does it: the id of a principal, or `cli`.

    `known` says which deployments can have one.
    """

    def __init__(self, database: Database, known: KnownDeployments, clock: Callable[[], float] = time.time) -> None:
        self.quotas = StoredQuotas(database)
        self._known = known
        self._clock = clock

    async def put(self, project: str, kind: QuotaKind, subject: str, limits: QuotaLimits, *, by: str) -> StoredQuota:
        """Set a quota: it takes the place of what the settings say, and of what was set before. Without any limit it
        bounds nothing. Keys and principals may have one before they come. Raises RequestRefused: 404 for a deployment
        that there is not, 409 where there are too many."""
        if kind == "deployment":
            await self._known.check(project, [subject], param="subject")
        quota = StoredQuota(
            project=project,
            kind=kind,
            subject=subject,
            limits=limits.model_dump(exclude_none=True),
            updated_at=int(self._clock() * 1000),
            updated_by=by,
        )
        try:
            await self.quotas.put(quota)
        except TooManyQuotas:
            raise RequestRefused(
                409, f"There are {MAX_QUOTAS} quotas, which is the limit: remove some.", code="too_many_quotas"
            ) from None
        return quota

    async def one(self, project: str, kind: QuotaKind, subject: str) -> StoredQuota:
        """Raises RequestRefused (404)."""
        quota = await self.quotas.one(project, kind, subject)
        if quota is None:
            raise _none(project, kind, subject)
        return quota

    async def remove(self, project: str, kind: QuotaKind, subject: str, *, by: str) -> None:
        """Forget a quota: what the settings say holds again. Raises RequestRefused (404)."""
        if not await self.quotas.remove(project, kind, subject, by):
            raise _none(project, kind, subject)


def _none(project: str, kind: QuotaKind, subject: str) -> RequestRefused:
    return RequestRefused(
        404,
        f"No quota was set for the {kind} {subject!r} of the project {project!r}.",
        code="quota_not_found",
        param="subject",
    )
