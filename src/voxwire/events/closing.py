"""Why a session ends, or one of those attached to it. Each transport says it in its own way."""

from enum import Enum


class CloseReason(Enum):
    """The value is what a person may read, where nobody has said it better."""

    CLIENT_LEFT = "The client has ended the connection."
    ENDED = "The session has ended."
    """Those it was there for have left."""
    EXPIRED = "The session has reached its maximum duration."
    NOT_READING = "The client does not read what it is sent."
    INTERNAL_ERROR = "internal error"
    STOPPING = "The server is stopping."
    """Somebody has stopped the server."""
    RESTARTING = "The server is restarting."
    """The server goes away, and clients may come back at once."""
