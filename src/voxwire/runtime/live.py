"""One session with its attachments: inputs in, events out, commands executed, time kept.

A session never sees two inputs at once: whatever arrives while one is being worked on waits in line
behind it. All but the largest are worked on by the loop itself.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from voxwire.audio.pcm import WINDOW_MS
from voxwire.errors import SERVER_ERROR, ClientError
from voxwire.events.client import AppendAudio, CreateResponse
from voxwire.events.closing import CloseReason
from voxwire.events.response import ResponseParams
from voxwire.events.server import AudioDelta, ErrorOccurred, ServerEventBase, SessionCreated, SessionUpdated
from voxwire.events.session_config import SessionPatch
from voxwire.interfaces.commands import (
    CloseSession,
    DiscardPendingAudio,
    EngineCommand,
    FeedTranscription,
    Output,
    StartResponse,
    TakeDraft,
    UsageCounted,
)
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.inputs import Generated, Input, Tick
from voxwire.interfaces.transport import Transport
from voxwire.runtime.allowance import Allowance, Unbounded
from voxwire.runtime.attachment import Attachment, AttachmentRole
from voxwire.runtime.audience import Audience, SessionEnded
from voxwire.runtime.budget import TRY_AGAIN, TRY_AGAIN_CODE, Budget, Share
from voxwire.runtime.content_guard import SessionGuard
from voxwire.runtime.contracts import Clock, OpenLane, SessionCore
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.drafting import Drafting
from voxwire.runtime.engine_calls import log_bug
from voxwire.runtime.executor import Executor
from voxwire.runtime.newcomers import Newcomer
from voxwire.runtime.notify import Notify
from voxwire.runtime.observer import SessionObserver, SessionObservers
from voxwire.runtime.outbox import Outbox
from voxwire.runtime.principal import Principal
from voxwire.runtime.prompt_texts import NoPrompts, PromptBook, prompted
from voxwire.runtime.quota_gate import QuotaGate
from voxwire.runtime.runtime_limits import RuntimeLimits
from voxwire.runtime.session_timer import SessionTimer
from voxwire.runtime.session_watch import SessionWatch
from voxwire.runtime.tasks import Tasks
from voxwire.runtime.usage_meter import UsageLog, UsageMeter

logger = logging.getLogger("voxwire.runtime")

_BUG_MESSAGE: Final = "The server had an internal error; the session has ended."

_A = TypeVar("_A", bound=Attachment)


class LiveSession:
    """A session and everything that it keeps busy.

    Use as `async with live.running(): …`; inside, attach those who are there from the beginning, then `open`.
    """

    def __init__(
        self,
        session_id: str,
        session: SessionCore,
        deployment: Deployment,
        principal: Principal,
        *,
        open_lane: OpenLane,
        limits: RuntimeLimits,
        budget: Budget,
        clock: Clock,
        allowance: Allowance | None = None,
        over_quota: Callable[[str], None] = lambda limit: None,
        usage_logs: Sequence[UsageLog] = (),
        newcomer: Newcomer | None = None,
        drafting: Drafting | None = None,
        observer: SessionObserver | None = None,
        prompts: PromptBook | None = None,
        guard: SessionGuard | None = None,
    ) -> None:
        self.id = session_id
        self.principal = principal
        self._prompts = prompts or NoPrompts()
        self._gate = QuotaGate(allowance or Unbounded(), over_quota)
        self._meter = UsageMeter(usage_logs, principal=principal, deployment=deployment.name, session=session_id)
        self._drafting = drafting or Drafting()
        observer = observer or SessionObservers()
        self._watch = SessionWatch(observer)
        self._session = session
        self._limits = limits
        self._clock = clock
        self._audience = Audience()
        self._attached = 0
        self._opened = False
        self._inbox: list[tuple[Input | None, int | None, int]] = []  # few wait; an empty deque weighs 600 bytes
        self._busy = False
        self._held_back = 0
        self._closing = False
        self.congested = False
        """Whether too much waits for more to be read, as of the last step that could change it: every frame asks."""
        self._most_ready = limits.unscored_ms / WINDOW_MS
        self._budget = budget
        self._line: list[int] = []
        self._line_share = budget.share()
        self._relief = Notify()
        self._timer = SessionTimer(clock, self._look)
        self._tasks = Tasks(self.crash)
        self._executor = Executor(
            deployment,
            claim=Claim(session_id, principal=principal.path),
            sink=self,
            tasks=self._tasks,
            open_lane=open_lane,
            deadlines=limits.deadlines,
            newcomer=newcomer,
            drafting=self._drafting,
            observer=observer,
            guard=guard,
        )

    # --- life ---------------------------------------------------------------------------------------

    def attach(self, make: Callable[[int], _A]) -> _A:
        """Add the attachment that `make` makes of its number. It gets every event from now on; one that comes when
        the session is open gets `session.created` first, with the settings now in force. Raises TooManyAttachments
        and SessionEnded.
        """
        if self._closing:
            raise SessionEnded(self.id)
        self._audience.check_room(self._limits.attachments)
        self._attached += 1
        attachment = make(self._attached)
        self._audience.add(attachment)
        self._tasks.spawn(self._run(attachment), f"{self.id} attachment {attachment.number}")
        if self._opened:
            try:
                self._audience.greet(attachment, self._session.created)
            except Exception as bug:
                self.crash(bug)
        return attachment

    def outbox(self, transport: Transport, role: AttachmentRole) -> Outbox:
        """A way out for an attachment that sends frames, with the bounds of its role."""
        limits = self._limits
        limit = limits.outbox_limit_bytes if role is AttachmentRole.SPEAKER else limits.observer_limit_bytes
        return Outbox(transport, limits, self._clock, self.relieve, self._budget.share(), limit_bytes=limit)

    def open(self, *, patch: SessionPatch | None = None, greeting: ResponseParams | None = None) -> None:
        """Begin, once. `patch` holds from the start, and `greeting` is a response that is made at once, with the text
        of its prompt (`Service.prompted`): for those who send no event before they hear something, as telephones.

        Raises ClientError when the patch is wrong; then nothing was said. What the deployment lacks of it, and a
        greeting that cannot be, are `error` events.
        """
        try:
            outputs = self._session.open(patch)
        except ClientError:
            raise
        except Exception as bug:
            self.crash(bug)
            return
        self._opened = True
        try:
            self._tell_quota()
            self._act(outputs)
            self._keep_time()
        except Exception as bug:
            self.crash(bug)
        if greeting is not None:
            self.submit(CreateResponse(params=greeting))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The session lives while the block lasts; on leaving, everything that it started has ended."""
        try:
            yield
        finally:
            self._stop()
            await self._tasks.close()
            self._executor.forget()
            for attachment in self._audience:
                attachment.closed.set()
            self._line.clear()
            self._line_share.hold(0)
            self._settle_accounts()
            self._watch.ended()
            # Nothing asks it after the end. What else is here weighs little and may wait for a collection.
            del self._session

    def close(self, reason: CloseReason, message: str | None = None) -> None:
        """Send what is queued, then end every attachment. `message` says it better than the reason's own words."""
        self._stop()
        self._audience.finish(reason, message)

    async def answered(self) -> None:
        """Wait until no response is in progress."""
        while self._watch.answering and not self._closing:
            await self._relief.wait()

    def part(self, attachment: Attachment) -> None:
        """The other side of an attachment has left."""
        attachment.finish(CloseReason.CLIENT_LEFT)
        self._lose(attachment)

    def _lose(self, attachment: Attachment) -> None:
        """Nobody waits for it any more; the last speaker takes the session along, and those who look on."""
        if self._audience.quits(attachment):
            self.close(CloseReason.ENDED)

    def _stop(self) -> None:
        """No further input has an effect; all work ends now. The writers go on."""
        self._closing = True
        self._inbox.clear()
        self._executor.stop()
        self._timer.stop()
        self._relief.wake()

    async def _run(self, attachment: Attachment) -> None:
        try:
            await attachment.run()
        finally:
            attachment.closed.set()
            self._audience.remove(attachment)
            self._lose(attachment)
            self._relief.wake()

    # --- inputs and outputs -------------------------------------------------------------------------

    def prompted(self, event: Input) -> Input:
        """A client's event, with the text of the prompt that it names. Any thread may ask. Raises ClientError."""
        return prompted(event, lambda id: self._prompts.find(self.principal.project, id))

    def submit(self, event: Input, origin: int | None = None, size: int = 0) -> None:
        """Hand an input to the session and act on what it says. After the end it has no effect.

        `size` is what a client's event weighs in memory if it has to wait, in bytes.
        """
        if type(event) is AppendAudio:
            self.append(event.audio, origin, size, event.event_id)
        elif not self._closing:
            self._line_up(event, origin, size)

    def append(self, audio: bytes, origin: int | None = None, size: int = 0, event_id: str | None = None) -> None:
        """The same for audio, without an event: the short way, which comes fifty times a second. Where more comes of it
        than that it lies on the tape, an `AppendAudio` is made and goes the way of all events."""
        if self._closing:
            return
        if self._busy or not self._gate.hears(len(audio)):
            if (heard := self._hear(AppendAudio(audio=audio, event_id=event_id), origin)) is not None:
                self._line_up(heard, origin, size)
            return
        self._meter.heard(len(audio))
        self._watch.appended(len(audio))
        try:
            ready = self._session.append(audio, now=self._clock.time())
            if ready:
                self._executor.score(self._session.tape, self.pull)
                if ready > self._most_ready:
                    self.congested = True
        except Exception as bug:
            self.crash(bug)
        else:
            if ready is None:
                self._line_up(AppendAudio(audio=audio, event_id=event_id), origin, size)

    def pull(self) -> None:
        """Have the session follow the scores on its tape, for one of them may change something. The lane calls it."""
        if not self._closing:
            self._line_up(None, None, 0)

    def _line_up(self, event: Input | None, origin: int | None, size: int) -> None:
        """What comes while the session works waits; None: pull."""
        if self._busy:
            self._inbox.append((event, origin, size))
            return
        self._busy = True
        try:
            self._work(event, origin, size)
            self._work_off()
        except Exception as bug:
            self.crash(bug)
        finally:
            self._busy = False
        if event is None and not self.congested:  # scores can only add to what waits for the recogniser
            self.congested = self._executor.untranscribed_ms > self._limits.untranscribed_ms
        elif self.congested or type(event) is not Generated:  # words and speech of an answer add to nothing
            self._review()
        self._relief.wake()

    async def submit_beside(self, event: Input, origin: int, size: int = 0) -> None:
        """Hand over an input with much in it: a thread works on it, and what comes meanwhile waits in line."""
        if self._closing or self._busy:
            self.submit(event, origin, size)
            return
        if (heard := self._hear(event, origin)) is None:
            return
        self._busy = True
        try:
            with self._executor.holding():
                outputs = await asyncio.to_thread(self._session.receive, heard, now=self._clock.time(), origin=origin)
            self._follow_up(outputs, size)
            self._keep_time()
            self._work_off()
        except asyncio.CancelledError:
            self.close(CloseReason.ENDED)  # the thread goes on: from now on the session is its alone
            raise
        except Exception as bug:
            self.crash(bug)
        self._busy = False
        self._review()
        self._relief.wake()

    def _hear(self, event: Input, origin: int | None) -> Input | None:
        """What the session hears of audio: all of it, as long as its quota lasts. After that nothing, or silence while
        a turn is in progress, or may be in what was not scored yet: it has to end."""
        if type(event) is not AppendAudio:
            return event
        refusal = self._gate.hear(event, origin)
        if refusal is not None:
            self._audience.tell(refusal)
            self._audience.flush()
        if self._gate.deaf:
            return self._gate.hushed(event) if self._session.speaking or self._session.backlog_ms else None
        self._meter.heard(len(event.audio))
        self._watch.appended(len(event.audio))
        return event

    def _work_off(self) -> None:
        while self._inbox:
            self._work(*self._inbox.pop(0))

    def _work(self, event: Input | None, origin: int | None, size: int) -> None:
        if event is None:
            outputs = self._session.pull(now=self._clock.time())
        else:
            outputs = self._session.receive(event, now=self._clock.time(), origin=origin)
        self._follow_up(outputs, size)
        # Neither audio nor scores that decide nothing bring a deadline nearer.
        if outputs or not (event is None or type(event) is AppendAudio):
            self._keep_time()

    def _follow_up(self, outputs: list[Output], size: int) -> None:
        """After every step: new audio is scored, what waits in the session is counted, and what it says is done."""
        if self._session.tape.ready and not self._closing:
            self._executor.score(self._session.tape, self.pull)
        if (waiting := self._session.waiting_events) or self._line:
            self._stand_in_line(waiting, size)
        self._act(outputs)

    def _stand_in_line(self, waiting: int, size: int) -> None:
        """Events wait inside the session in the order in which they came; an input adds one at most, as the last."""
        line = self._line
        if waiting > len(line):
            line.append(size)
        del line[: max(len(line) - waiting, 0)]
        self._line_share.hold(sum(line))

    def share(self) -> Share:
        """Of the memory for messages, for another place where they wait."""
        return self._budget.share()

    def turn_away(self, origin: int) -> None:
        """Tell this client that its large message is not taken."""
        if not self._closing:
            self._audience.tell(ErrorOccurred(type=SERVER_ERROR, code=TRY_AGAIN_CODE, message=TRY_AGAIN, origin=origin))
            self._audience.flush()

    def crash(self, bug: BaseException) -> None:
        """A bug of ours: say so in the log and to the client, and end this session alone."""
        self._tasks.context.run(log_bug, f"{self.id} ended by an internal error", bug)
        if self._closing:
            return
        try:
            self._audience.tell(ErrorOccurred(type=SERVER_ERROR, code="internal_error", message=_BUG_MESSAGE))
        except Exception as again:
            self._tasks.context.run(log_bug, f"{self.id} could not tell the client", again)
        self.close(CloseReason.INTERNAL_ERROR)

    def _act(self, outputs: list[Output]) -> None:
        for output in outputs:
            if self._closing:
                return
            # Both come many times a second, and `isinstance` takes eight times as long.
            if type(output) is FeedTranscription:
                self._executor.feed(output)
            elif type(output) is AudioDelta:
                self._meter.spoke(output)
                self._watch.spoke(output)
                self._audience.tell(output)
            elif isinstance(output, ServerEventBase):
                self._watch.saw(output)
                if type(output) is SessionUpdated or type(output) is SessionCreated:
                    self._executor.expect(output.config)
                    self._meter.expect(output.config.input_format)
                    self._gate.expect(output.config.input_format)
                self._audience.tell(output)
            elif isinstance(output, UsageCounted):
                self._count(output)
                self._tell_quota()
            elif isinstance(output, DiscardPendingAudio):
                self._audience.discard_audio(output.response_id)
            elif isinstance(output, CloseSession):
                self.close(output.reason, output.message)
            else:
                self._watch.saw(output)
                self._execute(output)
        if len(outputs) > 1 or (outputs and type(outputs[0]) is not FeedTranscription):
            self._audience.flush()

    def _execute(self, command: EngineCommand) -> None:
        refusal = self._gate.begin(command)
        if refusal is None:
            self._executor.execute(command)
        else:
            self.submit(refusal)
        if isinstance(command, StartResponse | TakeDraft):
            self._tell_quota()

    def _settle_accounts(self) -> None:
        """What answers that nobody waited for have used."""
        if self._opened and not self._busy:  # a thread that was given up may still have the session
            for output in self._session.end():
                if isinstance(output, UsageCounted):
                    self._count(output)
            self._meter.end()

    def _count(self, used: UsageCounted) -> None:
        wasted = used.response_id is None
        self._drafting.wasted += wasted
        self._gate.settle(used)
        self._meter.count(used)
        if not wasted:
            self._watch.used(used.usage)

    def _tell_quota(self) -> None:
        """What other sessions of the principal use meanwhile shows with the next answer."""
        if (left := self._gate.left()) is not None:
            self.submit(left)

    # --- back-pressure ------------------------------------------------------------------------------

    def _review(self) -> None:
        """Look whether audio waits for detection or recognition beyond its bound."""
        if self._closing:
            return
        limits, session = self._limits, self._session
        self.congested = (
            session.backlog_ms > limits.unscored_ms
            or session.waiting_events > limits.waiting_events
            or self._line_share.size > limits.waiting_bytes
            or self._executor.untranscribed_ms > limits.untranscribed_ms
        )

    async def readable(self, attachment: Attachment) -> None:
        """Wait until this client may be read again."""
        self._held_back += 1
        self._executor.watch(True)
        try:
            while not (self._closing or attachment.closed.is_set()):
                self._review()
                if not self.congested and attachment.writable:
                    return
                await self._relief.wait()
        finally:
            self._held_back -= 1
            self._executor.watch(self._held_back > 0)

    async def writable(self) -> None:
        """Wait until every speaker can take more; for those who look on nobody waits."""
        while not self._audience.writable:
            await self._relief.wait()

    def relieve(self) -> None:
        """Something was worked off: those who wait look again."""
        if self.congested:
            self._review()
        self._relief.wake()

    # --- time ---------------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        if not self._closing:
            self._timer.keep(self._session.deadline)

    def _look(self) -> None:
        if self._busy:  # a thread works on an input; the time is kept after it
            return
        due = self._session.deadline
        if due is not None and due <= self._clock.time():
            self.submit(Tick())
        else:
            self._keep_time()
