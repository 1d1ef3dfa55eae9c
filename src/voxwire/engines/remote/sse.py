"""Server-sent events: bytes in pieces of any size to the data of each event."""

from typing import Final

from voxwire.engines.remote.endpoint_failures import Failures

#: Longest line, and longest data of one event. A chunk of a chat completion has some 200 bytes.
MOST_BYTES: Final = 1024 * 1024


class EventReader:
    """Feed it what arrives; it gives the data of every event that is complete.

    Comments, event names, ids and retry times are passed over: the protocols here use none of them.
    """

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Raises EngineError for a line or an event without end."""
        *lines, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        if len(self._rest) > MOST_BYTES:
            raise self._failures.broken("a line without end")
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                data = line[6:] if line.startswith(b"data: ") else line[5:]
                self._size += len(data)
                if self._size > MOST_BYTES:
                    raise self._failures.broken("an event without end")
                self._data.append(data)
            elif not line.strip(b"\r") and self._data:
                events.append(b"\n".join(self._data))
                self._data, self._size = [], 0
        return events

    def flush(self) -> list[bytes]:
        """The last event, when the stream ends without the empty line that ought to close it."""
        return self.feed(b"\n\n")
