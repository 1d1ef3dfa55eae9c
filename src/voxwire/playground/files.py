"""The files of the playground, ready to be sent."""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

#: What the page may do: load from this server, connect to it, use the microphone, play what it fetched.
#: Nothing inline, nothing from elsewhere, no frame around it: it may hold an API key.
SECURITY_HEADERS: Final = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "media-src blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_PACKAGE: Final = Path(__file__).parent
_PAGE: Final = _PACKAGE / "static"
#: Where the wheel puts the JavaScript client, and where it is in a checkout.
_CLIENT_PLACES: Final = (_PACKAGE / "rt-client", _PACKAGE.parents[2] / "clients" / "javascript" / "src")
_CLIENT_PREFIX: Final = "rt-client/"


@dataclass(frozen=True)
class StaticFile:
    """One file, as it is and compressed. `etag` as it stands in the header; weak, for it names both forms."""

    media_type: str
    content: bytes

    @cached_property
    def gzipped(self) -> bytes:
        """Made when first asked for: doing all files at once would hold the event loop for 18 ms."""
        return gzip.compress(self.content, mtime=0)

    @cached_property
    def etag(self) -> str:
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Every file by its path below the playground's URL: `index.html`, `js/main.js`, `rt-client/index.js`…

    Read once; a few milliseconds. Raises FileNotFoundError when the installation lacks the client.
    """
    files = dict(_read(_PAGE))
    client = next((place for place in _CLIENT_PLACES if place.is_dir()), None)
    if client is None:
        raise FileNotFoundError(f"the JavaScript client is missing from the installation: {_CLIENT_PLACES[0]}")
    files |= {_CLIENT_PREFIX + name: file for name, file in _read(client)}
    return MappingProxyType(files)


def _read(folder: Path) -> Iterator[tuple[str, StaticFile]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _TYPES:
            yield path.relative_to(folder).as_posix(), StaticFile(_TYPES[path.suffix], path.read_bytes())
