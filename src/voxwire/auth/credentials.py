"""Where a client may put its key (protocol: connecting, Keys)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from voxwire.errors import RequestRefused

#: Browsers cannot set headers on a WebSocket, so their SDKs send the key as a subprotocol.
KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."


def differing_keys() -> RequestRefused:
    """The refusal (401) of several keys: one of them is a mistake, and guessing which would let a proxy's key stand in
    for the client's."""
    return RequestRefused(
        401,
        "The request carries several API keys that differ. Send one.",
        code="invalid_api_key",
        headers=(("www-authenticate", "Bearer"),),
    )


def presented_keys(
    headers: Mapping[str, str], query: Iterable[tuple[str, str]], subprotocols: Sequence[str] = ()
) -> list[str]:
    """All that stands where a key may stand.

    `headers` have lower-case names. Places in order (protocol: connecting, Keys): subprotocol, `Authorization`,
    `api-key`, `x-api-key`, then the query's `api-key` and `Authorization`.
    """
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
