"""The bytes of a WebSocket's text frames, both ways (RFC 6455 section 5.2).

Nearly all traffic is one whole text frame for each event, and nearly all reads bring exactly one of them (`whole`).
Frames that come otherwise are cut out of the bytes (`feed`), and unmasked here all the same: the full parser takes
20 us for a frame. Everything else is left to it.
"""

import codecs
import struct
from collections.abc import Iterable, Iterator
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # built without a compiler
    from websockets.utils import apply_mask

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2
_MASKED: Final = 0x80
_MASK_BYTES: Final = 4
_LONG, _VERY_LONG = 126, 127
#: Bytes of an extended length, by what stands in its place.
_EXTENDED: Final = {_LONG: 2, _VERY_LONG: 8}
_long_head: Final = struct.Struct("!BBH").pack
_very_long_head: Final = struct.Struct("!BBQ").pack
_Utf8: Final = codecs.getincrementaldecoder("utf-8")


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
        self._partial: PartialText | None = None

    @property
    def hopeless(self) -> bool:
        """Whether a text that is not whole yet is no UTF-8, whatever follows."""
        return self._partial is not None and self._partial.hopeless

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def whole(self, data: bytes) -> bytes | None:
        """The payload, unmasked, where `data` is one whole text message of less than 64 KiB and nothing else. None for
        all that is anything else; then nothing was taken, and `feed` takes it."""
        size = len(data)
        if size < 2 + _MASK_BYTES or data[0] != _FINAL | _TEXT or self._buffer or self._fragmented or self._broken:
            return None
        start = 2 + _MASK_BYTES
        if data[1] == _MASKED | _LONG:
            start += 2
            if size < start or data[2] << 8 | data[3] != size - start:
                return None
        elif size - start >= _LONG or data[1] != _MASKED | size - start:
            return None
        if size - start > self._limit:
            return None
        return apply_mask(data[start:], data[start - _MASK_BYTES : start])

    def feed(self, data: bytes | bytearray) -> Iterator[tuple[bytes | bytearray, int]]:
        """Take bytes, yield the frames that they complete, each with the place of its payload.

        The place is 0 for frames that are not whole masked text messages.
        """
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                if self._partial is not None:
                    self._partial.check(self._buffer)
                return
            data, self._buffer = self._buffer, bytearray()  # handed on as it is: twenty megabytes take a while to copy
            self._partial = None
        at = 0
        while at < len(data) and not self._broken:
            head, size = self._measure(data, at)
            if self._broken:
                break
            end = at + head + size
            if not head or end > len(data):
                self._needed = head + size
                self._buffer += memoryview(data)[at:]
                if head and data[at] & _OPCODE == _TEXT:
                    self._partial = PartialText(head)
                    self._partial.check(self._buffer)
                return
            frame = data if end - at == len(data) else data[at:end]
            at = end
            yield frame, (head if self._is_message(frame[0]) else 0)
        if at < len(data):
            yield data[at:], 0

    def _measure(self, data: bytes | bytearray, at: int) -> tuple[int, int]:
        """Bytes of the head and of the payload; 0 and 0 while the head is not all there."""
        here = len(data) - at
        if here < 2:
            return 0, 0
        first, second = data[at], data[at + 1]
        size, extended = second & ~_MASKED, _EXTENDED.get(second & ~_MASKED, 0)
        if extended:
            length = data[at + 2 : at + 2 + extended]
            size = int.from_bytes(length) if len(length) == extended else 0
        if not second & _MASKED or first & _RESERVED or size > self._limit:
            self._broken = True
            return 0, 0
        head = 2 + extended + _MASK_BYTES
        return (head, size) if here >= head else (0, 0)

    def _is_message(self, first: int) -> bool:
        opcode = first & _OPCODE
        whole = opcode == _TEXT and bool(first & _FINAL) and not self._fragmented
        if opcode in (_CONTINUATION, _TEXT, _BINARY) and not whole:
            self._fragmented = not first & _FINAL
        return whole


class PartialText:
    """The payload of a text frame as it comes; `start` is its place."""

    def __init__(self, start: int) -> None:
        self.hopeless = False
        self._start = self._checked = start
        self._utf8 = _Utf8()

    def check(self, frame: bytearray) -> None:
        """Look at what has come since the last time."""
        at = self._checked
        with memoryview(frame) as whole:
            mask, turn = bytes(whole[self._start - _MASK_BYTES : self._start]), (at - self._start) % _MASK_BYTES
            text = apply_mask(whole[at:], mask[turn:] + mask[:turn])
        self._checked = len(frame)
        try:
            self._utf8.decode(text)
        except UnicodeDecodeError:
            self.hopeless = True


def payload(frame: bytes | bytearray, start: int) -> bytes:
    """The unmasked payload of a frame; `start` is its place."""
    with memoryview(frame) as whole:  # a slice of the bytes would be a copy
        return apply_mask(whole[start:], bytes(frame[start - _MASK_BYTES : start]))


def text_frames(payloads: Iterable[bytes]) -> bytes:
    """Whole unmasked text frames, one after the other."""
    pieces: list[bytes] = []
    for data in payloads:
        size = len(data)
        if _LONG <= size < 1 << 16:  # nearly all
            pieces += _long_head(_FINAL | _TEXT, _LONG, size), data
        elif size < _LONG:
            pieces += bytes((_FINAL | _TEXT, size)), data
        else:
            pieces += _very_long_head(_FINAL | _TEXT, _VERY_LONG, size), data
    return b"".join(pieces)
