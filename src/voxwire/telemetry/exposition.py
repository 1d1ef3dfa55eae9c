"""The text that Prometheus reads."""

import asyncio
from collections.abc import Callable
from typing import Final

from prometheus_client.exposition import choose_encoder

from voxwire.runtime import Service
from voxwire.telemetry.meter import Meter
from voxwire.telemetry.metrics import Metrics
from voxwire.telemetry.state_collector import StateCollector
from voxwire.telemetry.store_state import StoreState


class Exposition:
    """Counts what happens in a service from now on, and says it."""

    def __init__(self, service: Service, *, most_sessions: int, stores: Callable[[], StoreState] = StoreState) -> None:
        self.metrics: Final = Metrics()
        self._state = StateCollector(service, most_sessions, stores)
        self.metrics.registry.register(self._state)
        self._writing = asyncio.Lock()
        service.observers.add(Meter(self.metrics))

    def look(self, *, draining: bool) -> None:
        """Take in what is not counted as it happens."""
        self._state.look(draining=draining)

    async def text(self, accept: str, *, draining: bool) -> tuple[bytes, str]:
        """Everything that there is to say, and its media type. A thread writes it, one text at a time: thousands of
        lines would hold up every conversation."""
        encoder, media_type = choose_encoder(accept)
        async with self._writing:
            self.look(draining=draining)
            return await asyncio.to_thread(encoder, self.metrics.registry), media_type
