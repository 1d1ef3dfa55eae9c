"""Where a client may put its key (protocol: connecting, Keys)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from voxwire.errors import RequestRefused

#: Browsers cannot set headers on a WebSocket, so their SDKs send the key as a subprotocol.
KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."


def presented_key(headers: Mapping[str, str], query: Mapping[str, str], subprotocols: Sequence[str]) -> str | None:
    """The key that a request carries, or None.

    `headers` have lower-case names. Places in order (protocol: connecting, Keys): subprotocol,
    `Authorization`, `api-key`, `x-api-key`, then the query's `api-key` and `Authorization`. Raises
    RequestRefused (401) when two places hold different keys: one of them is a mistake, and guessing
    which would let a proxy's key stand in for the client's.
    """
    found = presented_keys(headers, query.items(), subprotocols)
    if len(set(found)) > 1:
        raise RequestRefused(
            401,
            "The request carries several API keys that differ. Send one.",
            code="invalid_api_key",
            headers=(("www-authenticate", "Bearer"),),
        )
    return found[0] if found else None


def presented_keys(
    headers: Mapping[str, str], query: Iterable[tuple[str, str]], subprotocols: Sequence[str] = ()
) -> list[str]:
    """All that stands where a key may stand, in the order of `presented_key`."""
    found = [token.removeprefix(KEY_SUBPROTOCOL) for token in subprotocols if token.startswith(KEY_SUBPROTOCOL)]
    folded = [(name.lower(), value) for name, value in query]
    candidates = (
        _bearer(headers.get("authorization")),
        headers.get("api-key"),
        headers.get("x-api-key"),
        *(value for name, value in folded if name == "api-key"),
        *(_bearer(value) for name, value in folded if name == "authorization"),
    )
    return found + [key for key in candidates if key]


def _bearer(value: str | None) -> str | None:
    """The token of `Bearer TOKEN`; other schemes carry no key of ours."""
    scheme, _, token = (value or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
