"""Responses: who may speak when, and what the engine reads (protocol: responses)."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import CancelResponse, CommitAudio, CreateItem, CreateResponse, DeleteItem, UpdateSession
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    ItemReference,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import RateLimit, ResponseParams, ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import (
    ErrorOccurred,
    ItemAdded,
    RateLimitsUpdated,
    ResponseCreated,
    ResponseDone,
)
from voxwire.events.session_config import (
    FunctionTool,
    Modality,
    NamedTool,
    ServerVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
)
from voxwire.interfaces.commands import CancelGeneration, StartResponse, UsageCounted
from voxwire.interfaces.inputs import AnswerRefused, QuotaChanged
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech

MANUAL = SessionConfig(model="scripted", turn_detection=None)
PATIENT = SessionConfig(model="scripted", turn_detection=ServerVad(silence_duration_ms=200, interrupt_response=False))


def text(words: str, item_id: str = "") -> MessageItem:
    return MessageItem(id=item_id, role=Role.USER, content=(InputText(text=words),))


def statuses(driver: Driver) -> list[str]:
    return [event.response.status.value for event in driver.all(ResponseDone)]


def read(driver: Driver) -> list[str]:
    """What the engine was last given, as text."""
    words: list[str] = []
    for item in driver.request.items:
        match item:
            case MessageItem():
                for part in item.content:
                    match part:
                        case InputText() | OutputText():
                            words.append(part.text)
                        case InputAudio() | OutputAudio():
                            words.append(part.transcript or "")
            case FunctionCallItem():
                words.append(f"{item.name}({item.arguments})")
            case FunctionCallOutputItem():
                words.append(f"-> {item.output}")
    return words


class TestWaitingForWords:
    """`response.created` leaves at commit, the engine waits for words (protocol: responses, Waiting for words)."""

    def test_the_engine_starts_with_the_final(self) -> None:
        driver = Driver()
        driver.speak()
        assert driver.all(ResponseCreated)
        assert not driver.all(StartResponse)
        driver.hear("what time is it")
        assert read(driver) == ["what time is it"]

    def test_other_words_do_not_start_it(self) -> None:
        driver = Driver(MANUAL)
        for _ in range(2):
            driver.append(speech(200))
            driver.send(CommitAudio())
        driver.respond()
        driver.hear("second")
        assert not driver.all(StartResponse)
        driver.hear("first", driver.transcription - 1)
        assert read(driver) == ["first", "second"]

    def test_ten_seconds_at_most(self) -> None:
        driver = Driver()
        driver.speak()
        driver.advance(9.9)
        assert not driver.all(ResponseDone)
        driver.advance(0.2)
        response = driver.last(ResponseDone).response
        assert response.status is ResponseStatus.FAILED
        assert response.status_details is not None
        assert response.status_details.code == "transcription_timeout"
        driver.hear("too late")
        assert not driver.all(StartResponse)

    def test_nobody_waits_again_for_words_that_did_not_come(self) -> None:
        """A recogniser that hangs costs one answer; if the words come after all, later answers know them."""
        driver = Driver()
        driver.speak()
        hanging = driver.transcription
        driver.advance(10)
        driver.respond()
        assert read(driver) == [""]
        driver.finish()
        driver.speak()
        driver.hear("second")
        assert read(driver) == ["", "second"]
        driver.finish()
        driver.hear("first", hanging)
        driver.respond()
        assert read(driver) == ["first", "second"]

    def test_time_does_not_end_a_response_that_is_generating(self) -> None:
        driver = Driver()
        driver.speak()
        driver.hear("hello")
        driver.advance(60)
        assert not driver.all(ResponseDone)

    def test_a_response_that_waits_can_be_cancelled(self) -> None:
        driver = Driver()
        driver.speak()
        driver.send(CancelResponse())
        assert statuses(driver) == ["cancelled"]
        assert not driver.all(CancelGeneration)
        driver.hear("hello")
        assert not driver.all(StartResponse)

    def test_a_deleted_turn_is_still_answered(self) -> None:
        driver = Driver()
        driver.speak()
        driver.send(DeleteItem(item_id="item_1"))
        driver.hear("hello")
        assert read(driver) == ["hello"]


class TestFailedRecognition:
    """Recognition that fails ends the response (protocol: responses, Responses that fail)."""

    @pytest.mark.parametrize("by_hand", [False, True])
    def test_after_the_commit(self, by_hand: bool) -> None:
        driver = Driver(MANUAL if by_hand else None)
        if by_hand:
            driver.append(speech(200))
            driver.send(CommitAudio())
            driver.respond()
        else:
            driver.speak()
        driver.fail_hearing("engine_died")
        response = driver.last(ResponseDone).response
        assert response.status is ResponseStatus.FAILED
        assert response.status_details == StatusDetails(code="engine_died", message="The recogniser failed.")

    def test_in_mid_speech(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        driver.fail_hearing()
        driver.append(silence(640))
        assert driver.names()[-3:] == ["ResponseCreated", "ResponseDone", "RateLimitsUpdated"]
        assert statuses(driver) == ["failed"]

    def test_before_the_response_was_asked_for(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.fail_hearing()
        driver.respond()
        assert statuses(driver) == ["failed"]

    def test_of_an_older_turn_does_not_matter(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.fail_hearing()
        driver.send(CreateItem(item=text("hello")))
        driver.respond()
        assert read(driver) == ["", "hello"]


class TestEmptyTranscript:
    def test_is_answered_as_speech_not_understood(self) -> None:
        driver = Driver()
        driver.speak()
        driver.hear("")
        assert read(driver) == [""]

    def test_or_ignored(self) -> None:
        driver = Driver(limits=Limits(respond_to_empty_transcript=False))
        driver.speak()
        driver.hear("")
        assert statuses(driver) == ["completed"]
        assert not driver.all(StartResponse)
        driver.speak()
        driver.hear("hello")
        assert driver.all(StartResponse)


class TestOneAtATime:
    """One active response in the conversation (protocol: responses, Creating a response)."""

    def test_a_second_is_refused_by_name(self) -> None:
        driver = Driver(MANUAL)
        driver.respond()
        before = len(driver.outputs)
        driver.respond()
        (error,) = driver.outputs[before:]
        assert isinstance(error, ErrorOccurred)
        assert error.code == "conversation_already_has_active_response"
        assert error.message == (
            "Conversation already has an active response in progress: resp_1. "
            "Wait until the response is finished before creating a new one."
        )

    def test_a_commit_is_not_one(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.respond()
        assert not driver.errors

    def test_out_of_band_ones_run_beside(self) -> None:
        driver = Driver(MANUAL, limits=Limits(parallel_responses=3))
        driver.respond(out_of_band=True)
        driver.respond()
        driver.respond(out_of_band=True)
        assert not driver.errors
        driver.respond(out_of_band=True)
        assert driver.errors == ["too_many_responses"]

    def test_the_one_that_it_replaces_makes_room(self) -> None:
        driver = Driver(MANUAL, limits=Limits(parallel_responses=1))
        driver.respond()
        driver.respond(cancel_previous=True)
        assert not driver.errors
        assert driver.last(ResponseDone).response.status is ResponseStatus.CANCELLED

    def test_the_oldest_dialect_cancels_the_previous_one(self) -> None:
        driver = Driver(MANUAL)
        driver.respond()
        driver.say("Hello")
        driver.respond(cancel_previous=True, append_items=(text("go on"),))
        assert statuses(driver) == ["cancelled"]
        assert driver.last(ResponseCreated).response.id == "resp_2"
        assert read(driver) == ["Hello", "go on"]

    def test_there_may_be_no_previous_one(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(cancel_previous=True)
        assert not driver.errors


class TestCancel:
    """Protocol: responses, Cancelling."""

    @pytest.mark.parametrize("response_id", [None, "resp_7"])
    def test_of_nothing(self, response_id: str | None) -> None:
        driver = Driver(MANUAL)
        driver.send(CancelResponse(response_id=response_id, event_id="e"))
        error = driver.last(ErrorOccurred)
        assert error.code == "response_cancel_not_active"
        assert error.message == "Cancellation failed: no active response found"
        assert error.event_id == "e"

    def test_by_id_reaches_those_out_of_band(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(out_of_band=True)
        driver.send(CancelResponse())
        assert driver.errors == ["response_cancel_not_active"]
        driver.send(CancelResponse(response_id="resp_1"))
        assert statuses(driver) == ["cancelled"]

    def test_of_one_that_is_done(self) -> None:
        driver = Driver(MANUAL)
        driver.respond()
        driver.finish()
        driver.send(CancelResponse(response_id="resp_1"))
        assert driver.errors == ["response_cancel_not_active"]


class TestBargeIn:
    """Protocol: turns, Barge-in."""

    def test_speech_cancels_the_answer(self) -> None:
        driver = Driver()
        driver.speak()
        driver.hear("hello")
        driver.say("Hello there")
        start = len(driver.outputs)
        driver.append(speech(320))
        assert driver.names(start)[0] == "SpeechStarted"
        response = driver.last(ResponseDone).response
        assert response.status_details == StatusDetails(reason="turn_detected")

    def test_before_any_item(self) -> None:
        driver = Driver()
        driver.speak()
        driver.append(speech(320))
        assert driver.last(ResponseDone).response.output == ()

    def test_responses_out_of_band_go_on(self) -> None:
        driver = Driver()
        driver.respond(out_of_band=True)
        driver.append(speech(320))
        assert not driver.all(ResponseDone)

    def test_is_switched_off_by_its_setting(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.append(speech(320))
        assert not driver.all(ResponseDone)


class TestQueue:
    """With `interrupt_response` off an automatic response waits in line (protocol: turns, Barge-in)."""

    def test_starts_when_the_active_one_is_done(self) -> None:
        driver = Driver(PATIENT)
        driver.speak()
        driver.hear("one")
        driver.speak()
        driver.hear("two")
        assert len(driver.all(ResponseCreated)) == 1
        driver.say("First.")
        driver.finish()
        assert [event.response.id for event in driver.all(ResponseCreated)] == ["resp_1", "resp_2"]
        assert read(driver)[:2] == ["one", "two"]
        assert not driver.errors

    @pytest.mark.parametrize("end", [Driver.fail, lambda driver: driver.send(CancelResponse())])
    def test_whatever_way_that_ends(self, end: object) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.speak()
        driver.hear("one")
        end(driver)  # type: ignore[operator]
        assert len(driver.all(ResponseCreated)) == 2

    def test_two_turns_share_one_answer(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        for words in ("one", "two"):
            driver.speak()
            driver.hear(words)
        driver.finish()
        assert read(driver) == ["one", "two"]
        driver.finish()
        assert len(driver.all(ResponseCreated)) == 2

    def test_a_response_sees_the_items_up_to_its_own_turn(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.speak()
        driver.hear("one")
        driver.send(CreateItem(item=text("later")))
        driver.finish()
        assert read(driver) == ["one"]

    def test_a_turn_deleted_meanwhile_is_not_answered(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.speak()
        driver.hear("one")
        driver.send(DeleteItem(item_id="item_1"))
        driver.finish()
        assert len(driver.all(ResponseCreated)) == 1

    def test_a_clients_own_still_errors(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.speak()
        driver.respond()
        assert driver.errors == ["conversation_already_has_active_response"]

    def test_speech_that_interrupts_empties_it(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.speak()
        driver.hear("one")
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=ServerVad())))
        driver.append(speech(320))
        assert statuses(driver) == ["cancelled"]
        assert len(driver.all(ResponseCreated)) == 1

    def test_the_oldest_dialects_own_response_empties_it(self) -> None:
        driver = Driver(PATIENT)
        driver.respond()
        driver.speak()
        driver.hear("one")
        driver.respond(cancel_previous=True)
        driver.finish()
        assert statuses(driver) == ["cancelled", "completed"]
        assert len(driver.all(ResponseCreated)) == 2


class TestOverrides:
    """Fields override the session for this response only (protocol: responses, Creating a response)."""

    def test_reach_the_engine(self) -> None:
        tools = (FunctionTool(name="f"),)
        driver = Driver(MANUAL)
        driver.respond(
            instructions="Now.",
            tools=tools,
            tool_choice=NamedTool(name="f"),
            modality=Modality.TEXT,
            temperature=1.0,
            max_output_tokens=5,
            voice="ash",
            output_format=AudioFormat.ULAW,
        )
        request, start = driver.request, driver.last(StartResponse)
        assert (request.instructions, request.tools, request.tool_choice) == ("Now.", tools, NamedTool(name="f"))
        assert (request.modality, request.temperature, request.max_output_tokens) == (Modality.TEXT, 1.0, 5)
        assert (start.voice, start.output_format) == ("ash", AudioFormat.ULAW)
        driver.finish()
        driver.respond()
        assert driver.request.instructions == ""

    def test_a_running_response_keeps_its_settings(self) -> None:
        driver = Driver()
        driver.speak()
        driver.send(UpdateSession(patch=SessionPatch(instructions="Later.")))
        driver.hear("hello")
        assert driver.request.instructions == ""

    def test_a_tool_that_the_session_forces_need_not_be_among_the_responses_own(self) -> None:
        tools = (FunctionTool(name="f"),)
        config = SessionConfig(model="scripted", turn_detection=None, tools=tools, tool_choice=NamedTool(name="f"))
        driver = Driver(config)
        driver.respond(tools=())
        assert driver.request.tool_choice == "auto"

    def test_a_forced_tool_must_be_declared(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(tool_choice=NamedTool(name="g"))
        assert driver.last(ErrorOccurred).param == "response.tool_choice"

    def test_an_unknown_voice(self) -> None:
        driver = Driver(MANUAL, capabilities=Capabilities(voices=frozenset({"alloy"})))
        driver.respond(voice="ash")
        assert driver.names()[-2:] == ["ResponseCreated", "ErrorOccurred"]
        assert driver.last(ErrorOccurred).param == "response.audio.output.voice"
        assert driver.last(StartResponse).voice == "alloy"

    def test_the_voice_is_fixed_once_the_conversation_was_spoken(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(voice="ash")
        driver.say("Hello")
        driver.finish()
        driver.respond(voice="ash")
        assert driver.errors == ["cannot_update_voice"]
        driver.respond(voice="alloy")
        driver.finish()
        driver.respond(voice="ash", out_of_band=True)
        assert driver.errors == ["cannot_update_voice"]

    def test_speech_out_of_band_does_not_fix_the_voice(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(out_of_band=True)
        driver.say("Hello")
        driver.finish()
        driver.respond(voice="ash")
        assert not driver.errors

    def test_instructions_too_long(self) -> None:
        driver = Driver(MANUAL, limits=Limits(item_text_bytes=10))
        driver.respond(instructions="eleven bytes")
        assert driver.last(ErrorOccurred).param == "response.instructions"


class TestInput:
    """`input` replaces the context (protocol: responses, Creating a response)."""

    def test_empty(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("hello")))
        driver.respond(input=())
        assert driver.request.items == ()

    def test_items_and_references(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("one", "a")))
        driver.send(CreateItem(item=text("two", "b")))
        driver.respond(input=(text("new"), ItemReference(id="b")), out_of_band=True)
        assert read(driver) == ["new", "two"]
        assert len(driver.all(ItemAdded)) == 2

    def test_a_reference_to_a_deleted_item(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("one", "a")))
        driver.send(DeleteItem(item_id="a"))
        driver.respond(input=(ItemReference(id="a"),))
        assert read(driver) == ["one"]

    def test_a_reference_to_nothing(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(input=(text("x"), ItemReference(id="nope")))
        error = driver.last(ErrorOccurred)
        assert (error.code, error.param) == ("invalid_value", "response.input[1].id")
        assert not driver.all(ResponseCreated)

    def test_speech_is_understood_first(self) -> None:
        driver = Driver(MANUAL)
        clip = AudioClip(data=speech(200), format=AudioFormat.PCM16)
        item = MessageItem(role=Role.USER, content=(InputAudio(clip=clip),))
        driver.respond(input=(item,), out_of_band=True)
        assert not driver.all(StartResponse)
        driver.hear("hello")
        assert read(driver) == ["hello"]

    def test_an_answer_to_a_call_in_it(self) -> None:
        driver = Driver(MANUAL)
        call = FunctionCallItem(name="f", call_id="c", arguments="{}")
        output = FunctionCallOutputItem(call_id="c", output="done")
        driver.respond(input=(call, output), out_of_band=True)
        assert read(driver) == ["f({})", "-> done"]

    def test_an_answer_to_a_call_by_reference(self) -> None:
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=FunctionCallItem(id="a", name="f", call_id="c")))
        output = FunctionCallOutputItem(call_id="c", output="done")
        driver.respond(input=(ItemReference(id="a"), output))
        assert read(driver) == ["f()", "-> done"]

    def test_an_answer_brings_its_call_along(self) -> None:
        """Engines are not shown an answer without its call, and would be left with nothing."""
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=FunctionCallItem(id="a", name="f", call_id="c")))
        driver.send(CreateItem(item=FunctionCallOutputItem(id="b", call_id="c", output="done")))
        for answer in (ItemReference(id="b"), FunctionCallOutputItem(call_id="c", output="done")):
            driver.respond(input=(answer,), out_of_band=True)
            assert read(driver) == ["f()", "-> done"]
        driver.send(DeleteItem(item_id="a"))
        driver.respond(input=(ItemReference(id="b"),), out_of_band=True)
        assert read(driver) == []

    def test_an_answer_to_no_call(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(input=(FunctionCallOutputItem(call_id="c", output="done"),))
        error = driver.last(ErrorOccurred)
        assert (error.code, error.param) == ("invalid_tool_call_id", "response.input[0].call_id")

    def test_what_cannot_be_seen(self) -> None:
        driver = Driver(MANUAL)
        item = MessageItem(role=Role.USER, content=(InputImage(image_url="data:,"), InputText(text="hello")))
        driver.respond(input=(text("one"), item))
        assert driver.last(ErrorOccurred).param == "response.input[1].content[0]"
        assert read(driver) == ["one", "hello"]

    def test_what_is_still_being_said_is_not_read(self) -> None:
        """An engine must not be given half a message or a call whose arguments are not there yet."""
        driver = Driver(MANUAL)
        driver.send(CreateItem(item=text("hello")))
        driver.respond()
        driver.call("f", '{"a"')
        driver.respond(out_of_band=True)
        assert read(driver) == ["hello"]


class TestAppendedItems:
    """2024-10-01 `append_input_items`: added to the conversation first, all or none."""

    def test_are_added_before_the_response(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(append_items=(text("one"), text("two")))
        assert driver.names()[1:] == ["ItemAdded", "ItemDone"] * 2 + ["ResponseCreated"]
        assert read(driver) == ["one", "two"]

    @pytest.mark.parametrize(
        ("items", "code"),
        [
            ((text("one", "a"), text("two", "a")), "item_create_duplicate_item_id"),
            ((text("one"), FunctionCallOutputItem(call_id="x", output="")), "invalid_tool_call_id"),
            (
                (FunctionCallItem(name="f", call_id=""), FunctionCallOutputItem(call_id="", output="")),
                "invalid_tool_call_id",
            ),
            ((text("one"),) * 4, "conversation_full"),
        ],
    )
    def test_a_bad_one_changes_nothing(self, items: tuple[MessageItem, ...], code: str) -> None:
        driver = Driver(MANUAL, limits=Limits(items=3))
        driver.respond()
        driver.respond(append_items=items, cancel_previous=True)
        assert driver.errors == [code]
        assert not driver.all(ItemAdded)
        assert not driver.all(ResponseDone)

    def test_a_call_and_its_answer(self) -> None:
        driver = Driver(MANUAL)
        call = FunctionCallItem(name="f", call_id="c", arguments="{}")
        driver.respond(append_items=(call, FunctionCallOutputItem(call_id="c", output="done")))
        assert read(driver) == ["f({})", "-> done"]


class TestContext:
    """What does not fit (protocol: sessions, Truncation of the context)."""

    def test_disabled_truncation_fails_the_response(self) -> None:
        config = SessionConfig(model="scripted", turn_detection=None, truncation="disabled")
        driver = Driver(config, capabilities=Capabilities(context_tokens=100))
        driver.send(CreateItem(item=text("x" * 1000)))
        driver.respond()
        details = driver.last(ResponseDone).response.status_details
        assert details is not None
        assert (details.type, details.code) == ("invalid_request_error", "context_length_exceeded")

    def test_otherwise_the_oldest_items_go(self) -> None:
        driver = Driver(MANUAL, capabilities=Capabilities(context_tokens=100))
        for words in ("x" * 150, "y" * 150):
            driver.send(CreateItem(item=text(words)))
        driver.respond()
        assert read(driver) == ["y" * 150]


class TestRateLimits:
    """Once, after `response.done` (protocol: responses, Rate limits)."""

    def test_count_requests_and_tokens(self) -> None:
        driver = Driver(MANUAL, limits=Limits(requests_per_minute=10, tokens_per_minute=100))
        driver.respond(instructions="Be kind.")
        driver.say("Hello", 100)
        driver.finish()
        requests, tokens = driver.last(RateLimitsUpdated).rate_limits
        assert (requests.name, requests.limit, requests.remaining) == ("requests", 10, 9)
        assert (tokens.name, tokens.limit, tokens.remaining) == ("tokens", 100, 94)

    def test_a_quota_is_told_from_outside_and_usage_is_told_to_it(self) -> None:
        driver = Driver(MANUAL)
        left = RateLimit(name="requests", limit=5, remaining=3, reset_seconds=20.0)
        driver.send(QuotaChanged(rate_limits=(left,)))
        driver.respond(instructions="Be kind.")
        driver.say("Hello", 100)
        driver.finish()
        assert [(rate.name, rate.remaining) for rate in driver.last(RateLimitsUpdated).rate_limits] == [("requests", 2)]
        assert driver.last(UsageCounted).usage == driver.last(ResponseDone).response.usage

    def test_a_response_that_is_refused_has_failed_and_costs_nothing(self) -> None:
        driver = Driver(MANUAL, limits=Limits(requests_per_minute=10, tokens_per_minute=1000))
        driver.respond(instructions="Be kind.")
        driver.generated(AnswerRefused(type="rate_limit_error", code="rate_limit_exceeded", message="Later."))
        response = driver.last(ResponseDone).response
        assert response.status is ResponseStatus.FAILED
        assert response.status_details == StatusDetails(
            type="rate_limit_error", code="rate_limit_exceeded", message="Later."
        )
        assert driver.last(UsageCounted).usage == response.usage == TokenUsage()
        assert [rate.remaining for rate in driver.last(RateLimitsUpdated).rate_limits] == [10, 1000]
        driver.respond()
        driver.say("Hello", 100)
        driver.finish()
        assert driver.last(ResponseDone).response.status is ResponseStatus.COMPLETED, "the conversation goes on"

    def test_a_refusal_of_what_was_not_asked_for_yet_gives_nothing_back(self) -> None:
        driver = Driver(MANUAL, limits=Limits(requests_per_minute=10))
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.respond()
        driver.generated(
            AnswerRefused(type="rate_limit_error", code="rate_limit_exceeded", message="Later."),
            next(iter(driver.session._responder._running)),
        )
        assert driver.last(ResponseDone).response.status is ResponseStatus.FAILED
        assert driver.last(RateLimitsUpdated).rate_limits[0].remaining == 10

    def test_an_answer_in_the_making_has_reserved_its_part(self) -> None:
        driver = Driver(MANUAL, limits=Limits(requests_per_minute=10, tokens_per_minute=1000))
        driver.respond(out_of_band=True, max_output_tokens=100)
        driver.respond(max_output_tokens=300)
        assert [start.tokens for start in driver.all(StartResponse)] == [100, 300]
        driver.say("Hello", 100)
        driver.finish()
        assert [rate.remaining for rate in driver.last(RateLimitsUpdated).rate_limits] == [8, 896]

    def test_what_nobody_waits_for_any_more_is_counted_too(self) -> None:
        driver = Driver(MANUAL)
        driver.respond(instructions="Be kind.")
        driver.say("Hello", 100)
        (counted,) = [output for output in driver.session.end() if isinstance(output, UsageCounted)]
        assert counted.usage.output_tokens > 0
        assert driver.session.end() == []


class TestTranscriptionSession:
    """No responses, no items of the client (protocol: transcription, Transcription sessions)."""

    CONFIG = SessionConfig(model="scripted", kind=SessionKind.TRANSCRIPTION)

    def test_responses_are_refused(self) -> None:
        driver = Driver(self.CONFIG)
        driver.respond()
        assert driver.errors == ["invalid_value"]

    def test_turns_are_not_answered(self) -> None:
        driver = Driver(self.CONFIG)
        driver.speak()
        driver.hear("hello")
        assert not driver.all(ResponseCreated)


class TestForTheModel:
    """What the client says to the model behind the engine."""

    CONFIG = SessionConfig(model="scripted", turn_detection=None, reasoning={"effort": "low"}, parallel_tool_calls=True)

    def test_settings_of_the_session(self) -> None:
        driver = Driver(self.CONFIG, end_user="u-1")
        driver.send(CreateResponse(params=ResponseParams()))
        request = driver.request
        assert (request.reasoning, request.parallel_tool_calls) == ("low", True)
        assert (request.session_key, request.end_user) == ("sess_1", "u-1")

    def test_a_response_has_its_own(self) -> None:
        driver = Driver(self.CONFIG)
        params = ResponseParams(reasoning={"effort": "high"}, parallel_tool_calls=False)
        driver.send(CreateResponse(params=params))
        assert (driver.request.reasoning, driver.request.parallel_tool_calls) == ("high", False)

    @pytest.mark.parametrize("reasoning", [None, {}])
    def test_nothing_said(self, reasoning: object) -> None:
        driver = Driver(SessionConfig(model="scripted", turn_detection=None, reasoning=reasoning))
        driver.send(CreateResponse(params=ResponseParams()))
        request = driver.request
        assert (request.reasoning, request.parallel_tool_calls, request.end_user) == (None, None, None)
