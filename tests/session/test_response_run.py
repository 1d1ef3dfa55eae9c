"""One response: everything opened is closed, in wire order (protocol: responses, Order of events).

Invariants 2 and 3 of docs/architecture.md.
"""

import pytest
from msgspec.structs import replace

from voxwire.errors import InvariantError
from voxwire.events.client import (
    CancelResponse,
    CreateItem,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
)
from voxwire.events.items import (
    FunctionCallItem,
    InputText,
    ItemStatus,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import ResponseParams, ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import (
    AudioDelta,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    ItemDone,
    ItemRetrieved,
    OutputItemAdded,
    OutputItemDone,
    ResponseCreated,
    ResponseDone,
    TranscriptDelta,
)
from voxwire.events.session_config import Modality, SessionConfig
from voxwire.interfaces.commands import CancelGeneration, DiscardPendingAudio
from voxwire.interfaces.llm import FinishReason, LlmToolArguments
from voxwire.session.response_run import Phase, ResponseRun, Waiting
from voxwire.testing.driver import Driver

AUDIO_TURN = [
    "ResponseCreated",
    "OutputItemAdded",
    "ItemAdded",
    "ContentPartAdded",
    "TranscriptDelta",
    "AudioDelta",
    "AudioDone",
    "TranscriptDone",
    "ContentPartDone",
    "ItemDone",
    "OutputItemDone",
    "ResponseDone",
    "RateLimitsUpdated",
]


def responding(**params: object) -> Driver:
    """A session whose engine was just asked to answer."""
    driver = Driver(SessionConfig(model="scripted", turn_detection=None))
    driver.respond(**params)
    return driver


def done(driver: Driver) -> ResponseDone:
    return driver.last(ResponseDone)


class TestPhases:
    def test_a_response_never_goes_back(self) -> None:
        state = Driver().session._state
        waiting = Waiting(entries=[], words=set(), automatic=False)
        for phases in ([Phase.GENERATING] * 2, [Phase.FINISHED, Phase.GENERATING], [Phase.FINISHED] * 2):
            run = ResponseRun(state, ResponseParams(), state.config, waiting)
            run.move(phases[0])
            with pytest.raises(InvariantError) as caught:
                run.move(phases[1])
            assert caught.value.actual is phases[1]


class TestMessage:
    """Protocol: responses, Order of events; responses, Typed turn."""

    def test_spoken(self) -> None:
        driver = responding()
        driver.say("Hello")
        driver.finish()
        assert driver.names()[1:] == AUDIO_TURN

    def test_written(self) -> None:
        driver = responding(modality=Modality.TEXT)
        driver.write("Hello ")
        driver.write("there")
        driver.finish()
        assert driver.names()[5:] == [
            "TextDelta",
            "TextDelta",
            "TextDone",
            "ContentPartDone",
            "ItemDone",
            "OutputItemDone",
            "ResponseDone",
            "RateLimitsUpdated",
        ]
        (item,) = done(driver).response.output
        assert item == driver.last(OutputItemDone).item == driver.last(ItemDone).item
        assert item.content == (OutputText(text="Hello there"),)  # type: ignore[union-attr]

    def test_nothing_said_is_an_empty_output(self) -> None:
        driver = responding()
        driver.finish()
        assert driver.names()[1:] == ["ResponseCreated", "ResponseDone", "RateLimitsUpdated"]
        assert done(driver).response.status is ResponseStatus.COMPLETED

    def test_empty_pieces_open_nothing(self) -> None:
        """Chat engines begin with an empty piece of text; before a tool call it must not become a message."""
        driver = responding()
        driver.write("")
        driver.voice(0, 0)
        driver.call("weather", "{}")
        driver.finish()
        assert [event.item.id for event in driver.all(OutputItemAdded)] == ["item_1"]
        assert isinstance(driver.last(OutputItemAdded).item, FunctionCallItem)

    def test_created_shows_the_plan(self) -> None:
        driver = responding(metadata={"a": "b"}, voice="ash", max_output_tokens=7, temperature=1.1)
        response = driver.last(ResponseCreated).response
        assert (response.metadata, response.voice, response.max_output_tokens) == ({"a": "b"}, "ash", 7)
        assert (response.temperature, response.status_details, response.output) == (1.1, None, ())
        driver.finish()
        assert done(driver).response.metadata == {"a": "b"}

    def test_an_empty_conversation_is_a_conversation(self) -> None:
        driver = responding()
        assert driver.last(ResponseCreated).response.conversation_id == "conv_1"


class TestFunctionCall:
    """Protocol: responses, Function calls."""

    def test_alone(self) -> None:
        driver = responding()
        driver.call("weather", '{"city":', '"Rome"}')
        driver.finish()
        assert driver.names()[1:] == [
            "ResponseCreated",
            "OutputItemAdded",
            "ItemAdded",
            "FunctionArgumentsDelta",
            "FunctionArgumentsDelta",
            "FunctionArgumentsDone",
            "ItemDone",
            "OutputItemDone",
            "ResponseDone",
            "RateLimitsUpdated",
        ]
        started = driver.last(OutputItemAdded).item
        assert started == FunctionCallItem(
            id="item_1", name="weather", call_id="call_1", arguments="", status=ItemStatus.IN_PROGRESS
        )
        ended = FunctionCallItem(id="item_1", name="weather", call_id="call_1", arguments='{"city":"Rome"}')
        assert driver.last(FunctionArgumentsDone).item == ended
        assert done(driver).response.output == (ended,)

    def test_after_words(self) -> None:
        driver = responding()
        driver.say("One moment.")
        driver.call("weather", "{}")
        driver.call("time", "{}")
        driver.finish()
        added = driver.all(OutputItemAdded)
        assert [event.output_index for event in added] == [0, 1, 2]
        assert [item.status for item in done(driver).response.output] == [ItemStatus.COMPLETED] * 3

    def test_before_words(self) -> None:
        driver = responding()
        driver.call("weather", "{}")
        driver.say("I am looking it up.")
        driver.finish()
        call, message = done(driver).response.output
        assert isinstance(call, FunctionCallItem)
        assert isinstance(message, MessageItem)

    def test_without_arguments(self) -> None:
        driver = responding()
        """Clients parse them as JSON, which an empty text is not."""
        driver.call("ping", "")
        driver.finish()
        assert [event.delta for event in driver.all(FunctionArgumentsDelta)] == ["{}"]
        assert driver.last(FunctionArgumentsDone).item.arguments == "{}"

    def test_that_was_cut_before_its_arguments(self) -> None:
        driver = responding()
        driver.call("ping", "")
        driver.send(CancelResponse())
        assert not driver.all(FunctionArgumentsDelta)
        (call,) = done(driver).response.output
        assert call == FunctionCallItem(id="item_1", name="ping", call_id="call_1", status=ItemStatus.INCOMPLETE)

    def test_arguments_without_a_call_are_dropped(self) -> None:
        driver = responding()
        driver.call("ping")
        driver.say("Hi")
        before = len(driver.outputs)
        driver.generated(LlmToolArguments(delta="{}"))
        assert driver.outputs[before:] == []


class TestCancel:
    """Closing events of whatever is open, then done; nothing after it (protocol: responses, Cancelling)."""

    def test_in_a_message(self) -> None:
        driver = responding()
        driver.say("Hello")
        start = len(driver.outputs)
        driver.send(CancelResponse())
        assert driver.names(start) == AUDIO_TURN[6:]
        assert [type(output) for output in driver.outputs[start : start + 2]] == [
            CancelGeneration,
            DiscardPendingAudio,
        ]
        response = done(driver).response
        assert response.status is ResponseStatus.CANCELLED
        assert response.status_details == StatusDetails(reason="client_cancelled")
        assert response.output[0].status is ItemStatus.INCOMPLETE

    def test_in_a_call(self) -> None:
        driver = responding()
        driver.call("weather", '{"ci')
        driver.send(CancelResponse())
        assert driver.last(FunctionArgumentsDone).item.arguments == '{"ci'
        assert done(driver).response.output[0].status is ItemStatus.INCOMPLETE

    def test_before_any_item(self) -> None:
        driver = responding()
        driver.send(CancelResponse())
        assert done(driver).response.output == ()

    def test_items_that_were_complete_stay_complete(self) -> None:
        driver = responding()
        driver.call("weather", "{}")
        driver.say("Now")
        driver.send(CancelResponse())
        assert [item.status for item in done(driver).response.output] == [ItemStatus.COMPLETED, ItemStatus.INCOMPLETE]

    def test_whatever_still_arrives_is_dropped(self) -> None:
        driver = responding()
        driver.say("Hello")
        driver.send(CancelResponse())
        before = len(driver.outputs)
        driver.say("more")
        driver.call("f", "{}")
        driver.fail()
        driver.finish()
        assert driver.outputs[before:] == []

    def test_a_written_answer_has_no_pending_audio(self) -> None:
        driver = responding(modality=Modality.TEXT)
        driver.send(CancelResponse())
        assert not driver.all(DiscardPendingAudio)


class TestFailure:
    """Open items are closed, the response says why, no `error` event (protocol: responses, Responses that fail)."""

    def test_in_a_message(self) -> None:
        driver = responding()
        driver.say("Hello")
        start = len(driver.outputs)
        driver.fail("engine_busy")
        assert driver.names(start) == AUDIO_TURN[6:]
        response = done(driver).response
        assert response.status is ResponseStatus.FAILED
        assert response.status_details == StatusDetails(code="engine_busy", message="The engine failed.")
        assert not driver.errors

    def test_before_any_output(self) -> None:
        driver = responding()
        driver.fail()
        assert done(driver).response.output == ()

    def test_the_next_response_works(self) -> None:
        driver = responding()
        driver.fail()
        driver.respond()
        driver.say("Hello")
        driver.finish()
        assert done(driver).response.status is ResponseStatus.COMPLETED


class TestIncomplete:
    def test_content_filter(self) -> None:
        driver = responding()
        driver.say("Hello")
        driver.finish(FinishReason.CONTENT_FILTER)
        response = done(driver).response
        assert response.status is ResponseStatus.INCOMPLETE
        assert response.status_details == StatusDetails(reason="content_filter")


class TestMaxTokens:
    """Text and audio count; reaching the limit ends the response at a word (protocol: responses, Tokens)."""

    def ended(self, driver: Driver, limit: int) -> ResponseDone:
        event = done(driver)
        assert event.response.status is ResponseStatus.INCOMPLETE
        assert event.response.status_details == StatusDetails(reason="max_output_tokens")
        assert event.response.usage is not None
        assert event.response.usage.output_tokens <= limit
        assert len(driver.all(CancelGeneration)) == 1
        return event

    def test_written(self) -> None:
        driver = responding(modality=Modality.TEXT, max_output_tokens=3)
        driver.write("one two three four five")
        event = self.ended(driver, 3)
        assert event.response.output[0].content == (OutputText(text="one two"),)  # type: ignore[union-attr]

    def test_spoken(self) -> None:
        driver = responding(max_output_tokens=5)
        driver.write("one two three")
        driver.voice(100, 3)
        driver.voice(1000, 13)
        event = self.ended(driver, 5)
        assert event.response.output[0].content[0].transcript == "one"  # type: ignore[union-attr]

    def test_endless_speech_without_a_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.session.output_message.MOST_AUDIO_BYTES", 48 * 1000)
        driver = responding()
        driver.write("one two three")
        for _ in range(10):
            driver.voice(200, 13)
        event = self.ended(driver, limit=100)
        assert event.response.output[0].content[0].transcript == "one two three"  # type: ignore[union-attr]
        assert sum(len(delta.pcm) for delta in driver.all(AudioDelta)) == 48 * 1000

    def test_arguments(self) -> None:
        driver = responding(max_output_tokens=3)
        driver.call("f", '{"a":1', ',"b":222222222')
        event = self.ended(driver, 3)
        assert event.response.output[0].arguments == '{"a":1,"b":2'  # type: ignore[union-attr]

    def test_endless_arguments_without_a_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.session.response_run.MOST_ARGUMENT_BYTES", 10)
        driver = responding()
        driver.call("f", '{"a":1', ',"b":222222222')
        event = self.ended(driver, limit=100)
        assert event.response.output[0].arguments == '{"a":1,"b"'  # type: ignore[union-attr]

    def test_endless_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.session.response_run.MOST_ITEMS", 3)
        driver = responding()
        for _ in range(4):
            driver.call("f", "{}")
        event = self.ended(driver, limit=100)
        assert len(event.response.output) == 3

    def test_arguments_are_cut_between_characters(self) -> None:
        driver = responding(max_output_tokens=1)
        driver.call("f", "ab€€")
        event = self.ended(driver, 1)
        assert event.response.output[0].arguments == "ab"  # type: ignore[union-attr]

    def test_arguments_that_fit(self) -> None:
        driver = responding(max_output_tokens=3)
        driver.call("f", '{"a"', ":1}")
        driver.finish()
        assert done(driver).response.status is ResponseStatus.COMPLETED

    def test_a_budget_used_up_opens_no_further_item(self) -> None:
        for say in (Driver.write, Driver.say):
            driver = responding(max_output_tokens=2)
            driver.call("f", '{"a":12}')
            say(driver, "And now")
            event = self.ended(driver, 2)
            assert len(event.response.output) == 1

    def test_audio_without_words_counts_as_well(self) -> None:
        driver = responding(max_output_tokens=2)
        driver.call("f", '{"a":12}')
        driver.voice(100, 0)
        assert len(self.ended(driver, 2).response.output) == 1

    def test_a_call_that_no_budget_is_left_for_is_not_begun(self) -> None:
        driver = responding(modality=Modality.TEXT, max_output_tokens=2)
        driver.write("one two.")
        driver.call("f", "{}")
        assert len(self.ended(driver, 2).response.output) == 1

    def test_arguments_that_came_just_to_the_end(self) -> None:
        driver = responding(max_output_tokens=1)
        driver.call("f", "four", "more")
        assert self.ended(driver, 1).response.output[0].arguments == "four"  # type: ignore[union-attr]

    def test_all_items_share_the_budget(self) -> None:
        driver = responding(modality=Modality.TEXT, max_output_tokens=4)
        driver.write("one two.")
        driver.call("f", "{}")
        driver.write("done")
        driver.call("g", '{"abc":1}')
        self.ended(driver, 4)


class TestUsage:
    """The engine's own counts, else ours (protocol: responses, Usage; responses, Tokens)."""

    def test_the_engines_own(self) -> None:
        driver = responding()
        usage = TokenUsage(input_text=11, output_text=7, cached_text=3)
        driver.say("Hello", 100)
        driver.finish(usage=usage)
        assert done(driver).response.usage == replace(usage, output_audio=2), "a language model knows no voice"

    def test_an_engine_that_counts_its_audio(self) -> None:
        driver = responding()
        usage = TokenUsage(output_text=7, output_audio=9)
        driver.say("Hello", 100)
        driver.finish(usage=usage)
        assert done(driver).response.usage == usage

    def test_ours(self) -> None:
        driver = responding(instructions="Be kind.")
        driver.say("Hello", 100)
        driver.call("f", "{}")
        driver.finish()
        assert done(driver).response.usage == TokenUsage(input_text=2, output_text=3, output_audio=2)


class TestDeletedWhileStreaming:
    def test_the_response_goes_on_without_conversation_events(self) -> None:
        driver = responding()
        driver.say("Hello")
        driver.send(DeleteItem(item_id="item_1"))
        start = len(driver.outputs)
        driver.say(" there")
        driver.finish()
        assert "ItemDone" not in driver.names(start)
        assert done(driver).response.status is ResponseStatus.COMPLETED

    def test_its_id_used_again_belongs_to_the_client(self) -> None:
        driver = responding()
        driver.say("Hello")
        driver.send(DeleteItem(item_id="item_1"))
        item = MessageItem(id="item_1", role=Role.USER, content=(InputText(text="mine"),))
        driver.send(CreateItem(item=item))
        start = len(driver.outputs)
        driver.finish()
        assert "ItemDone" not in driver.names(start)
        driver.send(RetrieveItem(item_id="item_1"))
        assert driver.last(ItemRetrieved).item == item


class TestTruncatedWhileStreaming:
    """Fixes what history keeps; generation goes on until cancelled (protocol: conversation, Truncation)."""

    def test_the_client_still_gets_everything_and_history_the_cut(self) -> None:
        driver = responding()
        driver.say("one two three", 1300)
        driver.send(TruncateItem(item_id="item_1", content_index=0, audio_end_ms=800))
        start = len(driver.outputs)
        driver.write(" four")
        driver.voice(500, 18)
        assert {"TranscriptDelta", "AudioDelta"} <= set(driver.names(start))
        driver.finish()
        (part,) = done(driver).response.output[0].content  # type: ignore[union-attr]
        assert part.transcript == "one two three four"
        driver.send(RetrieveItem(item_id="item_1"))
        retrieved = driver.last(ItemRetrieved)
        assert retrieved.item.content[0].transcript == "one two"  # type: ignore[union-attr]
        assert len(retrieved.audio[0].data) == 800 * 48
        driver.respond()
        (kept,) = driver.request.items
        assert isinstance(kept, MessageItem)
        assert isinstance(kept.content[0], OutputAudio)
        assert kept.content[0].transcript == "one two"


class TestOutOfBand:
    """No `conversation.item.*`; may run beside others (protocol: responses, Responses out of band)."""

    def test_leaves_the_conversation_alone(self) -> None:
        driver = responding(out_of_band=True, metadata={"topic": "mood"})
        driver.say("Hello")
        driver.finish()
        assert driver.names()[1:] == [name for name in AUDIO_TURN if not name.startswith("Item")]
        assert done(driver).response.conversation_id is None
        assert len(driver.session._state.conversation) == 0

    def test_interleaves(self) -> None:
        driver = responding()
        first = driver.generation
        driver.respond(out_of_band=True)
        second = driver.generation
        driver.write("one", first)
        driver.write("uno", second)
        driver.voice(100, 3, generation=second)
        driver.voice(100, 3, generation=first)
        driver.finish(generation=second)
        driver.finish(generation=first)
        said = [(event.response_id, event.delta) for event in driver.all(TranscriptDelta)]
        assert said == [("resp_1", "one"), ("resp_2", "uno")]
        assert [event.response_id for event in driver.all(AudioDelta)] == ["resp_2", "resp_1"]
        assert [event.response.id for event in driver.all(ResponseDone)] == ["resp_2", "resp_1"]
