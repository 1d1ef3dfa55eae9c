"""Cutting the bytes of a WebSocket into whole frames (RFC 6455 section 5.2).

Nearly all that a client sends is one masked text frame for each event. Those are recognised here, and
their payload is unmasked without the full parser, which takes 20 us for a frame against 3; all other
frames are for the full parser.
"""

from collections.abc import Iterator
from typing import Final

from websockets.frames import apply_mask

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2
_MASKED: Final = 0x80
_MASK_BYTES: Final = 4
_LONG, _VERY_LONG = 126, 127


class FrameCutter:
    """One direction of one connection; `limit` is the largest payload in bytes.

    From a frame that breaks the rules or the limit on, everything is passed on as it comes: the full
    parser knows how to refuse it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._needed = 0
        self._fragmented = False
        self._broken = False

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """Take bytes, yield the frames that they complete, each with the place of its payload.

        The place is 0 for frames that are not whole masked text messages.
        """
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return
            data = bytes(self._buffer)
            self._buffer.clear()
        at = 0
        while at < len(data) and not self._broken:
            head, size = self._measure(data, at)
            if self._broken:
                break
            end = at + head + size
            if not head or end > len(data):
                self._needed = head + size
                self._buffer += memoryview(data)[at:]
                return
            frame = data if end - at == len(data) else data[at:end]
            at = end
            yield frame, (head if self._is_message(frame[0]) else 0)
        if at < len(data):
            yield data[at:], 0

    def _measure(self, data: bytes, at: int) -> tuple[int, int]:
        """Bytes of the head and of the payload; 0 and 0 while the head is not all there."""
        here = len(data) - at
        if here < 2:
            return 0, 0
        first, second = data[at], data[at + 1]
        size = second & ~_MASKED
        head = 2 + _MASK_BYTES
        if size == _LONG:
            head += 2
            size = int.from_bytes(data[at + 2 : at + 4]) if here >= head else 0
        elif size == _VERY_LONG:
            head += 8
            size = int.from_bytes(data[at + 2 : at + 10]) if here >= head else 0
        if not second & _MASKED or first & _RESERVED or size > self._limit:
            self._broken = True
            return 0, 0
        return (head, size) if here >= head else (0, 0)

    def _is_message(self, first: int) -> bool:
        opcode = first & _OPCODE
        whole = opcode == _TEXT and bool(first & _FINAL) and not self._fragmented
        if opcode in (_CONTINUATION, _TEXT, _BINARY) and not whole:
            self._fragmented = not first & _FINAL
        return whole


def payload(frame: bytes, start: int) -> bytes:
    """The unmasked payload of a frame; `start` is its place."""
    return apply_mask(frame[start:], frame[start - _MASK_BYTES : start])
