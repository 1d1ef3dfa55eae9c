"""Answers begun before the turn is certain (ADR 19). `test_draft_properties` compares them with those that are not."""

from typing import Any

import pytest

from voxwire.events.client import (
    CancelResponse,
    ClearAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    CreateResponse,
    UpdateSession,
)
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, InputAudio, InputText, MessageItem, Role
from voxwire.events.response import ResponseParams, ResponseStatus, TokenUsage
from voxwire.events.server import (
    AudioDelta,
    ErrorOccurred,
    FunctionArgumentsDone,
    ItemAdded,
    RateLimitsUpdated,
    ResponseCreated,
    ResponseDone,
    SpeechStopped,
    TranscriptDelta,
    TurnTimings,
)
from voxwire.events.session_config import TURN_TIMINGS, Modality, ServerVad, SessionConfig, SessionKind, SessionPatch
from voxwire.interfaces.commands import (
    CancelGeneration,
    FeedTranscription,
    FinishTranscription,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
    TakeDraft,
    UsageCounted,
)
from voxwire.interfaces.inputs import AnswerRefused
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech

DRAFTING = Limits(max_drafts_per_turn=2)
ABLE = Capabilities(interims=True)


def drafting(detection: ServerVad | None = None, *, limits: Limits = DRAFTING, **settings: Any) -> Driver:
    config = SessionConfig(model="scripted", turn_detection=detection or ServerVad(), **settings)
    return Driver(config, limits=limits, capabilities=ABLE)


def paused(driver: Driver | None = None, words: str = "hello") -> Driver:
    """Somebody has spoken and pauses, and what they said so far is known: a draft is in the making."""
    driver = driver or drafting()
    driver.append(speech(640), silence(256))
    driver.hear_so_far(words)
    return driver


def drafts(driver: Driver) -> list[StartResponse]:
    return [start for start in driver.all(StartResponse) if start.response_id is None]


def heard(driver: Driver) -> int:
    """Bytes that the recogniser was given."""
    return sum(len(feed.audio) for feed in driver.all(FeedTranscription))


def finish_turn(driver: Driver, words: str = "hello") -> None:
    driver.append(silence(320))
    driver.hear(words)


class TestProbe:
    """The words are asked for when a pause may be the end."""

    def test_once_in_a_pause_and_after_all_audio_up_to_it(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(64))
        assert not driver.all(ProbeTranscription)
        driver.append(silence(364))
        assert len(driver.all(ProbeTranscription)) == 1
        assert driver.last(ProbeTranscription).transcription == driver.last(StartTranscription).transcription
        at = driver.outputs.index(driver.last(ProbeTranscription))
        fed = sum(len(feed.audio) for feed in driver.outputs[:at] if isinstance(feed, FeedTranscription))
        # The turn starts at the first audio there is, and 96 ms of silence are three windows.
        assert fed == 48 * (640 + 96)

    def test_audio_is_fed_once_where_the_pause_is_the_last_of_it(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(96))
        assert len(driver.all(ProbeTranscription)) == 1
        assert sum(len(feed.audio) for feed in driver.all(FeedTranscription)) == 48 * (640 + 96)

    def test_the_turn_ends_as_it_would(self) -> None:
        driver = drafting()
        driver.speak()
        assert [type(o) for o in driver.outputs if isinstance(o, ProbeTranscription | FinishTranscription)] == [
            ProbeTranscription,
            FinishTranscription,
        ]
        assert len(driver.all(SpeechStopped)) == 1

    def test_who_goes_on_after_a_pause_has_to_pause_longer(self) -> None:
        driver = drafting()
        for pause_ms, probes in ((96, 1), (160, 1), (192, 2), (256, 2), (288, 3)):
            driver.append(speech(640), silence(pause_ms))
            assert len(driver.all(ProbeTranscription)) == probes
        driver.append(silence(320), speech(640), silence(96))
        assert len(driver.all(ProbeTranscription)) == 4, "in the next turn it is as it was"

    def test_the_silence_after_it_is_heard_only_if_the_turn_goes_on(self) -> None:
        """Else the recogniser has read all there is, and its final comes at once."""
        driver = drafting()
        driver.append(speech(640), silence(320))
        assert heard(driver) == 48 * (640 + 96)
        driver.append(speech(64))
        assert heard(driver) == 48 * (640 + 320 + 64)
        driver.append(silence(512))
        assert driver.all(FinishTranscription)
        assert heard(driver) == 48 * (640 + 320 + 64 + 192)
        (item,) = driver.session._state.conversation
        assert isinstance(item.item, MessageItem)
        (part,) = item.item.content
        assert isinstance(part, InputAudio)
        assert part.duration_ms == 640 + 320 + 64 + 512, "the item has all of it"

    def test_all_is_heard_where_nobody_asks(self) -> None:
        driver = drafting(limits=Limits())
        driver.append(speech(640), silence(512))
        assert heard(driver) == 48 * (640 + 512)

    def test_a_commit_by_hand_has_all_of_it(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(266))
        driver.send(CommitAudio())
        assert heard(driver) == 48 * (640 + 266)

    def test_none_where_the_turn_ends_before_the_pause_is_long_enough(self) -> None:
        driver = drafting(ServerVad(silence_duration_ms=80))
        driver.speak()
        assert not driver.all(ProbeTranscription)

    @pytest.mark.parametrize(
        ("limits", "capabilities", "config"),
        [
            (Limits(), ABLE, {}),
            (DRAFTING, Capabilities(), {}),
            (DRAFTING, ABLE, {"kind": SessionKind.TRANSCRIPTION}),
            (DRAFTING, ABLE, {"turn_detection": ServerVad(create_response=False)}),
        ],
        ids=["off", "not able", "transcription", "no answers"],
    )
    def test_none_where_no_draft_is_wanted(
        self, limits: Limits, capabilities: Capabilities, config: dict[str, Any]
    ) -> None:
        driver = Driver(SessionConfig(model="scripted", **config), limits=limits, capabilities=capabilities)
        driver.append(speech(640), silence(480))
        assert not driver.all(ProbeTranscription)

    def test_none_while_another_answer_is_given(self) -> None:
        driver = drafting(ServerVad(interrupt_response=False))
        driver.respond()
        driver.append(speech(640), silence(256))
        assert not driver.all(ProbeTranscription)

    def test_at_most_so_many_in_a_turn(self) -> None:
        driver = drafting()
        for pause_ms in (96, 192, 288, 384):
            driver.append(speech(640), silence(pause_ms))
            driver.hear_so_far("hello")
        assert len(drafts(driver)) == 2
        assert len(driver.all(ProbeTranscription)) == 2, "no words are asked for that nobody may use"
        driver.append(silence(320))
        driver.append(speech(640), silence(96))
        assert len(driver.all(ProbeTranscription)) == 3

    def test_a_pause_that_was_over_before_its_words_were_there_counts_as_none(self) -> None:
        """Who hesitates often still gets an early answer at the end."""
        driver = drafting()
        for pause_ms in (96, 192, 288):
            driver.append(speech(640), silence(pause_ms), speech(64))
            driver.hear_so_far("hello")
        assert not drafts(driver)
        driver.append(silence(384))
        driver.hear_so_far("hello")
        assert len(drafts(driver)) == 1


class TestBeginning:
    def test_the_engine_is_asked_what_it_would_be_asked_later(self) -> None:
        driver = drafting(instructions="Be brief.")
        driver.send(CreateItem(item=MessageItem(role=Role.USER, content=(InputText(text="Hi."),))))
        paused(driver)
        (draft,) = drafts(driver)
        assert draft.request.instructions == "Be brief."
        earlier, turn = draft.request.items
        assert isinstance(earlier, MessageItem)
        assert earlier.content == (InputText(text="Hi."),)
        assert isinstance(turn, MessageItem)
        assert turn.content == (InputAudio(transcript="hello"),)

    def test_nobody_is_told(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(256))
        before = len(driver.events)
        driver.hear_so_far("hello")
        driver.say("Hello!", 1000)
        driver.call("f", "{}")
        driver.finish()
        assert len(driver.events) == before
        assert len(driver.session._state.conversation) == 0
        assert not driver.session._state.conversation.has_spoken
        assert driver.session._state.ids("resp") == "resp_1"

    def test_without_words_there_is_none(self) -> None:
        assert not drafts(paused(words=""))

    def test_words_that_come_after_the_pause_are_of_no_use(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(256), speech(320))
        driver.hear_so_far("hello")
        assert not drafts(driver)

    def test_words_of_an_earlier_pause_are_of_no_use(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(256), speech(320), silence(352))
        driver.hear_so_far("hello")
        assert not drafts(driver)
        driver.hear_so_far("hello there")
        assert len(drafts(driver)) == 1

    def test_words_that_come_after_the_end_are_of_no_use(self) -> None:
        driver = drafting()
        driver.speak()
        driver.hear_so_far("hello")
        assert not drafts(driver)

    def test_words_that_nobody_asked_for_are_of_no_use(self) -> None:
        driver = drafting()
        driver.append(speech(640))
        driver.hear_so_far("hello")
        driver.append(silence(256))
        assert not drafts(driver)
        driver.hear_so_far("hello")
        driver.hear_so_far("hello there")
        assert len(drafts(driver)) == 1

    def test_none_while_the_words_of_an_earlier_turn_are_not_known(self) -> None:
        driver = drafting()
        driver.speak()
        first = driver.transcription
        driver.append(speech(640), silence(256))
        driver.hear_so_far("and more")
        assert not drafts(driver)
        driver.hear("hello", first)
        assert not drafts(driver)

    def test_none_where_the_conversation_does_not_fit(self) -> None:
        driver = Driver(
            SessionConfig(model="scripted", instructions="x" * 500, truncation="disabled", turn_detection=ServerVad()),
            limits=DRAFTING,
            capabilities=Capabilities(interims=True, context_tokens=100),
        )
        paused(driver)
        assert driver.all(ProbeTranscription)
        assert not drafts(driver)
        finish_turn(driver)
        assert driver.last(ResponseDone).response.status is ResponseStatus.FAILED


class TestCommit:
    """The turn ends: the response that is made then takes over."""

    def test_what_is_there_leaves_at_once(self) -> None:
        driver = paused()
        driver.say("Hello!", 1000)
        driver.append(silence(320))
        assert len(driver.all(ResponseCreated)) == 1
        assert not driver.all(AudioDelta)
        driver.hear("hello")
        assert driver.last(TranscriptDelta).delta == "Hello!"
        assert len(driver.last(AudioDelta).pcm) == 48_000
        assert len(driver.all(StartResponse)) == 1, "the engine is not asked again"

    def test_what_comes_later_follows(self) -> None:
        driver = paused()
        driver.write("Hello")
        finish_turn(driver)
        driver.write(" there!")
        driver.finish()
        assert [delta.delta for delta in driver.all(TranscriptDelta)] == ["Hello", " there!"]
        assert driver.last(ResponseDone).response.status is ResponseStatus.COMPLETED
        driver.invariants.check_ended()

    def test_one_that_is_complete_is_done_at_once(self) -> None:
        driver = paused()
        driver.say("Hello!")
        driver.finish()
        finish_turn(driver)
        assert driver.last(ResponseDone).response.status is ResponseStatus.COMPLETED
        assert not driver.all(CancelGeneration)

    def test_a_tool_call_leaves_with_the_turn_and_not_before(self) -> None:
        driver = paused()
        driver.call("f", '{"a":', "1}")
        driver.append(silence(320))
        assert not driver.all(FunctionArgumentsDone)
        driver.hear("hello")
        driver.finish()
        assert driver.last(FunctionArgumentsDone).item.arguments == '{"a":1}'

    def test_it_is_cancelled_as_any_other(self) -> None:
        driver = paused()
        driver.say("Hello!")
        finish_turn(driver)
        driver.send(CancelResponse())
        assert driver.last(CancelGeneration).generation == drafts(driver)[0].generation
        before = len(driver.outputs)
        driver.write("More.", drafts(driver)[0].generation)
        assert len(driver.outputs) == before

    def test_a_budget_cuts_it(self) -> None:
        driver = paused(drafting(max_output_tokens=1))
        driver.say("Hello over there, how are you?", 3000)
        finish_turn(driver)
        assert driver.last(ResponseDone).response.status is ResponseStatus.INCOMPLETE
        assert len(driver.all(CancelGeneration)) == 1

    def test_usage_counts_what_was_heard_at_the_end(self) -> None:
        """The audio of the whole turn, trailing silence included, as if there had been no draft."""
        used = []
        for driver in (drafting(), drafting(limits=Limits())):
            driver.append(speech(640), silence(256))
            if driver.all(ProbeTranscription):
                driver.hear_so_far("hello")
            finish_turn(driver)
            driver.say("Hello!")
            driver.finish()
            used.append((driver.last(ResponseDone).response.usage, driver.last(RateLimitsUpdated)))
        assert used[0] == used[1]

    @pytest.mark.parametrize("words", ["hello there", ""])
    def test_other_words_in_the_end_are_answered_anew(self, words: str) -> None:
        driver = paused()
        driver.say("Hello!")
        finish_turn(driver, words)
        draft, real = driver.all(StartResponse)
        assert driver.last(CancelGeneration).generation == draft.generation
        assert not driver.all(TranscriptDelta)
        assert real.response_id == driver.last(ResponseCreated).response.id
        driver.write("late", draft.generation)
        assert not driver.all(TranscriptDelta)

    @pytest.mark.parametrize(
        "change",
        [
            UpdateSession(patch=SessionPatch(instructions="Be brief.")),
            UpdateSession(patch=SessionPatch(voice="ash")),
            UpdateSession(patch=SessionPatch(temperature=0.6)),
            CreateItem(item=MessageItem(role=Role.USER, content=(InputText(text="Hi."),))),
        ],
        ids=["instructions", "voice", "temperature", "item"],
    )
    def test_what_has_changed_since_is_answered_anew(self, change: ClientEvent) -> None:
        driver = paused()
        driver.say("Hello!")
        driver.send(change)
        finish_turn(driver)
        assert len(driver.all(StartResponse)) == 2
        assert len(driver.all(CancelGeneration)) == 1
        assert not driver.all(TranscriptDelta)

    def test_what_does_not_bear_upon_the_answer_may_change(self) -> None:
        driver = paused()
        driver.send(UpdateSession(patch=SessionPatch(include=("voxwire.turn_timings",))))
        finish_turn(driver)
        assert len(driver.all(StartResponse)) == 1

    def test_a_response_out_of_band_passes_by(self) -> None:
        driver = paused()
        draft = drafts(driver)[0].generation
        driver.respond(out_of_band=True)
        driver.finish()
        finish_turn(driver)
        driver.write("Hello!", draft)
        assert driver.last(TranscriptDelta).delta == "Hello!"

    def test_recognition_that_fails_leaves_nothing(self) -> None:
        driver = paused()
        driver.append(silence(320))
        driver.fail_hearing()
        assert driver.last(ResponseDone).response.status is ResponseStatus.FAILED
        assert len(driver.all(CancelGeneration)) == 1

    def test_a_new_turn_before_the_words_leaves_nothing(self) -> None:
        driver = paused()
        driver.append(silence(320))
        driver.append(speech(320))
        assert driver.last(ResponseDone).response.status is ResponseStatus.CANCELLED
        assert [cancel.generation for cancel in driver.all(CancelGeneration)] == [drafts(driver)[0].generation]


class TestDrop:
    """The turn goes on, or is not answered: nothing was ever said."""

    def assert_dropped(self, driver: Driver) -> None:
        draft = drafts(driver)[0].generation
        assert [cancel.generation for cancel in driver.all(CancelGeneration)] == [draft]
        before = len(driver.outputs)
        driver.write("late", draft)
        driver.finish(generation=draft)
        assert len(driver.outputs) == before

    def test_by_speech(self) -> None:
        driver = paused()
        driver.say("Hello!")
        driver.append(speech(64))
        self.assert_dropped(driver)
        driver.append(silence(352))
        driver.hear_so_far("hello there")
        assert len(drafts(driver)) == 2
        driver.append(silence(320))
        driver.hear("hello there")
        assert len(driver.all(StartResponse)) == 2

    @pytest.mark.parametrize(
        "event",
        [
            ClearAudio(),
            CommitAudio(),
            UpdateSession(patch=SessionPatch(turn_detection=None)),
            CreateResponse(),
            CreateResponse(params=ResponseParams(instructions="Be brief.")),
        ],
        ids=["clear", "commit", "no detection", "response", "another response"],
    )
    def test_by_the_client(self, event: ClientEvent) -> None:
        driver = paused()
        driver.say("Hello!")
        driver.send(event)
        self.assert_dropped(driver)
        assert not driver.all(ErrorOccurred)

    def test_by_a_response_to_the_result_of_a_call(self) -> None:
        driver = paused()
        driver.send(CreateItem(item=FunctionCallItem(name="f", call_id="c", arguments="{}")))
        driver.send(CreateItem(item=FunctionCallOutputItem(call_id="c", output="1")))
        driver.respond()
        self.assert_dropped(driver)

    def test_by_a_turn_that_is_no_longer_answered(self) -> None:
        driver = paused()
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=ServerVad(create_response=False))))
        driver.append(silence(320))
        self.assert_dropped(driver)

    def test_by_the_end_of_the_session(self) -> None:
        driver = paused(drafting(limits=Limits(max_drafts_per_turn=2, session_seconds=60)))
        driver.advance(61)
        assert [cancel.generation for cancel in driver.all(CancelGeneration)] == [drafts(driver)[0].generation]

    def test_by_a_turn_that_waits_behind_another_answer(self) -> None:
        driver = paused(drafting(ServerVad(interrupt_response=False)))
        driver.respond()
        self.assert_dropped(driver)
        driver.append(silence(320))
        assert len(driver.all(ResponseCreated)) == 1

    def test_when_more_was_made_than_may_wait(self) -> None:
        limits = Limits(max_drafts_per_turn=2, draft_bytes=100_000)
        driver = paused(drafting(limits=limits))
        driver.say("A long story.", 1000)
        assert not driver.all(CancelGeneration)
        driver.voice(1100, 13)
        self.assert_dropped(driver)
        finish_turn(driver)
        assert driver.last(StartResponse).response_id is not None

    def test_when_more_pieces_came_than_may_wait(self) -> None:
        driver = paused(drafting(limits=Limits(max_drafts_per_turn=2, draft_bytes=100_000)))
        for _ in range(1000):
            driver.write("")
        self.assert_dropped(driver)

    def test_one_that_failed_is_made_anew(self) -> None:
        driver = paused()
        driver.write("Hel")
        driver.fail()
        finish_turn(driver)
        assert not driver.all(CancelGeneration), "it has ended by itself"
        assert driver.last(StartResponse).response_id is not None
        driver.say("Hello!")
        driver.finish()
        assert driver.last(ResponseDone).response.status is ResponseStatus.COMPLETED

    def test_one_that_was_complete_needs_no_cancel(self) -> None:
        driver = paused()
        driver.say("Hello!")
        driver.finish()
        driver.append(speech(64))
        assert not driver.all(CancelGeneration)
        assert not [item for item in driver.all(ItemAdded) if isinstance(item.item, MessageItem)]


class TestBooks:
    """What drafts gained and cost."""

    def test_one_that_is_used_is_told_to_the_runtime(self) -> None:
        driver = paused()
        finish_turn(driver)
        taken = driver.last(TakeDraft)
        assert taken.generation == drafts(driver)[0].generation
        assert taken.response_id == driver.last(ResponseCreated).response.id

    @pytest.mark.parametrize(
        ("ready_s", "late_s", "saved_ms"),
        [(0.3, 0.0, 300), (None, 0.0, 450), (0.3, 0.1, 200), (0.3, 1.0, 0)],
        ids=["it lay there", "it was not there yet", "the final came late", "too late"],
    )
    @pytest.mark.parametrize("modality", Modality)
    def test_milliseconds_saved(self, modality: Modality, ready_s: float | None, late_s: float, saved_ms: int) -> None:
        """The words come 100 ms after the pause, and the turn ends 450 ms after it."""
        driver = drafting(include=(TURN_TIMINGS,), modality=modality)
        driver.append(speech(640), silence(160))
        driver.advance(0.1)
        driver.hear_so_far("hello")
        driver.advance(0.2)
        if ready_s is not None:
            driver.say("Hello!")
        driver.advance(0.15)
        driver.append(silence(352))
        driver.advance(late_s)
        driver.hear("hello")
        driver.say("How are you?")
        driver.finish()
        assert driver.last(TurnTimings).draft_saved_ms == driver.last(TakeDraft).saved_ms == saved_ms

    def test_one_that_is_dropped_costs_tokens_that_nobody_is_told_of(self) -> None:
        driver = paused(drafting(include=(TURN_TIMINGS,), instructions="Be brief."))
        driver.write("Hello over there.")
        driver.voice(1000, 17)
        driver.append(speech(64))
        used = driver.last(UsageCounted)
        assert used.response_id is None
        assert used.usage.input_text == 3
        assert (used.usage.output_text, used.usage.output_audio) == (5, 20)
        assert not driver.all(RateLimitsUpdated)
        driver.append(silence(512))
        driver.hear("hello there")
        driver.finish()
        assert driver.last(TurnTimings).drafts_wasted == 1
        assert driver.last(TurnTimings).draft_saved_ms is None

    def test_what_the_engine_counted_is_taken(self) -> None:
        driver = paused()
        driver.call("f", "{}")
        driver.finish(usage=TokenUsage(input_text=300, output_text=40))
        driver.append(speech(64))
        assert driver.last(UsageCounted).usage == TokenUsage(input_text=300, output_text=40)

    def test_one_that_made_nothing_was_not_wasted(self) -> None:
        driver = paused(drafting(include=(TURN_TIMINGS,)))
        driver.fail("engine_busy")
        assert not driver.all(UsageCounted)
        finish_turn(driver)
        driver.finish()
        assert driver.last(TurnTimings).drafts_wasted == 0

    def test_one_that_may_not_be_made_is_none(self) -> None:
        driver = paused()
        refusal = AnswerRefused(type="rate_limit_error", code="rate_limit_exceeded", message="Later.")
        driver.generated(refusal)
        assert not driver.all(UsageCounted)
        finish_turn(driver)
        assert driver.last(StartResponse).response_id is not None, "the response asks for itself"
        driver.generated(refusal)
        response = driver.last(ResponseDone).response
        assert (response.status, response.usage) == (ResponseStatus.FAILED, TokenUsage())

    def test_each_response_tells_what_was_wasted_since_the_one_before(self) -> None:
        driver = paused(drafting(include=(TURN_TIMINGS,)))
        driver.say("Hello!")
        finish_turn(driver, "goodbye")
        driver.finish()
        driver.respond()
        driver.finish()
        assert [timings.drafts_wasted for timings in driver.all(TurnTimings)] == [1, 0]
