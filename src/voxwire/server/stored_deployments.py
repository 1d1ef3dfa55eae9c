"""The deployments of the store in the directory of a running server: what is stored is hosted, what changes is hosted
anew, and what is deleted goes. Sessions that run end as they began."""

import asyncio
import logging
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from voxwire.config import DeploymentSettings, Settings
from voxwire.runtime import LocalDirectory
from voxwire.server.build import DeploymentHost
from voxwire.storage.database import Database

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.deployments import StoredDeployment

logger = logging.getLogger("voxwire.server")

#: How long a reading waits for deployments to be made; the others come when their libraries have been loaded.
_WAIT_S: Final = 0.5

#: Project and name.
Key = tuple[str, str]


class StoredDeployments:
    """Follows the store. `read` is for `StoreWatch.subscribe`."""

    def __init__(self, settings: Settings, database: Database, directory: LocalDirectory, host: DeploymentHost) -> None:
        self._declared = frozenset(settings.declared_deployments)
        self._database = database
        self._directory = directory
        self._host = host
        self._known: dict[Key, StoredDeployment] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._complained: set[Key] = set()
        self._started = False

    async def read(self) -> None:
        """Host what is stored now. Raises StorageError."""
        stored = await self._all()
        for key in self._known.keys() - stored.keys():
            del self._known[key]
            self._directory.remove(key[1], key[0])
        changed = [one for key, one in stored.items() if not _same(self._known.get(key), one)]
        self._known |= {(one.project, one.name): one for one in changed}
        tasks = [asyncio.create_task(self._make(one), name=f"make {one.name}") for one in changed]
        self._tasks.update(tasks)
        for task in tasks:
            task.add_done_callback(self._tasks.discard)
        if tasks:
            # A start waits for all of them: then their engines start with those of the settings.
            await asyncio.wait(tasks, timeout=_WAIT_S if self._started else None)

    def start(self) -> None:
        """The server runs from now on: readings wait for deployments to be made only for a moment."""
        self._started = True

    async def close(self) -> None:
        """Stop making what is not made yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _all(self) -> "dict[Key, StoredDeployment]":
        """Those that may be hosted; the aliases are taken over at once."""
        await asyncio.to_thread(import_module, "voxwire.storage.deployments")
        await asyncio.to_thread(import_module, "voxwire.storage.model_aliases")
        from voxwire.storage.deployments import Deployments
        from voxwire.storage.model_aliases import ModelAliases

        stored = await Deployments(self._database).all()
        self._directory.alias(
            {(one.project, one.name): one.deployment for one in await ModelAliases(self._database).all()}
        )
        return {(one.project, one.name): one for one in self._usable(stored)}

    def _usable(self, stored: "Iterable[StoredDeployment]") -> "Iterable[StoredDeployment]":
        for one in stored:
            why = one.fault
            if one.name in self._declared:
                why = "the settings file declares one of the same name, which wins"
            if why is None:
                yield one
            elif (one.project, one.name) not in self._complained:
                self._complained.add((one.project, one.name))
                logger.error("the stored deployment %s of the project %s is left out: %s", one.name, one.project, why)

    async def _make(self, one: "StoredDeployment") -> None:
        assert one.settings is not None
        hosted = await self._host.make_beside(one.name, one.settings, one.project)
        if self._known.get((one.project, one.name)) is one:
            self._directory.host(hosted)
        else:  # it was changed again meanwhile
            await hosted.close()


def _same(known: "StoredDeployment | None", stored: "StoredDeployment") -> bool:
    return known is not None and (known.id, known.edition) == (stored.id, stored.edition)


async def stored_settings(settings: Settings) -> list[DeploymentSettings]:
    """The settings of all stored deployments that a server would host. Raises StorageError."""
    database = Database(settings.storage)
    try:
        if not await database.exists():
            return []
        from voxwire.storage.deployments import Deployments

        found = await Deployments(database).all()
    finally:
        await database.close()
    return [one.settings for one in found if one.settings and one.name not in settings.declared_deployments]
