"""`voxwire.word_times`: what it tells, and that only who asked is told (protocol: decisions, Events of our own)."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import ClearAudio, CommitAudio, CreateItem, UpdateSession
from voxwire.events.items import AudioClip, InputAudio, MessageItem, Role
from voxwire.events.server import SpeechStarted, SpeechStopped, TranscriptionCompleted, WordTime, WordTimes
from voxwire.events.session_config import (
    LOGPROBS,
    WORD_TIMES,
    ServerVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
    Transcription,
)
from voxwire.interfaces.commands import StartTranscription
from voxwire.interfaces.engine import Word
from voxwire.interfaces.stt import SttFinal
from voxwire.testing.driver import Driver, silence, speech

ASKED = (WORD_TIMES,)
TRANSCRIPTS = Transcription()
WORDS = (
    Word(text="Hello", start=0, end=5, start_ms=80.4, end_ms=199.6),
    Word(text="there.", start=6, end=12, start_ms=240.0, end_ms=440.0),
)
HEARD = SttFinal(text="Hello there.", words=WORDS)


def started(
    include: tuple[str, ...] | None = ASKED,
    transcription: Transcription | None = TRANSCRIPTS,
    turn_detection: ServerVad | None = None,
    kind: SessionKind = SessionKind.REALTIME,
) -> Driver:
    return Driver(
        SessionConfig(
            model="scripted",
            kind=kind,
            include=include,
            transcription=transcription,
            turn_detection=turn_detection,
        )
    )


def commit(driver: Driver, ms: float = 600) -> None:
    driver.append(speech(ms))
    driver.send(CommitAudio())


def times(event: WordTimes) -> list[tuple[str, int, int]]:
    return [(said.word, said.start_ms, said.end_ms) for said in event.words]


@pytest.mark.parametrize("kind", SessionKind)
def test_they_follow_the_transcript(kind: SessionKind) -> None:
    driver = started(kind=kind)
    commit(driver)
    driver.transcribed(HEARD)
    at = [type(event) for event in driver.events].index(TranscriptionCompleted)
    assert driver.events[at + 1] == WordTimes(
        item_id="item_1",
        content_index=0,
        words=(WordTime(word="Hello", start_ms=80, end_ms=200), WordTime(word="there.", start_ms=240, end_ms=440)),
    )


def test_time_is_that_of_the_input_audio() -> None:
    driver = started(turn_detection=ServerVad(silence_duration_ms=320, prefix_padding_ms=96))
    driver.append(silence(960))
    driver.speak(ms=640, pause_ms=640)
    begins = driver.last(SpeechStarted).audio_start_ms
    assert begins == 960 - 96
    driver.transcribed(HEARD)
    first, last = times(driver.last(WordTimes))
    assert first == ("Hello", begins + 80, begins + 200)
    assert last == ("there.", begins + 240, begins + 440)
    assert last[2] <= driver.last(SpeechStopped).audio_end_ms


def test_audio_committed_by_hand_counts_what_came_before_it() -> None:
    driver = started()
    commit(driver)
    driver.append(silence(200))
    driver.send(ClearAudio())
    commit(driver)
    first, second = driver.all(StartTranscription)
    driver.transcribed(HEARD, second.transcription)
    driver.transcribed(HEARD, first.transcription)
    assert [(event.item_id, event.words[0].start_ms) for event in driver.all(WordTimes)] == [
        ("item_2", 880),
        ("item_1", 80),
    ]


def test_no_word_ends_after_its_item() -> None:
    driver = started()
    commit(driver, ms=400)
    driver.transcribed(HEARD)
    assert times(driver.last(WordTimes))[-1] == ("there.", 240, 400)


@pytest.mark.parametrize(
    ("include", "transcription"),
    [(None, TRANSCRIPTS), ((LOGPROBS,), TRANSCRIPTS), (ASKED, None)],
    ids=["nothing", "something else", "no transcripts"],
)
def test_who_did_not_ask_is_not_told(include: tuple[str, ...] | None, transcription: Transcription | None) -> None:
    driver = started(include, transcription)
    commit(driver)
    driver.transcribed(HEARD)
    assert not driver.all(WordTimes)


def test_log_probabilities_are_another_wish() -> None:
    driver = started()
    commit(driver)
    driver.transcribed(HEARD)
    assert driver.last(TranscriptionCompleted).logprobs is None


@pytest.mark.parametrize("heard", [SttFinal(text=""), SttFinal(text="Hello there.")], ids=["silence", "no times"])
def test_nothing_is_told_without_words(heard: SttFinal) -> None:
    driver = started()
    commit(driver)
    driver.transcribed(heard)
    assert driver.all(TranscriptionCompleted)
    assert not driver.all(WordTimes)


def test_a_wish_counts_from_the_next_turn_on() -> None:
    driver = started(None)
    commit(driver)
    driver.send(UpdateSession(patch=SessionPatch(include=ASKED)))
    driver.transcribed(HEARD)
    assert not driver.all(WordTimes)
    commit(driver)
    driver.transcribed(HEARD)
    assert driver.last(WordTimes).item_id == "item_2"


def test_recorded_items_have_none() -> None:
    """Their audio is no part of the input audio, and no transcript of them is told either."""
    driver = started()
    clip = AudioClip(data=speech(600), format=AudioFormat.PCM16)
    item = MessageItem(id="mine", role=Role.USER, content=(InputAudio(clip=clip),))
    driver.send(CreateItem(item=item, previous_item_id=None))
    assert not driver.last(StartTranscription).word_times
    driver.transcribed(HEARD)
    assert not driver.all(WordTimes)
