"""Which quota holds for whom: what is stored for it, else what its settings say, else that of its kind."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module

from voxwire.config import QuotaLimits, QuotaSettings
from voxwire.quotas.scope import ScopeName
from voxwire.runtime import LOCAL, UNBOUNDED, Quota
from voxwire.storage.database import Database

_NAMES = tuple(field.name for field in fields(Quota))


def quota_of(limits: QuotaLimits) -> Quota:
    """What settings say, for the runtime."""
    return Quota(**{name: getattr(limits, name) for name in _NAMES})


class QuotaRules:
    """`settings` are those of each kind; `database` may have others, which `reload` brings."""

    def __init__(self, settings: QuotaSettings, database: Database | None = None) -> None:
        self._kinds = {kind: quota_of(getattr(settings, kind)) for kind in ("deployment", "key", "principal")}
        self._database = database
        self._stored: Mapping[tuple[str, str, str], Quota] = {}

    def of(self, name: ScopeName, own: Quota = UNBOUNDED) -> Quota:
        """`own` is what the settings of the deployment itself say."""
        stored = self._stored.get((name.project or LOCAL, name.kind, name.subject))
        if stored is not None:
            return stored
        return own if own != UNBOUNDED else self._kinds[name.kind]

    async def reload(self) -> None:
        """Read what is stored now. Raises StorageError; then everything stays as it was."""
        if self._database is None or not await self._database.exists():
            return
        await asyncio.to_thread(import_module, "voxwire.storage.quotas")
        from voxwire.storage.quotas import StoredQuotas

        stored = await StoredQuotas(self._database).all()
        self._stored = {(one.project, one.kind, one.subject): Quota(**one.limits) for one in stored}
