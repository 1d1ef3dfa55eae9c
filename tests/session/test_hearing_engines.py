"""Sessions whose language engine hears the user itself: no answer waits for words."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import ClearAudio, CommitAudio, CreateItem
from voxwire.events.items import AudioClip, InputAudio, MessageItem, Role
from voxwire.events.server import ResponseDone, TranscriptionCompleted, TranscriptionFailed
from voxwire.events.session_config import SemanticVad, SessionConfig, Transcription
from voxwire.interfaces.commands import (
    CancelTranscription,
    FeedTranscription,
    FinishTranscription,
    OverhearTurn,
    StartResponse,
    StartTranscription,
)
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech

HEARS = Capabilities(hears=True)
#: What concerns a recogniser.
RECOGNITION = (StartTranscription, FeedTranscription, FinishTranscription, CancelTranscription)


def listening(*, asked: bool = False, **limits: bool) -> Driver:
    """A session with such an engine; `asked`: its client wants to read what was said."""
    config = SessionConfig(model="scripted", transcription=Transcription() if asked else None)
    return Driver(config, capabilities=HEARS, limits=Limits(**limits))


def heard(driver: Driver) -> list[InputAudio]:
    """The user's speech that the last answer was asked with."""
    items = driver.last(StartResponse).request.items
    return [part for item in items if isinstance(item, MessageItem) for part in item.content]


class TestNobodyAskedForWords:
    def test_the_answer_starts_with_the_turn(self) -> None:
        driver = listening()
        driver.speak()
        (part,) = heard(driver)
        assert part.transcript is None
        assert part.clip is not None
        assert part.clip.duration_ms == part.duration_ms > 0

    @pytest.mark.parametrize("committed", [True, False])
    def test_no_recogniser_works(self, committed: bool) -> None:
        driver = listening()
        driver.append(speech(640))
        driver.send(CommitAudio() if committed else ClearAudio())
        assert not [driver.all(kind) for kind in RECOGNITION if driver.all(kind)]

    def test_but_for_a_pause_that_has_to_be_judged(self) -> None:
        config = SessionConfig(model="scripted", turn_detection=SemanticVad())
        driver = Driver(config, capabilities=HEARS)
        driver.append(speech(640))
        assert driver.all(FeedTranscription)
        driver.send(CommitAudio())
        driver.respond()
        assert driver.all(StartResponse), "the answer does not wait for its words"
        clip = AudioClip(data=speech(500), format=AudioFormat.PCM16)
        driver.send(CreateItem(item=MessageItem(role=Role.USER, content=(InputAudio(clip=clip),))))
        assert len(driver.all(StartTranscription)) == 1

    def test_recordings_of_the_client_are_heard_too(self) -> None:
        driver = listening()
        clip = AudioClip(data=speech(500), format=AudioFormat.PCM16)
        driver.send(CreateItem(item=MessageItem(role=Role.USER, content=(InputAudio(clip=clip),))))
        driver.respond()
        assert heard(driver)[0].clip == clip
        assert not driver.all(StartTranscription)

    def test_a_turn_without_words_is_not_ignored(self) -> None:
        """Only who hears it can say that there are none."""
        driver = listening(respond_to_empty_transcript=False)
        driver.speak()
        assert driver.all(StartResponse)


class TestAnEngineThatListensMeanwhile:
    @pytest.mark.parametrize("asked", [True, False])
    def test_gets_the_turn_as_it_is_spoken(self, asked: bool) -> None:
        config = SessionConfig(model="scripted", transcription=Transcription() if asked else None)
        driver = Driver(config, capabilities=Capabilities(hears=True, overhears=True))
        driver.append(speech(640))
        overheard = driver.all(OverhearTurn)
        assert len(overheard) > 3
        driver.append(silence(640))
        pieces = b"".join(one.audio for one in driver.all(OverhearTurn))
        clip = heard(driver)[0].clip
        assert clip is not None
        assert clip.data[: len(pieces)] == pieces
        assert len(clip.data) - len(pieces) <= AudioFormat.PCM16.size_of(100), "the request has the last of it alone"
        assert {one.turn for one in driver.all(OverhearTurn)} == {overheard[0].turn}

    def test_is_told_by_the_number_that_a_turn_is_a_new_one(self) -> None:
        driver = Driver(capabilities=Capabilities(hears=True, overhears=True))
        driver.append(speech(320))
        driver.send(ClearAudio())
        driver.append(speech(320))
        assert len({one.turn for one in driver.all(OverhearTurn)}) == 2

    def test_others_get_none(self) -> None:
        driver = listening()
        driver.speak()
        assert not driver.all(OverhearTurn)


class TestTheClientWantsToRead:
    def test_the_answer_does_not_wait_and_the_words_come_when_they_are_there(self) -> None:
        driver = listening(asked=True)
        driver.speak()
        assert heard(driver)[0].clip is not None
        driver.hear("hello")
        assert driver.last(TranscriptionCompleted).transcript == "hello"
        driver.write("Hi.")
        driver.finish()
        driver.speak()
        assert [part.transcript for part in heard(driver) if isinstance(part, InputAudio)] == ["hello", ""]

    def test_a_recogniser_that_fails_fails_no_answer(self) -> None:
        driver = listening(asked=True)
        driver.append(speech(640))
        driver.fail_hearing()
        driver.send(CommitAudio())
        driver.respond()
        assert driver.all(TranscriptionFailed)
        assert driver.all(StartResponse)
        assert not driver.all(ResponseDone)

    def test_one_that_hears_nothing_does_not_silence_the_engine(self) -> None:
        driver = listening(asked=True, respond_to_empty_transcript=False)
        driver.append(speech(640))
        driver.send(CommitAudio())
        driver.hear("")
        driver.respond()
        assert driver.all(StartResponse)
