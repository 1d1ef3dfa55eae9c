"""A connection that is given up in the middle of its TLS handshake is closed at once.

httpcore2 closes it when the handshake fails or takes too long. When the task that waits for it is cancelled it does
not, and the socket stays open until a garbage collection finds it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpcore2
import httpx2


class _Handshake:
    """What httpcore2 tells of one request (its extension `trace`). A request opens one connection at a time."""

    def __init__(self) -> None:
        self._stream: httpcore2.AsyncNetworkStream | None = None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        match event.partition(".")[2]:  # what comes before it says whether a proxy has a part in it
            case "connect_tcp.complete":
                self._stream = info["return_value"]
            case "start_tls.failed" if self._stream is not None:
                await self._stream.aclose()


async def _follow(request: httpx2.Request) -> None:
    request.extensions["trace"] = _Handshake()


#: The `event_hooks` of a client. A transport of our own would do as well, but a client that has one asks no proxy of
#: the environment.
CLOSE_UNFINISHED: Final[Mapping[str, list[Callable[..., Any]]]] = {"request": [_follow]}
