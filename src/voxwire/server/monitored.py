"""Checks of what is said, as the settings have them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from voxwire.config import NO_POLICY, Settings
from voxwire.errors import ConfigurationError
from voxwire.runtime import Service
from voxwire.storage.backlog import Backlog
from voxwire.storage.database import Database


def monitored(
    settings: Settings, service: Service, database: Database, *, tidies: bool = True
) -> tuple[Callable[[], AbstractAsyncContextManager[None]], Callable[[], Backlog]]:
    """Have the service check what is said, where the settings have a policy; what has to run for that, and what says
    which findings wait for the database. `tidies`: old reviews are deleted, too. Raises ConfigurationError."""
    if not settings.content_policies:
        return _nothing, Backlog
    from voxwire.monitoring import FoundIn, ReviewWriter, SessionMonitor, content_policies

    writer = ReviewWriter(database, tidies=tidies)

    def found(finding: FoundIn) -> None:
        writer.put(finding)
        if service.recorder is not None:  # nothing of the conversation may be in the database yet
            service.recorder.flag(finding.facts.session_id)

    monitor = SessionMonitor(content_policies(settings.content_policies), settings.content_policy, found)
    service.monitor = monitor

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with writer.running():
            try:
                yield
            finally:
                await monitor.close()

    return running, lambda: writer.backlog


def check_policy(settings: Settings, name: str | None) -> None:
    """Raises ConfigurationError for the name of a policy that the settings do not have."""
    if name is not None and name != NO_POLICY and name not in settings.content_policies:
        there = ", ".join(settings.content_policies) or "none"
        raise ConfigurationError(f"There is no content policy {name!r} in the settings. There is: {there}.")


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield
