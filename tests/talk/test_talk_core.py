"""The course of a conversation, event by event, without a network."""

import io
from typing import Any

import msgspec
import pytest

from voxwire.talk import protocol
from voxwire.talk.core import ClientCore
from voxwire.talk.latency import SentAudio
from voxwire.talk.outcome import TalkError
from voxwire.talk.screen import Screen
from voxwire.talk.tool_stub import ToolStub


class FakeAnswer:
    def __init__(self) -> None:
        self.audio: list[tuple[str, bytes]] = []
        self.heard: tuple[str, int] | None = None

    def add(self, item_id: str, pcm: bytes) -> None:
        self.audio.append((item_id, pcm))

    def interrupt(self) -> tuple[str, int] | None:
        return self.heard


class Bench:
    def __init__(self, patient: bool = False) -> None:
        self.out = io.StringIO()
        self.answer = FakeAnswer()
        self.core = ClientCore(
            Screen(self.out), self.answer, ToolStub([], {}), SentAudio(), silence_ms=500, patient=patient
        )

    def receive(self, kind: str, **fields: Any) -> list[protocol.OutgoingEvent]:
        return self.core.receive(protocol.decode(msgspec.json.encode({"type": kind, **fields})), 1.0)

    def transcript(self, kind: str, **fields: Any) -> None:
        self.receive(f"conversation.item.input_audio_transcription.{kind}", item_id="u", **fields)

    def respond(self, status: str = "completed", **fields: Any) -> list[protocol.OutgoingEvent]:
        self.receive("response.created", response={"id": "r"})
        return self.receive("response.done", response={"id": "r", "status": status, **fields})

    @property
    def shown(self) -> str:
        return self.out.getvalue()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_settles_when_the_answer_is_done(bench: Bench) -> None:
    assert bench.core.settled
    bench.receive("input_audio_buffer.speech_started", item_id="u")
    assert not bench.core.settled
    bench.receive("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=700)
    assert not bench.core.settled, "an answer is due"
    bench.receive("response.created", response={"id": "r"})
    bench.receive("response.output_audio.delta", response_id="r", item_id="a", delta="AAAA")
    assert not bench.core.settled
    bench.receive("response.done", response={"id": "r", "status": "completed"})
    assert bench.core.settled
    assert bench.answer.audio == [("a", b"\0\0\0")]


def test_an_interrupted_answer_settles_nothing(bench: Bench) -> None:
    bench.core.ask("hello", 0.0)
    bench.receive("response.created", response={"id": "r"})
    bench.receive("input_audio_buffer.speech_started", item_id="u")
    bench.receive("response.done", response={"id": "r", "status": "cancelled"})
    bench.receive("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=700)
    assert not bench.core.settled
    bench.respond()
    assert bench.core.settled


def test_interrupting_tells_the_server_what_was_heard(bench: Bench) -> None:
    bench.answer.heard = ("a", 420)
    assert bench.receive("input_audio_buffer.speech_started", item_id="u") == [
        {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 420}
    ]


class TestTranscripts:
    def test_grow(self, bench: Bench) -> None:
        bench.transcript("delta", delta="what is")
        bench.transcript("completed", transcript="what is it")
        bench.core._screen.end_line()
        assert bench.shown == "You      what is it\n"

    def test_are_shown_again_when_revised(self, bench: Bench) -> None:
        bench.transcript("delta", delta="what his")
        bench.transcript("completed", transcript="what is it")
        assert bench.shown == "You      what his\nYou      what is it\n"

    def test_without_deltas(self, bench: Bench) -> None:
        bench.transcript("completed", transcript="hello")
        assert bench.shown == "You      hello"

    def test_of_nothing(self, bench: Bench) -> None:
        bench.transcript("completed", transcript="")
        assert bench.shown == "You      (no words)\n"

    def test_that_failed(self, bench: Bench) -> None:
        bench.receive("input_audio_buffer.speech_started", item_id="u")
        assert not bench.core.transcribed
        bench.transcript("failed", error={"message": "engine died"})
        assert bench.shown == "You      (not transcribed: engine died)\n"
        assert bench.core.transcribed


class TestEndings:
    def test_an_answer_cut_short_says_why(self, bench: Bench) -> None:
        bench.respond("incomplete", status_details={"reason": "max_output_tokens"})
        assert "(cut short: max_output_tokens)" in bench.shown

    @pytest.mark.parametrize(("details", "reason"), [(None, "no reason"), ({"error": {"message": "no"}}, "no$")])
    def test_a_failure_ends_the_conversation(self, bench: Bench, details: Any, reason: str) -> None:
        bench.core.ask("hello", 0.0)
        with pytest.raises(TalkError, match=reason):
            bench.respond("failed", status_details=details)
        assert not bench.core.settled

    def test_a_patient_user_goes_on(self) -> None:
        bench = Bench(patient=True)
        bench.core.ask("hello", 0.0)
        bench.respond("failed")
        assert "Error    The answer failed" in bench.shown
        assert bench.core.settled
        bench.receive("error", error={"message": "no"})
        assert "reported an error: no" in bench.shown


def test_unfinished_calls_are_not_answered(bench: Bench) -> None:
    call = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "", "status": "incomplete"}
    assert bench.respond("incomplete", output=[call]) == []


def test_unknown_events_do_nothing(bench: Bench) -> None:
    assert bench.receive("rate_limits.updated", rate_limits=[]) == []
    assert bench.shown == ""
