"""What the handlers of the admin routes work on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from voxwire.config import Settings
from voxwire.runtime import Service
from voxwire.storage.database import Database

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.known_deployments import KnownDeployments


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminContext:
    """The parts of the running server. `changed` is awaited after each change in the database, so that it holds in this
    server before the answer goes out."""

    settings: Settings
    service: Service
    database: Database
    changed: Callable[[], Awaitable[None]]

    async def storage(self, module: str) -> Any:
        """`voxwire.storage.MODULE`. The first of them brings SQLAlchemy along, which takes a moment to import; a server
        without state does without."""
        return await asyncio.to_thread(import_module, f"voxwire.storage.{module}")

    async def known_deployments(self) -> "KnownDeployments":
        """For what names deployments."""
        await self.storage("known_deployments")
        from voxwire.storage.known_deployments import KnownDeployments

        return KnownDeployments(self.settings.deployments, self.database)
