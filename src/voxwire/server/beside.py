"""What goes on beside the conversations: records of what they do, and what bounds it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

from voxwire.config import Settings
from voxwire.recording.retention import Retention
from voxwire.recording.session_storer import SessionStorer
from voxwire.runtime import Service
from voxwire.server.common import InCommon
from voxwire.server.monitored import monitored
from voxwire.server.shared_quotas import build_quotas
from voxwire.server.stored_usage import StoredUsage
from voxwire.storage.backlog import Backlog
from voxwire.storage.database import Database
from voxwire.storage.usage_writer import UsageWriter
from voxwire.storage.watch import StoreWatch
from voxwire.telemetry.store_state import StoreState
from voxwire.telemetry.tracing import traced

#: What goes on while the server runs: as a context, entered at its start and left at its end.
Running = Callable[[], AbstractAsyncContextManager[Any]]


class Beside:
    """All of it, given to this service. What is too old one process deletes for all. Raises ConfigurationError."""

    def __init__(
        self, settings: Settings, service: Service, database: Database, watch: StoreWatch, common: InCommon
    ) -> None:
        self._watch = watch
        self._quotas = build_quotas(settings, service, database, watch, common.counts)
        usage, storer = UsageWriter(database, tidies=common.first), SessionStorer(database)
        service.usage_logs.append(StoredUsage(usage))
        service.recorder = storer
        watched, findings = monitored(settings, service, database, tidies=common.first)
        traces = partial(traced, settings.tracing, service.observers)
        retention: list[Running] = [Retention(database).running] if common.first else []
        self.running: Final[Sequence[Running]] = (
            usage.running, storer.running, *retention, self._quotas.running, watched, traces,
        )  # fmt: skip
        self._backlogs: Mapping[str, Callable[[], Backlog]] = {
            "usage": lambda: usage.backlog,
            "findings": findings,
            "conversations": lambda: storer.backlog,
        }

    def stores(self) -> StoreState:
        """How the stores are now."""
        backlogs = {kind: look() for kind, look in self._backlogs.items()}
        return StoreState(
            unreachable={"database": self._watch.lost, "redis": self._quotas.alone},
            waiting={kind: backlog.waiting for kind, backlog in backlogs.items()},
            lost={kind: backlog.lost for kind, backlog in backlogs.items()},
        )
