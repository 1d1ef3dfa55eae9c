"""The session as a whole: order, waiting, errors, items, end (protocol: sessions)."""

import subprocess
import sys

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.client import (
    AppendAudio,
    ClearAudio,
    ClearOutputAudio,
    CommitAudio,
    CreateItem,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from voxwire.events.closing import CloseReason
from voxwire.events.items import FunctionCallItem, InputText, MessageItem, Role
from voxwire.events.response import ResponseStatus
from voxwire.events.server import (
    BufferCommitted,
    ErrorOccurred,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
)
from voxwire.events.session_config import FunctionTool, NamedTool, ServerVad, SessionConfig, SessionPatch
from voxwire.interfaces.commands import CancelGeneration, CloseSession
from voxwire.interfaces.inputs import ClientMistake, Tick
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, score_by_content, silence, speech

MANUAL = SessionConfig(model="scripted", turn_detection=None)


def text(item_id: str = "") -> MessageItem:
    return MessageItem(id=item_id, role=Role.USER, content=(InputText(text="x"),))


def answered(ms: float = 1000, limits: Limits | None = None) -> Driver:
    """A session whose item_1 is a complete spoken answer."""
    driver = Driver(MANUAL, limits=limits)
    driver.respond()
    driver.say("one two three four", ms)
    driver.finish()
    return driver


class TestImport:
    def test_pulls_in_no_loop_and_no_web_framework(self) -> None:
        program = (
            "import sys, voxwire.session.session as _\n"
            "unwanted = {'asyncio', 'socket', 'starlette', 'uvicorn', 'pydantic', 'pydantic_settings'}\n"
            "sys.exit(', '.join(unwanted & set(sys.modules)) or 0)"
        )
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


class TestConnect:
    """`session.created` and nothing else (protocol: sessions, The first event)."""

    def test(self) -> None:
        driver = Driver()
        (created,) = driver.outputs
        assert isinstance(created, SessionCreated)
        assert (created.session_id, created.expires_at) == ("sess_1", 1_700_003_600)

    def test_a_first_patch_is_in_force_and_what_is_beyond_the_deployment_is_told_to_all(self) -> None:
        session = Driver(capabilities=Capabilities(tools=False))._new_session()
        created, error = session.open(SessionPatch(instructions="Be brief.", tools=(FunctionTool(name="f"),)))
        assert isinstance(created, SessionCreated)
        assert created.config.instructions == "Be brief."
        assert isinstance(error, ErrorOccurred)
        assert (error.code, error.param, error.event_id, error.origin) == (
            "unsupported_value",
            "session.tools",
            None,
            None,
        )


class TestUpdate:
    """One reply each, in order, with the full effective settings (protocol: sessions, Updating a session)."""

    def test_one_reply_each(self) -> None:
        driver = Driver()
        driver.send(UpdateSession(patch=SessionPatch(instructions="one")))
        driver.send(UpdateSession(patch=SessionPatch(voice="ash")))
        driver.send(UpdateSession(patch=SessionPatch()))
        updates = [event.config for event in driver.all(SessionUpdated)]
        assert [(config.instructions, config.voice) for config in updates] == [
            ("one", "alloy"),
            ("one", "ash"),
            ("one", "ash"),
        ]

    def test_a_refused_one_changes_nothing(self) -> None:
        driver = Driver()
        patch = SessionPatch(instructions="new", tool_choice=NamedTool(name="f"))
        driver.send(UpdateSession(patch=patch, event_id="e"), origin=7)
        (error,) = driver.all(ErrorOccurred)
        assert (error.event_id, error.origin, error.param) == ("e", 7, "session.tool_choice")
        assert not driver.all(SessionUpdated)
        assert driver.session._state.config.instructions == ""

    def test_the_voice_is_fixed_after_speech(self) -> None:
        driver = answered()
        driver.send(UpdateSession(patch=SessionPatch(voice="alloy")))
        driver.send(UpdateSession(patch=SessionPatch(voice="ash")))
        assert driver.errors == ["cannot_update_voice"]


class TestWaiting:
    """Events other than appends wait for earlier audio's scores (protocol: turns, Order of audio and events)."""

    def test_an_update_waits(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        driver.send(UpdateSession(patch=SessionPatch()))
        assert not driver.all(SessionUpdated)
        assert driver.session.waiting_events == 1
        driver.deliver_scores(9)
        assert not driver.all(SessionUpdated)
        driver.deliver_scores()
        assert driver.all(SessionUpdated)
        assert driver.session.waiting_events == 0

    def test_everything_waits_behind_it_in_order(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        driver.send(CreateItem(item=text("a")))
        driver.append(silence(320))
        driver.send(CreateItem(item=text("b")))
        driver.append(silence(10))
        assert driver.session.waiting_events == 7
        driver.deliver_scores()
        assert driver.names()[1:] == ["ItemAdded", "ItemDone"]
        assert driver.session.waiting_events == 2
        driver.deliver_scores()
        assert driver.names()[1:] == ["ItemAdded", "ItemDone"] * 2
        assert driver.session.waiting_events == 0

    def test_nothing_waits_with_detection_off(self) -> None:
        driver = Driver(MANUAL, hold_scores=True)
        driver.append(speech(320))
        driver.send(CommitAudio())
        assert not driver.errors
        assert "BufferCommitted" in driver.names()

    def test_what_waits_keeps_its_origin(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        driver.send(DeleteItem(item_id="nope", event_id="e"), origin=3)
        driver.deliver_scores()
        error = driver.last(ErrorOccurred)
        assert (error.event_id, error.origin) == ("e", 3)

    def test_waiting_audio_counts_as_backlog(self) -> None:
        """Else a client could have unbounded audio wait behind one event."""
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        assert driver.session.backlog_ms == 320
        driver.send(ClearAudio())
        driver.append(silence(500))
        assert driver.session.backlog_ms == 820
        driver.deliver_scores()
        assert driver.session.backlog_ms == 480
        driver.deliver_scores()
        assert driver.session.backlog_ms == 0

    def test_audio_that_waits_is_not_taken_twice(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        driver.append(speech(200))
        driver.deliver_scores()
        driver.send(CommitAudio())
        tape = driver.session.tape
        assert tape.end == 520 * 24
        assert tape.committed + tape.discarded == 520 * 24


class TestShortWay:
    """Audio that only adds to the tape, and scores that are pulled."""

    def test_says_how_many_windows_are_ready(self) -> None:
        session = Driver(hold_scores=True).session
        assert [session.append(silence(20), now=1001.0) for _ in range(4)] == [0, 1, 1, 2]
        assert session.tape.end == 80 * 24

    @pytest.mark.parametrize("size", [3, 102, 60])
    def test_what_is_refused_goes_the_long_way(self, size: int) -> None:
        """Half a sample, too much at once, or more than there is room for."""
        driver = Driver(MANUAL, limits=Limits(append_bytes=100, buffer_bytes=150))
        assert driver.session.append(bytes(100), now=1001.0) == 0
        assert driver.session.append(bytes(size), now=1001.0) is None
        assert driver.session.tape.size == 100
        driver.send(AppendAudio(audio=bytes(size)))
        assert len(driver.errors) == 1

    def test_behind_an_event_that_waits_there_is_none(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        driver.send(CommitAudio())
        assert driver.session.append(silence(20), now=1001.0) is None

    def test_after_the_end_nothing_happens(self) -> None:
        driver = Driver(limits=Limits(session_seconds=10))
        driver.append(speech(32))
        driver.advance(11)
        end = driver.session.tape.end
        assert driver.session.append(silence(320), now=driver.now) is None
        assert driver.session.pull(now=driver.now) == []
        assert driver.session.tape.end == end

    def test_a_session_acts_on_all_that_is_known(self) -> None:
        """Scores that lie on the tape are followed before anything else."""
        config = SessionConfig(model="scripted", turn_detection=ServerVad(silence_duration_ms=320))
        driver = Driver(config, hold_scores=True)
        driver.append(speech(320) + silence(320))
        tape = driver.session.tape
        while tape.ready:
            tape.put(score_by_content(tape.cut()[-tape.format.window_bytes :]))
        outputs = driver.session.receive(CreateItem(item=text("a")), now=1001.0)
        kinds = [type(output) for output in outputs if isinstance(output, ServerEvent)]
        assert kinds[:3] == [SpeechStarted, SpeechStopped, BufferCommitted]
        assert kinds[-2:] == [ItemAdded, ItemDone]

    def test_says_whether_somebody_speaks(self) -> None:
        driver = Driver()
        assert not driver.session.speaking
        driver.append(speech(320))
        assert driver.session.speaking


class TestErrors:
    """One `error`, the client's `event_id` or null, no state change (protocol: errors, Events of type error)."""

    def test_a_frame_that_was_no_event(self) -> None:
        driver = Driver()
        error = ClientError("Bad.", code="invalid_event", param="type", event_id="e")
        driver.send(ClientMistake.of(error), origin=2)
        assert driver.all(ErrorOccurred) == [
            ErrorOccurred(
                type="invalid_request_error",
                code="invalid_event",
                message="Bad.",
                param="type",
                event_id="e",
                origin=2,
            )
        ]

    def test_comes_in_its_place_in_line(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(320))
        driver.send(CreateItem(item=text("a")))
        driver.send(ClientMistake.of(ClientError("Bad.", code="invalid_event")))
        driver.deliver_scores()
        assert driver.names()[1:] == ["ItemAdded", "ItemDone", "ErrorOccurred"]

    def test_null_for_an_event_without_an_id(self) -> None:
        driver = Driver()
        driver.send(CommitAudio())
        assert driver.last(ErrorOccurred).event_id is None

    def test_there_is_no_output_buffer_on_a_websocket(self) -> None:
        driver = Driver()
        driver.send(ClearOutputAudio())
        assert driver.errors == ["invalid_value"]


class TestRetrieve:
    """Protocol: conversation, Retrieving items."""

    def test_an_unknown_item(self) -> None:
        driver = Driver()
        driver.send(RetrieveItem(item_id="nope", event_id="rci_nope"))
        error = driver.last(ErrorOccurred)
        assert (error.code, error.event_id) == ("item_retrieve_invalid_item_id", "rci_nope")

    def test_speech_of_the_user(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.send(RetrieveItem(item_id="item_1"))
        (clip,) = driver.last(ItemRetrieved).audio.values()
        assert clip.data == speech(200)

    def test_speech_of_the_assistant(self) -> None:
        driver = answered(500)
        driver.send(RetrieveItem(item_id="item_1"))
        (clip,) = driver.last(ItemRetrieved).audio.values()
        assert clip.duration_ms == 500

    def test_goes_out_in_the_present_input_format(self) -> None:
        driver = answered(500)
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.send(UpdateSession(patch=SessionPatch(input_format=AudioFormat.ULAW)))
        for item_id, ms in (("item_1", 500), ("item_2", 200)):
            driver.send(RetrieveItem(item_id=item_id))
            retrieved = driver.last(ItemRetrieved)
            assert (retrieved.format, retrieved.audio_bytes) == (AudioFormat.ULAW, ms * 8)

    def test_audio_that_retention_dropped(self) -> None:
        driver = answered(500, Limits(retained_audio_bytes=100))
        driver.send(RetrieveItem(item_id="item_1"))
        assert driver.last(ItemRetrieved).audio == {}

    @pytest.mark.parametrize(("most", "ms"), [(48 * 200, [200]), (48 * 200 - 1, [])])
    def test_audio_that_would_grow_past_what_is_retained(self, most: int, ms: list[float]) -> None:
        """32 MiB of G.711 are 200 MiB of PCM16, for which no outbox has room."""
        config = SessionConfig(model="scripted", turn_detection=None, input_format=AudioFormat.ULAW)
        driver = Driver(config, limits=Limits(retained_audio_bytes=most))
        driver.send(AppendAudio(audio=speech(200, AudioFormat.ULAW)))
        driver.send(CommitAudio())
        driver.send(UpdateSession(patch=SessionPatch(input_format=AudioFormat.PCM16)))
        driver.send(RetrieveItem(item_id="item_1"))
        assert [clip.duration_ms for clip in driver.last(ItemRetrieved).audio.values()] == ms

    def test_items_without_audio(self) -> None:
        driver = Driver()
        driver.send(CreateItem(item=text("a")))
        driver.send(CreateItem(item=FunctionCallItem(id="b", name="f", call_id="c")))
        for item_id in ("a", "b"):
            driver.send(RetrieveItem(item_id=item_id))
            assert driver.last(ItemRetrieved).audio == {}


class TestDelete:
    """Protocol: conversation, Deleting items."""

    def test(self) -> None:
        driver = Driver()
        driver.send(CreateItem(item=text("a")))
        driver.send(DeleteItem(item_id="a"))
        assert driver.all(ItemDeleted) == [ItemDeleted(item_id="a")]
        driver.send(DeleteItem(item_id="a"))
        assert driver.errors == ["item_delete_invalid_item_id"]


class TestTruncate:
    """Protocol: conversation, Truncation; decisions, Truncation beyond the end."""

    def truncated(self, driver: Driver, ms: int, *, item_id: str = "item_1", index: int = 0) -> int:
        driver.send(TruncateItem(item_id=item_id, content_index=index, audio_end_ms=ms))
        return driver.last(ItemTruncated).audio_end_ms

    def transcript(self, driver: Driver) -> str:
        driver.send(RetrieveItem(item_id="item_1"))
        return driver.last(ItemRetrieved).item.content[0].transcript  # type: ignore[union-attr]

    def test_at_the_heard_point(self) -> None:
        driver = answered(1800)
        assert self.truncated(driver, 700) == 700
        assert self.transcript(driver) == "one two"

    @pytest.mark.parametrize("ms", [1000, 1085, 99_999])
    def test_beyond_the_end_is_clamped_and_cuts_nothing(self, ms: int) -> None:
        driver = Driver(MANUAL)
        driver.respond()
        driver.write("one two three four!")
        driver.voice(1000.5, len("one two three four"))
        driver.finish()
        assert self.truncated(driver, ms if ms != 1000 else 1001) == 1000
        assert self.transcript(driver) == "one two three four!"

    def test_beyond_the_end_is_refused_under_the_strict_switch(self) -> None:
        driver = answered(1000, Limits(strict_truncate=True))
        driver.send(TruncateItem(item_id="item_1", content_index=0, audio_end_ms=1001))
        error = driver.last(ErrorOccurred)
        assert error.message == "Audio content of 1000ms is already shorter than 1001ms"
        assert self.truncated(driver, 1000) == 1000

    def test_an_interrupted_answer_keeps_no_words_that_were_never_spoken(self) -> None:
        driver = Driver()
        driver.respond()
        driver.write("one two three four")
        driver.voice(500, 7)
        driver.append(speech(320))
        assert self.truncated(driver, 99_999) == 500
        assert self.transcript(driver) == "one two"

    def test_twice(self) -> None:
        driver = answered(1800)
        self.truncated(driver, 700)
        assert self.truncated(driver, 1500) == 700
        assert self.truncated(driver, 300) == 300
        assert self.transcript(driver) == "one"

    def test_at_nothing(self) -> None:
        driver = answered()
        assert self.truncated(driver, 0) == 0
        assert self.transcript(driver) == ""

    def test_again_when_nothing_is_left(self) -> None:
        """It is a spoken message all the same: clamped as any other, and under the strict switch too short."""
        driver = answered()
        self.truncated(driver, 0)
        assert self.truncated(driver, 300) == 0
        driver = answered(1000, Limits(strict_truncate=True))
        self.truncated(driver, 0)
        assert self.truncated(driver, 0) == 0
        driver.send(TruncateItem(item_id="item_1", content_index=0, audio_end_ms=300))
        assert driver.last(ErrorOccurred).message == "Audio content of 0ms is already shorter than 300ms"

    def test_an_item_without_audio(self) -> None:
        driver = Driver()
        driver.send(CreateItem(item=text("a")))
        assert self.truncated(driver, 0, item_id="a") == 0
        driver.send(TruncateItem(item_id="a", content_index=0, audio_end_ms=1))
        assert driver.last(ErrorOccurred).message == "Only model output audio messages can be truncated"

    def test_an_item_without_audio_under_the_strict_switch(self) -> None:
        driver = Driver(limits=Limits(strict_truncate=True))
        driver.send(CreateItem(item=text("a")))
        driver.send(TruncateItem(item_id="a", content_index=0, audio_end_ms=0))
        assert driver.errors == ["unsupported_content_type"]

    def test_an_unknown_item(self) -> None:
        driver = Driver()
        driver.send(TruncateItem(item_id="nope", content_index=0, audio_end_ms=0))
        assert driver.errors == ["item_truncate_invalid_item_id"]

    def test_another_part(self) -> None:
        driver = answered()
        driver.send(TruncateItem(item_id="item_1", content_index=1, audio_end_ms=0))
        assert driver.last(ErrorOccurred).param == "content_index"


class TestExpiry:
    """`error` session_expired, then the end with its text (protocol: sessions, Lifetime)."""

    def test(self) -> None:
        driver = Driver(limits=Limits(session_seconds=1800))
        driver.advance(1799)
        assert driver.names() == ["SessionCreated"]
        driver.advance(2)
        error, close = driver.outputs[1:]
        message = "Your session hit the maximum duration of 30 minutes."
        assert error == ErrorOccurred(type="invalid_request_error", code="session_expired", message=message)
        assert close == CloseSession(reason=CloseReason.EXPIRED, message=message)

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (3600.0, "60 minutes"),
            (60.0, "1 minute"),
            (90.0, "90 seconds"),
            (30.0, "30 seconds"),
            (1.0, "1 second"),
            (0.5, "0.5 seconds"),
        ],
    )
    def test_the_duration_in_words(self, seconds: float, words: str) -> None:
        driver = Driver(limits=Limits(session_seconds=seconds))
        driver.advance(seconds + 1)
        assert driver.last(ErrorOccurred).message == f"Your session hit the maximum duration of {words}."

    def test_what_was_in_progress_is_closed_first(self) -> None:
        driver = Driver()
        driver.respond()
        driver.respond(out_of_band=True)
        driver.advance(3601)
        done = [event.response for event in driver.outputs if isinstance(event, ResponseDone)]
        assert [response.status for response in done] == [ResponseStatus.FAILED] * 2
        details = {(response.status_details.type, response.status_details.code) for response in done}
        assert details == {("invalid_request_error", "session_expired")}
        assert driver.names()[-1] == "ErrorOccurred"
        assert isinstance(driver.outputs[-1], CloseSession)

    def test_nothing_happens_afterwards(self) -> None:
        driver = Driver()
        driver.advance(3601)
        before = len(driver.outputs)
        driver.send(UpdateSession(patch=SessionPatch()))
        driver.append(speech(320))
        assert driver.outputs[before:] == []
        assert driver.session.deadline is None

    def test_an_answer_that_waits_for_words_ends_too(self) -> None:
        driver = Driver(limits=Limits(session_seconds=5))
        driver.speak()
        driver.advance(6)
        assert driver.last(ResponseDone).response.status is ResponseStatus.FAILED
        assert not driver.all(CancelGeneration)

    def test_a_tick_too_early_does_nothing(self) -> None:
        driver = Driver()
        assert driver.send(Tick()) == []


class TestDeadline:
    def test_is_the_first_of_all(self) -> None:
        config = SessionConfig(model="scripted", turn_detection=ServerVad(idle_timeout_ms=5000))
        driver = Driver(config)
        assert driver.session.deadline == 1000 + 3600
        driver.speak()
        assert driver.session.deadline == 1010
        driver.hear("hello")
        assert driver.session.deadline == 4600
        driver.say("Hello", 1000)
        driver.finish()
        assert driver.session.deadline == 1006


class TestReplay:
    """Invariant 6: same inputs, same outputs."""

    def test(self) -> None:
        driver = Driver()
        driver.send(AppendAudio(audio=b"odd"), origin=4)
        for words in ("one", "two"):
            driver.speak()
            driver.hear(words)
            driver.say("Hello there")
        driver.advance(4000)
        assert driver.replay() == driver.outputs
