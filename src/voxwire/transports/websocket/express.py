"""What our server offers an application beside ASGI: frames without a queue, a task or a parser between.

ASGI moves one message at a time through a queue to a task, and out through the full framing code: about
40 us a frame each way, more than everything else that an append of 20 ms costs. The handshake, closing,
and messages that have to wait go by ASGI all the same.
"""

from collections.abc import Callable
from typing import Final, Protocol

TakeAppend = Callable[[bytes], bool]
"""Takes a text message at once, where it is audio for the session as clients mostly send it. False for all other
messages, also those that are not UTF-8, and when it has to wait: then it comes by `Offer`, or by ASGI's `receive`."""

Offer = Callable[[str], bool]
"""Takes a text message at once; False when it cannot, and then the message comes by ASGI's `receive`."""

#: Key of an `Express` in the scope's `extensions`.
EXPRESS_EXTENSION: Final = "voxwire.express"


class Express(Protocol):
    """One connection."""

    def deliver_to(self, append: TakeAppend, offer: Offer, turn_away: Callable[[], None]) -> None:
        """Offer text messages from now on, those below 64 KiB to `append` first. No message is offered while earlier
        ones wait for `receive`.

        `turn_away` is called when the server takes no more of a large message, for want of memory; then comes
        the disconnect, with close code 1013.
        """

    async def send_texts(self, frames: tuple[bytes, ...]) -> None:
        """Send text messages, UTF-8, in one write; waits while the socket is full. Raises OSError for a
        client that is gone."""

    def send_texts_now(self, frames: tuple[bytes, ...]) -> bool:
        """The same without waiting. False where it would wait, or the client is gone; then nothing was sent."""
        ...

    def abort(self) -> None:
        """Cut the TCP connection."""
