"""Speech during an answer that has to prove that it interrupts (protocol: turns, Interruption guard)."""

import pytest
from msgspec.structs import replace

from voxwire.events.client import ClearAudio, CommitAudio, UpdateSession
from voxwire.events.response import ResponseStatus
from voxwire.events.server import (
    AudioDelta,
    BufferCommitted,
    FalseInterruption,
    IdleTimeout,
    ResponseDone,
    SpeechStarted,
)
from voxwire.events.session_config import (
    FALSE_INTERRUPTION,
    SemanticVad,
    ServerVad,
    SessionConfig,
    SessionPatch,
    Transcription,
)
from voxwire.interfaces.commands import (
    CancelTranscription,
    JudgeTurn,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
)
from voxwire.interfaces.turn import Remark, TurnSign
from voxwire.session.interruption import Guard, Guess
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech


def remark(words: str, language: str | None) -> Remark:
    if words in ("mm-hm", "I see"):
        return Remark.BACK_CHANNEL
    return Remark.BEGINNING if words == "I" else Remark.SPEECH


TELEPHONY = Limits(interrupt_speech_ms=240, interrupt_words=1)
LENGTH = Limits(interrupt_speech_ms=240)
PASSING = Limits(back_channels_pass=True)


def answering(
    limits: Limits,
    *,
    interims: bool = False,
    interrupt: bool = True,
    creates: bool = True,
    semantic: bool = False,
    asked: bool = True,
) -> Driver:
    """A session that is in the middle of an answer, of which 300 ms were said."""
    detection = (
        SemanticVad(interrupt_response=interrupt)
        if semantic
        else ServerVad(silence_duration_ms=500, interrupt_response=interrupt, create_response=creates)
    )
    config = SessionConfig(
        model="scripted",
        turn_detection=detection,
        transcription=Transcription(language="en"),
        include=(FALSE_INTERRUPTION,) if asked else None,
    )
    capabilities = Capabilities(interims=interims, remark=remark)
    driver = Driver(config, limits=limits, capabilities=capabilities, chunk_ms=32, as_served=True)
    driver.respond()
    driver.say("Well", ms=300)
    return driver


def interrupted(driver: Driver) -> bool:
    done = driver.all(ResponseDone)
    return bool(done) and done[-1].response.status is ResponseStatus.CANCELLED


@pytest.mark.parametrize("windows", [3, 5, 11])
def test_it_is_known_at_the_window_that_makes_it_long_enough(windows: int) -> None:
    driver = answering(Limits(interrupt_speech_ms=32 * windows))
    driver.append(speech(32 * (windows - 1)))
    assert not interrupted(driver)
    driver.append(speech(32))
    assert interrupted(driver)


class TestRule:
    @pytest.mark.parametrize(("ms", "guess"), [(239, Guess.OPEN), (240, Guess.INTERRUPTION)])
    def test_length_alone(self, ms: float, guess: Guess) -> None:
        assert Guard(LENGTH, Capabilities()).while_speaking(ms, "", None) is guess

    @pytest.mark.parametrize(
        ("ms", "words", "during", "after"),
        [
            (200, "stop", Guess.OPEN, Guess.NONE),
            (300, "", Guess.OPEN, Guess.NONE),
            (300, "stop", Guess.INTERRUPTION, Guess.INTERRUPTION),
            (1000, "", Guess.INTERRUPTION, Guess.INTERRUPTION),
        ],
    )
    def test_length_and_a_word(self, ms: float, words: str, during: Guess, after: Guess) -> None:
        guard = Guard(TELEPHONY, Capabilities())
        assert guard.while_speaking(ms, words, None) is during
        assert guard.after_speaking(ms, words, None) is after

    def test_words_that_nobody_can_know_are_not_waited_for(self) -> None:
        assert Guard(TELEPHONY, Capabilities()).after_speaking(300, None, None) is Guess.INTERRUPTION

    def test_words_of_a_listener_pass(self) -> None:
        guard = Guard(PASSING, Capabilities(remark=remark))
        assert guard.after_speaking(300, "mm-hm", "en") is Guess.NONE
        assert guard.after_speaking(300, "mm-hm but", "en") is Guess.INTERRUPTION
        assert Guard(PASSING, Capabilities()).after_speaking(300, "mm-hm", "en") is Guess.INTERRUPTION

    @pytest.mark.parametrize(
        ("ms", "words", "during", "after"),
        [
            (300, "I", Guess.OPEN, Guess.INTERRUPTION),
            (1000, "I", Guess.INTERRUPTION, Guess.INTERRUPTION),
            (300, "I see", Guess.OPEN, Guess.NONE),
            (300, "I want", Guess.INTERRUPTION, Guess.INTERRUPTION),
        ],
    )
    def test_what_may_become_words_of_a_listener_is_waited_for(
        self, ms: float, words: str, during: Guess, after: Guess
    ) -> None:
        guard = Guard(PASSING, Capabilities(remark=remark))
        assert guard.while_speaking(ms, words, None) is during
        assert guard.after_speaking(ms, words, None) is after

    def test_without_a_rule_nothing_is_watched(self) -> None:
        assert not Guard(Limits(), Capabilities()).watches


class TestOff:
    def test_every_sound_interrupts_at_once(self) -> None:
        driver = answering(Limits())
        driver.append(speech(32))
        assert interrupted(driver)
        assert len(driver.all(SpeechStarted)) == 1


class TestSuspicion:
    def test_nobody_is_told_and_the_answer_says_no_more(self) -> None:
        driver = answering(LENGTH)
        driver.append(speech(192))
        said = len(driver.all(AudioDelta))
        driver.say(" now", ms=300)
        assert driver.all(SpeechStarted) == []
        assert not interrupted(driver)
        assert len(driver.all(AudioDelta)) == said
        assert len(driver.all(StartTranscription)) == 1, "the recogniser listens from the start"

    def test_speech_that_lasts_interrupts_and_began_where_it_began(self) -> None:
        driver = answering(LENGTH)
        driver.append(silence(640), speech(256))
        assert interrupted(driver)
        assert driver.last(SpeechStarted).audio_start_ms == 640 - 300
        driver.append(silence(640))
        assert len(driver.all(BufferCommitted)) == 1

    def test_speech_that_does_not_was_none_and_the_answer_goes_on_where_it_stopped(self) -> None:
        driver = answering(LENGTH)
        driver.append(silence(640), speech(128))
        said = len(driver.all(AudioDelta))
        driver.say(" now", ms=300)
        driver.finish()
        driver.append(silence(192))
        assert driver.all(SpeechStarted) == []
        assert len(driver.all(AudioDelta)) == said + 1
        assert driver.last(ResponseDone).response.status is ResponseStatus.COMPLETED
        passed = driver.last(FalseInterruption)
        assert (passed.audio_start_ms, passed.audio_end_ms) == (640 - 300, 640 + 128)
        assert len(driver.all(CancelTranscription)) == 1
        driver.append(silence(640))
        assert driver.all(BufferCommitted) == []

    def test_a_turn_that_is_over_before_its_pause_was_told_was_none_too(self) -> None:
        driver = answering(LENGTH)
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=ServerVad(silence_duration_ms=96))))
        driver.append(silence(640), speech(192), silence(96))
        assert driver.last(FalseInterruption).audio_end_ms == 640 + 192, "its silence is none of its length"
        assert driver.all(SpeechStarted) == []

    def test_without_more_audio_it_was_none_and_the_answer_goes_on(self) -> None:
        """Whose microphone is switched off sends no silence either."""
        driver = answering(LENGTH)
        driver.append(speech(128))
        said = len(driver.all(AudioDelta))
        driver.say(" now", ms=300)
        driver.advance(0.9)
        assert len(driver.all(AudioDelta)) == said
        driver.advance(0.2)
        assert len(driver.all(AudioDelta)) == said + 1
        assert driver.last(FalseInterruption).audio_end_ms == 128
        assert driver.all(SpeechStarted) == []

    def test_without_more_audio_words_that_nobody_knows_are_not_waited_for(self) -> None:
        driver = answering(TELEPHONY)
        driver.append(speech(256))
        assert not interrupted(driver)
        driver.advance(1)
        assert interrupted(driver)
        assert driver.last(SpeechStarted).audio_start_ms == 0

    def test_each_window_of_it_is_waited_for_anew(self) -> None:
        driver = answering(Limits(interrupt_speech_ms=2000))
        for _ in range(10):
            driver.append(speech(32))
            driver.advance(0.9)
        assert driver.all(FalseInterruption) == []
        driver.advance(0.1)
        assert len(driver.all(FalseInterruption)) == 1

    def test_windows_that_have_no_score_yet_are_waited_for(self) -> None:
        driver = answering(LENGTH)
        driver.append(speech(64))
        driver.hold_scores = True
        driver.append(speech(256))
        driver.advance(1)
        assert driver.all(FalseInterruption) == []
        driver.deliver_scores()
        assert interrupted(driver)

    def test_when_it_was_none_nothing_is_waited_for_any_more(self) -> None:
        driver = answering(LENGTH)
        driver.append(speech(128), silence(192))
        assert len(driver.all(FalseInterruption)) == 1
        driver.advance(5)
        assert len(driver.all(FalseInterruption)) == 1

    def test_it_is_told_only_to_who_asked(self) -> None:
        driver = answering(LENGTH, asked=False)
        driver.append(speech(128), silence(192))
        assert driver.all(FalseInterruption) == []

    def test_the_end_of_an_answer_is_protected_while_it_is_heard(self) -> None:
        driver = answering(LENGTH)
        driver.voice(4000, 4)
        driver.finish()
        driver.append(speech(128), silence(192))
        assert driver.all(SpeechStarted) == []
        assert driver.last(FalseInterruption).response_id is None

    @pytest.mark.parametrize("passes", [True, False])
    def test_no_idle_timeout_takes_the_audio_of_a_turn_that_is_suspected(self, passes: bool) -> None:
        """A client may be slow in the middle of it. It was silence only if the speech was none."""
        driver = answering(Limits(interrupt_speech_ms=1000))
        detection = ServerVad(silence_duration_ms=500, idle_timeout_ms=5000)
        driver.send(UpdateSession(patch=SessionPatch(turn_detection=detection)))
        driver.finish()
        driver.append(silence(640))
        for _ in range(10):
            driver.append(speech(32))
            driver.advance(0.9)
        assert driver.all(IdleTimeout) == []
        driver.append(silence(640) if passes else speech(1000) + silence(640))
        driver.advance(0)
        assert len(driver.all(SpeechStarted)) == (not passes)
        assert len(driver.all(IdleTimeout)) == passes
        assert len(driver.all(BufferCommitted)) == 1

    def test_where_no_answer_is_heard_nothing_is_suspected(self) -> None:
        driver = answering(LENGTH)
        driver.finish()
        driver.advance(10)
        driver.append(speech(64))
        assert len(driver.all(SpeechStarted)) == 1

    def test_nor_where_speech_does_not_interrupt(self) -> None:
        driver = answering(LENGTH, interrupt=False)
        driver.append(speech(64))
        assert len(driver.all(SpeechStarted)) == 1

    def test_of_more_than_can_be_kept_back_the_answer_goes_on(self) -> None:
        driver = answering(Limits(interrupt_speech_ms=240, draft_bytes=20_000))
        driver.append(speech(64))
        said = len(driver.all(AudioDelta))
        driver.voice(1000, 4)
        assert len(driver.all(AudioDelta)) == said + 1

    def test_a_commit_by_hand_makes_a_turn_of_it(self) -> None:
        driver = answering(LENGTH)
        driver.append(speech(128))
        driver.send(CommitAudio())
        assert len(driver.all(SpeechStarted)) == len(driver.all(BufferCommitted)) == 1
        assert interrupted(driver)

    @pytest.mark.parametrize(
        "event", [ClearAudio(), UpdateSession(patch=SessionPatch(turn_detection=None))], ids=["clear", "off"]
    )
    def test_what_forgets_the_turn_lets_the_answer_go_on(self, event: ClearAudio | UpdateSession) -> None:
        driver = answering(LENGTH)
        driver.append(speech(128))
        said = len(driver.all(AudioDelta))
        driver.say(" now", ms=300)
        driver.send(event)
        assert len(driver.all(AudioDelta)) == said + 1
        assert driver.all(SpeechStarted) == []


class TestWords:
    def test_a_partial_decides_while_somebody_speaks(self) -> None:
        driver = answering(TELEPHONY)
        driver.append(speech(320))
        assert not interrupted(driver)
        driver.hear_part("stop")
        assert interrupted(driver)

    def test_a_recogniser_that_can_is_asked_in_the_pause(self) -> None:
        driver = answering(TELEPHONY, interims=True)
        driver.append(speech(320), silence(192))
        assert len(driver.all(ProbeTranscription)) == 1
        assert not interrupted(driver)
        driver.hear_so_far("stop")
        assert interrupted(driver)

    def test_what_such_a_one_says_by_itself_does_not_decide(self) -> None:
        driver = answering(TELEPHONY, interims=True)
        driver.append(speech(320))
        driver.hear_part("stop")
        assert not interrupted(driver)

    def test_a_hush_is_too_short_to_ask_whether_it_was_an_interruption(self) -> None:
        driver = answering(TELEPHONY, interims=True)
        driver.append(speech(320), silence(128))
        assert not driver.all(ProbeTranscription)
        assert not driver.all(FalseInterruption)

    @pytest.mark.parametrize(("drafts", "creates", "begun"), [(0, True, 0), (2, False, 0), (2, True, 1)])
    def test_what_was_said_is_answered_early_only_where_drafts_are_wanted(
        self, drafts: int, creates: bool, begun: int
    ) -> None:
        driver = answering(replace(TELEPHONY, max_drafts_per_turn=drafts), interims=True, creates=creates)
        driver.append(speech(320), silence(192))
        driver.hear_so_far("stop")
        assert interrupted(driver)
        assert sum(start.response_id is None for start in driver.all(StartResponse)) == begun

    def test_a_cough_has_no_words(self) -> None:
        driver = answering(TELEPHONY, interims=True)
        driver.append(speech(320), silence(192))
        driver.hear_so_far("")
        assert not interrupted(driver)
        assert len(driver.all(FalseInterruption)) == 1

    def test_a_listener_may_say_so(self) -> None:
        driver = answering(PASSING, interims=True)
        driver.append(speech(320), silence(192))
        driver.hear_so_far("mm-hm")
        assert len(driver.all(FalseInterruption)) == 1
        driver.append(speech(320), silence(192))
        driver.hear_so_far("wait")
        assert interrupted(driver)

    def test_the_first_of_his_words_does_not_interrupt(self) -> None:
        driver = answering(PASSING)
        driver.append(speech(320))
        driver.hear_part("I")
        driver.append(speech(192))
        driver.hear_part("I see")
        driver.append(silence(640))
        assert not interrupted(driver)
        assert len(driver.all(FalseInterruption)) == 1

    @pytest.mark.parametrize("more", ["I want", None])
    def test_the_first_of_other_words_does_once_the_next_is_known_or_a_second_is_over(self, more: str | None) -> None:
        driver = answering(PASSING)
        driver.append(speech(320))
        driver.hear_part("I")
        assert not interrupted(driver)
        if more is None:
            driver.append(speech(704))
        else:
            driver.hear_part(more)
        assert interrupted(driver)

    def test_an_answer_that_comes_when_speech_goes_on_is_of_an_earlier_pause(self) -> None:
        driver = answering(TELEPHONY, interims=True)
        driver.append(speech(320), silence(192), speech(32))
        driver.hear_so_far("")
        assert driver.all(FalseInterruption) == []

    @pytest.mark.parametrize("words", ["", "stop"])
    def test_a_recogniser_that_cannot_be_asked_has_until_the_end_of_the_turn(self, words: str) -> None:
        driver = answering(TELEPHONY)
        driver.append(speech(320), silence(192))
        if words:
            driver.hear_part(words)
        driver.append(silence(640))
        assert interrupted(driver), "who says nothing may only be slow: then length alone counts"
        assert len(driver.all(BufferCommitted)) == 1

    def test_long_speech_interrupts_whatever_was_understood(self) -> None:
        driver = answering(TELEPHONY)
        driver.append(speech(1056))
        assert interrupted(driver)

    def test_under_semantic_detection_a_turn_that_interrupts_is_judged_as_always(self) -> None:
        driver = answering(LENGTH, semantic=True)
        driver.append(speech(320), silence(640))
        assert interrupted(driver)
        assert len(driver.all(JudgeTurn)) == 1
        assert len(driver.all(BufferCommitted)) == 1

    def test_under_semantic_detection_a_pause_that_proves_it_is_judged(self) -> None:
        driver = answering(TELEPHONY, semantic=True, interims=True)
        driver.append(speech(320), silence(192))
        assert driver.all(JudgeTurn) == []
        driver.sign = TurnSign.UNFINISHED
        driver.hear_so_far("I would like")
        assert interrupted(driver)
        assert len(driver.all(JudgeTurn)) == 1
        driver.append(silence(1600), speech(320))
        assert driver.all(BufferCommitted) == [], "who has more to say is not cut off"
