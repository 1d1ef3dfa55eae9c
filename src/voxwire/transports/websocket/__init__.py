"""WebSocket: the transport that every client of the Realtime API speaks."""

from voxwire.transports.websocket.endpoint import (
    ABORT_EXTENSION,
    EXPRESS_EXTENSION,
    Connection,
    Offer,
    WebSocketEndpoint,
)
from voxwire.transports.websocket.target import is_websocket_path, unknown_path
from voxwire.transports.websocket.transport import WebSocketTransport

__all__ = [
    "ABORT_EXTENSION",
    "EXPRESS_EXTENSION",
    "Connection",
    "Offer",
    "WebSocketEndpoint",
    "WebSocketTransport",
    "is_websocket_path",
    "unknown_path",
]
