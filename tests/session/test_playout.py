"""When an answer will have been heard: by an estimate, or as the transport reports. `test_idle` waits for it."""

import pytest

from voxwire.events.client import CancelResponse, CreateItem, DeleteItem, TruncateItem
from voxwire.events.items import InputText, MessageItem, OutputAudio, Role
from voxwire.events.server import (
    IdleTimeout,
    ItemAdded,
    ItemTruncated,
    OutputItemDone,
    RateLimitsUpdated,
    ResponseDone,
    SpeechStarted,
)
from voxwire.events.session_config import ServerVad, SessionConfig
from voxwire.interfaces.commands import DiscardPendingAudio, StartResponse
from voxwire.interfaces.inputs import PlayoutDrained, PlayoutProgress
from voxwire.session.limits import Capabilities
from voxwire.testing.driver import Driver, speech

CONFIG = SessionConfig(model="scripted", turn_detection=ServerVad(idle_timeout_ms=5000))


def told(driver: Driver) -> float | None:
    """How long from now the last word will be heard, in seconds; None while nobody can know."""
    end = driver.session._playout.end
    return None if end is None else round(end - driver.now, 3)


class TestEstimate:
    """The client plays: everything at once, in order, without a pause."""

    def driver(self) -> Driver:
        driver = Driver(CONFIG)
        driver.respond()
        return driver

    def test_before_the_first_word_all_has_been_heard(self) -> None:
        assert told(Driver(CONFIG)) == 0

    def test_what_is_there_early_is_heard_in_its_own_time(self) -> None:
        driver = self.driver()
        driver.say("One.", 1000)
        driver.say("Two.", 500)
        assert told(driver) == 1.5
        driver.advance(1.0)
        driver.say("Three.", 250)
        assert told(driver) == 0.75

    def test_what_comes_late_is_heard_from_then_on(self) -> None:
        driver = self.driver()
        driver.say("One.", 1000)
        driver.advance(3.0)
        driver.say("Two.", 500)
        assert told(driver) == 0.5

    def test_speech_out_of_band_is_no_part_of_it(self) -> None:
        driver = Driver(CONFIG)
        driver.respond(out_of_band=True)
        driver.say("Aside.", 1000)
        assert told(driver) == 0

    def test_a_cancel_stops_it(self) -> None:
        driver = self.driver()
        driver.say("A long story.", 60_000)
        driver.advance(2.0)
        driver.send(CancelResponse())
        assert told(driver) == 0

    def test_a_cancel_before_the_first_word_leaves_the_answer_before(self) -> None:
        driver = self.driver()
        driver.say("A long story.", 60_000)
        driver.finish()
        driver.respond()
        driver.send(CancelResponse())
        assert told(driver) == 60

    def test_a_cancelled_answer_that_was_to_be_heard_later_leaves_the_one_before(self) -> None:
        driver = self.driver()
        driver.say("A long story.", 60_000)
        driver.finish()
        driver.respond()
        driver.say("Another one.", 30_000)
        assert told(driver) == 90
        driver.send(CancelResponse())
        assert told(driver) == 60

    def test_an_answer_that_failed_is_heard_as_far_as_it_got(self) -> None:
        driver = self.driver()
        driver.say("A long st", 2000)
        driver.fail()
        assert told(driver) == 2

    def test_speech_interrupts_also_what_was_complete(self) -> None:
        driver = self.driver()
        driver.say("A long story.", 60_000)
        driver.finish()
        driver.append(speech(320))
        assert told(driver) == 0

    def test_speech_that_may_not_interrupt_does_not(self) -> None:
        driver = Driver(SessionConfig(model="scripted", turn_detection=ServerVad(interrupt_response=False)))
        driver.respond()
        driver.say("A long story.", 60_000)
        driver.append(speech(320))
        assert told(driver) == 60

    def test_who_truncates_has_stopped_and_plays_no_more_of_that_message(self) -> None:
        driver = self.driver()
        driver.say("A long story.", 60_000)
        driver.send(TruncateItem(item_id=driver.last(ItemAdded).item.id, content_index=0, audio_end_ms=100))
        assert told(driver) == 0
        driver.voice(1000, 13)
        assert told(driver) == 0

    def test_nothing_is_truncated_by_an_estimate(self) -> None:
        driver = self.driver()
        driver.say("A long story.", 60_000)
        driver.append(speech(320))
        assert not driver.all(ItemTruncated)

    def test_messages_that_are_not_heard_yet_are_bounded(self) -> None:
        driver = Driver(CONFIG)
        for _ in range(200):
            driver.respond()
            driver.say("A long story.", 60_000)
            driver.finish()
        assert len(driver.session._playout._unheard) == 128
        assert told(driver) == 200 * 60


class TestReports:
    """The transport plays, and what it says counts."""

    def driver(self) -> Driver:
        driver = Driver(CONFIG, capabilities=Capabilities(reports_playout=True))
        driver.respond()
        return driver

    def played(self, driver: Driver, ms: float, item_id: str | None = None) -> None:
        item_id = item_id or driver.last(ItemAdded).item.id
        driver.send(PlayoutProgress(item_id=item_id, content_index=0, played_ms=ms))

    def transcript(self, driver: Driver, item_id: str) -> str:
        """What engines read of an answer."""
        entry = driver.session._state.conversation.get(item_id)
        assert entry is not None
        assert isinstance(entry.item, MessageItem)
        (part,) = entry.item.content
        assert isinstance(part, OutputAudio)
        return part.transcript

    def test_nobody_knows_before_it_has_drained(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        assert told(driver) is None
        driver.advance(10)
        self.played(driver, 500)
        assert told(driver) is None
        driver.send(PlayoutDrained())
        assert told(driver) == 0

    def test_the_silence_begins_when_it_has_drained(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        driver.finish()
        driver.advance(60)
        assert not driver.all(IdleTimeout)
        driver.send(PlayoutDrained())
        driver.advance(4.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_an_answer_that_was_drained_before_it_was_done_counts_from_its_end(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        driver.send(PlayoutDrained())
        driver.advance(3)
        driver.finish()
        driver.advance(4.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_barge_in_truncates_to_what_was_played(self) -> None:
        driver = self.driver()
        driver.say("Hello out there.", 1600)
        self.played(driver, 500)
        item_id = driver.last(ItemAdded).item.id
        start = len(driver.outputs)
        driver.append(speech(320))
        (cut,) = driver.all(ItemTruncated)
        assert (cut.item_id, cut.content_index, cut.audio_end_ms) == (item_id, 0, 500)
        assert self.transcript(driver, item_id) == "Hello"
        names = driver.names(start)
        assert names[0] == SpeechStarted.__name__
        assert names[-3:] == [ResponseDone.__name__, RateLimitsUpdated.__name__, ItemTruncated.__name__]

    def test_barge_in_cuts_an_answer_that_is_complete_and_still_played(self) -> None:
        driver = self.driver()
        driver.say("Hello out there.", 1600)
        driver.finish()
        self.played(driver, 500)
        start = len(driver.outputs)
        driver.append(speech(320))
        since = [output for output in driver.outputs[start:] if isinstance(output, DiscardPendingAudio | ItemTruncated)]
        assert [type(output) for output in since] == [DiscardPendingAudio, ItemTruncated]
        assert driver.last(DiscardPendingAudio).response_id == driver.last(ResponseDone).response.id
        assert self.transcript(driver, driver.last(ItemAdded).item.id) == "Hello"

    def test_audio_is_discarded_once(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        driver.append(speech(320))
        assert len(driver.all(DiscardPendingAudio)) == 1

    def test_what_was_played_to_its_end_is_left_alone(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        driver.finish()
        self.played(driver, 1000)
        driver.append(speech(320))
        assert not driver.all(ItemTruncated)

    def test_what_was_drained_is_left_alone(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        driver.finish()
        driver.send(PlayoutDrained())
        driver.append(speech(320))
        assert not driver.all(ItemTruncated)
        assert not driver.all(DiscardPendingAudio)

    def test_what_was_not_begun_is_cut_to_nothing(self) -> None:
        driver = self.driver()
        driver.say("First.", 1000)
        driver.call("f", "{}")
        driver.say("Second.", 1000)
        first, second = (done.item.id for done in driver.all(ItemAdded) if isinstance(done.item, MessageItem))
        self.played(driver, 250, first)
        driver.append(speech(320))
        assert [(cut.item_id, cut.audio_end_ms) for cut in driver.all(ItemTruncated)] == [(first, 250), (second, 0)]
        assert self.transcript(driver, second) == ""

    def test_who_plays_a_message_has_played_those_before_it(self) -> None:
        driver = self.driver()
        driver.say("First.", 1000)
        driver.call("f", "{}")
        driver.say("Second.", 1000)
        self.played(driver, 250)
        driver.append(speech(320))
        assert [cut.audio_end_ms for cut in driver.all(ItemTruncated)] == [250]

    def test_reports_do_not_run_backwards(self) -> None:
        driver = self.driver()
        driver.say("Hello out there.", 1600)
        self.played(driver, 500)
        self.played(driver, 200)
        driver.append(speech(320))
        assert driver.last(ItemTruncated).audio_end_ms == 500

    def test_a_report_of_what_nobody_waits_for_changes_nothing(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        self.played(driver, 500, "nope")
        assert told(driver) is None

    def test_a_cancel_by_the_client_cuts_too_for_the_transport_drops_the_rest(self) -> None:
        driver = self.driver()
        driver.say("Hello out there.", 1600)
        self.played(driver, 500)
        driver.send(CancelResponse())
        assert driver.last(ItemTruncated).audio_end_ms == 500
        assert told(driver) == 0

    def test_the_next_answer_reads_what_was_heard(self) -> None:
        """A turn waits in line behind an answer that may not be interrupted, and the client cancels that."""
        config = SessionConfig(model="scripted", turn_detection=ServerVad(interrupt_response=False))
        driver = Driver(config, capabilities=Capabilities(reports_playout=True))
        driver.respond()
        driver.say("Hello out there.", 1600)
        self.played(driver, 500)
        driver.speak()
        driver.hear("hi")
        driver.send(CancelResponse())
        assert len(driver.all(StartResponse)) == 2
        said = driver.request.items[0]
        assert isinstance(said, MessageItem)
        assert said.content[0].transcript == "Hello"  # type: ignore[union-attr]

    def test_what_was_deleted_is_not_cut(self) -> None:
        driver = self.driver()
        driver.say("Hello.", 1000)
        driver.finish()
        driver.send(DeleteItem(item_id=driver.last(OutputItemDone).item.id))
        driver.append(speech(320))
        assert not driver.all(ItemTruncated)

    @pytest.mark.parametrize(("asked_ms", "expected_ms"), [(200, None), (800, 500)])
    def test_a_client_may_truncate_as_well_and_nothing_is_given_back(
        self, asked_ms: int, expected_ms: int | None
    ) -> None:
        driver = self.driver()
        driver.say("Hello out there.", 1600)
        driver.finish()
        self.played(driver, 500)
        driver.send(TruncateItem(item_id=driver.last(ItemAdded).item.id, content_index=0, audio_end_ms=asked_ms))
        assert told(driver) is None, "the transport goes on playing"
        driver.append(speech(320))
        cuts = [cut.audio_end_ms for cut in driver.all(ItemTruncated)]
        assert cuts == ([asked_ms] if expected_ms is None else [asked_ms, expected_ms])

    def test_text_is_not_played(self) -> None:
        driver = Driver(CONFIG, capabilities=Capabilities(reports_playout=True))
        driver.send(CreateItem(item=MessageItem(role=Role.USER, content=(InputText(text="Hi."),))))
        assert told(driver) == 0
