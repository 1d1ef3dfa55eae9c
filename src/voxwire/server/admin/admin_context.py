"""What the handlers of the admin routes work on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voxwire.config import Settings
from voxwire.runtime import Service
from voxwire.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminContext:
    """The parts of the running server. Who has changed what is stored awaits `changed()`, so that it holds at once."""

    settings: Settings
    service: Service
    database: Database
    changed: Callable[[], Awaitable[None]]
