"""Opening the WebSocket, and one plain sentence for everything that can go wrong with it."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from voxwire.talk.outcome import TalkError, UsageError
from voxwire.talk.protocol import ErrorBody
from voxwire.talk.screen import printable

OPEN_S = 10.0
CLOSE_S = 2.0
#: In the answer to the handshake: what answers, in words; Voxwire alone says it.
ENGINE_HEADER = "x-voxwire-engine"
#: A delta holds a few seconds of audio at most; this is far beyond, and still bounded.
MAX_MESSAGE = 16 * 2**20

#: OpenSSL's codes of a certificate that somebody unknown has signed; also itself, and somebody not sent along.
_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})


class _Refusal(msgspec.Struct):
    error: ErrorBody


class _Connect(connect):
    """Redirects are not followed: the key in `api-key` would travel to the host that is named there."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def trust(ca: Path | None) -> ssl.SSLContext:
    """Certificates to accept: those in `ca` besides the usual ones. Raises UsageError."""
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{ca} is not a file of certificates in PEM form.") from error
    return context


@asynccontextmanager
async def connection(address: str, headers: dict[str, str], context: ssl.SSLContext) -> AsyncIterator[ClientConnection]:
    """An open WebSocket, closed politely at the end; raises TalkError when there is none to be had."""
    try:
        socket = await _Connect(
            address,
            additional_headers=headers,
            ssl=context if address.startswith("wss:") else None,
            compression=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            max_size=MAX_MESSAGE,
        )
    except InvalidStatus as error:
        raise TalkError(_refused(error, address)) from error
    except ssl.SSLCertVerificationError as error:
        hint = "; name its file by --ca" if error.verify_code in _UNKNOWN_ISSUER else ""
        raise TalkError(
            f"{_host(address)} shows a certificate that is not trusted here: {error.verify_message.rstrip('.')}{hint}."
        ) from error
    except (ssl.SSLError, ConnectionResetError) as error:
        hint = "; perhaps it does not speak TLS, then write http://" if address.startswith("wss:") else ""
        raise TalkError(f"{_host(address)} cut off the connection{hint}.") from error
    except (InvalidHandshake, InvalidURI, EOFError) as error:
        raise TalkError(f"What answers at {_host(address)} is not a Realtime server.") from error
    except TimeoutError as error:
        raise TalkError(f"{_host(address)} did not answer within {OPEN_S:.0f} s.") from error
    except OSError as error:
        raise TalkError(f"Cannot reach {_host(address)}: {_reason(error)}.") from error
    try:
        yield socket
    finally:
        await socket.close()


def _reason(error: OSError) -> str:
    """The system's words; asyncio puts addresses in their place, and name look-ups have codes of their own."""
    text = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "no connection"
    return text[0].lower() + text[1:]


def _host(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2]


def _refused(error: InvalidStatus, address: str) -> str:
    """What an HTTP refusal means (protocol: connecting, Refused handshakes)."""
    status = error.response.status_code
    try:
        reason = printable(msgspec.json.decode(bytes(error.response.body or b""), type=_Refusal).error.message)
    except msgspec.DecodeError:
        reason = f"HTTP {status}"
    match status:
        case 401:
            return f"{_host(address)} refused the key: {reason}"
        case 404:
            return f"{_host(address)} has no such deployment: {reason}"
        case 429:
            return f"{_host(address)} is busy: {reason}"
        case _:
            return f"{_host(address)} refused the conversation: {reason}"
