"""What a transport is to the runtime: a way to send frames, and nothing that decides."""

from typing import Protocol

from voxwire.events.closing import CloseReason


class TransportClosed(Exception):
    """The connection is gone: raised by `Transport.send`, caught by the outbox, never an error of ours."""


class Transport(Protocol):
    """One connection to a client.

    Sending is the outbox's alone: one `send` or `send_now` at a time, and `close` at most once, after the last.
    """

    async def send(self, *frames: bytes) -> None:
        """Send frames, in order. Waits while the peer does not read.

        Broken, or closed by the peer: raises TransportClosed.
        """

    def send_now(self, *frames: bytes) -> bool:
        """Send frames at once, in order, while no `send` goes on. False where something has to be waited for, or the
        connection is gone: then nothing was sent."""
        ...

    async def close(self, reason: CloseReason, message: str) -> None:
        """End the connection, and say why as the wire has it. Never raises for a peer already gone."""
