"""WebSocket: the transport that every client of the Realtime API speaks."""

from voxwire.transports.websocket.endpoint import ABORT_EXTENSION, Connection, WebSocketEndpoint
from voxwire.transports.websocket.target import is_websocket_path, unknown_path
from voxwire.transports.websocket.transport import WebSocketTransport

__all__ = [
    "ABORT_EXTENSION",
    "Connection",
    "WebSocketEndpoint",
    "WebSocketTransport",
    "is_websocket_path",
    "unknown_path",
]
