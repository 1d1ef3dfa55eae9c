"""What an issuer publishes: its description, and its keys (OpenID Connect Discovery 1.0, section 4)."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec

from voxwire.auth.oidc.key_set import KeySet
from voxwire.config import IssuerSettings, is_loopback, secure_address
from voxwire.engines.remote.handshakes import CLOSE_UNFINISHED
from voxwire.errors import VoxwireError, shorten

#: Entra's keys take 40 KB.
_MOST_BYTES: Final = 256 * 1024
#: For both documents together. Somebody may wait at the door meanwhile.
_DEADLINE_S: Final = 8.0
_CONNECT_S: Final = 4.0
#: A proxy of the environment cannot reach what runs on this machine.
_NO_PROXY: Final = {"http://": None, "https://": None}


class IssuerError(VoxwireError):
    """An issuer does not give its keys; the message says why, for the operator."""


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """An issuer's keys, and by how many seconds its clock is ahead of ours (None where it does not say)."""

    keys: KeySet
    clock_ahead_s: float | None


async def fetch_keys(settings: IssuerSettings, clock: Callable[[], float] = time.time) -> PublishedKeys:
    """Ask an issuer for its description and then for its keys. Raises IssuerError."""
    try:
        async with asyncio.timeout(_DEADLINE_S):
            # A thread makes the client: it reads the certificates of all authorities, which takes 20 to 200 ms.
            client = await asyncio.to_thread(_client, settings.ca_file, settings.issuer)
            async with client:
                description, date = await _get(client, settings.discovery)
                asked_at = clock()
                document, _ = await _get(client, _address_of_keys(settings, description))
    except TimeoutError:
        raise IssuerError(f"{settings.discovery} did not answer within {_DEADLINE_S:.0f} seconds") from None
    keys = KeySet.read(document, settings.algorithms)
    if not keys:
        raise IssuerError(f"the issuer publishes no key for {' or '.join(settings.algorithms)}")
    return PublishedKeys(keys, None if date is None else date - asked_at)


def _address_of_keys(settings: IssuerSettings, description: Any) -> str:
    """Where the keys are. The description must be that of this issuer, or another one could speak for it."""
    if not isinstance(description, dict):
        raise IssuerError(f"{settings.discovery} is not the description of an issuer")
    if (named := description.get("issuer")) not in settings.issuers:
        raise IssuerError(
            f"{settings.discovery} says that the issuer is {shorten(str(named))!r}: write exactly this as issuer, "
            "if it is the right one"
        )
    try:
        return secure_address(description["jwks_uri"])
    except (KeyError, TypeError, AttributeError, ValueError):
        raise IssuerError(f"{settings.discovery} names no https address of its keys (jwks_uri)") from None


def _client(ca_file: Path | None, issuer: str) -> httpx2.AsyncClient:
    on_this_machine = is_loopback(httpx2.URL(issuer).host)
    try:
        trusted = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
    except OSError as error:  # ssl.SSLError is one, too
        raise IssuerError(f"the authorities in {ca_file} cannot be read: {error}") from None
    return httpx2.AsyncClient(
        verify=trusted,
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "voxwire"},
        timeout=httpx2.Timeout(_DEADLINE_S, connect=_CONNECT_S),
        # Who controls the answer of an issuer's server controls its keys: nobody else is asked.
        follow_redirects=False,
        mounts=_NO_PROXY if on_this_machine else None,
        event_hooks=CLOSE_UNFINISHED,
    )


async def _get(client: httpx2.AsyncClient, address: str) -> tuple[Any, float | None]:
    """A JSON document, and the time of the server that sent it."""
    body = b""
    try:
        async with client.stream("GET", address) as answer:
            if answer.status_code != 200:
                raise IssuerError(f"{address} answers {answer.status_code} instead of 200")
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise IssuerError(f"{address} is larger than {_MOST_BYTES} bytes")
            date = answer.headers.get("date")
    except (httpx2.TransportError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
        raise IssuerError(f"{address} cannot be read: {shorten(str(error) or type(error).__name__)}") from None
    try:
        return msgspec.json.decode(body), _time_of(date)
    except (msgspec.DecodeError, RecursionError):
        raise IssuerError(f"{address} is not JSON") from None


def _time_of(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
