"""A service without sessions: every frame comes back, so that tests see the transport alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from voxwire.events.closing import CloseReason
from voxwire.events.session_config import SessionKind
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.transport import Transport, TransportClosed
from voxwire.runtime.budget import Budget
from voxwire.runtime.load import Load

#: The fixture `serve`: starts a server, returns its address.
Serve = Callable[..., Awaitable[str]]


def engine(kind: str) -> Any:
    """What the HTTP layer looks at in an engine."""
    info = EngineInfo(name=f"fake-{kind}", label=f"a fake {kind}", licence="none", notice="tests only")
    return SimpleNamespace(capabilities=SimpleNamespace(info=info))


def deployment(name: str, turn: Any = None) -> Any:
    """What the HTTP layer looks at in a deployment."""
    engines = {kind: engine(kind) for kind in ("stt", "llm", "tts")}
    return SimpleNamespace(name=name, label="an echo", turn=turn, **engines)


class EchoAttachment:
    """First says what was negotiated, then repeats. `{"flood": N}` sends N frames of 64 KiB.

    A `verbatim` one knows no commands and repeats all texts as they are.
    """

    def __init__(self, transport: Transport, *, verbatim: bool = False) -> None:
        self.transport = transport
        self.verbatim = verbatim
        self.outbox = self
        self.closed = asyncio.Event()
        self.farewell: asyncio.Task[None] | None = None

    def offer(self, frame: str) -> bool:
        return False

    async def receive(self, frame: str | bytes, *, binary: bool = False) -> None:
        try:
            if binary:
                await self.transport.send(json.dumps({"binary": len(frame)}).encode())
            elif self.verbatim:  # a large text comes as the bytes that it is
                await self.transport.send(frame.encode() if isinstance(frame, str) else frame)
            elif len(frame) > 1000:
                await self.transport.send(json.dumps({"text": len(frame)}).encode())
            elif frame == "crash":
                raise RuntimeError("asked to crash")
            elif isinstance(frame, str) and frame.startswith("close "):
                _, reason, message = frame.split(" ", 2)
                await self.transport.close(CloseReason[reason], message)
            elif isinstance(frame, str) and frame.startswith("flood "):
                for _ in range(int(frame.split()[1])):
                    await self.transport.send(b"x" * 65536)
            else:
                await self.transport.send(frame.encode() if isinstance(frame, str) else frame)
        except TransportClosed:
            self.closed.set()

    def turn_away(self) -> None:
        pass

    async def leave(self) -> None:
        await self.transport.close(CloseReason.CLIENT_LEFT, "")

    def finish(self, reason: CloseReason) -> None:
        self.farewell = asyncio.ensure_future(self.transport.close(reason, reason.value))


class EchoService:
    """Stands in for `voxwire.runtime.service.Service`."""

    def __init__(self, names: Sequence[str] = ("gpt-realtime", "a/b"), default: str = "gpt-realtime") -> None:
        self.deployments = [deployment(name, None if number else engine("turn")) for number, name in enumerate(names)]
        self.vad = engine("vad")
        self.default = default
        self.running = False
        self.budget = Budget(512 * 1024 * 1024)
        self.load = Load(())
        self.verbatim = False
        self.attachments: set[EchoAttachment] = set()
        self.start_delay_s = 0.0
        self.start_error: Exception | None = None

    async def start(self) -> None:
        await asyncio.sleep(self.start_delay_s)
        if self.start_error is not None:
            raise self.start_error
        self.running = True

    async def close(self) -> None:
        self.running = False

    def deployment(self, name: str | None) -> Any:
        name = self.default if name in (None, "whisper-1") else name
        return next((known for known in self.deployments if known.name == name), None)

    @asynccontextmanager
    async def converse(
        self, deployment: Any, *, kind: SessionKind, codec: Any, transport: Transport, model: str | None, **_: Any
    ) -> AsyncIterator[EchoAttachment]:
        attachment = EchoAttachment(transport, verbatim=self.verbatim)
        self.attachments.add(attachment)
        greeting = {"deployment": deployment.name, "model": model, "kind": kind.value, "dialect": codec.dialect.value}
        await transport.send(json.dumps(greeting).encode())
        try:
            yield attachment
        finally:
            self.attachments.discard(attachment)
            if attachment.farewell is not None:
                await attachment.farewell
