"""Pages of listed origins may read the answers to their requests (the Fetch Standard, CORS protocol).

A browser asks before it sends a request with a key or JSON (preflight), and hands an answer on only where its headers
name the origin. No cookie counts here, so that nothing comes along which the page did not put there itself.
"""

import re
from typing import Final

from voxwire.transports.request import Request

#: What the browser packages of OpenAI and Azure send, and what reports of faults quote.
_MAY_SEND: Final = (
    "authorization, content-type, api-key, openai-beta, openai-organization, openai-project, "
    "openai-safety-identifier, x-openai-agents-sdk, x-ms-client-request-id, x-request-id"
)
_MAY_READ: Final = "location, retry-after, x-request-id, apim-request-id, x-ms-client-request-id"
_STAINLESS: Final = re.compile(r"x-stainless-[a-z-]{1,40}", re.ASCII)
_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
#: How long a browser need not ask again, in seconds.
_KEEPS_S: Final = 600


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what a page may send."""
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers


def may_read(origin: str) -> list[tuple[bytes, bytes]]:
    """Headers of an answer that a page of this origin may read."""
    return _headers(
        {"access-control-allow-origin": origin, "access-control-expose-headers": _MAY_READ, "vary": "Origin"}
    )


def may_send(request: Request) -> list[tuple[bytes, bytes]]:
    """Headers of the answer to a preflight. OpenAI's packages send headers about themselves, each release others."""
    stainless = _STAINLESS.findall(request.headers.get("access-control-request-headers", "").lower())
    return _headers(
        {
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": ", ".join([_MAY_SEND, *stainless[:20]]),
            "access-control-max-age": str(_KEEPS_S),
        }
    )


def _headers(named: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
