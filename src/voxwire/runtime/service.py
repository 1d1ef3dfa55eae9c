"""What one process shares: engines, speech detection, running sessions."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from msgspec.structs import replace

from voxwire import __version__, log_context
from voxwire.awake import awake_clock
from voxwire.events.closing import CloseReason
from voxwire.events.response import ResponseParams
from voxwire.events.server import Fingerprint, SessionCreated
from voxwire.events.session_config import SessionKind, SessionPatch
from voxwire.interfaces.codec import Codec
from voxwire.interfaces.transport import Transport
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime.allowance import Allowance, NoQuotas, QuotaExceeded, Quotas
from voxwire.runtime.attachment import AttachmentRole
from voxwire.runtime.audience import SessionEnded
from voxwire.runtime.budget import Budget
from voxwire.runtime.content_guard import ContentMonitor
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.directory import Hosted, LocalDirectory, settle
from voxwire.runtime.drafting import Drafting
from voxwire.runtime.event_attachment import EventAttachment
from voxwire.runtime.ids import new_id
from voxwire.runtime.live import LiveSession
from voxwire.runtime.live_sessions import LiveSessions
from voxwire.runtime.load import Load
from voxwire.runtime.newcomers import Newcomer
from voxwire.runtime.notify import Notify
from voxwire.runtime.observer import Arrival, Observers, SessionFacts
from voxwire.runtime.principal import Principal
from voxwire.runtime.prompt_texts import NoPrompts, PromptBook, prompted_patch
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.storing import SessionArguments, SessionRecorder
from voxwire.runtime.usage_meter import UsageLog
from voxwire.runtime.vad_batcher import VadBatcher
from voxwire.session import Limits, Session

logger = logging.getLogger("voxwire.runtime")

_SOMEHOW: Final = Arrival()


class Service:
    """Everything between transports and engines. `start` before the first `converse`, `close` at the end."""

    def __init__(
        self,
        *,
        directory: LocalDirectory,
        vad: VadEngine,
        limits: Limits | None = None,
        runtime_limits: RuntimeLimits | None = None,
        quotas: Quotas | None = None,
        usage_logs: Sequence[UsageLog] = (),
        ids: Callable[[str], str] = new_id,
    ) -> None:
        """`quotas` bound nobody unless some are given; `usage_logs` keep records. `ids` makes `item_…` of `item`."""
        self.directory: Final = directory
        self.vad: Final = vad
        self.observers: Final = Observers()
        """Who is told of what happens here."""
        self._batcher = VadBatcher(vad, on_lag=self.observers.vad_lag)
        self._limits = limits or Limits()
        self._runtime_limits = runtime_limits or RuntimeLimits()
        self.budget = Budget(self._runtime_limits.message_bytes)
        """What messages of all clients may take together."""
        self.quotas: Quotas = quotas or NoQuotas()
        """Who may use how much."""
        self.usage_logs: Final = list(usage_logs)
        """Who keeps records of what responses use."""
        self.recorder: SessionRecorder | None = None
        """Who stores conversations."""
        self.monitor: ContentMonitor | None = None
        """Who checks what is said."""
        self.prompts: PromptBook = NoPrompts()
        """Stored prompts, which clients name."""
        self._ids = ids
        self._sessions = LiveSessions(self._runtime_limits.sessions)
        self._left = Notify()
        self.load = Load(directory.recognisers, on_look=self.observers.loop_lag)
        self.drafting: Final = Drafting()
        """What came of answers begun in pauses."""

    # --- life ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Warm up the engines. Raises what an engine raises without which nothing would answer."""
        await settle([self.vad.start(), self.directory.start()])
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
        await settle([self.directory.close(), self.vad.close()])

    @property
    def sessions(self) -> int:
        """Sessions running now."""
        return len(self._sessions)

    # --- sessions -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def allow(self, hosted: Hosted, principal: Principal) -> AsyncIterator[Allowance]:
        """What a session of `principal` may use: hand it to `session` or `converse`, within the block. Raises
        QuotaExceeded."""
        granted = False
        try:
            async with self.quotas.session(principal, hosted) as allowance:
                granted = True
                yield allowance
        except QuotaExceeded as exceeded:
            if not granted:  # what comes out of the block was counted there
                self.observers.over_quota(exceeded.limit)
            raise

    @asynccontextmanager
    async def session(
        self,
        hosted: Hosted,
        *,
        principal: Principal,
        kind: SessionKind,
        model: str | None = None,
        end_user: str | None = None,
        newcomer: Newcomer | None = None,
        allowance: Allowance | None = None,
        reports_playout: bool = False,
        arrival: Arrival = _SOMEHOW,
    ) -> AsyncIterator[LiveSession]:
        """A session of `principal` with nobody attached. The body attaches those who are there from the beginning,
        calls `LiveSession.open`, and stays until the speakers have left. On leaving, everything that the session
        started has ended.

        `model` is the name that was asked for, an alias perhaps; its session shows it. `end_user` is the client's name
        for the person who speaks, for the language engine. `newcomer` is what `load` has admitted, and `allowance`
        what `allow` has given.
        `reports_playout`: an attachment plays the answers, and says how far it is. `arrival` is for those who watch.
        Raises TooManySessions, DeploymentGone; QuotaExceeded where no `allowance` is given.
        """
        allowed = self.allow(hosted, principal) if allowance is None else nullcontext(allowance)
        async with allowed as granted:
            with hosted.used() as deployment:
                session_id = self._ids("sess")
                log_context.work_for(session_id=session_id, deployment=hosted.name, principal=principal.id)
                facts = SessionFacts(
                    session_id=session_id, deployment=hosted.name, principal=principal, arrival=arrival
                )
                live = self._make(
                    facts, deployment, kind, model, end_user, newcomer, granted, reports_playout=reports_playout
                )
                self._sessions.add(live)
                try:
                    async with live.running():
                        yield live
                finally:
                    self._sessions.remove(live)
                    if self.recorder is not None:
                        self.recorder.ended(session_id)
                    self._left.wake()

    def rehearse(
        self, hosted: Hosted, *, kind: SessionKind, model: str | None = None, patch: SessionPatch | None = None
    ) -> SessionCreated:
        """What a session would say first that opens with these settings. Nothing is opened.

        Raises ClientError for settings that are wrong, DeploymentGone.
        """
        with hosted.used() as deployment:
            session = Session(**self._arguments(self._ids("sess"), deployment, kind, model))
            session.open(patch)
            return session.created

    def prompted(self, patch: SessionPatch, principal: Principal) -> SessionPatch:
        """Settings with the text of the stored prompt that they name. Raises ClientError."""
        return prompted_patch(patch, lambda id: self.prompts.find(principal.project, id))

    @asynccontextmanager
    async def converse(
        self,
        hosted: Hosted,
        *,
        principal: Principal,
        kind: SessionKind,
        codec: Codec,
        transport: Transport,
        model: str | None = None,
        end_user: str | None = None,
        newcomer: Newcomer | None = None,
        allowance: Allowance | None = None,
        patch: SessionPatch | None = None,
        greeting: ResponseParams | None = None,
        arrival: Arrival = _SOMEHOW,
    ) -> AsyncIterator[EventAttachment]:
        """A session for one connection, which has been accepted already. `patch` and `greeting` are those of
        `LiveSession.open`, all else is that of `session`.

        The body reads frames and hands each to `EventAttachment.receive`, until the peer is gone or
        `EventAttachment.closed` is set. On leaving, everything that the session started has ended.
        Raises what `session` raises; ClientError for a patch that is wrong.
        """
        begun = self.session(
            hosted,
            principal=principal,
            kind=kind,
            model=model,
            end_user=end_user,
            newcomer=newcomer,
            allowance=allowance,
            arrival=arrival,
        )
        async with begun as live:
            attachment = EventAttachment.join(live, codec, transport)
            live.open(patch=patch, greeting=greeting)
            yield attachment

    @asynccontextmanager
    async def join(
        self, session_id: str, *, codec: Codec, transport: Transport, role: AttachmentRole = AttachmentRole.OBSERVER
    ) -> AsyncIterator[EventAttachment]:
        """One more connection to a session that runs, in whichever dialect; the body is that of `converse`.

        Raises SessionEnded, also where there never was one of this id, and TooManyAttachments.
        """
        live = self._sessions.get(session_id)
        if live is None:
            raise SessionEnded(session_id)
        log_context.work_for(session_id=session_id)
        attachment = EventAttachment.join(live, codec, transport, role)
        try:
            yield attachment
        finally:
            await attachment.leave()

    def _arguments(
        self,
        session_id: str,
        deployment: Deployment,
        kind: SessionKind,
        model: str | None = None,
        end_user: str | None = None,
        *,
        now: float = 0.0,
        reports_playout: bool = False,
    ) -> SessionArguments:
        return {
            "session_id": session_id,
            "config": deployment.config(kind, model),
            "limits": deployment.limits(self._limits),
            "capabilities": replace(deployment.capabilities, reports_playout=reports_playout),
            "ids": self._ids,
            "now": now,
            "expires_at": int(time.time() + self._limits.session_seconds),
            "end_user": end_user,
            "fingerprint": Fingerprint(
                version=__version__,
                engines={"vad": self.vad.capabilities.info.name, **deployment.engine_names},
                settings=deployment.settings_digest,
            ),
        }

    def _make(
        self,
        facts: SessionFacts,
        deployment: Deployment,
        kind: SessionKind,
        model: str | None,
        end_user: str | None,
        newcomer: Newcomer | None,
        allowance: Allowance,
        *,
        reports_playout: bool,
    ) -> LiveSession:
        clock = awake_clock()
        arguments = self._arguments(
            facts.session_id, deployment, kind, model, end_user, now=clock.time(), reports_playout=reports_playout
        )
        session: Session | None = None
        if self.recorder is not None and deployment.storing.what != "none":
            session = self.recorder.session(facts, deployment.storing, deployment.label, arguments)
        observer = self.observers.session(facts)
        guard = None
        if self.monitor is not None:
            guard = self.monitor.session(facts, deployment.terms.content_policy, end_user, observer)
        return LiveSession(
            facts.session_id,
            session or Session(**arguments),
            deployment,
            facts.principal,
            open_lane=self._batcher.open,
            limits=self._runtime_limits,
            budget=self.budget,
            clock=clock,
            allowance=allowance,
            over_quota=self.observers.over_quota,
            usage_logs=self.usage_logs,
            drafting=self.drafting,
            newcomer=newcomer,
            observer=observer,
            prompts=self.prompts,
            guard=guard,
        )
