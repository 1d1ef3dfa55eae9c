"""What the client raises.

    Exception
    ├── RealtimeException            the service sent an `error` event, or could not transcribe
    │   └── EventStreamError         the same out of `RTClient.events()`; also a ValueError, as it was in 2024
    ├── ConnectionError              the handshake was refused: status, code, request identifier, headers
    │   ├── UnreachableError         nobody answered; also an aiohttp.ClientConnectionError
    │   └── ConnectionClosedError    the connection ended while something was awaited: close code and reason
    ├── UnreadMessagesError          too much is unread, and nobody reads it: what is awaited may be behind
    └── MalformedMessageError        the server sent what cannot be a message; also a ValueError

`ConnectionError` is not the built-in one; it lives in `rtclient.low_level_client` too.
"""

from collections.abc import Mapping
from types import MappingProxyType

import aiohttp

from rtclient.models import RealtimeError

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class RealtimeException(Exception):
    """The service sent an `error` event. `request_id` names the connection in the service's logs."""

    def __init__(self, error: RealtimeError, request_id: str | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.request_id = request_id

    @property
    def message(self) -> str:
        """For people."""
        return self.error.message

    @property
    def type(self) -> str | None:
        """The class of the error, such as `invalid_request_error`."""
        return self.error.type

    @property
    def code(self) -> str | None:
        """For programs."""
        return self.error.code

    @property
    def param(self) -> str | None:
        """The field at fault."""
        return self.error.param

    @property
    def event_id(self) -> str | None:
        """The client's message at fault, if it had an identifier."""
        return self.error.event_id


class EventStreamError(RealtimeException, ValueError):
    """An `error` event ended `RTClient.events()`."""


class ConnectionError(Exception):
    """The connection could not be made, or ended.

    `status` is the HTTP status of a refusal, `code` and `detail` come from its body, `headers` are its headers.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        detail: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.request_id = request_id


class UnreachableError(ConnectionError, aiohttp.ClientConnectionError):
    """No service answered at that address: no such host, no listener, no TLS, or not in time."""


class ConnectionClosedError(ConnectionError):
    """The connection ended while something was awaited. `close_code` is 1006 where no close frame came."""

    def __init__(self, close_code: int, reason: str, request_id: str | None = None) -> None:
        super().__init__(
            f"The connection ended with code {close_code}" + (f": {reason}" if reason else ""), request_id=request_id
        )
        self.close_code = close_code
        self.reason = reason

    @property
    def clean(self) -> bool:
        """Whether the other side meant to end it."""
        return self.close_code == 1000


class UnreadMessagesError(Exception):
    """`limit` bytes of messages are unread, nobody has read any for a while, and what is awaited may be behind them.

    The connection stays usable: what is stored can be read, and then the rest.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} bytes of messages are unread, and what is awaited may be behind them: read the contents of "
            "responses or let go of them, or allow more by max_unread_bytes"
        )
        self.limit = limit


class MalformedMessageError(ValueError):
    """The server sent what cannot be a message: no JSON, no object, or an event with impossible fields."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id
