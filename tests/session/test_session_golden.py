"""Golden logs: whole flows (protocol: turns; responses) as the session sees and says them.

`>` is what a client sent, `.` what an engine or the clock said, `<` what leaves for clients, `*` what
the runtime is asked to do. After a change that is meant, write them anew with
`VOXWIRE_WRITE_GOLDEN=1 pytest tests/session/test_session_golden.py` and read the difference.
"""

import os
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from voxwire.events.client import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    TruncateItem,
    UpdateSession,
)
from voxwire.events.items import FunctionCallOutputItem, InputText, MessageItem, Role
from voxwire.events.server import RateLimitsUpdated, ServerEvent
from voxwire.events.session_config import (
    FunctionTool,
    Modality,
    ServerVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
    Transcription,
)
from voxwire.interfaces.commands import Command, FeedTranscription
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import ClientMistake, SpeechScores
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech
from voxwire.testing.render import render

GOLDEN = Path(__file__).parent / "golden"
TURN = ServerVad(silence_duration_ms=200)
SPOKEN = SessionConfig(model="scripted", turn_detection=TURN, transcription=Transcription())
MANUAL = SessionConfig(model="scripted", turn_detection=None)


def text(words: str) -> MessageItem:
    return MessageItem(role=Role.USER, content=(InputText(text=words),))


def driving(config: SessionConfig, **arguments: Any) -> Driver:
    """A driver that appends each piece of audio whole, so that the log stays short."""
    return Driver(config, chunk_ms=60_000, **arguments)


def words(*starts: tuple[str, int, float, float]) -> tuple[Word, ...]:
    return tuple(
        Word(text=text, start=start, end=start + len(text), start_ms=start_ms, end_ms=end_ms)
        for text, start, start_ms, end_ms in starts
    )


# --- flows ----------------------------------------------------------------------------------------


def spoken_turn() -> Driver:
    driver = driving(SPOKEN)
    driver.append(silence(640), speech(640))
    driver.hear_part("what time", stable=4)
    driver.append(silence(320))
    driver.hear("what time is it")
    driver.write("It is ")
    driver.write("noon.")
    driver.voice(100, 3)
    driver.voice(200, 11)
    driver.finish()
    return driver


def barge_in() -> Driver:
    driver = driving(SPOKEN)
    driver.speak(640, 320)
    driver.hear("tell me a story")
    driver.write("Once upon a time")
    driver.voice(100, 4)
    driver.append(speech(320))
    driver.voice(200, 9)
    driver.send(TruncateItem(item_id="item_2", content_index=0, audio_end_ms=85))
    driver.append(silence(320))
    driver.hear("stop")
    driver.say("Fine.", 100)
    driver.finish()
    return driver


def barge_in_before_any_item() -> Driver:
    driver = driving(SPOKEN)
    driver.speak(640, 320)
    driver.append(speech(320))
    return driver


def patient_answers() -> Driver:
    """`interrupt_response` off: two turns during an answer share the next one."""
    driver = driving(SessionConfig(model="scripted", turn_detection=ServerVad(interrupt_response=False)))
    for turn in ("one", "two", "three"):
        driver.speak(320, 640)
        driver.hear(turn)
    driver.say("First.", 100)
    driver.finish()
    driver.say("Second.", 100)
    driver.finish()
    return driver


def manual_commit() -> Driver:
    driver = driving(MANUAL)
    driver.send(UpdateSession(patch=SessionPatch(transcription=Transcription(language="en"))))
    driver.send(CommitAudio(event_id="too_early"))
    driver.append(speech(500))
    driver.send(CommitAudio())
    driver.respond()
    driver.hear("hello")
    driver.say("Hi.", 100)
    driver.finish()
    return driver


def commit_during_speech() -> Driver:
    driver = driving(SPOKEN)
    driver.append(speech(320))
    driver.send(CommitAudio())
    driver.append(speech(320), silence(320))
    return driver


def clear_during_speech() -> Driver:
    driver = driving(SPOKEN)
    driver.append(speech(320))
    driver.send(ClearAudio())
    return driver


def detection_off_during_speech() -> Driver:
    driver = driving(SPOKEN)
    driver.append(speech(320))
    driver.send(UpdateSession(patch=SessionPatch(turn_detection=None)))
    driver.append(speech(320))
    driver.send(CommitAudio())
    return driver


def text_turn() -> Driver:
    driver = driving(SessionConfig(model="scripted", modality=Modality.TEXT))
    driver.send(CreateItem(item=text("What is two times three?")))
    driver.respond(metadata={"client_event_id": "r1"})
    driver.write("It is ")
    driver.write("six.")
    driver.finish()
    return driver


def function_call() -> Driver:
    tool = FunctionTool(name="get_weather", parameters={"type": "object"})
    driver = driving(SessionConfig(model="scripted", turn_detection=None, tools=(tool,)))
    driver.send(CreateItem(item=text("Weather in Rome?")))
    driver.respond()
    driver.say("One moment.", 200)
    driver.call("get_weather", '{"city":', '"Rome"}')
    driver.finish()
    driver.send(CreateItem(item=FunctionCallOutputItem(call_id="call_1", output="sunny")))
    driver.respond()
    driver.say("It is sunny.", 200)
    driver.finish()
    return driver


def cancel_while_waiting() -> Driver:
    driver = driving(SPOKEN)
    driver.speak(640, 320)
    driver.send(CancelResponse())
    driver.hear("never mind")
    return driver


def cancel_before_output() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.send(CancelResponse())
    return driver


def cancel_in_speech() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.say("Once upon", 300)
    driver.send(CancelResponse())
    driver.say(" a time", 300)
    driver.send(CancelResponse(event_id="again"))
    return driver


def cancel_in_call() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.call("get_weather", '{"ci')
    driver.send(CancelResponse(response_id="resp_1"))
    return driver


def out_of_band() -> Driver:
    driver = driving(MANUAL)
    driver.send(CreateItem(item=text("I love it.")))
    driver.respond()
    main = driver.generation
    driver.respond(out_of_band=True, modality=Modality.TEXT, metadata={"topic": "mood"}, instructions="Mood?")
    driver.write("Great", main)
    driver.write("happy")
    driver.voice(100, 5, generation=main)
    driver.finish()
    driver.finish(generation=main)
    return driver


def active_response() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.respond()
    return driver


def idle_timeout() -> Driver:
    driver = driving(SessionConfig(model="scripted", turn_detection=ServerVad(idle_timeout_ms=5000)))
    driver.speak(640, 640)
    driver.hear("hello")
    driver.say("Hello.", 500)
    driver.finish()
    driver.append(silence(320))
    driver.advance(6)
    driver.say("Still there?", 500)
    driver.finish()
    return driver


def transcription_session() -> Driver:
    driver = driving(
        SessionConfig(
            model="scripted", kind=SessionKind.TRANSCRIPTION, transcription=Transcription(), turn_detection=TURN
        )
    )
    driver.send(
        UpdateSession(
            patch=SessionPatch(kind=SessionKind.TRANSCRIPTION, transcription=Transcription(language="en", prompt="x"))
        )
    )
    driver.speak(640, 320)
    driver.hear_part("hello")
    driver.hear("hello world")
    driver.speak(320, 320)
    driver.fail_hearing("audio_unintelligible")
    driver.respond()
    return driver


def failure_of_recognition() -> Driver:
    driver = driving(SPOKEN)
    driver.speak(640, 320)
    driver.fail_hearing("engine_died")
    return driver


def failure_of_recognition_in_mid_speech() -> Driver:
    driver = driving(SPOKEN)
    driver.append(speech(640))
    driver.fail_hearing("engine_died")
    driver.append(silence(320))
    return driver


def failure_of_the_language_engine() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.fail("engine_busy")
    return driver


def failure_of_the_voice() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.say("Once upon", 300)
    driver.fail("engine_died")
    return driver


def transcription_timeout() -> Driver:
    driver = driving(SPOKEN)
    driver.speak(640, 320)
    driver.advance(11)
    driver.hear("too late")
    return driver


def max_tokens_text() -> Driver:
    driver = driving(SessionConfig(model="scripted", modality=Modality.TEXT, max_output_tokens=3))
    driver.respond()
    driver.write("one two ")
    driver.write("three four five")
    driver.write(" six")
    return driver


def max_tokens_audio() -> Driver:
    driver = driving(SessionConfig(model="scripted", max_output_tokens=8))
    driver.respond()
    driver.write("one two three four")
    driver.voice(100, 3, words(("one", 0, 0, 90)))
    driver.voice(300, 18, words(("two", 4, 110, 200), ("three", 8, 210, 290), ("four", 14, 300, 400)))
    return driver


def max_tokens_arguments() -> Driver:
    driver = driving(SessionConfig(model="scripted", max_output_tokens=4))
    driver.respond()
    driver.call("get_weather", '{"city":', '"San Francisco"}')
    return driver


def truncate_while_streaming() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.write("one two three four")
    driver.voice(900, 9)
    driver.send(TruncateItem(item_id="item_1", content_index=0, audio_end_ms=700))
    driver.voice(900, 18)
    driver.finish()
    driver.respond()
    return driver


def truncate_afterwards() -> Driver:
    driver = driving(MANUAL)
    driver.respond()
    driver.say("one two three four", 1800)
    driver.finish()
    driver.send(TruncateItem(item_id="item_1", content_index=0, audio_end_ms=700))
    driver.send(TruncateItem(item_id="item_1", content_index=0, audio_end_ms=5000))
    driver.respond()
    return driver


def session_expiry() -> Driver:
    driver = driving(MANUAL, limits=Limits(session_seconds=1800))
    driver.respond()
    driver.advance(1801)
    driver.say("Too late", 100)
    return driver


def context_truncation() -> Driver:
    driver = driving(MANUAL, capabilities=Capabilities(context_tokens=20))
    driver.send(CreateItem(item=text("The oldest words go first.")))
    driver.send(CreateItem(item=text("These words stay.")))
    driver.respond()
    driver.finish()
    driver.send(UpdateSession(patch=SessionPatch(truncation="disabled")))
    driver.respond()
    return driver


FLOWS: list[Callable[[], Driver]] = [
    active_response,
    barge_in,
    barge_in_before_any_item,
    cancel_before_output,
    cancel_in_call,
    cancel_in_speech,
    cancel_while_waiting,
    clear_during_speech,
    commit_during_speech,
    context_truncation,
    detection_off_during_speech,
    failure_of_recognition,
    failure_of_recognition_in_mid_speech,
    failure_of_the_language_engine,
    failure_of_the_voice,
    function_call,
    idle_timeout,
    manual_commit,
    max_tokens_arguments,
    max_tokens_audio,
    max_tokens_text,
    out_of_band,
    patient_answers,
    session_expiry,
    spoken_turn,
    text_turn,
    transcription_session,
    transcription_timeout,
    truncate_afterwards,
    truncate_while_streaming,
]

# --- the log --------------------------------------------------------------------------------------


def lines(driver: Driver) -> Iterator[str]:
    """The log without the scores; audio in and audio to be recognised is summed up."""
    log = [value for value in driver.log if not isinstance(value, SpeechScores)]
    for kind, group in groupby(log, type):
        values: list[Any] = list(group)
        if kind in (AppendAudio, FeedTranscription):
            ms = sum(len(value.audio) for value in values) / 48
            yield f"{_mark(values[0])} {kind.__name__} {ms:g} ms"
        elif kind is RateLimitsUpdated:
            yield from ["< RateLimitsUpdated"] * len(values)
        else:
            yield from (f"{_mark(value)} {render(value)}" for value in values)


def _mark(value: object) -> str:
    if isinstance(value, ClientEvent | ClientMistake):
        return ">"
    if isinstance(value, ServerEvent):
        return "<"
    return "*" if isinstance(value, Command) else "."


@pytest.mark.usefixtures("each_tape")
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_flow(flow: Callable[[], Driver]) -> None:
    driver = flow()
    said = "\n".join(lines(driver)) + "\n"
    assert driver.replay() == driver.outputs
    file = GOLDEN / f"{flow.__name__}.txt"
    if os.environ.get("VOXWIRE_WRITE_GOLDEN"):
        file.write_text(said)
    assert said == file.read_text()


def test_no_log_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {flow.__name__ for flow in FLOWS}
