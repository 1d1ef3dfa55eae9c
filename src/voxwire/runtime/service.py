"""What one process shares: engines, speech detection, running sessions."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from voxwire.awake import awake_clock
from voxwire.errors import ConfigurationError
from voxwire.events.closing import CloseReason
from voxwire.events.session_config import SessionKind
from voxwire.interfaces.codec import Codec
from voxwire.interfaces.engine import Engine
from voxwire.interfaces.transport import Transport
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime.attachment import Attachment
from voxwire.runtime.budget import Budget
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.foresight import Situation
from voxwire.runtime.ids import new_id
from voxwire.runtime.live import LiveSession
from voxwire.runtime.live_sessions import LiveSessions
from voxwire.runtime.load import Load
from voxwire.runtime.notify import Notify
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.vad_batcher import VadBatcher
from voxwire.session.limits import Limits
from voxwire.session.session import Session

logger = logging.getLogger("voxwire.runtime")


class Service:
    """Everything between transports and engines. `start` before the first `converse`, `close` at the end."""

    def __init__(
        self,
        *,
        deployments: Iterable[Deployment],
        default: str,
        vad: VadEngine,
        limits: Limits | None = None,
        runtime_limits: RuntimeLimits | None = None,
        aliases: Mapping[str, str] | None = None,
        ids: Callable[[str], str] = new_id,
    ) -> None:
        """`aliases` map further names to deployments; a deployment's own name wins. `default` answers
        where a client names none. `ids` makes `item_…` of `item`. Raises ConfigurationError."""
        self._deployments = {deployment.name: deployment for deployment in deployments}
        self._aliases = dict(aliases or {})
        self._default = default
        for name in (default, *self._aliases.values()):
            if name not in self._deployments:
                raise ConfigurationError(f"There is no deployment {name!r}; there is {', '.join(self._deployments)}.")
        self.vad: Final = vad
        self._batcher = VadBatcher(vad)
        self._limits = limits or Limits()
        self._runtime_limits = runtime_limits or RuntimeLimits()
        self.budget = Budget(self._runtime_limits.message_bytes)
        """What messages of all clients may take together."""
        self._ids = ids
        self._sessions = LiveSessions(self._runtime_limits.sessions)
        self._left = Notify()
        self.load = Load(deployment.stt for deployment in self._deployments.values())

    # --- life ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Warm up every engine, once each. Raises what an engine raises, after the others have settled."""
        results = await asyncio.gather(*(engine.start() for engine in self._engines), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        for deployment in self._deployments.values():
            await deployment.expect(Situation(deployment.instructions))
        self.load.start()

    async def close(self) -> None:
        """End every session, then the engines. Idempotent; safe after a failed start."""
        await self.load.close()
        for live in self._sessions:
            live.close(CloseReason.RESTARTING)
        try:
            async with asyncio.timeout(self._runtime_limits.close_deadline_s):
                while self._sessions:
                    await self._left.wait()
        except TimeoutError:
            logger.warning("%d sessions did not end in time", len(self._sessions))
        self._batcher.close()
        for result in await asyncio.gather(*(engine.close() for engine in self._engines), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    @property
    def _engines(self) -> list[Engine]:
        """Every engine once, however many deployments share it."""
        unique: dict[int, Engine] = {id(self.vad): self.vad}
        for deployment in self._deployments.values():
            unique.update((id(engine), engine) for engine in deployment.engines)
        return list(unique.values())

    # --- what there is ------------------------------------------------------------------------------

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        return tuple(self._deployments.values())

    @property
    def sessions(self) -> int:
        """Sessions running now."""
        return len(self._sessions)

    @property
    def answers_from(self) -> str:
        """Says in words what answers where a client names no deployment."""
        return self._deployments[self._default].label

    def deployment(self, name: str | None) -> Deployment | None:
        """The deployment of this name or alias; the default for None; None when there is no such name."""
        if name is None:
            name = self._default
        return self._deployments.get(name) or self._deployments.get(self._aliases.get(name, ""))

    # --- sessions -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def converse(
        self,
        deployment: Deployment,
        *,
        kind: SessionKind,
        codec: Codec,
        transport: Transport,
        model: str | None = None,
        end_user: str | None = None,
    ) -> AsyncIterator[Attachment]:
        """One session for one connection, which has been accepted already.

        `model` is the name that the client asked for, an alias perhaps; its session shows it.
        `end_user` is the client's name for the person who speaks, for the language engine.

        The body reads frames and hands each to `Attachment.receive`, until the peer is gone or
        `Attachment.closed` is set. On leaving, everything that the session started has ended.
        Raises TooManySessions.
        """
        live = self._make(deployment, kind, model, end_user)
        self._sessions.add(live)
        try:
            attachment = live.attach(codec, transport)
            async with live.running():
                yield attachment
        finally:
            self._sessions.remove(live)
            self._left.wake()

    def _make(self, deployment: Deployment, kind: SessionKind, model: str | None, end_user: str | None) -> LiveSession:
        clock = awake_clock()
        session_id = self._ids("sess")
        session = Session(
            session_id=session_id,
            config=deployment.config(kind, model),
            limits=self._limits,
            capabilities=deployment.capabilities,
            ids=self._ids,
            now=clock.time(),
            expires_at=int(time.time() + self._limits.session_seconds),
            end_user=end_user,
        )
        return LiveSession(
            session_id,
            session,
            deployment,
            open_lane=self._batcher.open,
            limits=self._runtime_limits,
            budget=self.budget,
            clock=clock,
        )
