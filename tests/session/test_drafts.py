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
from voxwire.events.response import ResponseParams, ResponseStatus
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
)
from voxwire.events.session_config import ServerVad, SessionConfig, SessionKind, SessionPatch
from voxwire.interfaces.commands import (
    CancelGeneration,
    FeedTranscription,
    FinishTranscription,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
)
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


def finish_turn(driver: Driver, words: str = "hello") -> None:
    driver.append(silence(320))
    driver.hear(words)


class TestProbe:
    """The words are asked for when a pause may be the end."""

    def test_once_in_a_pause_and_after_all_audio_up_to_it(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(128))
        assert not driver.all(ProbeTranscription)
        driver.append(silence(300))
        assert len(driver.all(ProbeTranscription)) == 1
        assert driver.last(ProbeTranscription).transcription == driver.last(StartTranscription).transcription
        at = driver.outputs.index(driver.last(ProbeTranscription))
        fed = sum(len(feed.audio) for feed in driver.outputs[:at] if isinstance(feed, FeedTranscription))
        # The turn starts at the first audio there is, and 160 ms of silence are five windows.
        assert fed == 48 * (640 + 160)

    def test_audio_is_fed_once_where_the_pause_is_the_last_of_it(self) -> None:
        driver = drafting()
        driver.append(speech(640), silence(160))
        assert len(driver.all(ProbeTranscription)) == 1
        assert sum(len(feed.audio) for feed in driver.all(FeedTranscription)) == 48 * (640 + 160)

    def test_the_turn_ends_as_it_would(self) -> None:
        driver = drafting()
        driver.speak()
        assert [type(o) for o in driver.outputs if isinstance(o, ProbeTranscription | FinishTranscription)] == [
            ProbeTranscription,
            FinishTranscription,
        ]
        assert len(driver.all(SpeechStopped)) == 1

    def test_none_where_the_turn_ends_before_the_pause_is_long_enough(self) -> None:
        driver = drafting(ServerVad(silence_duration_ms=100))
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
        for _ in range(5):
            driver.append(speech(640), silence(256))
        assert len(driver.all(ProbeTranscription)) == 2
        driver.append(silence(320))
        driver.append(speech(640), silence(256))
        assert len(driver.all(ProbeTranscription)) == 3


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
        driver.append(speech(640), silence(256), speech(320), silence(256))
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
        driver.append(silence(256))
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
