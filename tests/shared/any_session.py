"""Any session at all: what clients send, and a machine in which clients, engines and the clock do what they may, in any
order. It holds the invariants (docs/architecture.md, "Invariants")."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.client import (
    UNSUPPORTED_VALUE,
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    ItemReference,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import ResponseParams
from voxwire.events.server import ErrorOccurred
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    Modality,
    NamedTool,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
    Transcription,
)
from voxwire.interfaces.commands import (
    CancelGeneration,
    CancelTranscription,
    FinishTranscription,
    StartResponse,
    StartTranscription,
)
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import ClientMistake, PlayoutDrained, PlayoutProgress, Tick
from voxwire.interfaces.llm import FinishReason, LlmToolArguments, LlmToolCall
from voxwire.interfaces.stt import SttFinal, SttPartial
from voxwire.interfaces.turn import TurnSign
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech

WORDS = st.sampled_from(["", "a", "hello", "what time is it", "naïve café", "x" * 40])
SMALL = Limits(
    append_bytes=200_000,
    buffer_bytes=300_000,
    retained_audio_bytes=120_000,
    items=12,
    item_text_bytes=300,
    conversation_text_bytes=2000,
    parallel_responses=3,
    session_seconds=600,
)
TOOLS = (FunctionTool(name="f"), FunctionTool(name="g", parameters={"type": "object"}))

vads = (
    st.none()
    | st.builds(
        ServerVad,
        threshold=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        prefix_padding_ms=st.sampled_from([0, 10, 300]),
        silence_duration_ms=st.sampled_from([0, 100, 200, 500]),
        create_response=st.booleans(),
        interrupt_response=st.booleans(),
        idle_timeout_ms=st.none() | st.just(5000),
    )
    | st.builds(SemanticVad, eagerness=st.sampled_from(Eagerness), create_response=st.booleans())
)
formats = st.sampled_from(AudioFormat)
audio = st.builds(
    lambda pieces: b"".join(make(ms) for make, ms in pieces),
    st.lists(st.tuples(st.sampled_from([speech, silence]), st.sampled_from([0, 0.5, 10, 100, 333, 640])), max_size=5),
)
#: Ids that exist sooner or later, that a client chose, and that never exist.
ids = st.sampled_from([*(f"item_{n}" for n in range(1, 9)), "mine", "other", "nope"])
#: Ids that a client gives to its items; the server's own are random in the field, so none is guessed.
own = st.just("") | st.sampled_from(["mine", "other", "third"])
calls = st.sampled_from(["call_1", "call_2", "c"])
parts = (
    st.builds(InputText, text=WORDS)
    | st.builds(OutputText, text=WORDS)
    | st.builds(OutputAudio, transcript=WORDS)
    | st.builds(
        lambda data: InputAudio(clip=AudioClip(data=data, format=AudioFormat.PCM16)),
        audio,
    )
    | st.builds(InputAudio, transcript=WORDS)
)
items = (
    st.builds(
        MessageItem,
        id=own,
        role=st.sampled_from(Role),
        content=st.lists(parts, max_size=3).map(tuple),
    )
    | st.builds(FunctionCallItem, id=own, name=st.just("f"), call_id=st.just("") | calls, arguments=WORDS)
    | st.builds(FunctionCallOutputItem, id=own, call_id=st.just("") | calls, output=WORDS)
)
choices = st.sampled_from(["auto", "none", "required", NamedTool(name="f"), NamedTool(name="h")])


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


patches = maybe(
    instructions=WORDS,
    modality=st.sampled_from(Modality),
    voice=st.sampled_from(["alloy", "ash", "unknown"]),
    input_format=formats,
    output_format=formats,
    transcription=st.none() | st.builds(Transcription, language=st.sampled_from([None, "en", "xx"])),
    turn_detection=vads,
    max_output_tokens=st.none() | st.integers(1, 20),
    tools=st.sampled_from([(), TOOLS]),
    tool_choice=choices,
    truncation=st.sampled_from(["auto", "disabled", RetentionRatio(retention_ratio=0.5, post_instructions=30)]),
    prompt=st.sampled_from([None, {"id": "p"}]),
    kind=st.sampled_from(SessionKind),
).map(lambda fields: SessionPatch(**fields))
params = maybe(
    out_of_band=st.booleans(),
    input=st.lists(items | st.builds(ItemReference, id=ids), max_size=3).map(tuple),
    append_items=st.lists(items, max_size=2).map(tuple),
    cancel_previous=st.booleans(),
    modality=st.sampled_from(Modality),
    voice=st.sampled_from(["alloy", "ash", "unknown"]),
    max_output_tokens=st.none() | st.integers(1, 20),
    tools=st.sampled_from([(), TOOLS]),
    tool_choice=choices,
    metadata=st.just({"k": "v"}),
).map(lambda fields: ResponseParams(**fields))
configs = st.builds(
    SessionConfig,
    model=st.just("scripted"),
    kind=st.sampled_from([SessionKind.REALTIME] * 4 + [SessionKind.TRANSCRIPTION]),
    turn_detection=vads,
    transcription=st.none() | st.just(Transcription()),
    modality=st.sampled_from(Modality),
    input_format=formats,
    max_output_tokens=st.none() | st.integers(1, 20),
)
events = (
    st.builds(AppendAudio, audio=audio)
    | st.builds(CommitAudio)
    | st.builds(ClearAudio)
    | st.builds(ClearOutputAudio)
    | st.builds(UpdateSession, patch=patches)
    | st.builds(CreateItem, item=items, previous_item_id=st.sampled_from([None, None, "root"]) | ids)
    | st.builds(RetrieveItem, item_id=ids)
    | st.builds(DeleteItem, item_id=ids)
    | st.builds(TruncateItem, item_id=ids, content_index=st.sampled_from([0, 0, 1]), audio_end_ms=st.integers(0, 900))
    | st.builds(CreateResponse, params=params)
    | st.builds(CancelResponse, response_id=st.sampled_from([None, None, "resp_1", "resp_2", "nope"]))
)


class _Hearing(msgspec.Struct):
    """A recogniser that keeps its contract: what it called stable stays."""

    heard: str = ""
    finished: bool = False


class _Speaking(msgspec.Struct):
    """A language engine and a voice that keep theirs."""

    spoken: bool
    text: str = ""
    ms: float = 0.0
    voiced: int = 0
    calling: bool = False


class AnySession(RuleBasedStateMachine):
    """Clients, engines and the clock, each doing what it may in any order."""

    @initialize(
        config=configs,
        strict=st.booleans(),
        answer_empty=st.booleans(),
        reports=st.booleans(),
        guarded=st.booleans(),
        as_served=st.booleans(),
    )
    def start(
        self,
        config: SessionConfig,
        strict: bool,
        answer_empty: bool,
        reports: bool,
        guarded: bool = False,
        as_served: bool = False,
    ) -> None:
        limits = msgspec.structs.replace(
            SMALL,
            strict_truncate=strict,
            respond_to_empty_transcript=answer_empty,
            interrupt_speech_ms=200 if guarded else 0,
        )
        capabilities = Capabilities(
            voices=frozenset({"alloy", "ash"}), languages=("en",), context_tokens=120, reports_playout=reports
        )
        self.guarded = guarded
        self.driver = Driver(
            config,
            limits=limits,
            capabilities=capabilities,
            hold_scores=True,
            hold_judgements=True,
            as_served=as_served,
        )
        self.seen = len(self.driver.outputs)
        self.hearing: dict[int, _Hearing] = {}
        self.speaking: dict[int, _Speaking] = {}
        self.sent: dict[str, int] = {}
        self.updates: set[str] = set()
        self.appended: dict[str, int] = {}

    def look(self) -> None:
        """Note which work the outputs began and ended."""
        for output in self.driver.outputs[self.seen :]:
            match output:
                case StartTranscription():
                    self.hearing[output.transcription] = _Hearing()
                case FinishTranscription():
                    if output.transcription in self.hearing:
                        self.hearing[output.transcription].finished = True
                case CancelTranscription():
                    self.hearing.pop(output.transcription, None)
                case StartResponse():
                    self.speaking[output.generation] = _Speaking(spoken=output.request.modality is Modality.AUDIO)
                case CancelGeneration():
                    self.speaking.pop(output.generation, None)
                case _:
                    pass
        self.seen = len(self.driver.outputs)

    # --- clients ---------------------------------------------------------------------------------

    @rule(event=events, origin=st.integers(1, 3))
    def client(self, event: ClientEvent, origin: int) -> None:
        event_id = f"e{len(self.sent)}"
        self.sent[event_id] = origin
        if isinstance(event, UpdateSession):
            self.updates.add(event_id)
        elif isinstance(event, AppendAudio):
            self.appended[event_id] = len(event.audio)
        self.driver.send(msgspec.structs.replace(event, event_id=event_id), origin=origin)
        self.look()

    @rule(ms=st.sampled_from([64, 320, 1000]), pause_ms=st.sampled_from([0, 320, 640]), prompt=st.booleans())
    def speaks(self, ms: float, pause_ms: float, prompt: bool) -> None:
        """What most audio is: a turn, or the beginning of one."""
        format = self.driver.session._state.config.input_format
        self.client(AppendAudio(audio=speech(ms, format) + silence(pause_ms, format)), 1)
        while prompt and self.driver.unscored_windows:
            self.scores(None)

    @rule(data=st.data(), what=st.sampled_from(["delete", "retrieve", "truncate", "truncate", "after"]))
    def works_on_an_item(self, data: st.DataObject, what: str) -> None:
        known = [entry.item.id for entry in self.driver.session._state.conversation]
        if not known:
            return
        item_id = data.draw(st.sampled_from(known))
        match what:
            case "delete":
                self.client(DeleteItem(item_id=item_id), 1)
            case "retrieve":
                self.client(RetrieveItem(item_id=item_id), 1)
            case "truncate":
                ms = data.draw(st.integers(0, 600))
                self.client(TruncateItem(item_id=item_id, content_index=0, audio_end_ms=ms), 1)
            case _:
                self.client(CreateItem(item=data.draw(items), previous_item_id=item_id), 1)

    @rule(out_of_band=st.booleans(), modality=st.sampled_from(Modality), budget=st.sampled_from([None, None, 1, 9]))
    def asks_for_a_response(self, out_of_band: bool, modality: Modality, budget: int | None) -> None:
        params = ResponseParams(out_of_band=out_of_band, modality=modality, max_output_tokens=budget)
        self.client(CreateResponse(params=params), 2)

    @rule()
    def nonsense(self) -> None:
        self.driver.send(ClientMistake.of(ClientError("Bad.", code="invalid_event")), origin=1)

    # --- the world -------------------------------------------------------------------------------

    @rule(count=st.none() | st.integers(1, 12))
    @precondition(lambda self: self.driver.unscored_windows)
    def scores(self, count: int | None) -> None:
        self.driver.deliver_scores(count)
        self.look()

    @rule(sign=st.none() | st.sampled_from(TurnSign))
    @precondition(lambda self: self.driver.unjudged_pauses)
    def pause_judged(self, sign: TurnSign | None) -> None:
        self.driver.judge(sign)
        self.look()

    @rule(seconds=st.sampled_from([0.1, 3.0, 11.0]))
    def time(self, seconds: float) -> None:
        self.driver.advance(seconds)
        self.look()

    @rule()
    def early_tick(self) -> None:
        self.driver.send(Tick())
        self.look()

    @rule(item_id=ids, ms=st.floats(0, 900))
    def transport_plays(self, item_id: str, ms: float) -> None:
        self.driver.send(PlayoutProgress(item_id=item_id, content_index=0, played_ms=ms))
        self.look()

    @rule()
    def transport_has_played_all(self) -> None:
        self.driver.send(PlayoutDrained())
        self.look()

    @rule(data=st.data(), more=WORDS, unstable=WORDS, ends=st.sampled_from(["no", "final", "failed"]))
    @precondition(lambda self: self.hearing)
    def recogniser(self, data: st.DataObject, more: str, unstable: str, ends: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.hearing)))
        work = self.hearing[number]
        if ends == "failed":
            del self.hearing[number]
            self.driver.fail_hearing(transcription=number)
        elif ends == "final" and work.finished:
            del self.hearing[number]
            self.driver.transcribed(SttFinal(text=work.heard + more), number)
        else:
            work.heard += more
            text, stable = work.heard + unstable, len(work.heard)
            self.driver.transcribed(SttPartial(text=text, stable=stable), number)
        self.look()

    @rule(data=st.data(), text=WORDS)
    @precondition(lambda self: self.speaking)
    def writes(self, data: st.DataObject, text: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.speaking)))
        work = self.speaking[number]
        if work.calling and text:
            work.text, work.ms, work.voiced, work.calling = "", 0.0, 0, False
        work.text += text
        self.driver.write(text, number)
        self.look()

    @rule(data=st.data(), ms=st.sampled_from([0, 0.5, 60, 200]), chars=st.integers(0, 12), timed=st.booleans())
    @precondition(lambda self: any(work.spoken and not work.calling for work in self.speaking.values()))
    def voices(self, data: st.DataObject, ms: float, chars: int, timed: bool) -> None:
        able = sorted(number for number, work in self.speaking.items() if work.spoken and not work.calling)
        number = data.draw(st.sampled_from(able))
        work = self.speaking[number]
        start, work.voiced = work.voiced, min(work.voiced + chars, len(work.text))
        from_ms, work.ms = work.ms, work.ms + int(ms * 24) / 24
        word = Word(text="", start=start, end=work.voiced, start_ms=from_ms, end_ms=work.ms)
        self.driver.voice(ms, work.voiced, (word,) if timed else (), generation=number)
        self.look()

    @rule(data=st.data(), pieces=st.lists(WORDS, max_size=3))
    @precondition(lambda self: self.speaking)
    def calls_a_tool(self, data: st.DataObject, pieces: list[str]) -> None:
        number = data.draw(st.sampled_from(sorted(self.speaking)))
        self.speaking[number].calling = True
        self.driver.generated(LlmToolCall(name="f"), number)
        for piece in pieces:
            self.driver.generated(LlmToolArguments(delta=piece), number)
        self.look()

    @rule(data=st.data(), reason=st.sampled_from([*FinishReason, None, "filtered"]))
    @precondition(lambda self: self.speaking)
    def ends(self, data: st.DataObject, reason: FinishReason | str | None) -> None:
        number = data.draw(st.sampled_from(sorted(self.speaking)))
        del self.speaking[number]
        if reason is None:
            self.driver.fail(generation=number)
        elif isinstance(reason, FinishReason):
            self.driver.finish(reason, generation=number)
        else:
            self.driver.filter(number)
        self.look()

    # --- the end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        driver = getattr(self, "driver", None)
        if driver is None:
            return
        self.bring_to_an_end()
        if driver.session.deadline is not None:
            driver.invariants.check_ended()
            assert driver.session.waiting_events == 0
            assert driver.session.backlog_ms == 0
            self.check_answers()
        assert driver.replay() == driver.outputs

    def bring_to_an_end(self) -> None:
        """Everything that is under way ends; what that starts ends, too."""
        driver = self.driver
        driver.hold_scores = driver.hold_judgements = False
        while driver.unjudged_pauses or driver.unscored_windows:
            if driver.unjudged_pauses:
                driver.judge(None)
            else:
                driver.deliver_scores()
        driver.pull()
        if self.guarded:  # an answer waits for what nobody will ever know of speech that has not ended
            driver.send(ClearAudio())
        self.look()
        while self.hearing or self.speaking:
            for number in [number for number, work in self.hearing.items() if work.finished]:
                text = self.hearing.pop(number).heard
                driver.transcribed(SttFinal(text=text), number)
            for number in list(self.speaking):
                del self.speaking[number]
                driver.finish(generation=number)
            self.look()
            if not any(work.finished for work in self.hearing.values()) and not self.speaking:
                break

    def check_answers(self) -> None:
        """Each mistake was answered to its sender alone, each accepted update once, all audio accounted."""
        driver = self.driver
        errors = driver.all(ErrorOccurred)
        whole = [error.event_id for error in errors if error.event_id and error.code != UNSUPPORTED_VALUE]
        in_part = [(error.event_id, error.param) for error in errors if error.code == UNSUPPORTED_VALUE]
        refused = set(whole)
        assert len(refused) == len(whole), "one error for an event that is refused"
        assert len(set(in_part)) == len(in_part), "one error for a field that is left out"
        assert refused.isdisjoint(event_id for event_id, _ in in_part), "an event is refused whole or in part"
        for error in errors:
            assert error.origin == (1 if error.event_id is None else self.sent[error.event_id])
        assert driver.invariants.updates == len(self.updates - refused)
        formats_used = {event.config.input_format for event in driver.outputs if hasattr(event, "config")}
        if formats_used == {AudioFormat.PCM16}:
            taken = sum(size for event_id, size in self.appended.items() if event_id not in refused)
            assert driver.session.tape.end * 2 == taken
