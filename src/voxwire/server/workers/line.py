"""What the parent and one worker say to each other: msgpack over a Unix socket pair, questions in both directions."""

import asyncio
import inspect
import itertools
import logging
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from voxwire.errors import VoxwireError

logger = logging.getLogger("voxwire.server")

Handler = Callable[[Any], Any]
"""What is done with a message; what it returns, or what that gives when it is awaited, is the answer."""

_TELL, _ASK, _ANSWER, _REFUSE = range(4)
_SIZE: Final = struct.Struct(">I")
#: Longest message: settings of ephemeral keys have a megabyte at most, and all metrics some.
_LONGEST: Final = 64 * 1024 * 1024


class LineLost(VoxwireError):
    """The other end is gone, or it could not answer."""


class WorkerLine(asyncio.Protocol):
    """One end. `handlers` are by the name of the message; they are called in the order in which messages came, and
    those that have to wait go on beside. `on_lost` is called once, when the other end is gone."""

    def __init__(self, handlers: Mapping[str, Handler], on_lost: Callable[[], None]) -> None:
        self._handlers = handlers
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._buffer = bytearray()

    def tell(self, what: str, body: object = None) -> None:
        """Say something that has no answer. Nothing happens where nobody is left to hear it."""
        self._write(_TELL, 0, what, body)

    async def ask(self, what: str, body: object = None) -> Any:
        """The answer of the other end. Raises LineLost."""
        if self._transport is None or self._transport.is_closing():
            raise LineLost("The other process is gone.")
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._write(_ASK, number, what, body)
            return await answer
        finally:
            self._asked.pop(number, None)

    def close(self) -> None:
        """Send what was said, then end the line."""
        if self._transport is not None:
            self._transport.close()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._buffer)
            if size > _LONGEST:
                logger.error("a process of the server says what it may not: a message of %d bytes", size)
                assert self._transport is not None
                self._transport.abort()
                return
            end = _SIZE.size + size
            if len(self._buffer) < end:
                return
            message = msgspec.msgpack.decode(bytes(memoryview(self._buffer)[_SIZE.size : end]))
            del self._buffer[:end]
            self._handle(*message)

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LineLost("The other process is gone."))
        self._on_lost()

    # --- inside ---

    def _write(self, kind: int, number: int, what: str, body: object) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        message = msgspec.msgpack.encode((kind, number, what, body))
        if len(message) > _LONGEST:
            raise ValueError(f"a message {what!r} of {len(message)} bytes")
        self._transport.write(_SIZE.pack(len(message)) + message)

    def _handle(self, kind: int, number: int, what: str, body: Any) -> None:
        if kind in (_ANSWER, _REFUSE):
            answer = self._asked.get(number)
            if answer is not None and not answer.done():
                if kind == _ANSWER:
                    answer.set_result(body)
                else:
                    answer.set_exception(LineLost(f"The other process could not answer: {what}."))
            return
        try:
            result = self._handlers[what](body)
            if not inspect.isawaitable(result):
                self._answer(kind, number, what, result)
                return
        except Exception:
            self._failed(kind, number, what)
            return
        task = asyncio.ensure_future(self._finish(kind, number, what, result))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _finish(self, kind: int, number: int, what: str, result: Any) -> None:
        try:
            self._answer(kind, number, what, await result)
        except Exception:
            self._failed(kind, number, what)

    def _answer(self, kind: int, number: int, what: str, answer: Any) -> None:
        if kind == _ASK:
            self._write(_ANSWER, number, what, answer)

    def _failed(self, kind: int, number: int, what: str) -> None:
        logger.exception("a message %s between processes of the server could not be worked on", what)
        if kind == _ASK:
            self._write(_REFUSE, number, what, None)
