"""An OpenTelemetry collector for tests: takes OTLP over HTTP on a real socket."""

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class ReceivedSpan:
    """Identifiers in hexadecimal digits, times in nanoseconds since 1970."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    begun: int
    ended: int
    attributes: dict[str, Any]
    events: list[tuple[str, int]]
    failed: bool


class SpanReceiver:
    """`spans` are all that came, `resources` who sent them, `bodies` what came over the wire."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[ReceivedSpan] = []
        self.resources: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.paths: list[str] = []

    def take(self, path: str, body: bytes) -> None:
        self.paths.append(path)
        self.bodies.append(body)
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(_plain(sent.resource.attributes))
            for span in (span for scope in sent.scope_spans for span in scope.spans):
                self.spans.append(
                    ReceivedSpan(
                        name=span.name,
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent_id=span.parent_span_id.hex(),
                        begun=span.start_time_unix_nano,
                        ended=span.end_time_unix_nano,
                        attributes=_plain(span.attributes),
                        events=[(event.name, event.time_unix_nano) for event in span.events],
                        failed=span.status.code == 2,
                    )
                )

    def named(self, name: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.name == name]


def _plain(attributes: Any) -> dict[str, Any]:
    """Attributes as Python's values; of lists their text."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextlib.contextmanager
def span_receiver() -> Iterator[SpanReceiver]:
    """A collector on a free port, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.take(self.path, gzip.decompress(body) if self.headers.get("content-encoding") else body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """No line for each request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = SpanReceiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=[0.02], name="span receiver")
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
