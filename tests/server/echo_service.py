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
from voxwire.runtime.allowance import Allowance, Unbounded
from voxwire.runtime.budget import Budget
from voxwire.runtime.directory import Hosted, LocalDirectory
from voxwire.runtime.drafting import Drafting
from voxwire.runtime.leases import EngineLeases
from voxwire.runtime.load import Load
from voxwire.runtime.newcomers import Newcomer
from voxwire.runtime.observer import Arrival, Observers
from voxwire.runtime.principal import Principal
from voxwire.runtime.storing import NOT_STORED
from voxwire.session import Capabilities

#: The fixture `serve`: starts a server, returns its address.
Serve = Callable[..., Awaitable[str]]


class EchoEngine:
    """What the HTTP layer looks at in an engine."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.label = f"a fake {kind}"
        self.fault: Exception | None = None

    @property
    def capabilities(self) -> Any:
        info = EngineInfo(name=f"fake-{self.kind}", label=self.label, licence="none", notice="tests only")
        return SimpleNamespace(info=info)

    async def start(self) -> None:
        if self.fault is not None:
            raise self.fault

    async def close(self) -> None:
        pass


def echo(name: str, *kinds: str) -> Hosted:
    """A deployment of such engines."""
    engines = {kind: EchoEngine(kind) for kind in kinds}
    engines["llm"].label = "an echo"

    async def expect(*settings: object) -> None:
        pass

    def assemble(engines: Any) -> Any:
        capabilities = Capabilities(voices=frozenset({"verse", "alloy"}))
        return SimpleNamespace(
            name=name, instructions="", storing=NOT_STORED, capabilities=capabilities, expect=expect, **engines
        )

    leases = EngineLeases().lease({kind: (kind, lambda engine=engine: engine) for kind, engine in engines.items()})
    return Hosted(name, leases, assemble)


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

    def append(self, frame: bytes) -> bool:
        return False

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

    async def answered(self) -> None:
        pass

    async def leave(self) -> None:
        await self.transport.close(CloseReason.CLIENT_LEFT, "")

    def finish(self, reason: CloseReason) -> None:
        self.farewell = asyncio.ensure_future(self.transport.close(reason, reason.value))


class EchoService:
    """Stands in for `voxwire.runtime.service.Service`."""

    def __init__(self, names: Sequence[str] = ("gpt-realtime", "a/b"), default: str = "gpt-realtime") -> None:
        kinds = "stt", "llm", "tts"
        found = [echo(name, *kinds) if number else echo(name, *kinds, "turn") for number, name in enumerate(names)]
        self.usage_logs: list[Any] = []
        self.directory = LocalDirectory(found, default=default, aliases={"whisper-1": default})
        self.vad = EchoEngine("vad")
        self.running = False
        self.budget = Budget(512 * 1024 * 1024)
        self.load = Load(list)
        self.drafting = Drafting()
        self.observers = Observers()
        self.verbatim = False
        self.attachments: set[EchoAttachment] = set()
        self.start_delay_s = 0.0
        self.start_error: Exception | None = None

    @asynccontextmanager
    async def allow(self, hosted: Hosted, principal: Principal) -> AsyncIterator[Allowance]:
        yield Unbounded()

    async def start(self) -> None:
        await asyncio.sleep(self.start_delay_s)
        if self.start_error is not None:
            raise self.start_error
        await self.directory.start()
        self.running = True

    async def close(self) -> None:
        await self.directory.close()
        self.running = False

    @asynccontextmanager
    async def converse(
        self,
        hosted: Hosted,
        *,
        principal: Principal,
        kind: SessionKind,
        codec: Any,
        transport: Transport,
        model: str | None,
        end_user: str | None,
        newcomer: Newcomer,
        arrival: Arrival,
        allowance: Allowance,
        patch: Any = None,
    ) -> AsyncIterator[EchoAttachment]:
        attachment = EchoAttachment(transport, verbatim=self.verbatim)
        self.attachments.add(attachment)
        greeting = {"deployment": hosted.name, "model": model, "kind": kind.value, "dialect": codec.dialect.value}
        await transport.send(json.dumps(greeting).encode())
        try:
            yield attachment
        finally:
            self.attachments.discard(attachment)
            if attachment.farewell is not None:
                await attachment.farewell
