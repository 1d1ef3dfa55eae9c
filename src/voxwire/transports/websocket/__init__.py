"""WebSocket: the transport that every client of the Realtime API speaks.

- `target`: what a URL asks for
- `endpoint`: admits or refuses a handshake, then moves frames
- `websocket_transport`: one connection as the runtime sees it
- `express`: what our server offers beside ASGI, for frames without its queue; `asgi_connection`: any other server
"""

from voxwire.transports.websocket.endpoint import Connection, WebSocketEndpoint
from voxwire.transports.websocket.express import EXPRESS_EXTENSION, Express, Offer, TakeAppend
from voxwire.transports.websocket.target import is_websocket_path, path_template, unknown_path
from voxwire.transports.websocket.websocket_transport import WebSocketTransport

__all__ = [
    "EXPRESS_EXTENSION",
    "Connection",
    "Express",
    "Offer",
    "TakeAppend",
    "WebSocketEndpoint",
    "WebSocketTransport",
    "is_websocket_path",
    "path_template",
    "unknown_path",
]
