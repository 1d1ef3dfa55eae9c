"""Where a server under load listens: on this machine, and nowhere else.

The load brings a server to its limit. Sent to somebody else's server it would be an attack, and over a network it would
measure the network. So every other address than loopback is refused before anything is sent.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([ -~]*)")
#: What the handshake says itself.
_TAKEN = {"host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"}


class Address(NamedTuple):
    """A WebSocket on loopback; `headers` are whole lines for its handshake."""

    host: str
    port: int
    path: str
    headers: tuple[str, ...] = ()


def parse_address(url: str, headers: Sequence[str] = ()) -> Address:
    """`ws://HOST:PORT/PATH` and headers as `NAME:VALUE`; ValueError says what is wrong with them."""
    parts = urlsplit(url)
    if parts.scheme != "ws":
        raise ValueError(f"{url}: the address has to begin with ws://. What is encrypted is not measured.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("The address holds a user name or a password. Give keys by --header 'NAME: VALUE'.")
    host = parts.hostname or ""
    if not _is_loopback(host):
        raise ValueError(
            f"{host or url} is not this machine. The load is sent to loopback only (127.0.0.1, ::1, localhost): "
            "start the server here, or run the benchmark where the server is."
        )
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{url}: {error}.") from None
    if not port:
        raise ValueError(f"{url}: the address names no port, as in ws://127.0.0.1:8000/v1/realtime?model=NAME.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(host, port, path, tuple(_header(header) for header in headers))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name, which could lead anywhere
        return False


def _header(text: str) -> str:
    found = _HEADER.fullmatch(text)
    if found is None:
        name = text.partition(":")[0]
        raise ValueError(f"The header {name!r} cannot be sent: write --header 'NAME: VALUE', in ASCII, on one line.")
    if found[1].lower() in _TAKEN:
        raise ValueError(f"The header {found[1]} belongs to the handshake itself and cannot be given.")
    return f"{found[1]}: {found[2]}"
