"""What was noted of a session runs again through the core, and says the same."""

from typing import Any

import msgspec
import pytest
from any_session import AnySession
from hypothesis import settings

from voxwire.events.client import AppendAudio, CreateItem
from voxwire.events.items import MessageItem, Role
from voxwire.events.server import AudioDelta, ErrorOccurred, ResponseDone, SpeechStarted
from voxwire.events.session_config import SemanticVad, ServerVad, SessionConfig, TurnDetection
from voxwire.interfaces.commands import JudgeTurn
from voxwire.interfaces.inputs import SpeechScores, TurnJudged
from voxwire.interfaces.turn import TurnSign
from voxwire.recording.journal_format import (
    VERSION,
    Appended,
    JournalHeader,
    Made,
    Scored,
    SpokenEvent,
    Told,
    Took,
    decode_header,
    decode_lines,
    decode_told,
    encode_journal,
)
from voxwire.recording.notes import Notes, packed
from voxwire.recording.recorded_session import RecordedSession
from voxwire.recording.redaction import Redaction
from voxwire.recording.replay import Chunk, plain_capabilities, replay_session
from voxwire.session import Capabilities, Limits
from voxwire.testing.driver import Driver, score_by_content, silence, speech

pytestmark = pytest.mark.timeout(300)


def header_of(driver: Driver, policy: str = "text") -> JournalHeader:
    """What a recording of the driver's session begins with."""
    arguments: dict[str, Any] = driver._arguments
    header = JournalHeader(
        software="0",
        session_id=arguments["session_id"],
        deployment="scripted",
        engines="scripted",
        policy=policy,
        config=arguments["config"],
        limits=arguments["limits"],
        capabilities=plain_capabilities(arguments["capabilities"]),
        now=1000.0,
        started_at=1_700_000_000_000,
        expires_at=1_700_003_600,
        end_user=arguments["end_user"],
    )
    return decode_header(encode_journal(header))


def recorded(driver: Driver, *, keep_audio: bool, chunk: int = 50) -> list[Chunk]:
    """What is stored of the same session, in chunks of so many inputs."""
    notes = Notes(keep_audio=keep_audio)
    arguments = {"ids": driver._new_ids(), "now": 1000.0, "expires_at": 1_700_003_600, **driver._arguments}
    session = RecordedSession(notes, **arguments)
    outputs = session.open()
    chunks = []
    for number, (event, now, origin) in enumerate(driver.inputs):
        outputs += session.receive(event, now=now, origin=origin)
        if number % chunk == chunk - 1:
            chunks.append(packed(notes.take()))
    chunks.append(packed(notes.take()))
    assert outputs == driver.outputs, "a session that is recorded does the same"
    return [(decode_lines(lines), decode_told(told)) for lines, told in chunks]


class AnyRecordedSession(AnySession):
    """Whatever happens in a session: it can be recorded, and replays."""

    def teardown(self) -> None:
        super().teardown()
        if (driver := getattr(self, "driver", None)) is None:
            return
        for keep_audio in (True, False):
            found = replay_session(header_of(driver), recorded(driver, keep_audio=keep_audio))
            assert found.difference is None, found.difference
            assert found.inputs == len(driver.inputs) + 1


AnyRecordedSession.TestCase.settings = settings(max_examples=40, stateful_step_count=60)
TestAnyRecordedSession = AnyRecordedSession.TestCase


@pytest.fixture
def driver() -> Driver:
    """A spoken turn and its answer."""
    driver = Driver(limits=Limits(max_drafts_per_turn=0), capabilities=Capabilities(voices=frozenset({"alloy"})))
    driver.speak()
    driver.hear("what time is it")
    driver.say("It is four.", 600)
    driver.finish()
    driver.advance(1)
    assert driver.all(ResponseDone)
    return driver


def test_a_turn_is_compared_in_all_its_parts(driver: Driver) -> None:
    [(lines, told)] = recorded(driver, keep_audio=True, chunk=10_000)
    assert {type(line) for line in lines} >= {Made, Appended, Scored, Took}
    assert any(isinstance(line, Took) and line.digest for line in lines), "engines were asked"
    assert sum(len(line.audio) for line in lines if isinstance(line, Took)) == 600 * 48
    assert sum(one.event.size for one in told if isinstance(one.event, SpokenEvent)) == 600 * 48
    assert replay_session(header_of(driver), [(lines, told)]).difference is None


def _changed(lines: list[Any], kind: type, **changes: Any) -> list[Any]:
    """With the last line of this kind that has what is changed."""
    number = max(i for i, line in enumerate(lines) if isinstance(line, kind) and all(getattr(line, f) for f in changes))
    changed = msgspec.structs.replace(lines[number], **changes)
    return [*lines[:number], changed, *lines[number + 1 :]]


@pytest.mark.parametrize(
    ("kind", "changes", "what"),
    [
        (Took, {"digest": b"12345678"}, "what engines are asked differs"),
        (Took, {"moved": 7}, "sound that is handed on differs in length"),
        (Scored, {"moved": 7}, "sound that is handed on differs in length"),
        (Took, {"audio": b"other"}, "the sound of an answer differs"),
        (Took, {"told": 1}, "events then"),
        (Made, {"ids": ("conv_9",)}, "more identifiers"),
    ],
)
def test_the_first_difference_is_told(driver: Driver, kind: type, changes: dict[str, Any], what: str) -> None:
    [(lines, told)] = recorded(driver, keep_audio=True, chunk=10_000)
    found = replay_session(header_of(driver), [(_changed(lines, kind, **changes), told)])
    assert found.difference is not None
    assert what in found.difference.what
    assert found.inputs == found.difference.line


def test_one_of_version_1_replays(driver: Driver) -> None:
    """It counts the sound that went to the detector, too: an `Analyse` for each append that completed windows."""
    [(lines, told)] = recorded(driver, keep_audio=True, chunk=10_000)
    older = [msgspec.structs.replace(line, moved=4608) if isinstance(line, Appended) else line for line in lines]
    header = msgspec.structs.replace(header_of(driver), version=1)
    assert replay_session(header, [(older, told)]).difference is None
    redaction = Redaction(header)
    assert redaction.header.version == VERSION
    assert replay_session(redaction.header, [redaction.chunk((older, told))]).difference is None


@pytest.mark.parametrize("sign", [None, TurnSign.UNFINISHED])
@pytest.mark.parametrize("detection", [ServerVad(), SemanticVad()])
def test_scores_are_noted_where_they_are_pulled(detection: TurnDetection, sign: TurnSign | None) -> None:
    """As the runtime does it: audio by the short way, scores pulled when the tape wakes; and an input in mid-speech."""
    notes = Notes(keep_audio=True)
    spoken = Driver(SessionConfig(model="scripted", turn_detection=detection), hold_judgements=True)
    arguments = {"ids": spoken._new_ids(), "now": 1000.0, "expires_at": 1_700_003_600, **spoken._arguments}
    session = RecordedSession(notes, **arguments)
    outputs = session.open()
    tape, now, judged = session.tape, 1000.0, 0
    audio = speech(640) + silence(160) + speech(3000) + silence(2000) + speech(500)
    for at in range(0, len(audio), 4800):
        now += 0.1
        assert session.append(audio[at : at + 4800], now=now) == tape.ready
        while tape.ready:
            tape.put(score_by_content(tape.cut()[-1536:]))
            if tape.wakes:
                outputs += session.pull(now=now)
        if at == 4800 * 20:
            assert tape.scores
            outputs += session.receive(CreateItem(item=MessageItem(role=Role.USER)), now=now, origin=1)
            assert not tape.scores
        for asked in [output for output in outputs if isinstance(output, JudgeTurn)][judged:]:
            judged += 1
            for _ in range(3):  # they wait for the judgement
                outputs += session.receive(AppendAudio(audio=bytes(1536)), now=now, origin=1)
                tape.cut()
                tape.put(0.05)
            assert session.pull(now=now) == []
            outputs += session.receive(TurnJudged(asked.judgement, sign), now=now)
    lines, told = packed(notes.take())
    assert any(isinstance(output, SpeechStarted) for output in outputs)
    assert bool(judged) is isinstance(detection, SemanticVad)
    noted = decode_lines(lines)
    scores = [line for line in noted if isinstance(line, Scored)]
    scores += [line.event for line in noted if isinstance(line, Took) and isinstance(line.event, SpeechScores)]
    assert sum(len(line.scores) for line in scores) == session.tape.end // 768 - session.tape.waiting
    found = replay_session(header_of(spoken), [(noted, decode_told(told))])
    assert found.difference is None, found.difference


def test_an_event_that_differs_is_shown_as_it_was_and_is(driver: Driver) -> None:
    [(lines, told)] = recorded(driver, keep_audio=False, chunk=10_000)
    number = next(i for i, one in enumerate(told) if isinstance(one.event, SpokenEvent))
    other = Told(told[number].at, msgspec.structs.replace(told[number].event, size=2))
    found = replay_session(header_of(driver), [(lines, [*told[:number], other, *told[number + 1 :]])]).difference
    assert found is not None
    assert (found.what, found.input) == ("an event differs", "Generated")
    assert (found.recorded.size, found.now.size) == (2, 600 * 48)


def test_text_keeps_no_sound(driver: Driver) -> None:
    driver.inputs.append((AppendAudio(audio=b"\x11" * 4800, event_id="named"), driver.now, 1))
    driver.outputs += driver.session.receive(*driver.inputs[-1][:1], now=driver.now, origin=1)
    chunks = recorded(driver, keep_audio=False)
    packed_again = b"".join(encode_journal(lines) + encode_journal(told) for lines, told in chunks)
    assert b"\x11" * 4 not in packed_again
    assert driver.all(AudioDelta)
    assert replay_session(header_of(driver), chunks).difference is None


def test_where_nobody_stores_them_no_notes_are_made(driver: Driver) -> None:
    notes = Notes(keep_audio=True)
    arguments = {"ids": driver._new_ids(), "now": 1000.0, "expires_at": 1, **driver._arguments}
    session = RecordedSession(notes, **arguments)
    session.open()
    notes.stop()
    session.receive(AppendAudio(audio=bytes(4800)), now=1001.0)
    assert not notes
    assert notes.size == 0


@pytest.mark.parametrize("ms", [4750, 5900, 6100])
def test_audio_for_which_old_audio_was_forgotten_has_room_in_a_replay_too(ms: int) -> None:
    """The tape forgets by itself while nobody speaks, and scores are noted only where they are pulled."""
    driver = Driver(limits=Limits(buffer_bytes=300_000))
    notes = Notes(keep_audio=True)
    arguments = {"ids": driver._new_ids(), "now": 1000.0, "expires_at": 1_700_003_600, **driver._arguments}
    session = RecordedSession(notes, **arguments)
    outputs = session.open()

    def hear(audio: bytes, now: float) -> list[Any]:
        if session.append(audio, now=now) is None:
            return session.receive(AppendAudio(audio=audio), now=now)
        return []

    for number, audio in enumerate((silence(1984), silence(ms), silence(32))):
        outputs += hear(audio, 1000.0 + number)
        while session.tape.ready:
            session.tape.cut()
            session.tape.put(0.1)
            if session.tape.wakes:
                outputs += session.pull(now=1000.5 + number)
    refused = [output.code for output in outputs if isinstance(output, ErrorOccurred)]
    assert refused == ["input_audio_buffer_full"] * (ms == 6100), "full by what is kept, not by what is forgotten"
    lines, told = packed(notes.take())
    assert replay_session(header_of(driver), [(decode_lines(lines), decode_told(told))]).difference is None
