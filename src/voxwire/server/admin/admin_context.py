"""What the handlers of the admin routes work on."""

from dataclasses import dataclass

from voxwire.config import Settings
from voxwire.runtime import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminContext:
    """The parts of the running server."""

    settings: Settings
    service: Service
