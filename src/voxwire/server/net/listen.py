"""Sockets and certificates: what can go wrong before anything is served, said in one line each."""

import errno
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from voxwire.config import ServerSettings
from voxwire.errors import ConfigurationError

#: Addresses that mean "all of this machine's", and where a client on it finds them.
_WILDCARDS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class NetworkListener:
    """Bound sockets that do not listen yet, and the certificate to serve them with."""

    host: str
    port: int
    sockets: list[socket.socket]
    tls: ssl.SSLContext | None

    @classmethod
    def open(cls, settings: ServerSettings) -> Self:
        """Raises ConfigurationError for everything that an operator got wrong."""
        tls = tls_context(settings)
        sockets = bind(settings.host, settings.port)
        return cls(settings.host, sockets[0].getsockname()[1], sockets, tls)

    @property
    def url(self) -> str:
        """Where the server listens."""
        return url(self.host, self.port, tls=self.tls is not None)

    @property
    def local_url(self) -> str:
        """The same as a client on this machine can use it: a wildcard is no destination."""
        return url(_WILDCARDS.get(self.host, self.host), self.port, tls=self.tls is not None)

    def bound_silence(self, seconds: float) -> None:
        """Have TCP give up a peer that acknowledges nothing for so long, where the system can.

        Without it, a peer that vanished without a word keeps its session for a quarter of an hour (RFC 5482).
        """
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            for bound in self.sockets:  # connections inherit it
                bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))

    def refusal(self, error: OSError) -> ConfigurationError:
        """Why listening failed after binding had succeeded: somebody else bound the port, and was quicker."""
        return ConfigurationError(_why_not(self.host, self.port, error))

    def close(self) -> None:
        """Close the sockets; idempotent."""
        for bound in self.sockets:
            bound.close()


def bind(host: str, port: int) -> list[socket.socket]:
    """Bind every address of `host` (a name may have an IPv4 and an IPv6 one) to one port; 0 picks it.

    The sockets do not listen yet: until the engines are warm a client is refused rather than kept
    waiting. Raises ConfigurationError.
    """
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE, proto=socket.IPPROTO_TCP
        )
    except OSError as error:
        raise ConfigurationError(f"Cannot listen on {host}: {error.strerror or error}.") from None
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            bound = _bind_one(family, kind, protocol, (address[0], port, *address[2:]))
            if bound is not None:
                sockets.append(bound)
                port = bound.getsockname()[1]
    except OSError as error:
        for bound in sockets:
            bound.close()
        raise ConfigurationError(_why_not(host, port, error)) from None
    if not sockets:
        raise ConfigurationError(f"Cannot listen on {host}: this machine has no such address.")
    return sockets


def _bind_one(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket | None:
    """A bound socket; None where the machine lacks the address family, as containers lack IPv6."""
    try:
        created = socket.socket(family, kind, protocol)
    except OSError:
        return None
    try:
        if os.name == "posix":  # restart at once after a stop; elsewhere the option would share the port
            created.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            created.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        created.bind(address)
    except OSError as error:
        created.close()
        if family == socket.AF_INET6 and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    created.setblocking(False)
    return created


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Choose another with --port; 0 picks a free one."
    if error.errno == errno.EACCES:
        return f"Port {port} needs privileges. Choose one above 1023 with --port."
    return f"Cannot listen on {host}:{port}: {error.strerror or error}."


def tls_context(settings: ServerSettings) -> ssl.SSLContext | None:
    """TLS 1.2 or later with the configured certificate; None without one. Raises ConfigurationError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    for file in (settings.tls_cert, settings.tls_key):
        _check_readable(file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])  # the only one that WebSockets are spoken over here
    try:
        # An empty passphrase keeps OpenSSL from asking for one at the terminal.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = f": {error.reason}" if isinstance(error, ssl.SSLError) and error.reason else ""
        raise ConfigurationError(
            f"{settings.tls_cert} and {settings.tls_key} are no certificate with its unencrypted key, "
            f"both in PEM form{reason}."
        ) from None
    return context


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise ConfigurationError(f"Cannot read {file}: {error.strerror}.") from None


def url(host: str, port: int, *, tls: bool) -> str:
    """The address to print: an IPv6 one in brackets."""
    shown = f"[{host}]" if ":" in host else host or "0.0.0.0"
    return f"{'https' if tls else 'http'}://{shown}:{port}"
