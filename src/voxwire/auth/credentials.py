"""Where a client may put its key (PROTOCOL 1.2)."""

from collections.abc import Mapping, Sequence
from typing import Final

from voxwire.errors import RequestRefused

#: Browsers cannot set headers on a WebSocket, so their SDKs send the key as a subprotocol.
KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."


def presented_key(headers: Mapping[str, str], query: Mapping[str, str], subprotocols: Sequence[str]) -> str | None:
    """The key that a request carries, or None.

    `headers` have lower-case names. Places in the order of PROTOCOL 1.2: subprotocol,
    `Authorization`, `api-key`, `x-api-key`, then the query's `api-key` and `Authorization`. Raises
    RequestRefused (401) when two places hold different keys: one of them is a mistake, and guessing
    which would let a proxy's key stand in for the client's.
    """
    found = [token.removeprefix(KEY_SUBPROTOCOL) for token in subprotocols if token.startswith(KEY_SUBPROTOCOL)]
    folded = {name.lower(): value for name, value in query.items()}
    candidates = (
        _bearer(headers.get("authorization")),
        headers.get("api-key"),
        headers.get("x-api-key"),
        folded.get("api-key"),
        _bearer(folded.get("authorization")),
    )
    found += [key for key in candidates if key]
    if len(set(found)) > 1:
        raise RequestRefused(
            401,
            "The request carries several API keys that differ. Send one.",
            code="invalid_api_key",
            headers=(("www-authenticate", "Bearer"),),
        )
    return found[0] if found else None


def _bearer(value: str | None) -> str | None:
    """The token of `Bearer TOKEN`; other schemes carry no key of ours."""
    scheme, _, token = (value or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
