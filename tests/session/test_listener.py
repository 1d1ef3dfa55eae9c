"""Input audio, turns and commits (protocol: turns)."""

from typing import Any

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import (
    AppendAudio,
    ClearAudio,
    CommitAudio,
    CreateItem,
    DeleteItem,
    UpdateSession,
)
from voxwire.events.items import InputAudio, InputText, MessageItem, Role
from voxwire.events.server import (
    BufferCleared,
    BufferCommitted,
    ErrorOccurred,
    ItemAdded,
    ResponseCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
)
from voxwire.events.session_config import SemanticVad, ServerVad, SessionConfig, SessionPatch
from voxwire.interfaces.commands import CancelTranscription, FeedTranscription, JudgeTurn, StartTranscription
from voxwire.interfaces.inputs import SpeechScores
from voxwire.interfaces.turn import TurnSign
from voxwire.session.limits import Limits
from voxwire.testing.driver import Driver, silence, speech

MANUAL = SessionConfig(model="scripted", turn_detection=None)
WINDOW = 32


def vad(**settings: object) -> SessionConfig:
    return SessionConfig(model="scripted", turn_detection=ServerVad(**settings))  # type: ignore[arg-type]


def user_audio(driver: Driver, number: int = -1) -> InputAudio:
    """The audio part of a committed user item."""
    (part,) = driver.all(ItemAdded)[number].item.content  # type: ignore[union-attr]
    assert isinstance(part, InputAudio)
    return part


class TestAppend:
    """`input_audio_buffer.append` (protocol: turns, Input audio buffer)."""

    def test_has_no_acknowledgement(self) -> None:
        driver = Driver(MANUAL)
        assert driver.send(AppendAudio(audio=bytes(4800))) == []

    def test_more_than_15_mib_at_once_are_refused(self) -> None:
        driver = Driver(MANUAL, limits=Limits(append_bytes=100))
        driver.send(AppendAudio(audio=bytes(100)))
        driver.send(AppendAudio(audio=bytes(102), event_id="e"))
        (error,) = driver.all(ErrorOccurred)
        assert (error.code, error.param, error.event_id) == ("invalid_value", "audio", "e")

    def test_half_a_sample_is_refused_in_pcm16(self) -> None:
        driver = Driver(MANUAL)
        driver.send(AppendAudio(audio=bytes(3)))
        assert driver.last(ErrorOccurred).param == "audio"

    def test_g711_has_samples_of_one_byte(self) -> None:
        driver = Driver(SessionConfig(model="scripted", turn_detection=None, input_format=AudioFormat.ULAW))
        driver.send(AppendAudio(audio=bytes(3)))
        assert not driver.errors

    def test_a_full_buffer_refuses_more_until_it_is_committed(self) -> None:
        driver = Driver(MANUAL, limits=Limits(buffer_bytes=9600))
        driver.send(AppendAudio(audio=bytes(9600)))
        driver.send(AppendAudio(audio=bytes(2)))
        assert driver.errors == ["input_audio_buffer_full"]
        driver.send(CommitAudio())
        driver.send(AppendAudio(audio=bytes(2)))
        assert driver.errors == ["input_audio_buffer_full"]

    def test_empty_audio_changes_nothing(self) -> None:
        driver = Driver()
        assert driver.send(AppendAudio(audio=b"")) == []


class TestScores:
    """One owner of the audio, scores by epoch (protocol: turns, Order of audio and events)."""

    def test_whole_windows_are_scored_whatever_the_chunks(self) -> None:
        driver = Driver(chunk_ms=10)
        driver.append(speech(100))
        assert b"".join(window for _, window in driver.windows) == speech(96)

    def test_nothing_is_scored_with_detection_off(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(100))
        assert not driver.windows

    def test_scores_of_an_older_epoch_are_ignored(self) -> None:
        driver = Driver(hold_scores=True)
        driver.append(silence(WINDOW))
        old = driver.session.tape.epoch
        driver.deliver_scores()
        driver.send(ClearAudio())
        driver.append(silence(WINDOW))
        driver.send(SpeechScores(epoch=old, scores=(0.9,)))
        assert not driver.all(SpeechStarted)
        assert driver.session.tape.epoch > old

    def test_scores_after_detection_was_switched_off_are_ignored(self) -> None:
        driver = Driver()
        driver.append(silence(WINDOW))
        epoch = driver.session.tape.epoch
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        driver.send(SpeechScores(epoch=epoch, scores=(0.9,)))
        assert not driver.all(SpeechStarted)

    def test_a_commit_keeps_the_epoch(self) -> None:
        driver = Driver()
        driver.append(speech(200))
        driver.send(CommitAudio())
        driver.append(silence(200))
        assert driver.all(BufferCommitted)
        assert len({epoch for epoch, _ in driver.windows}) == 1

    def test_windows_go_on_from_a_commit_in_mid_window(self) -> None:
        driver = Driver()
        driver.append(speech(110))
        driver.send(CommitAudio())
        driver.append(speech(WINDOW))
        assert driver.windows[-1][1] == speech(WINDOW)


#: No silence is told before it ends the turn.
UNTOLD = Limits(pause_ms=10_000, hush_ms=10_000)


class TestWaking:
    """The session is pulled when a score changes something, in the pass in which it came."""

    def pulls(self, driver: Driver, *audio: bytes) -> list[int]:
        """How many scores each pull followed."""
        before = len(driver.inputs)
        driver.append(*audio)
        told = [event for event, _, _ in driver.inputs[before:] if isinstance(event, SpeechScores)]
        return [len(event.scores) for event in told]

    def driver(self, config: SessionConfig | None = None, **arguments: Any) -> Driver:
        return Driver(config, as_served=True, chunk_ms=WINDOW, **arguments)

    def test_silence_wakes_nobody_for_two_seconds_and_old_audio_goes_by_itself(self) -> None:
        driver = self.driver(vad(prefix_padding_ms=320))
        assert self.pulls(driver, silence(63 * WINDOW)) == []
        assert driver.session.tape.size == AudioFormat.PCM16.size_of(320 + WINDOW)
        assert driver.session.backlog_ms == 0
        assert self.pulls(driver, silence(WINDOW)) == [64]

    def test_speech_wakes_at_once_and_then_every_eighth_window(self) -> None:
        driver = self.driver()
        assert self.pulls(driver, silence(10 * WINDOW), speech(WINDOW)) == [11]
        assert driver.all(SpeechStarted)
        assert self.pulls(driver, speech(17 * WINDOW)) == [8, 8]
        assert len(driver.all(FeedTranscription)) == 3

    def test_a_silence_that_trails_wakes_when_it_begins_and_when_it_is_long_enough(self) -> None:
        driver = self.driver(vad(silence_duration_ms=160), limits=UNTOLD)
        driver.append(speech(4 * WINDOW))
        assert self.pulls(driver, silence(4 * WINDOW)) == [4]
        assert self.pulls(driver, silence(WINDOW)) == [4]
        assert driver.all(SpeechStopped)
        assert self.pulls(driver, silence(8 * WINDOW)) == []

    def test_speech_after_a_silence_wakes_at_once(self) -> None:
        driver = self.driver(vad(silence_duration_ms=160), limits=UNTOLD)
        driver.append(speech(4 * WINDOW))
        assert self.pulls(driver, silence(3 * WINDOW), speech(WINDOW)) == [4, 3]

    def test_a_silence_wakes_where_it_is_told(self) -> None:
        """As a hush after 96 ms and as a pause after 160, of a silence that has to last 320."""
        driver = self.driver(vad(silence_duration_ms=320), limits=Limits(pause_ms=160, hush_ms=96))
        driver.append(speech(WINDOW))
        assert self.pulls(driver, silence(10 * WINDOW)) == [1, 2, 2, 5]
        assert driver.all(SpeechStopped)

    def test_a_long_silence_wakes_every_eighth_window(self) -> None:
        driver = self.driver(vad(silence_duration_ms=640), limits=UNTOLD)
        driver.append(speech(WINDOW))
        assert self.pulls(driver, silence(20 * WINDOW)) == [1, 8, 8, 3]
        assert driver.all(SpeechStopped)

    def test_a_score_between_speech_and_silence_wakes_nobody(self) -> None:
        scores = iter([0.9, 0.4, 0.4, 0.4, 0.35, 0.4, 0.4])
        driver = self.driver(score=lambda window: next(scores), limits=UNTOLD)
        assert self.pulls(driver, speech(7 * WINDOW)) == [1, 4]

    def test_under_a_threshold_of_0_only_a_score_of_0_is_silence(self) -> None:
        scores = iter([0.0, 0.0, 1e-300])
        driver = self.driver(vad(threshold=0.0), score=lambda window: next(scores))
        assert self.pulls(driver, speech(3 * WINDOW)) == [3]
        assert driver.all(SpeechStarted)

    def test_while_an_event_waits_every_score_wakes(self) -> None:
        driver = self.driver(hold_scores=True)
        driver.append(silence(3 * WINDOW))
        driver.send(DeleteItem(item_id="nope"))
        before = len(driver.inputs)
        driver.deliver_scores()
        assert len(driver.inputs) == before + 3
        assert driver.errors

    def test_while_a_pause_is_judged_none_does(self) -> None:
        driver = self.driver(SessionConfig(model="scripted", turn_detection=SemanticVad()), hold_judgements=True)
        driver.append(speech(320), silence(320))
        assert len(driver.all(JudgeTurn)) == 1
        assert self.pulls(driver, silence(10 * WINDOW)) == []
        assert driver.session.backlog_ms > 10 * WINDOW
        driver.judge(TurnSign.FINISHED)
        assert driver.session.backlog_ms == 0
        assert driver.all(SpeechStopped)


class TestTurn:
    """Protocol: turns, Spoken turn."""

    def test_starts_with_the_padding_and_ends_with_the_silence(self) -> None:
        driver = Driver(vad(prefix_padding_ms=300, silence_duration_ms=200))
        driver.append(silence(960), speech(640), silence(640))
        assert driver.last(SpeechStarted).audio_start_ms == 960 - 300
        assert driver.last(SpeechStopped).audio_end_ms == 1600 + 224
        part = user_audio(driver)
        assert part.clip is not None
        assert part.duration_ms == 300 + 640 + 224
        assert part.clip.data == silence(300) + speech(640) + silence(224)

    def test_padding_never_reaches_into_the_turn_before(self) -> None:
        driver = Driver(vad(prefix_padding_ms=1000, silence_duration_ms=32))
        driver.append(speech(320), silence(64), speech(320), silence(64))
        assert [event.audio_start_ms for event in driver.all(SpeechStarted)] == [0, 352]
        first, second = (user_audio(driver, n).duration_ms for n in (0, 1))
        assert first == 352
        assert second == 384

    def test_the_announced_item_is_the_committed_one(self) -> None:
        driver = Driver()
        driver.speak()
        driver.speak()
        ids = [event.item_id for event in driver.all(SpeechStarted)]
        assert ids == [event.item_id for event in driver.all(SpeechStopped)]
        assert ids == [event.item_id for event in driver.all(BufferCommitted)]
        assert [event.previous_item_id for event in driver.all(BufferCommitted)] == [None, ids[0]]

    def test_silence_before_a_turn_is_discarded(self) -> None:
        driver = Driver(vad(prefix_padding_ms=320))
        driver.append(silence(60_000))
        assert driver.session.tape.size <= AudioFormat.PCM16.size_of(320 + 2 * WINDOW)

    def test_longer_padding_set_later_finds_what_was_kept(self) -> None:
        driver = Driver(vad(prefix_padding_ms=0))
        driver.append(silence(960))
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=ServerVad(prefix_padding_ms=640))))
        driver.append(speech(320))
        assert driver.last(SpeechStarted).audio_start_ms == 960 - WINDOW

    def test_semantic_detection_finds_turns_too(self) -> None:
        driver = Driver(SessionConfig(model="scripted", turn_detection=SemanticVad()))
        driver.append(speech(640), silence(960))
        assert driver.last(SpeechStopped).audio_end_ms == 640 + 19 * WINDOW

    def test_g711_turns_are_cut_at_the_same_places(self) -> None:
        format = AudioFormat.ULAW
        driver = Driver(SessionConfig(model="scripted", input_format=format))
        for audio in (silence(640, format), speech(640, format), silence(640, format)):
            driver.send(AppendAudio(audio=audio))
        assert driver.last(SpeechStarted).audio_start_ms == 340
        clip = user_audio(driver).clip
        assert clip is not None
        assert clip.data == silence(300, format) + speech(640, format) + silence(224, format)

    def test_a_turn_ends_although_the_client_has_filled_the_conversation(self) -> None:
        """Bounded everything: the oldest item makes room, since nobody can be told to stop speaking."""
        driver = Driver(limits=Limits(items=2))
        for number in (1, 2):
            item = MessageItem(id=f"old_{number}", role=Role.USER, content=(InputText(text="x"),))
            driver.send(CreateItem(item=item))
        driver.speak()
        assert driver.last(BufferCommitted).previous_item_id == "old_2"
        assert not driver.errors
        driver.send(DeleteItem(item_id="old_1"))
        assert driver.errors == ["item_delete_invalid_item_id"]


class TestAnnouncedId:
    """The id that `speech_started` announces belongs to the turn, although the item is not there yet."""

    def test_a_client_cannot_take_it(self) -> None:
        driver = Driver()
        driver.append(speech(320))
        item_id = driver.last(SpeechStarted).item_id
        item = MessageItem(id=item_id, role=Role.USER, content=(InputText(text="x"),))
        driver.send(CreateItem(item=item))
        assert driver.errors == ["item_create_duplicate_item_id"]
        driver.append(silence(640))
        assert [event.item.id for event in driver.all(ItemAdded)] == [item_id]

    def test_it_is_free_once_the_turn_was_cleared(self) -> None:
        driver = Driver()
        driver.append(speech(320))
        item_id = driver.last(SpeechStarted).item_id
        driver.send(ClearAudio())
        item = MessageItem(id=item_id, role=Role.USER, content=(InputText(text="x"),))
        driver.send(CreateItem(item=item))
        assert not driver.errors


class TestCommit:
    """Protocol: turns, Committing by hand."""

    def test_less_than_100_ms_are_refused(self) -> None:
        driver = Driver(MANUAL)
        driver.append(silence(99.5))
        driver.send(CommitAudio(event_id="e"))
        error = driver.last(ErrorOccurred)
        assert error.code == "input_audio_buffer_commit_empty"
        assert error.event_id == "e"
        assert error.message == (
            "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
            "but buffer only has 99.50ms of audio."
        )
        driver.append(silence(0.5))
        driver.send(CommitAudio())
        assert len(driver.all(BufferCommitted)) == 1

    def test_takes_everything_since_the_last_commit(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(5000))
        driver.send(CommitAudio())
        driver.append(silence(200))
        driver.send(CommitAudio())
        assert [user_audio(driver, n).duration_ms for n in (0, 1)] == [5000, 200]

    def test_the_padding_of_a_turn_to_come_is_nothing_to_commit(self) -> None:
        """Protocol: decisions, Commit while nobody speaks."""
        driver = Driver(vad(prefix_padding_ms=320))
        driver.append(silence(3200))
        driver.send(CommitAudio(event_id="e"))
        error = driver.last(ErrorOccurred)
        assert (error.code, error.event_id) == ("input_audio_buffer_commit_empty", "e")
        assert error.message.endswith("buffer only has 0.00ms of audio.")
        driver.append(speech(320))
        assert driver.last(SpeechStarted).audio_start_ms == 3200 - 320

    @pytest.mark.parametrize("pause_ms", [320, 3200])
    def test_a_stop_button_after_detection_has_committed_adds_nothing(self, pause_ms: int) -> None:
        driver = Driver(vad(silence_duration_ms=200))
        driver.speak(pause_ms=pause_ms)
        driver.send(CommitAudio())
        assert driver.errors == ["input_audio_buffer_commit_empty"]
        assert len(driver.all(BufferCommitted)) == len(driver.all(ItemAdded)) == 1

    def test_starts_no_response(self) -> None:
        for config in (MANUAL, SessionConfig(model="scripted")):
            driver = Driver(config)
            driver.append(speech(200))
            driver.send(CommitAudio())
            driver.hear("hello")
            assert not driver.all(ResponseCreated)

    def test_in_mid_speech_says_that_speech_stopped_and_uses_its_item(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        start = len(driver.outputs)
        driver.send(CommitAudio())
        assert driver.names(start) == ["SpeechStopped", "BufferCommitted", "ItemAdded", "ItemDone"]
        assert driver.last(BufferCommitted).item_id == driver.last(SpeechStarted).item_id
        assert driver.last(SpeechStopped).audio_end_ms == 640

    def test_in_mid_speech_lets_the_next_window_begin_a_new_turn(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        driver.send(CommitAudio())
        driver.append(speech(320))
        started = driver.all(SpeechStarted)
        assert len(started) == 2
        assert started[1].audio_start_ms == 640

    def test_in_mid_speech_is_refused_when_the_conversation_is_full(self) -> None:
        driver = Driver(limits=Limits(items=1))
        driver.send(CreateItem(item=MessageItem(id="old", role=Role.USER, content=(InputText(text="x"),))))
        driver.append(speech(640))
        driver.send(CommitAudio())
        assert driver.errors == ["conversation_full"]
        assert not driver.all(SpeechStopped)


class TestClear:
    """Always acknowledged, resets detection (protocol: turns, Input audio buffer)."""

    def test_an_empty_buffer_is_cleared_too(self) -> None:
        driver = Driver()
        driver.send(ClearAudio())
        assert driver.names()[1:] == ["BufferCleared"]

    def test_speech_in_progress_is_forgotten(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        start = len(driver.outputs)
        driver.send(ClearAudio())
        assert driver.names(start) == ["SpeechStopped", "BufferCleared"]
        assert driver.last(SpeechStopped).item_id == driver.last(SpeechStarted).item_id
        assert driver.last(SpeechStopped).audio_end_ms == 640
        assert len(driver.all(CancelTranscription)) == 1
        driver.append(silence(640))
        assert len(driver.all(SpeechStopped)) == 1
        assert not driver.all(BufferCommitted)
        driver.append(speech(320))
        assert driver.last(SpeechStarted).audio_start_ms == 640 + 640 - 300

    def test_what_was_cleared_is_not_committed(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(500))
        driver.send(ClearAudio())
        assert driver.all(BufferCleared)
        driver.send(CommitAudio())
        assert driver.errors == ["input_audio_buffer_commit_empty"]


class TestConfigure:
    """Settings may change at any time and apply to later turns (protocol: sessions, Updating a session)."""

    def test_detection_off_in_mid_speech_stops_the_turn_and_keeps_its_audio(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        start = len(driver.outputs)
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        assert driver.names(start) == ["SpeechStopped", "SessionUpdated"]
        assert driver.last(SpeechStopped).item_id == driver.last(SpeechStarted).item_id
        assert driver.last(SpeechStopped).audio_end_ms == 640
        assert len(driver.all(CancelTranscription)) == 1
        driver.append(speech(360))
        driver.send(CommitAudio())
        assert user_audio(driver).duration_ms == 1000
        assert driver.last(BufferCommitted).item_id != driver.last(SpeechStarted).item_id

    @pytest.mark.parametrize("chunk_ms", [20, 60_000])
    def test_detection_off_keeps_the_same_audio_however_it_was_cut(self, chunk_ms: int) -> None:
        driver = Driver(vad(prefix_padding_ms=320), chunk_ms=chunk_ms)
        driver.append(silence(3200) + speech(640))
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        driver.send(CommitAudio())
        assert user_audio(driver).duration_ms == 320 + 640

    def test_detection_on_looks_at_later_audio_alone(self) -> None:
        driver = Driver(MANUAL)
        driver.append(speech(640))
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=ServerVad())))
        assert not driver.windows
        driver.append(speech(320))
        assert driver.last(SpeechStarted).audio_start_ms == 640 - 300

    def test_other_settings_keep_a_turn_going(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=SemanticVad(), instructions="x")))
        driver.append(silence(700))
        assert len(driver.all(BufferCommitted)) == 1

    def test_a_new_format_between_turns_discards_the_silence(self) -> None:
        driver = Driver()
        driver.append(silence(650))
        driver.send(UpdateSession(patch=SessionPatch(input_format=AudioFormat.ULAW)))
        driver.send(AppendAudio(audio=speech(640, AudioFormat.ULAW)))
        assert driver.last(SpeechStarted).audio_start_ms == 650
        assert driver.last(StartTranscription).format is AudioFormat.ULAW
        assert {len(window) for _, window in driver.windows} == {
            AudioFormat.PCM16.window_bytes,
            AudioFormat.ULAW.window_bytes,
        }

    @pytest.mark.parametrize("config", [MANUAL, SessionConfig(model="scripted")])
    def test_a_new_format_in_mid_speech_is_refused(self, config: SessionConfig) -> None:
        driver = Driver(config)
        driver.append(speech(640))
        driver.send(UpdateSession(patch=SessionPatch(input_format=AudioFormat.ULAW, instructions="x")))
        error = driver.last(ErrorOccurred)
        assert (error.code, error.param) == ("input_audio_buffer_not_empty", "session.audio.input.format")
        assert not driver.all(SessionUpdated)

    def test_a_new_format_is_taken_with_an_empty_buffer(self) -> None:
        driver = Driver(MANUAL)
        driver.send(UpdateSession(patch=SessionPatch(input_format=AudioFormat.ALAW)))
        assert driver.last(SessionUpdated).config.input_format is AudioFormat.ALAW
