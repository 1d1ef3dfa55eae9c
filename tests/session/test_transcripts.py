"""Recognition and its events (protocol: transcription)."""

from voxwire.events.client import ClearAudio, CommitAudio, CreateItem, RetrieveItem, UpdateSession
from voxwire.events.items import AudioClip, InputAudio, MessageItem, Role
from voxwire.events.server import (
    ItemRetrieved,
    LogProb,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionFailed,
)
from voxwire.events.session_config import LOGPROBS, WORD_TIMES, SessionConfig, SessionPatch, Transcription
from voxwire.interfaces.commands import (
    CancelTranscription,
    FeedTranscription,
    FinishTranscription,
    StartTranscription,
)
from voxwire.interfaces.stt import SttFinal
from voxwire.testing.driver import Driver, silence, speech

ASKED = SessionConfig(model="scripted", transcription=Transcription(language="en", prompt="names"))
MANUAL = SessionConfig(model="scripted", transcription=Transcription(), turn_detection=None)


def manual(ms: float = 200) -> Driver:
    """A session in which one utterance was committed by hand."""
    driver = Driver(MANUAL)
    driver.append(speech(ms))
    driver.send(CommitAudio())
    return driver


class TestRecogniser:
    """Recognition runs for every spoken turn (protocol: responses, Waiting for words)."""

    def test_runs_although_the_client_did_not_ask_for_transcription(self) -> None:
        driver = Driver()
        driver.speak()
        driver.hear("hello")
        assert len(driver.all(FinishTranscription)) == 1
        assert not driver.all(TranscriptionCompleted)

    def test_is_told_what_to_expect(self) -> None:
        config = SessionConfig(model="scripted", transcription=Transcription(language="en", prompt="names"))
        driver = Driver(config)
        driver.speak()
        start = driver.last(StartTranscription)
        assert (start.language, start.prompt) == ("en", "names")

    def test_is_told_the_keywords_with_the_prompt_and_the_only_language(self) -> None:
        asked = Transcription(prompt="names", keywords=("Voxwire", "Ada"), languages=("en",))
        driver = Driver(SessionConfig(model="scripted", transcription=asked))
        driver.speak()
        start = driver.last(StartTranscription)
        assert (start.language, start.prompt) == ("en", "names\nVoxwire\nAda")

    def test_finds_out_itself_which_of_several_languages_it_hears(self) -> None:
        driver = Driver(SessionConfig(model="scripted", transcription=Transcription(languages=("en", "de"))))
        driver.speak()
        start = driver.last(StartTranscription)
        assert (start.language, start.prompt) == (None, None)

    def test_hears_exactly_the_committed_audio(self) -> None:
        driver = Driver()
        driver.append(silence(640), speech(640), silence(640))
        driver.send(RetrieveItem(item_id="item_1"))
        heard = b"".join(feed.audio for feed in driver.all(FeedTranscription))
        assert heard == driver.last(ItemRetrieved).audio[0].data

    def test_hears_while_the_user_still_speaks(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        assert sum(len(feed.audio) for feed in driver.all(FeedTranscription)) == 640 * 48

    def test_is_cancelled_when_the_buffer_is_cleared_in_mid_speech(self) -> None:
        driver = Driver()
        driver.append(speech(640))
        driver.send(ClearAudio())
        assert driver.all(CancelTranscription) == [CancelTranscription(transcription=driver.transcription)]
        driver.hear("late")
        assert not driver.all(TranscriptionCompleted)


class TestDeltas:
    """Protocol: transcription, Transcription events."""

    def test_words_wait_for_their_item(self) -> None:
        """Invariant 3: an item event precedes any delta of the item."""
        driver = Driver(ASKED)
        driver.append(speech(640))
        driver.hear_part("what")
        driver.hear_part("what is")
        assert not driver.all(TranscriptionDelta)
        driver.append(silence(640))
        assert [event.delta for event in driver.all(TranscriptionDelta)] == ["what is"]

    def test_words_of_a_turn_that_was_cleared_are_never_said(self) -> None:
        driver = Driver(ASKED)
        driver.append(speech(640))
        driver.hear_part("what")
        driver.send(ClearAudio())
        driver.append(silence(640))
        assert not driver.all(TranscriptionDelta)

    def test_only_the_stable_part_leaves(self) -> None:
        driver = manual()
        driver.hear_part("what time", stable=4)
        driver.hear_part("what dime", stable=4)
        driver.hear("what time is it")
        assert [event.delta for event in driver.all(TranscriptionDelta)] == ["what", " time is it"]
        assert driver.last(TranscriptionCompleted).transcript == "what time is it"

    def test_a_shrinking_hypothesis_takes_nothing_back(self) -> None:
        driver = manual()
        driver.hear_part("what time")
        driver.hear_part("what")
        driver.hear("what time")
        assert [event.delta for event in driver.all(TranscriptionDelta)] == ["what time"]

    def test_none_without_being_asked(self) -> None:
        driver = Driver()
        driver.speak()
        driver.hear_part("what")
        driver.hear("what time")
        assert not driver.all(TranscriptionDelta)

    def test_a_recogniser_that_breaks_its_promise_is_corrected_by_completed(self) -> None:
        driver = manual()
        driver.invariants._conversation._stable = False
        driver.hear_part("what")
        driver.hear("that time")
        assert [event.delta for event in driver.all(TranscriptionDelta)] == ["what"]
        assert driver.last(TranscriptionCompleted).transcript == "that time"


class TestCompleted:
    """Usage by duration, log-probabilities when asked for (protocol: transcription, Transcription events)."""

    def test_reports_the_length_of_the_audio(self) -> None:
        driver = manual(250)
        driver.hear("hello")
        completed = driver.last(TranscriptionCompleted)
        assert (completed.item_id, completed.content_index, completed.seconds) == ("item_1", 0, 0.25)

    def test_silence_completes_with_an_empty_transcript(self) -> None:
        driver = manual()
        driver.hear("")
        assert not driver.all(TranscriptionDelta)
        assert driver.last(TranscriptionCompleted).transcript == ""

    def test_log_probabilities_leave_only_when_included(self) -> None:
        logprobs = (LogProb(token="hi", logprob=-0.1),)
        for include, expected in ((None, None), ((LOGPROBS,), logprobs)):
            driver = Driver(MANUAL)
            driver.send(UpdateSession(patch=SessionPatch(include=include)))
            driver.append(speech(200))
            driver.send(CommitAudio())
            driver.transcribed(SttFinal(text="hi", logprobs=logprobs))
            assert driver.last(TranscriptionCompleted).logprobs == expected

    def test_the_recogniser_is_asked_for_details_only_when_somebody_reads_them(self) -> None:
        for include in ((), (LOGPROBS,), (WORD_TIMES,), (LOGPROBS, WORD_TIMES)):
            for transcription in (None, Transcription()):
                driver = Driver(MANUAL)
                driver.send(UpdateSession(patch=SessionPatch(include=include, transcription=transcription)))
                driver.append(speech(200))
                driver.send(CommitAudio())
                asked = driver.last(StartTranscription)
                assert asked.word_times == (WORD_TIMES in include and transcription is not None)
                assert asked.logprobs == (LOGPROBS in include and transcription is not None)

    def test_the_item_shows_the_transcript_from_then_on(self) -> None:
        driver = manual()
        driver.send(RetrieveItem(item_id="item_1"))
        driver.hear("hello")
        driver.send(RetrieveItem(item_id="item_1"))
        shown = [event.item.content[0].transcript for event in driver.all(ItemRetrieved)]  # type: ignore[union-attr]
        assert shown == [None, "hello"]

    def test_a_result_comes_once(self) -> None:
        driver = manual()
        driver.hear("hello")
        driver.hear("hello again")
        driver.hear_part("hello")
        driver.fail_hearing()
        assert len(driver.all(TranscriptionCompleted)) == 1
        assert not driver.all(TranscriptionFailed)

    def test_a_final_before_the_end_of_the_utterance_is_none(self) -> None:
        driver = Driver(ASKED)
        driver.append(speech(640))
        driver.hear("too early")
        driver.append(silence(640))
        assert not driver.all(TranscriptionCompleted)
        driver.hear("in time")
        assert driver.last(TranscriptionCompleted).transcript == "in time"

    def test_what_was_asked_when_the_utterance_began_counts(self) -> None:
        driver = manual()
        driver.send(UpdateSession(patch=SessionPatch(transcription=None)))
        driver.hear("hello")
        assert driver.last(TranscriptionCompleted).transcript == "hello"


class TestFailed:
    """A failed transcription is no `error` event (protocol: transcription, Transcription events)."""

    def test_after_the_commit(self) -> None:
        driver = manual()
        driver.fail_hearing("engine_busy")
        failed = driver.last(TranscriptionFailed)
        assert (failed.item_id, failed.code) == ("item_1", "engine_busy")
        assert not driver.errors

    def test_in_mid_speech_waits_for_the_item(self) -> None:
        driver = Driver(ASKED)
        driver.append(speech(640))
        driver.fail_hearing()
        assert not driver.all(TranscriptionFailed)
        driver.append(silence(640))
        assert driver.last(TranscriptionFailed).item_id == "item_1"
        assert not driver.all(FinishTranscription)

    def test_says_nothing_unless_asked(self) -> None:
        driver = Driver()
        driver.speak()
        driver.fail_hearing()
        assert not driver.all(TranscriptionFailed)


class TestClientAudio:
    """Audio in a client's item is understood, without events (protocol: conversation, Creating items)."""

    def test_each_part_is_heard_by_a_recogniser_of_its_own(self) -> None:
        driver = Driver(MANUAL)
        clip = AudioClip(data=speech(100), format=MANUAL.input_format)
        item = MessageItem(role=Role.USER, content=(InputAudio(clip=clip), InputAudio(clip=clip)))
        driver.send(CreateItem(item=item))
        first, second = (start.transcription for start in driver.all(StartTranscription))
        driver.hear("one", first)
        driver.hear("two", second)
        driver.respond()
        assert not driver.all(TranscriptionCompleted)
        (read,) = driver.request.items
        assert [part.transcript for part in read.content] == ["one", "two"]  # type: ignore[union-attr]
