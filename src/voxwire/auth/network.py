"""Which pages and host names may reach the server (protocol: connecting, Hosts and origins).

Without keys the server trusts everything on this machine, but a web page opened here runs code of
strangers: it may name any `Origin`'s WebSocket, and DNS rebinding lets it do so under a host name
of its own. Hence the two checks.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from voxwire.config import is_loopback
from voxwire.errors import RequestRefused


class NetworkPolicy:
    """Checks `Host` and `Origin`.

    Without keys: loopback hosts, and loopback, listed or absent origins. With keys: any host; every
    origin, or, where some are listed, only those, the server's own, and absent ones. `keyed` says whether a
    key is needed now.
    """

    def __init__(self, *, keyed: Callable[[], bool], allowed_origins: tuple[str, ...] = ()) -> None:
        self._keyed = keyed
        self._allowed = frozenset(allowed_origins)

    def check(self, host: str | None, origin: str | None) -> None:
        """Raises RequestRefused (403) when the request may not come from there."""
        keyed = self._keyed()
        if not keyed and not _loopback_authority(host or ""):
            raise RequestRefused(
                403,
                "Without API keys this server answers only to loopback host names such as localhost. "
                "Configure a key to serve others.",
                code="host_not_allowed",
            )
        if origin is None or origin.lower() in self._allowed:
            return
        if keyed and _authority(origin) == (host or "").lower():  # the server's own pages
            return
        if self._allowed if keyed else not _loopback_origin(origin):
            raise RequestRefused(
                403, "Pages of this origin may not connect; see auth.allowed_origins.", code="origin_not_allowed"
            )

    def lists(self, origin: str) -> bool:
        """Whether an origin is listed: its pages may read the answers to their requests."""
        return origin.lower() in self._allowed

    def check_change(self, host: str | None, origin: str | None) -> None:
        """The same for a request that changes something: a page may send it from this server's own address, or from
        an origin that is listed. Raises RequestRefused (403)."""
        if origin is None or origin.lower() in self._allowed or _authority(origin) == (host or "").lower():
            return
        raise RequestRefused(
            403, "Pages of this origin may change nothing here; see auth.allowed_origins.", code="origin_not_allowed"
        )


def _authority(origin: str) -> str | None:
    """Host and port of a web page's origin."""
    scheme, separator, authority = origin.lower().partition("://")
    return authority if separator and scheme in ("http", "https") else None


def _loopback_origin(origin: str) -> bool:
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme.lower() in ("http", "https") and _loopback_authority(authority)


def _loopback_authority(authority: str) -> bool:
    """Whether `host` or `host:port` is this machine. `user@host` and other surprises are not."""
    if not authority or "@" in authority:
        return False
    try:
        parts = urlsplit(f"//{authority}")
        port_is_fine = parts.port is None or parts.port >= 0
    except ValueError:
        return False
    return parts.netloc == authority and port_is_fine and is_loopback(parts.hostname or "")
