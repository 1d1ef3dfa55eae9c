"""The silence after an answer (protocol: turns, Idle timeout), which begins when the answer was heard."""

from voxwire.events.client import CancelResponse, CommitAudio, TruncateItem, UpdateSession
from voxwire.events.items import InputAudio
from voxwire.events.server import BufferCommitted, IdleTimeout, ItemAdded, ResponseCreated
from voxwire.events.session_config import ServerVad, SessionConfig, SessionPatch
from voxwire.interfaces.commands import StartResponse
from voxwire.session.limits import Limits
from voxwire.testing.driver import Driver, silence, speech


def vad(**settings: object) -> SessionConfig:
    return SessionConfig(model="scripted", turn_detection=ServerVad(**settings))  # type: ignore[arg-type]


class TestIdleTimeout:
    """Silence after an answer becomes a turn (protocol: turns, Idle timeout)."""

    CONFIG = vad(idle_timeout_ms=5000, silence_duration_ms=200)

    def answered(self, config: SessionConfig | None = None) -> Driver:
        """A turn was answered by one second of speech; ends at that moment."""
        driver = Driver(config or self.CONFIG)
        driver.speak()
        driver.hear("hello")
        driver.say("Hello.", 1000)
        driver.finish()
        return driver

    def test_counts_from_the_end_of_the_answers_audio(self) -> None:
        driver = self.answered()
        driver.append(silence(2000))
        driver.advance(5.9)
        assert not driver.all(IdleTimeout)
        start = len(driver.outputs)
        driver.advance(0.2)
        assert driver.names(start) == ["IdleTimeout", "BufferCommitted", "ItemAdded", "ItemDone", "ResponseCreated"]

    def test_an_answer_that_was_spoken_while_it_was_made_is_heard_at_its_end(self) -> None:
        """An engine that streams needs about as long as its speech: nothing is left to hear when it is done."""
        driver = Driver(self.CONFIG)
        driver.respond()
        driver.write("Ten seconds.")
        for _ in range(10):
            driver.voice(1000, 12)
            driver.advance(1.0)
        driver.finish()
        driver.advance(4.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_a_pause_in_the_speech_is_heard_as_well(self) -> None:
        driver = Driver(self.CONFIG)
        driver.respond()
        driver.say("One.", 1000)
        driver.advance(3.0)
        driver.say("Two.", 1000)
        driver.finish()
        driver.advance(5.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_what_is_left_of_a_cancelled_answer_is_not_heard(self) -> None:
        driver = Driver(self.CONFIG)
        driver.respond()
        driver.say("A long story.", 60_000)
        driver.advance(1.0)
        driver.send(CancelResponse())
        driver.advance(4.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_what_the_client_cut_off_is_not_heard(self) -> None:
        driver = Driver(self.CONFIG)
        driver.respond()
        driver.say("A long story.", 60_000)
        driver.finish()
        driver.advance(2.0)
        driver.send(TruncateItem(item_id=driver.last(ItemAdded).item.id, content_index=0, audio_end_ms=2000))
        driver.advance(4.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_a_cut_in_an_answer_heard_long_ago_changes_nothing(self) -> None:
        driver = self.answered()
        first = driver.last(ItemAdded).item.id
        driver.respond()
        driver.advance(2.0)
        driver.say("A long story.", 60_000)
        driver.finish()
        driver.send(TruncateItem(item_id=first, content_index=0, audio_end_ms=500))
        driver.advance(64.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_the_next_answer_is_heard_after_the_one_before(self) -> None:
        driver = self.answered()
        driver.respond()
        driver.say("Hello again.", 1000)
        driver.finish()
        driver.advance(6.9)
        assert not driver.all(IdleTimeout)
        driver.advance(0.2)
        assert len(driver.all(IdleTimeout)) == 1

    def test_commits_what_it_says_it_commits(self) -> None:
        driver = self.answered()
        driver.append(silence(2010))
        driver.advance(7)
        timeout, (part,) = driver.last(IdleTimeout), driver.last(ItemAdded).item.content  # type: ignore[union-attr]
        assert isinstance(part, InputAudio)
        assert timeout.item_id == driver.last(BufferCommitted).item_id
        assert timeout.audio_end_ms - timeout.audio_start_ms == part.duration_ms > 0

    def test_the_engine_reads_silence(self) -> None:
        driver = self.answered()
        driver.advance(7)
        (part,) = driver.request.items[-1].content  # type: ignore[union-attr]
        assert isinstance(part, InputAudio)
        assert part.transcript is None

    def test_is_answered_although_turns_without_words_are_not(self) -> None:
        driver = Driver(self.CONFIG, limits=Limits(respond_to_empty_transcript=False))
        driver.respond()
        driver.say("Hello.", 1000)
        driver.finish()
        driver.advance(7)
        assert len(driver.all(StartResponse)) == 2

    def test_comes_once_for_an_answer(self) -> None:
        driver = self.answered()
        driver.advance(7)
        driver.send(CancelResponse())
        driver.advance(4)
        assert len(driver.all(IdleTimeout)) == 1

    def test_without_automatic_responses_only_the_item_is_made(self) -> None:
        driver = Driver(vad(idle_timeout_ms=5000, create_response=False))
        driver.respond()
        driver.finish()
        driver.advance(6)
        assert len(driver.all(IdleTimeout)) == 1
        assert len(driver.all(ResponseCreated)) == 1

    def test_none_before_the_first_answer(self) -> None:
        driver = Driver(self.CONFIG)
        driver.advance(60)
        assert not driver.all(IdleTimeout)

    def test_speech_cancels_it(self) -> None:
        driver = self.answered()
        driver.append(speech(640))
        driver.advance(60)
        assert not driver.all(IdleTimeout)

    def test_speech_that_interrupts_cancels_it(self) -> None:
        """The interrupted answer's own end must not start the count while the user speaks."""
        driver = Driver(self.CONFIG)
        driver.respond()
        driver.say("Hello.", 1000)
        driver.append(speech(640))
        driver.advance(60)
        assert not driver.all(IdleTimeout)

    def test_an_answer_that_ends_during_speech_does_not_start_it(self) -> None:
        config = vad(idle_timeout_ms=5000, interrupt_response=False, create_response=False)
        driver = Driver(config)
        driver.respond()
        driver.append(speech(640))
        driver.finish()
        driver.advance(60)
        driver.append(silence(640))
        driver.advance(60)
        assert not driver.all(IdleTimeout)

    def test_a_commit_by_hand_cancels_it(self) -> None:
        driver = self.answered()
        detection = driver.session._state.config.turn_detection
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        driver.append(silence(200))
        driver.send(CommitAudio())
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=detection)))
        driver.advance(60)
        assert not driver.all(IdleTimeout)

    def test_a_new_response_cancels_it(self) -> None:
        driver = self.answered()
        driver.respond()
        driver.advance(60)
        assert not driver.all(IdleTimeout)

    def test_an_out_of_band_response_does_not(self) -> None:
        driver = self.answered()
        driver.respond(out_of_band=True)
        driver.advance(7)
        assert len(driver.all(IdleTimeout)) == 1
