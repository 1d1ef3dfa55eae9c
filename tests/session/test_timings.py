"""`voxwire.turn_timings`: what it tells, and that only who asked is told (protocol: decisions, Events of our own)."""

from voxwire.events.client import CommitAudio, UpdateSession
from voxwire.events.server import ClockRead, RateLimitsUpdated, SessionUpdated, SpeechStopped, TurnTimings
from voxwire.events.session_config import TURN_TIMINGS, ServerVad, SessionConfig, SessionPatch
from voxwire.testing.driver import Driver, silence, speech

VAD = ServerVad(silence_duration_ms=320)
ASKED = SessionConfig(model="scripted", include=(TURN_TIMINGS,), turn_detection=VAD)
ASKED_MANUAL = SessionConfig(model="scripted", include=(TURN_TIMINGS,), turn_detection=None)


def answer(driver: Driver) -> None:
    """Words after 30 ms, a first token 50 ms later, audio 70 ms later."""
    driver.advance(0.03)
    driver.hear("hello")
    driver.advance(0.05)
    driver.write("Good day.")
    driver.advance(0.07)
    driver.voice(400, 9)
    driver.advance(0.5)
    driver.voice(100, 9)
    driver.finish()


def test_a_spoken_turn() -> None:
    driver = Driver(ASKED)
    driver.advance(2)
    driver.speak(ms=640, pause_ms=640)
    answer(driver)
    assert driver.last(TurnTimings) == TurnTimings(
        response_id="resp_1",
        item_id="item_1",
        # In audio time, without the silence that was waited for, while the event of the protocol has it.
        audio_speech_end_ms=640,
        turn_decided_ms=2000,
        transcript_final_ms=2030,
        first_token_ms=2080,
        first_audio_ms=2150,
    )
    assert driver.last(SpeechStopped).audio_end_ms == 960
    assert type(driver.events[-2]) is RateLimitsUpdated


def test_a_manual_turn_ends_where_it_was_committed() -> None:
    driver = Driver(ASKED_MANUAL)
    driver.append(speech(500), silence(300))
    driver.advance(1)
    driver.send(CommitAudio())
    driver.advance(1)
    driver.respond()
    answer(driver)
    timings = driver.last(TurnTimings)
    assert (timings.audio_speech_end_ms, timings.turn_decided_ms, timings.first_audio_ms) == (800, 1000, 2150)


def test_words_that_came_before_the_response_was_asked_for() -> None:
    driver = Driver(ASKED_MANUAL)
    driver.append(speech(500))
    driver.send(CommitAudio())
    driver.advance(1)
    driver.hear("hello")
    driver.advance(1)
    driver.respond()
    driver.say("Hi.")
    driver.finish()
    timings = driver.last(TurnTimings)
    assert (timings.turn_decided_ms, timings.transcript_final_ms, timings.first_token_ms) == (0, 1000, 2000)


def test_a_turn_that_waited_for_the_answer_before_it() -> None:
    patient = ServerVad(silence_duration_ms=320, interrupt_response=False)
    driver = Driver(SessionConfig(model="scripted", include=(TURN_TIMINGS,), turn_detection=patient))
    driver.speak()
    driver.hear("one")
    driver.say("First.")
    driver.advance(1)
    driver.speak()
    driver.advance(1)
    driver.finish()
    driver.hear("two")
    driver.say("Second.")
    driver.finish()
    first, second = driver.all(TurnTimings)
    assert (first.turn_decided_ms, first.first_token_ms) == (0, 0)
    assert (second.turn_decided_ms, second.first_token_ms) == (1000, 2000)


def test_what_did_not_happen_is_none() -> None:
    driver = Driver(ASKED_MANUAL)
    driver.advance(1)
    driver.respond()
    driver.advance(1)
    driver.call("look_up", "{}")
    driver.finish()
    timings = driver.last(TurnTimings)
    assert (timings.item_id, timings.audio_speech_end_ms, timings.transcript_final_ms) == (None, None, None)
    assert (timings.turn_decided_ms, timings.first_token_ms, timings.first_audio_ms) == (1000, 2000, None)


def test_an_answer_that_never_began() -> None:
    driver = Driver(ASKED)
    driver.speak()
    driver.fail_hearing()
    assert driver.last(TurnTimings).first_token_ms is None


def test_every_update_reads_the_clock_for_who_asked() -> None:
    driver = Driver(SessionConfig(model="scripted"))
    driver.advance(1.2)
    driver.send(UpdateSession(patch=SessionPatch(include=(TURN_TIMINGS,))))
    assert [type(event) for event in driver.events[-2:]] == [SessionUpdated, ClockRead]
    assert driver.last(ClockRead).now_ms == 1200
    driver.advance(0.3)
    driver.send(UpdateSession(patch=SessionPatch()))
    assert driver.last(ClockRead).now_ms == 1500


def test_nobody_gets_it_unasked() -> None:
    for include in (None, (), ("item.input_audio_transcription.logprobs",)):
        driver = Driver(SessionConfig(model="scripted", include=include, turn_detection=VAD))
        driver.send(UpdateSession(patch=SessionPatch(speed=1.1)))
        driver.speak()
        answer(driver)
        assert not driver.all(TurnTimings)
        assert not driver.all(ClockRead)


def test_and_not_after_asking_no_more() -> None:
    driver = Driver(ASKED)
    driver.speak()
    driver.send(UpdateSession(patch=SessionPatch(include=None)))
    answer(driver)
    assert not driver.all(TurnTimings)
