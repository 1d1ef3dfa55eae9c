"""The text that Prometheus reads."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from prometheus_client.exposition import choose_encoder

from voxwire.runtime import Service
from voxwire.telemetry.merging import MergedMetrics, packed_metrics
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

    async def text(
        self, accept: str, *, draining: bool, others: Sequence[bytes] = (), missing: int = 0
    ) -> tuple[bytes, str]:
        """Everything that there is to say, and its media type; `others` are other processes of this server, `packed`,
        and `missing` those that did not answer. A thread writes it, one text at a time: thousands of lines would hold
        up every conversation."""
        encoder, media_type = choose_encoder(accept)
        async with self._writing:
            self.look(draining=draining)
            if not others and not missing:
                return await asyncio.to_thread(encoder, self.metrics.registry), media_type
            return await asyncio.to_thread(self._merged, encoder, others, missing), media_type

    async def packed(self, *, draining: bool) -> bytes:
        """The same for another process, which puts them together."""
        async with self._writing:
            self.look(draining=draining)
            return await asyncio.to_thread(packed_metrics, self.metrics.registry)

    def _merged(self, encoder: Any, others: Sequence[bytes], missing: int) -> bytes:
        text: bytes = encoder(MergedMetrics([packed_metrics(self.metrics.registry), *others], missing))
        return text
