"""Frames between the host and a worker process.

A frame is a little-endian unsigned 32-bit length and that many bytes of msgpack: the array
`[kind, stream, body]`. Stream 0 is the worker itself. Each side counts the bytes of the `OPEN` and
`DATA` bodies that it sent and the other has not yet acknowledged, and stops at the window: nobody
has to stop reading, so a cancellation is never stuck behind audio.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import msgspec

#: One frame holds at most this much: far above the largest phrase set (about 1 MiB).
MAX_FRAME: Final = 16 * 1024 * 1024
_PREFIX: Final = 4
EMPTY_BODY: Final = msgspec.Raw(b"\xc0")


class FrameKind(IntEnum):
    """What a frame means, and who sends it."""

    START = 0
    """Host, stream 0: load this service (`Start`)."""
    READY = 1
    """Worker, stream 0: the service is warm; the body describes it."""
    OPEN = 2
    """Host: a new stream."""
    DATA = 3
    """Either: a message of the service."""
    ACK = 4
    """Either: this many bytes of bodies were taken."""
    CANCEL = 5
    """Host: the stream is not wanted any more; `END` follows."""
    END = 6
    """Worker: the stream is over and its place free."""
    FAIL = 7
    """Worker: the stream failed and is over (`WorkerFailure`); on stream 0, the service cannot start."""
    PING = 8
    """Host, stream 0: are you there? Asked of workers that have nothing to do."""
    PONG = 9
    """Worker, stream 0: the answer."""


class Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kind: FrameKind
    stream: int
    body: msgspec.Raw = EMPTY_BODY


class Start(msgspec.Struct, frozen=True):
    """`service` is `package.module:callable`; the callable gets the options and returns the service.

    `forks`: each stream is served by a copy of the process (`voxwire.engines.worker.forking`).
    """

    service: str
    options: msgspec.Raw
    forks: bool = False


class WorkerFailure(msgspec.Struct, frozen=True):
    """An error of the child. `configuration` marks what the operator must change."""

    code: str
    message: str
    configuration: bool = False


class BadFrame(Exception):
    """The other side sent something that is no frame."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def encode_frame(kind: FrameKind, stream: int, body: object = EMPTY_BODY) -> bytes:
    """One frame; `body` is anything msgspec can encode, or `Raw` already encoded."""
    payload = _encoder.encode((kind, stream, body))
    return len(payload).to_bytes(_PREFIX, "little") + payload


def encode_body(message: object) -> msgspec.Raw:
    """A message on its own, for those who must know its size before it is sent."""
    return msgspec.Raw(_encoder.encode(message))


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes, yield the frames that they complete. Raises BadFrame."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _PREFIX:
            size = int.from_bytes(buffer[:_PREFIX], "little")
            if size > MAX_FRAME:
                raise BadFrame(f"a frame of {size} bytes")
            end = _PREFIX + size
            if len(buffer) < end:
                return
            payload = bytes(buffer[_PREFIX:end])
            del buffer[:end]
            try:
                yield _decoder.decode(payload)
            except msgspec.MsgspecError as error:
                raise BadFrame(str(error)) from error
