"""Whether spans are made, and where they go. OpenTelemetry is imported where they are."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from voxwire import __version__
from voxwire.config import TraceSettings
from voxwire.errors import ConfigurationError
from voxwire.runtime import Observers

if TYPE_CHECKING:
    from voxwire.telemetry.span_observer import SpanObserver

logger = logging.getLogger("voxwire.telemetry")

_INSTALL = "pip install 'voxwire[otel]'"
#: OpenTelemetry's own variables: of all signals, and of traces alone.
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@asynccontextmanager
async def traced(settings: TraceSettings, observers: Observers) -> AsyncIterator[None]:
    """Spans are made while the block lasts, if somebody asks for them. On leaving, the last ones are sent. Raises
    ConfigurationError."""
    spans = await asyncio.to_thread(open_spans, settings)  # half a second of imports
    if spans is not None:
        observers.add(spans)
    try:
        yield
    finally:
        if spans is not None:
            await asyncio.to_thread(spans.close)


def open_spans(settings: TraceSettings) -> "SpanObserver | None":
    """What makes spans and sends them; None where nobody asks for them. Raises ConfigurationError where the settings
    do, and what it needs is not installed."""
    if settings.endpoint is None and (not any(map(os.environ.get, _ENDPOINTS)) or _switched_off()):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from voxwire.telemetry.span_observer import ChosenTraceIds, SpanObserver
    except ImportError:
        if settings.endpoint is not None:
            raise ConfigurationError(f"The setting tracing.endpoint needs OpenTelemetry: {_INSTALL}") from None
        # The variable may have been set for other programs of this machine.
        logger.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but there will be no traces; they need: %s", _INSTALL)
        return None
    # Left out, the exporter reads its variables, those for headers and certificates in any case.
    address = None if settings.endpoint is None else f"{settings.endpoint.rstrip('/')}/v1/traces"
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "voxwire"}
    resource = Resource.create({"service.version": __version__, **named})
    provider = TracerProvider(resource=resource, id_generator=ChosenTraceIds(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return SpanObserver(provider)


def _switched_off() -> bool:
    return (
        os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or os.environ.get("OTEL_TRACES_EXPORTER", "").lower() == "none"
    )
