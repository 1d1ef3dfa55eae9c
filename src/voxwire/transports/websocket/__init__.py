"""WebSocket: the transport that every client of the Realtime API speaks."""

from voxwire.transports.websocket.endpoint import Connection, WebSocketEndpoint
from voxwire.transports.websocket.express import EXPRESS_EXTENSION, Express, Offer
from voxwire.transports.websocket.target import is_websocket_path, unknown_path
from voxwire.transports.websocket.transport import WebSocketTransport

__all__ = [
    "EXPRESS_EXTENSION",
    "Connection",
    "Express",
    "Offer",
    "WebSocketEndpoint",
    "WebSocketTransport",
    "is_websocket_path",
    "unknown_path",
]
