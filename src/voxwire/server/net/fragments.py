"""A message that comes in pieces (RFC 6455 section 5.4)."""

import codecs
from typing import Final, NamedTuple

from websockets.frames import Frame, Opcode

_Utf8: Final = codecs.getincrementaldecoder("utf-8")


class WholeMessage(NamedTuple):
    data: bytes
    is_text: bool


class Fragments:
    """Joins fragments as they come: a list of tiny ones would weigh many times what they hold, and empty ones count for
    nothing against the limit. A peer whose text is no UTF-8 learns it before the last fragment."""

    def __init__(self) -> None:
        self._data: bytes | bytearray | memoryview = b""
        self._is_text = False
        self._utf8: codecs.IncrementalDecoder | None = None
        self.waiting = 0
        """Bytes of a message that is not whole yet."""

    def add(self, frame: Frame) -> WholeMessage | None:
        """Take a frame of data, in an order that the parser has checked; the message that it completes.

        Raises UnicodeDecodeError.
        """
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
            if frame.fin:
                return WholeMessage(bytes(frame.data), self._is_text)
            self._data = frame.data  # not copied yet: it may be the largest that there is
            self._utf8 = _Utf8() if self._is_text else None
        else:
            if not isinstance(self._data, bytearray):
                self._data = bytearray(self._data)
            self._data += frame.data
        if self._utf8 is not None:
            self._utf8.decode(frame.data, frame.fin)
        self.waiting = len(self._data)
        if not frame.fin:
            return None
        data = bytes(self._data)
        self.clear()
        return WholeMessage(data, self._is_text)

    def clear(self) -> None:
        self._data = b""
        self._utf8 = None
        self.waiting = 0
