"""A session with drafts tells clients what a session without them tells (ADR 19).

Both get the same events of clients, the same audio, words and time. In the one, answers are begun in pauses. What came
of a draft before its turn was certain, the engine of the other says at the moment at which it is asked.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from voxwire.events.client import (
    CancelResponse,
    ClearAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    TruncateItem,
    UpdateSession,
)
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.response import ResponseParams
from voxwire.events.server import ServerEvent, SpeechStarted, TurnTimings
from voxwire.events.session_config import (
    TURN_TIMINGS,
    Modality,
    ServerVad,
    SessionConfig,
    SessionPatch,
    Transcription,
)
from voxwire.interfaces.commands import (
    CancelGeneration,
    FinishTranscription,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
)
from voxwire.interfaces.inputs import Failed, Generated, Input, SpokenAudio, Transcribed
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmEvent, LlmText, LlmToolArguments, LlmToolCall
from voxwire.interfaces.stt import SttFinal, SttInterim
from voxwire.session.limits import Capabilities, Limits
from voxwire.session.response_run import Phase
from voxwire.testing.driver import Driver, silence, speech

# As in test_session_properties: a limit that strikes in the middle of an example reads as a flaky strategy.
pytestmark = pytest.mark.timeout(300)

WORDS = st.sampled_from(["hello", "what time is it"])
LIMITS = Limits(max_drafts_per_turn=2, draft_bytes=60_000, conversation_text_bytes=4000)
ABLE = Capabilities(interims=True, context_tokens=200)


def answer(spoken: bool) -> list[LlmEvent | SpokenAudio]:
    """What the engines make of every request."""
    speech = [SpokenAudio(pcm=bytes(9_600), chars_to=4), SpokenAudio(pcm=bytes(19_200), chars_to=12)] if spoken else []
    return [
        LlmText(text="Well, "),
        *speech[:1],
        LlmText(text="let me see."),
        *speech[1:],
        LlmToolCall(name="f"),
        LlmToolArguments(delta='{"a":'),
        LlmToolArguments(delta="1}"),
        LlmDone(reason=FinishReason.STOP),
    ]


class _Engine(msgspec.Struct):
    """An answer in the making: what is to come."""

    left: list[LlmEvent | SpokenAudio]
    said: int = 0


changes = st.fixed_dictionaries(
    {},
    optional={
        "instructions": st.sampled_from(["", "Be brief."]),
        "modality": st.sampled_from(Modality),
        "max_output_tokens": st.sampled_from([None, 1, 20]),
        "turn_detection": st.sampled_from(
            [None, ServerVad(), ServerVad(interrupt_response=False), ServerVad(create_response=False)]
        ),
    },
).map(lambda fields: SessionPatch(**fields))
client_events = (
    st.builds(UpdateSession, patch=changes)
    | st.builds(
        CreateItem, item=st.builds(MessageItem, role=st.just(Role.USER), content=st.just((InputText(text="a"),)))
    )
    | st.builds(CreateResponse, params=st.just(ResponseParams()) | st.just(ResponseParams(instructions="Shout.")))
    | st.builds(CancelResponse)
    | st.builds(DeleteItem, item_id=st.sampled_from(["item_1", "item_2", "item_3"]))
    | st.builds(TruncateItem, item_id=st.just("item_2"), content_index=st.just(0), audio_end_ms=st.integers(0, 300))
    | st.builds(CommitAudio)
    | st.builds(ClearAudio)
)


def _without_drafts(event: ServerEvent) -> ServerEvent:
    """What is told of drafts is told to those who asked for timings, and to nobody else."""
    return replace(event, draft_saved_ms=None, drafts_wasted=0) if isinstance(event, TurnTimings) else event


class Twins(RuleBasedStateMachine):
    """`eager` begins drafts, `plain` does not."""

    @initialize(
        modality=st.sampled_from(Modality), interrupt=st.booleans(), budget=st.sampled_from([None, None, 1, 20])
    )
    def start(self, modality: Modality, interrupt: bool, budget: int | None) -> None:
        config = SessionConfig(
            model="scripted",
            modality=modality,
            turn_detection=ServerVad(interrupt_response=interrupt, idle_timeout_ms=5000),
            transcription=Transcription(),
            include=(TURN_TIMINGS,),
            max_output_tokens=budget,
        )
        self.eager = Driver(config, limits=LIMITS, capabilities=ABLE)
        self.plain = Driver(config, limits=Limits(conversation_text_bytes=4000), capabilities=ABLE)
        self.hearing: list[tuple[int, int, bool]] = []
        self.engines: dict[int, _Engine] = {}
        self.adopted = 0
        self.seen = {self.eager: 0, self.plain: 0}
        self.probes: list[int] = []

    # --- both --------------------------------------------------------------------------------------

    def both(self, event: Input) -> None:
        self.eager.send(event)
        self.plain.send(event)
        self.settle()

    @rule(event=client_events)
    def client(self, event: ClientEvent) -> None:
        self.both(event)

    @rule(ms=st.sampled_from([32, 320, 640]), pause_ms=st.sampled_from([0, 96, 128, 192, 256, 352, 640]))
    def speaks(self, ms: float, pause_ms: float) -> None:
        for driver in (self.eager, self.plain):
            driver.append(speech(ms), silence(pause_ms))
        self.settle()

    @rule(ms=st.sampled_from([64, 320]))
    def is_silent(self, ms: float) -> None:
        for driver in (self.eager, self.plain):
            driver.append(silence(ms))
        self.settle()

    @rule(seconds=st.sampled_from([0.3, 3.0, 11.0]))
    def time(self, seconds: float) -> None:
        # Step by step, so that what follows from a deadline of the one is seen before the next of the other.
        end = self.eager.now + seconds
        while (due := self.eager.session.deadline) is not None and due <= end:
            assert self.plain.session.deadline == due
            for driver in (self.eager, self.plain):
                driver.advance(max(due - driver.now, 0.0))
            self.settle()
        for driver in (self.eager, self.plain):
            driver.advance(end - driver.now)

    @rule(words=WORDS, fails=st.sampled_from([False, False, False, True]))
    @precondition(lambda self: self.finished())
    def recogniser(self, words: str, fails: bool) -> None:
        eager, plain, _ = self.finished()[0]
        self.hearing.remove((eager, plain, True))
        event = Failed(code="engine_died", message="It died.") if fails else SttFinal(text=words)
        self.eager.send(Transcribed(eager, event))
        self.plain.send(Transcribed(plain, event))
        self.settle()

    @rule(data=st.data(), count=st.integers(1, 4))
    @precondition(lambda self: self.responses(self.plain))
    def engines_speak(self, data: st.DataObject, count: int) -> None:
        self.say(data.draw(st.sampled_from(sorted(self.responses(self.plain)))), count)

    def say(self, response_id: str, count: int) -> None:
        for _ in range(count):
            if response_id not in self.responses(self.plain):
                return
            generation = self.responses(self.eager)[response_id]
            engine = self.engines[generation]
            if not engine.left:
                return
            event = engine.left.pop(0)
            engine.said += 1
            self.eager.send(Generated(generation, event))
            self.plain.send(Generated(self.responses(self.plain)[response_id], event))
            self.settle()

    # --- the eager one alone -----------------------------------------------------------------------

    @rule(words=WORDS)
    @precondition(lambda self: self.probes)
    def answers_a_probe(self, words: str) -> None:
        before = self.told()
        self.eager.send(Transcribed(self.probes.pop(0), SttInterim(text=words)))
        self.settle()
        assert self.told() == before

    @rule(count=st.integers(1, 8), ends=st.sampled_from(["no", "no", "fails", "runs away"]))
    @precondition(lambda self: self.draft() is not None)
    def drafts(self, count: int, ends: str) -> None:
        before, number = self.told(), self.draft()
        assert number is not None
        engine = self.engines[number]
        for _ in range(count):
            if engine.left:
                engine.said += 1
                self.eager.send(Generated(number, engine.left.pop(0)))
        if ends != "no" and engine.left:
            engine.left = []
            last = Failed(code="x", message="x") if ends == "fails" else SpokenAudio(pcm=bytes(80_000), chars_to=1)
            self.eager.send(Generated(number, last))
        assert self.told() == before
        self.settle()

    # --- what most turns are -------------------------------------------------------------------------

    @rule(
        count=st.integers(0, 8),
        final=st.sampled_from(["hello", "hello", "hello", "goodbye"]),
        meanwhile=st.sampled_from([None, None, "speech"]) | client_events,
        goes_on=st.integers(0, 3),
    )
    def a_turn(self, count: int, final: str, meanwhile: ClientEvent | str | None, goes_on: int) -> None:
        """Nobody else is speaking; a pause, a draft, perhaps something in between, the end, and the words."""
        self.both(CancelResponse())
        self.speaks(ms=640, pause_ms=256)
        while self.probes:
            self.answers_a_probe(words="hello")
        if count and self.draft() is not None:
            self.drafts(count=count, ends="no")
        if isinstance(meanwhile, str):
            self.speaks(ms=320, pause_ms=0)
        elif meanwhile is not None:
            self.both(meanwhile)
        self.is_silent(ms=640)
        while self.finished():
            self.recogniser(words=final, fails=False)
        for response_id in self.responses(self.plain):
            if goes_on:
                self.say(response_id, goes_on)

    # --- bookkeeping -------------------------------------------------------------------------------

    def told(self) -> tuple[int, int, Any]:
        """All that must not change by a draft."""
        session = self.eager.session
        # By the driver's clock: that of the session stands still until the next input, and a minute may end meanwhile.
        left = [rate.remaining for rate in session._responder.rate.report(self.eager.now)]
        return len(self.eager.events), len(session._state.conversation), left

    def draft(self) -> int | None:
        draft = self.eager.session._drafts._draft
        return None if draft is None or draft.done else draft.start.generation

    def finished(self) -> list[tuple[int, int, bool]]:
        return [pair for pair in self.hearing if pair[2]]

    def responses(self, driver: Driver) -> dict[str, int]:
        """Responses that are being made, with their generations."""
        running = driver.session._responder._running
        return {run.id: number for number, run in running.items() if run.phase is Phase.GENERATING}

    def settle(self) -> None:
        """Note what was begun; let the plain engine say at once what the eager one had said in a draft."""
        eager, plain = self.new(self.eager), self.new(self.plain)
        for output in eager:
            match output:
                case StartResponse():
                    self.engines[output.generation] = _Engine(answer(output.request.modality is Modality.AUDIO))
                case ProbeTranscription():
                    self.probes.append(output.transcription)
                case _:
                    pass
        starts = [[o for o in side if isinstance(o, StartTranscription)] for side in (eager, plain)]
        self.hearing += [(a.transcription, b.transcription, False) for a, b in zip(*starts, strict=True)]
        ended = {o.transcription for o in plain if isinstance(o, FinishTranscription)}
        self.hearing = [(a, b, done or b in ended) for a, b, done in self.hearing]
        for start in plain:
            if isinstance(start, StartResponse) and start.response_id in self.responses(self.plain):
                self.catch_up(start)

    def catch_up(self, start: StartResponse) -> None:
        asked = [o for o in self.eager.all(StartResponse) if o.response_id == start.response_id]
        if asked:
            return
        self.adopted += 1
        # The draft's last request is what the response took over.
        number = [o.generation for o in self.eager.all(StartResponse) if o.response_id is None][-1]
        for event in answer(start.request.modality is Modality.AUDIO)[: self.engines[number].said]:
            self.plain.send(Generated(start.generation, event))
        self.settle()

    def new(self, driver: Driver) -> list[Any]:
        outputs = driver.outputs[self.seen[driver] :]
        self.seen[driver] = len(driver.outputs)
        return outputs

    @invariant()
    def clients_are_told_the_same(self) -> None:
        if hasattr(self, "eager"):
            assert [_without_drafts(event) for event in self.eager.events] == self.plain.events

    def teardown(self) -> None:
        if hasattr(self, "eager"):
            most = LIMITS.max_drafts_per_turn * len(self.eager.all(SpeechStarted))
            assert sum(start.response_id is None for start in self.eager.all(StartResponse)) <= most
            assert self.eager.replay() == self.eager.outputs
            alive = {o.generation for o in self.eager.all(StartResponse) if o.response_id is None}
            alive -= {o.generation for o in self.eager.all(CancelGeneration)}
            unfinished = {number for number in alive if self.engines[number].left}
            assert unfinished <= {self.draft(), *self.responses(self.eager).values()}, "no draft is left alone"


Twins.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestTwins = Twins.TestCase


def test_the_machine_reaches_what_it_is_meant_to() -> None:
    """A guard against a machine that tests nothing: a draft is begun, taken over, and the answer ends."""
    machine = Twins()
    machine.start(modality=Modality.AUDIO, interrupt=True, budget=None)
    machine.speaks(ms=640, pause_ms=256)
    machine.answers_a_probe(words="hello")
    assert machine.draft() is not None
    machine.drafts(count=3, ends="no")
    machine.is_silent(ms=320)
    machine.recogniser(words="hello", fails=False)
    machine.clients_are_told_the_same()
    assert machine.adopted == 1
    assert machine.responses(machine.eager)
    machine.teardown()


def test_the_machine_knows_that_a_budget_comes_back_with_time() -> None:
    machine = Twins()
    machine.start(modality=Modality.TEXT, interrupt=True, budget=20)
    machine.a_turn(count=2, final="hello", goes_on=3, meanwhile=None)
    machine.both(CancelResponse())
    machine.speaks(ms=640, pause_ms=256)
    for _ in range(7):
        machine.time(seconds=11.0)
    machine.answers_a_probe(words="hello")
    machine.teardown()
