"""Pauses that somebody else judges: what is asked, and what waits for the answer."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import ClearAudio, CommitAudio, UpdateSession
from voxwire.events.server import BufferCleared, BufferCommitted, SessionUpdated, SpeechStopped
from voxwire.events.session_config import SemanticVad, ServerVad, SessionConfig, SessionPatch
from voxwire.interfaces.commands import (
    FeedTranscription,
    JudgeTurn,
    ProbeTranscription,
    StartResponse,
    StartTranscription,
    TakeDraft,
)
from voxwire.interfaces.inputs import TurnJudged
from voxwire.interfaces.turn import TurnSign
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech

SEMANTIC = SessionConfig(model="scripted", turn_detection=SemanticVad())
HEARING = Capabilities(hears_turns=True)


def driver(sign: TurnSign | None = None, *, held: bool = False, capabilities: Capabilities | None = None) -> Driver:
    return Driver(SEMANTIC, sign=sign, hold_judgements=held, capabilities=capabilities, chunk_ms=32)


class TestAsking:
    def test_a_pause_of_160_ms_is_asked_about_once(self) -> None:
        session = driver(TurnSign.UNFINISHED)
        session.append(speech(640), silence(128))
        assert session.all(JudgeTurn) == []
        session.append(silence(32))
        session.append(silence(1600))
        (asked,) = session.all(JudgeTurn)
        assert asked.transcription == session.last(StartTranscription).transcription
        assert asked.audio == b""

    def test_the_recogniser_has_all_audio_up_to_the_pause(self) -> None:
        session = driver()
        session.append(speech(640), silence(160))
        fed = sum(len(feed.audio) for feed in session.all(FeedTranscription))
        assert fed == AudioFormat.PCM16.size_of(640 + 160)
        assert isinstance(session.outputs[-1], JudgeTurn)

    @pytest.mark.parametrize(("said_ms", "heard_ms"), [(640, 800), (9600, 8000)])
    def test_a_turn_model_hears_the_last_8_seconds_with_the_pause(self, said_ms: int, heard_ms: int) -> None:
        session = driver(capabilities=HEARING)
        session.append(speech(said_ms), silence(160))
        audio = session.last(JudgeTurn).audio
        assert len(audio) == AudioFormat.PCM16.size_of(heard_ms)
        assert audio.endswith(silence(160))
        assert not audio.endswith(silence(192))

    def test_each_pause_is_asked_about_anew(self) -> None:
        session = driver(TurnSign.UNFINISHED)
        session.append(speech(320), silence(320), speech(320), silence(320))
        first, second = session.all(JudgeTurn)
        assert second.judgement > first.judgement

    def test_server_vad_asks_nobody(self) -> None:
        session = Driver(SessionConfig(model="scripted", turn_detection=ServerVad(silence_duration_ms=500)))
        session.speak()
        assert session.all(JudgeTurn) == []


class TestWaitingForTheAnswer:
    def test_the_end_of_the_turn_does_not_depend_on_when_the_answer_comes(self) -> None:
        at_once, late = driver(TurnSign.FINISHED), driver(held=True)
        for session in (at_once, late):
            session.append(speech(640), silence(1600))
        assert late.all(SpeechStopped) == []
        assert late.session.backlog_ms == 1600 - 160
        late.judge(TurnSign.FINISHED)
        assert late.last(SpeechStopped).audio_end_ms == at_once.last(SpeechStopped).audio_end_ms == 640 + 320

    def test_speech_behind_the_pause_waits_too(self) -> None:
        session = driver(held=True)
        session.append(speech(640), silence(320), speech(320), silence(320))
        session.judge(TurnSign.UNFINISHED)
        session.judge(TurnSign.FINISHED)
        assert session.last(SpeechStopped).audio_end_ms == 640 + 320 + 320 + 320
        assert len(session.all(StartTranscription)) == 1

    def test_events_of_the_client_keep_their_place_in_the_audio(self) -> None:
        session = driver(held=True)
        session.append(speech(640), silence(192))
        session.send(CommitAudio())
        assert session.all(BufferCommitted) == []
        session.judge(TurnSign.UNFINISHED)
        assert session.last(SpeechStopped).audio_end_ms == 640 + 192
        assert len(session.all(BufferCommitted)) == 1

    def test_an_answer_to_an_earlier_question_is_none(self) -> None:
        session = driver(held=True)
        session.append(speech(640), silence(160))
        number = session.last(JudgeTurn).judgement
        session.judge(TurnSign.UNFINISHED)
        session.send(TurnJudged(number, TurnSign.FINISHED))
        session.append(silence(640))
        assert session.all(SpeechStopped) == []

    def test_an_answer_after_detection_was_switched_off_is_none(self) -> None:
        session = driver(TurnSign.UNFINISHED)
        session.append(speech(640), silence(160))
        session.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        session.send(TurnJudged(session.last(JudgeTurn).judgement, TurnSign.FINISHED))
        assert len(session.all(SessionUpdated)) == 1
        assert session.all(BufferCommitted) == []

    def test_a_clear_waits_for_the_answer_and_forgets_the_turn(self) -> None:
        session = driver(held=True)
        session.append(speech(640), silence(320))
        session.send(ClearAudio())
        session.judge(TurnSign.UNFINISHED)
        assert len(session.all(BufferCleared)) == 1
        session.append(speech(320), silence(160))
        session.judge(TurnSign.FINISHED)
        session.append(silence(320))
        assert session.last(SpeechStopped).audio_end_ms == 960 + 320 + 320


class TestWordsThatComeLate:
    """A recogniser that cannot be asked may have been behind when the pause was judged."""

    def test_the_pause_is_judged_again(self) -> None:
        session = driver(TurnSign.UNFINISHED)
        session.append(speech(640), silence(640))
        session.sign = TurnSign.FINISHED
        session.hear_part("yes please")
        assert len(session.all(JudgeTurn)) == 2
        assert session.last(SpeechStopped).audio_end_ms == 640 + 640, "for who sends no more audio, too"

    def test_more_silence_may_be_needed(self) -> None:
        session = driver(TurnSign.UNFINISHED)
        session.append(speech(640), silence(640))
        session.sign = TurnSign.HESITANT
        session.hear_part("one two")
        assert session.all(SpeechStopped) == []
        session.append(silence(320))
        assert session.last(SpeechStopped).audio_end_ms == 640 + 928

    def test_the_same_words_are_not_judged_again(self) -> None:
        session = driver(TurnSign.UNFINISHED)
        session.append(speech(640), silence(320))
        session.hear_part("I would", stable=0)
        session.hear_part("I would")
        assert len(session.all(JudgeTurn)) == 2

    def test_not_while_the_first_judgement_is_out(self) -> None:
        session = driver(held=True)
        session.append(speech(640), silence(640))
        session.hear_part("yes")
        assert len(session.all(JudgeTurn)) == 1

    def test_not_while_somebody_speaks(self) -> None:
        session = driver()
        session.append(speech(640))
        session.hear_part("yes")
        assert session.all(JudgeTurn) == []

    def test_not_after_the_turn(self) -> None:
        session = driver()
        session.append(speech(640), silence(640))
        session.hear_part("yes")
        assert len(session.all(JudgeTurn)) == 1

    def test_not_under_server_vad(self) -> None:
        session = Driver(SessionConfig(model="scripted", turn_detection=ServerVad(silence_duration_ms=1000)))
        session.append(speech(640), silence(640))
        session.hear_part("yes")
        assert session.all(JudgeTurn) == []

    def test_not_after_detection_was_switched_off(self) -> None:
        session = driver()
        session.append(speech(640))
        number = session.transcription
        session.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
        session.append(speech(640))
        session.send(CommitAudio())
        session.hear_part("yes")
        assert session.all(JudgeTurn) == []
        assert session.transcription > number

    def test_a_recogniser_that_can_be_asked_answered_in_time(self) -> None:
        session = driver(capabilities=Capabilities(interims=True), held=True)
        session.append(speech(640), silence(640))
        session.hear_so_far("I would like")
        session.judge(TurnSign.UNFINISHED)
        session.hear_part("I would like")
        assert len(session.all(JudgeTurn)) == 1

    def test_the_answer_of_one_that_can_be_asked_may_come_late_too(self) -> None:
        session = driver(TurnSign.UNFINISHED, capabilities=Capabilities(interims=True))
        session.append(speech(640), silence(640))
        session.hear_part("what is")
        assert len(session.all(JudgeTurn)) == 2
        session.sign = TurnSign.LIKELY
        session.hear_so_far("what is twelve times seven")
        assert session.last(SpeechStopped).audio_end_ms == 640 + 640


class TestDrafts:
    """An answer is begun when the pause was judged, and only where the turn may be over."""

    @staticmethod
    def drafting(sign: TurnSign | None) -> Driver:
        limits = Limits(max_drafts_per_turn=2)
        return Driver(SEMANTIC, limits=limits, sign=sign, capabilities=Capabilities(interims=True), chunk_ms=32)

    @pytest.mark.parametrize("sign", [TurnSign.FINISHED, TurnSign.LIKELY, TurnSign.OPEN, None])
    def test_where_it_may_be(self, sign: TurnSign | None) -> None:
        session = self.drafting(sign)
        session.append(speech(640), silence(160))
        session.hear_so_far("yes")
        assert session.last(StartResponse).response_id is None
        fed = sum(len(feed.audio) for feed in session.all(FeedTranscription))
        session.append(silence(640))
        session.hear("yes")
        assert sum(len(feed.audio) for feed in session.all(FeedTranscription)) == fed, "the silence is kept back"
        assert len(session.all(TakeDraft)) == 1

    @pytest.mark.parametrize("sign", [TurnSign.HESITANT, TurnSign.UNFINISHED])
    def test_not_where_more_is_to_come(self, sign: TurnSign) -> None:
        session = self.drafting(sign)
        session.append(speech(640), silence(320), speech(320))
        assert session.all(ProbeTranscription) == []

    def test_every_pause_is_judged_after_the_same_silence(self) -> None:
        session = self.drafting(TurnSign.UNFINISHED)
        session.append(*[speech(320), silence(160)] * 4)
        assert len(session.all(JudgeTurn)) == 4
