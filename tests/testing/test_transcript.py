"""Recorded sessions replay bit for bit, and what differs is found."""

import msgspec
import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.client import AppendAudio, CreateItem, CreateResponse, TruncateItem, UpdateSession
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.response import ResponseParams
from voxwire.events.server import BufferCommitted, ErrorOccurred, ItemAdded, ResponseDone, SpeechStarted
from voxwire.events.session_config import FunctionTool, NamedTool, ServerVad, SessionConfig, SessionPatch, Transcription
from voxwire.interfaces.inputs import (
    ClientMistake,
    Generated,
    SpeechScores,
    SpokenAudio,
    Tick,
    Transcribed,
)
from voxwire.interfaces.llm import LlmDone, LlmText
from voxwire.interfaces.stt import SttFinal
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import counting_ids, silence, speech
from voxwire.testing.transcript import Divergence, Recorder, replay
from voxwire.testing.values import dump, load_values


def recorder() -> Recorder:
    return Recorder(
        ids=counting_ids(),
        session_id="sess_1",
        config=SessionConfig(model="test"),
        limits=Limits(),
        capabilities=Capabilities(voices=frozenset({"alloy"})),
        now=10.0,
        expires_at=1_700_000_000,
    )


def conversation() -> Recorder:
    """One spoken turn, one written one, one mistake."""
    session = recorder()
    session.open()
    patch = SessionPatch(
        transcription=Transcription(),
        turn_detection=ServerVad(threshold=0.6),
        tools=(FunctionTool(name="f", parameters={"type": "object", "properties": {}}),),
        tool_choice=NamedTool(name="f"),
    )
    session.receive(UpdateSession(event_id="e1", patch=patch), now=10.1, origin=1)
    audio = speech(640) + silence(640)
    session.receive(AppendAudio(audio=audio), now=10.2, origin=1)
    session.receive(SpeechScores(epoch=1, scores=(0.9,) * 20 + (0.0,) * 20), now=10.3)
    message = MessageItem(role=Role.USER, content=(InputText(text="hello"),))
    session.receive(CreateItem(item=message), now=10.4, origin=1)
    session.receive(ClientMistake.of(ClientError("No.", code="invalid_value", event_id="e2")), now=10.5, origin=1)
    session.receive(Tick(), now=10.6)
    return session


def test_a_recording_replays() -> None:
    session = conversation()
    steps = list(replay(session.lines))
    assert len(steps) == len(session.lines) == 8
    kinds = {type(output) for step in steps for output in step}
    assert {SpeechStarted, BufferCommitted, ItemAdded, ErrorOccurred} <= kinds


def test_a_recorded_session_behaves_like_one() -> None:
    session = recorder()
    session.open()
    assert session.deadline == 3610.0
    assert session.backlog_ms == 0
    assert session.waiting_events == 0
    session.receive(CreateResponse(params=ResponseParams()), now=11.0, origin=1)
    line = msgspec.json.decode(session.lines[-1])
    assert line["origin"] == 1
    start = next(output for output in line["outputs"] if output["$"] == "StartResponse")
    generation = start["generation"]
    session.receive(Generated(generation, LlmText(text="Hi.")), now=11.1)
    session.receive(Generated(generation, SpokenAudio(pcm=bytes(9600), chars_to=3)), now=11.2)
    outputs = session.receive(Generated(generation, LlmDone()), now=11.3)
    assert any(isinstance(output, ResponseDone) for output in outputs)
    assert sum(1 for _ in replay(session.lines)) == 6


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("outputs", lambda outputs: outputs[:-1]),
        ("ids", lambda ids: [*ids, "item_99"]),
        ("ids", lambda ids: ["resp_1" for _ in ids] or ["resp_1"]),
        ("input", lambda event: {"$": "Tick"}),
    ],
)
def test_what_differs_is_found(key: str, change: object) -> None:
    lines = conversation().lines
    # Of the steps, the one with the spoken turn has everything.
    number = max(range(2, len(lines)), key=lambda index: len(msgspec.json.decode(lines[index])["ids"]))
    line = msgspec.json.decode(lines[number])
    line[key] = change(line[key])  # type: ignore[operator]
    lines[number] = msgspec.json.encode(line)
    with pytest.raises(Divergence):
        list(replay(lines))


@pytest.mark.parametrize(
    "value",
    [
        AppendAudio(audio=b"\x00\xff", event_id="e"),
        TruncateItem(item_id="i", content_index=0, audio_end_ms=3),
        Transcribed(1, SttFinal(text="é\n")),
        SessionPatch(voice="alloy", input_format=AudioFormat.ULAW, transcription=None),
        ResponseParams(metadata={"a": "b"}, tools=()),
        Capabilities(voices=frozenset({"a", "b"})),
        [1, 2.5, None, True, "x", {"$": "odd", "k": [1]}],
    ],
)
def test_values_survive(value: object) -> None:
    assert load_values(msgspec.json.decode(msgspec.json.encode(dump(value)))) == value
