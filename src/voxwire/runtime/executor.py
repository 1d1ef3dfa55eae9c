"""What a session asked for and is not finished: speech detection, utterances, answers."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, assert_never

from voxwire.audio.tape import Tape
from voxwire.errors import EngineError
from voxwire.events.session_config import SessionConfig
from voxwire.interfaces.commands import (
    CancelGeneration,
    CancelTranscription,
    EngineCommand,
    FeedTranscription,
    FinishTranscription,
    JudgeTurn,
    OverhearTurn,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
    TakeDraft,
)
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.inputs import EngineTookOver, Failed, Generated
from voxwire.interfaces.llm import Overhears, Remembers
from voxwire.runtime.cascade import Cascade
from voxwire.runtime.content_guard import SessionGuard
from voxwire.runtime.contracts import OpenLane, ResultSink, VadLane
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.drafting import Drafting
from voxwire.runtime.engine_calls import log_failure
from voxwire.runtime.failover import serving
from voxwire.runtime.foresight import Situation
from voxwire.runtime.newcomers import Newcomer
from voxwire.runtime.observer import SessionObserver
from voxwire.runtime.prewarming import Prewarming
from voxwire.runtime.revocable_sink import RevocableSink
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.runtime.stage_timing import StageTimings
from voxwire.runtime.tasks import Tasks
from voxwire.runtime.transcriber import Transcriber
from voxwire.runtime.turn_judge import TurnJudge


class Executor:
    """Executes the commands of one session on the engines of its deployment.

    Results go to the sink until the work is finished or cancelled; from then on nothing of it is
    delivered, whatever an engine still yields.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        claim: Claim,
        sink: ResultSink,
        tasks: Tasks,
        open_lane: OpenLane,
        deadlines: Deadlines,
        newcomer: Newcomer | None = None,
        drafting: Drafting | None = None,
        observer: SessionObserver | None = None,
        guard: SessionGuard | None = None,
    ) -> None:
        """`claim` says whose share of the engines it takes; `newcomer` is told once audio has come, and speech;
        `drafting` is that of the process."""
        self._guard = guard
        self._drafting = drafting or Drafting()
        self._drafts: dict[int, Cascade] = {}
        self._serving: dict[str, str] = {}
        self._timings = StageTimings(observer, self._engine_of)
        self._newcomer = newcomer
        self._owner = claim.owner
        self._claim = claim
        self._deployment = deployment
        self._sink = sink
        self._tasks = tasks
        self._open_lane = open_lane
        self._deadlines = deadlines
        self._situation = Situation(deployment.instructions)
        self._preparing = False
        self._prewarming = Prewarming(deployment.llm, claim, tasks)
        self._lane: VadLane | None = None
        self._watched = False
        self._transcribers: dict[int, Transcriber] = {}
        self._recordings = asyncio.Lock()
        self._running: dict[int, tuple[RevocableSink, asyncio.Task[None]]] = {}

    def execute(self, command: EngineCommand) -> None:
        """Do what a command asks, without waiting for it."""
        match command:
            case FeedTranscription():
                self.feed(command)
            case ProbeTranscription() | FinishTranscription():
                self._transcribe(command)
            case JudgeTurn():
                self._judge(command)
            case OverhearTurn(turn=turn, audio=audio, format=format):
                if isinstance(llm := self._deployment.llm, Overhears):
                    llm.overhear(self._owner, turn, audio, format)
            case StartTranscription():
                self._start_transcription(command)
            case StartResponse():
                self._start_response(command)
            case TakeDraft():
                self._take_draft(command)
            case CancelTranscription(transcription=number) | CancelGeneration(generation=number):
                self._cancel(number)
            case _:
                assert_never(command)

    # --- speech detection ---------------------------------------------------------------------------

    def score(self, tape: Tape, on_wake: Callable[[], None]) -> None:
        """The tape has windows to score; `on_wake` is told of scores that change something. Tape and callback are the
        same ones each time."""
        lane = self._lane
        if lane is None:
            lane = self._lane = self._open_lane(tape, on_wake, self._sink.crash)
            lane.watched = self._watched
            if self._newcomer is not None:
                self._newcomer.sends()
        lane.queue()

    def feed(self, command: FeedTranscription) -> None:
        """More audio of an utterance, which comes four times a second while somebody speaks; nothing, if it has
        failed."""
        transcriber = self._transcribers.get(command.transcription)
        if transcriber is not None:
            transcriber.feed(command.audio)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A thread works on the session: its tape is left alone."""
        lane = self._lane
        if lane is not None:
            lane.hold()
        try:
            yield
        finally:
            if lane is not None:
                lane.release()

    def watch(self, watched: bool) -> None:
        """Whether somebody waits for the backlog of detection to shrink: then every score wakes."""
        self._watched = watched
        if self._lane is not None:
            self._lane.watched = watched

    # --- the rest -----------------------------------------------------------------------------------

    def expect(self, config: SessionConfig) -> None:
        """The settings that hold from now on: recogniser and language engine get ready for them beside."""
        self._prewarming.expect(config)
        situation = Situation(config.instructions, config.tools)
        if situation == self._situation:
            return
        self._situation = situation
        if not self._preparing:
            self._preparing = True
            self._tasks.spawn(self._prepare(), "prepare the recogniser")

    async def _prepare(self) -> None:
        """One set after another: recognisers are shared, and settings that were replaced meanwhile are passed over."""
        prepared = None
        while prepared != self._situation:
            prepared = self._situation
            try:
                await self._deployment.expect(prepared)
            except EngineError as error:
                log_failure(error)  # utterances will say so themselves
        self._preparing = False

    @property
    def untranscribed_ms(self) -> float:
        """Audio of all utterances that no recogniser has taken yet."""
        untranscribed_ms = 0.0
        for transcriber in self._transcribers.values():  # a generator for `sum` takes longer, and this is asked often
            untranscribed_ms += transcriber.waiting_ms
        return untranscribed_ms

    def stop(self) -> None:
        """Cancel everything; idempotent. The tasks end in the background."""
        for number in tuple(self._running):
            self._cancel(number)
        if self._lane is not None:
            self._lane.close()
            self._lane = None
        self._prewarming.stop()
        self._situation = Situation()

    def forget(self) -> None:
        """The session has ended, and so has all its work: a language engine that keeps something for it lets go."""
        llm = self._deployment.llm
        if isinstance(llm, Remembers):
            llm.forget(self._owner)

    # --- work -------------------------------------------------------------------------------------

    def _start_transcription(self, command: StartTranscription) -> None:
        delivery = RevocableSink(self._sink)
        transcriber = Transcriber(
            command, self._deployment, delivery, self._deadlines, self._situation, self._claim, self._timings
        )
        self._transcribers[command.transcription] = transcriber
        if self._newcomer is not None:
            self._newcomer.speaks()
        run = self._in_turn(transcriber) if command.recorded else transcriber.run()
        self._spawn(command.transcription, run, delivery)

    def _judge(self, command: JudgeTurn) -> None:
        delivery = RevocableSink(self._sink)
        transcriber = self._transcribers.get(command.transcription)
        judge = TurnJudge(command, self._deployment.turn, transcriber, delivery, self._deadlines.turn_s, self._timings)
        self._spawn(command.judgement, judge.run(), delivery)

    def _transcribe(self, command: ProbeTranscription | FinishTranscription) -> None:
        """The next step of an utterance; nothing, if it has failed."""
        transcriber = self._transcribers.get(command.transcription)
        if transcriber is None:
            return
        if isinstance(command, ProbeTranscription):
            transcriber.probe()
        else:
            transcriber.finish()

    async def _in_turn(self, transcriber: Transcriber) -> None:
        async with self._recordings:
            await transcriber.run()

    def _start_response(self, command: StartResponse) -> None:
        self._prewarming.stop()
        is_draft = command.response_id is None
        if is_draft and not self._drafting.begin(self._deployment.llm):
            busy = Failed(code="engine_busy", message="The language engine has enough to do.")
            self._sink.submit(Generated(command.generation, busy))
            return
        delivery = RevocableSink(self._sink)
        cascade = Cascade(
            command,
            self._deployment,
            delivery,
            self._deadlines,
            self._claim,
            self._drafting,
            self._timings,
            self._guard,
        )
        self._spawn(command.generation, cascade.run(), delivery)
        if is_draft:
            self._drafts[command.generation] = cascade

    def _take_draft(self, command: TakeDraft) -> None:
        self._drafting.used += 1
        self._drafting.saved_ms += command.saved_ms
        if cascade := self._drafts.pop(command.generation, None):
            cascade.wanted(command.response_id)

    def _spawn(self, number: int, work: Coroutine[Any, Any, None], delivery: RevocableSink) -> None:
        """A session numbers all its work in one series."""
        context = self._tasks.context
        context.run(serving.listener.set, self._served)
        task = self._tasks.spawn(work, f"work {number}", context)
        self._running[number] = delivery, task
        task.add_done_callback(lambda _: self._forget(number))

    def _served(self, now: serving.Serving) -> None:
        """An engine of several begins with a piece of work of this session, or goes on with it."""
        before = self._serving.get(now.stage, now.preferred)
        self._serving[now.stage] = now.engine
        if now.engine != before:
            took_over = EngineTookOver(stage=now.stage, engine=now.engine, before=before, code=now.code)
            self._sink.submit(took_over)

    def _engine_of(self, stage: str) -> str:
        """Which one serves this stage now: of several, the one that was asked last."""
        engine = getattr(self._deployment, stage)
        name: str = engine.capabilities.info.name
        return self._serving.get(stage, name)

    def _forget(self, number: int) -> None:
        self._running.pop(number, None)
        self._drafts.pop(number, None)
        if self._transcribers.pop(number, None) is not None:
            self._sink.relieve()  # of the audio that it had not taken

    def _cancel(self, number: int) -> None:
        if entry := self._running.get(number):
            delivery, task = entry
            delivery.shut()
            task.cancel()
            self._forget(number)
