"""Whole conversations of `voxwire talk` with a scripted server, in both dialects."""

import asyncio
import json
import signal
import sys
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from scripted_server import ScriptedServer, tone, write_wav

from voxwire.talk import core, shell

FULL_DISK = Path("/dev/full")
Talk = Callable[..., Awaitable[int]]


async def test_a_spoken_question(
    server: ScriptedServer, dialect: str, talk: Talk, question: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.silence_ms = 200
    answer = tmp_path / "answer.wav"
    code = await talk(question, "--url", server.url, "--dialect", dialect, "-o", answer, "--silence-ms", 200)
    shown = capsys.readouterr().out
    assert code == 0
    assert "You      what is twelve times seven\n" in shown
    assert "Voxwire  eighty four" in shown
    with wave.open(str(answer)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.getnframes() == 200 * 24
    session = server.sent("session.update")[0]["session"]
    turns = session["turn_detection"] if dialect == "preview" else session["audio"]["input"]["turn_detection"]
    assert turns["silence_duration_ms"] == 200


async def test_the_audio_arrives_whole_and_in_real_time(server: ScriptedServer, talk: Talk, question: Path) -> None:
    await talk(question, "--url", server.url)
    with wave.open(str(question)) as file:
        asked = file.readframes(file.getnframes())
    assert server.audio.startswith(asked)
    assert not any(server.audio[len(asked) :])
    # The first frame is sent when it is captured, 20 ms into the question; a loaded machine may only be late.
    frame_count = len(server.audio) // 960
    assert len(server.arrivals) == frame_count
    assert server.arrivals[-1] - server.arrivals[0] >= (frame_count - 1) * 0.02 - 0.015


async def test_latencies_count_from_the_end_of_speech(
    server: ScriptedServer, talk: Talk, question: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await talk(question, "--url", server.url)
    rows = dict(
        (line[9:35].strip(), int(line[35:].replace(",", "")))
        for line in capsys.readouterr().out.partition("Milliseconds after the end of speech")[2].splitlines()[1:]
    )
    assert list(rows) == [
        "end of turn noticed",
        "turn committed",
        "question transcribed",
        "response created",
        "first words of the answer",
        "first sound of the answer",
        "answer complete",
    ]
    assert 500 <= rows["end of turn noticed"] <= rows["answer complete"] < 5000


async def test_a_typed_question(server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await talk("--text", "What is seven times twelve?", "--url", server.url) == 0
    assert server.sent("conversation.item.create")[0]["item"] == {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "What is seven times twelve?"}],
    }
    shown = capsys.readouterr().out
    assert "You      What is seven times twelve?\n" in shown
    assert "Milliseconds after the question was sent:" in shown


async def test_tool_calls_are_shown_and_answered(
    server: ScriptedServer, talk: Talk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"type": "function_call", "name": "get_weather", "call_id": "call_1", "arguments": '{"city":"Paris"}'}
    server.answers = [[server.done("completed", [call])], server.spoken("it is sunny")]
    tools = tmp_path / "tools.json"
    tools.write_text(json.dumps([{"type": "function", "name": "get_weather", "result": {"sky": "sunny"}}]))
    assert await talk("--text", "Weather?", "--url", server.url, "--tools", tools) == 0
    assert server.sent("session.update")[0]["session"]["tools"] == [{"type": "function", "name": "get_weather"}]
    output = server.sent("conversation.item.create")[1]["item"]
    assert output == {"type": "function_call_output", "call_id": "call_1", "output": '{"sky":"sunny"}'}
    assert len(server.sent("response.create")) == 2
    shown = capsys.readouterr().out
    assert 'Tool     get_weather({"city":"Paris"})\n' in shown
    assert shown.index("Tool ") < shown.index("Voxwire  it is sunny")
    assert "tool called" in shown


async def test_tools_are_not_called_for_ever(
    server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"type": "function_call", "name": "f", "call_id": "call_1", "arguments": "{}"}
    server.answers = [[server.done("completed", [call])]]
    assert await talk("--text", "Weather?", "--url", server.url) == 1
    assert len(server.sent("response.create")) == core.MAX_TOOL_ROUNDS + 1
    assert "without an answer" in capsys.readouterr().err


async def test_an_interrupted_answer_is_followed_by_the_next(
    server: ScriptedServer, talk: Talk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = np.concatenate([tone(200), np.zeros(24 * 400), tone(200)])
    server.silence_ms = 200
    interrupted = [*server.spoken("well")[:-1], server.done("cancelled", type="cancelled", reason="turn_detected")]
    server.answers = [interrupted, server.spoken("eighty four")]
    code = await talk(write_wav(tmp_path / "two.wav", two), "--url", server.url, "--silence-ms", 200)
    shown = capsys.readouterr().out
    assert code == 0
    assert shown.index("(interrupted)") < shown.index("Voxwire  eighty four")
    assert len(shown.splitlines()[-1][35:].split()) == 2, "a column for each turn"


class TestFailures:
    """Each is one clear line and exit code 1."""

    async def check(self, talk: Talk, capsys: pytest.CaptureFixture[str], complaint: str, *arguments: object) -> None:
        assert await talk(*arguments) == 1
        complaints = capsys.readouterr().err
        assert complaint in complaints
        assert complaints.count("\n") == 1

    async def test_silence(
        self, server: ScriptedServer, talk: Talk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        quiet = write_wav(tmp_path / "quiet.wav", np.zeros(4800))
        await self.check(talk, capsys, "heard no speech", quiet, "--url", server.url, "--silence-ms", 100)

    async def test_a_turn_without_end(
        self,
        server: ScriptedServer,
        talk: Talk,
        question: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(shell, "MAX_EXTRA_SILENCE_MS", 600)
        server.silence_ms = 60_000
        await self.check(talk, capsys, "did not notice", question, "--url", server.url)

    async def test_no_answer(
        self, server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shell, "PATIENCE_S", 0.2)
        server.answers = [[]]
        await self.check(talk, capsys, "did not answer", "--text", "Hello?", "--url", server.url)

    async def test_a_late_transcript_is_not_waited_for(
        self,
        server: ScriptedServer,
        talk: Talk,
        question: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(shell, "TRANSCRIPT_S", 0.1)
        server.mute = {"conversation.item.input_audio_transcription.completed"}
        assert await talk(question, "--url", server.url) == 0

    async def test_an_error_event(self, server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
        server.answers = [[{"type": "error", "error": {"message": "Unknown\x1b[2J parameter", "code": "x"}}]]
        await self.check(talk, capsys, "Unknown [2J parameter", "--text", "Hello?", "--url", server.url)

    async def test_a_failed_response(
        self, server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        error = {"message": "No free worker within 5 s.", "code": "engine_busy"}
        server.answers = [[server.done("failed", type="failed", error=error)]]
        await self.check(
            talk, capsys, "failed: No free worker within 5 s. (engine_busy)", "--text", "Hi", "--url", server.url
        )

    @pytest.mark.parametrize("moment", ["session.created", "session.updated", "response.created"])
    async def test_hanging_up(
        self, server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str], moment: str
    ) -> None:
        server.close_after = moment
        await self.check(talk, capsys, "hung up: out of memory", "--text", "Hi", "--url", server.url)

    @pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no /dev/full")
    async def test_a_full_disk(self, server: ScriptedServer, talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
        await self.check(talk, capsys, "no space left", "--text", "Hi", "--url", server.url, "-o", FULL_DISK)


async def test_no_answer_leaves_an_older_file_alone(server: ScriptedServer, talk: Talk, tmp_path: Path) -> None:
    older = tmp_path / "answer.wav"
    older.write_bytes(b"older")
    server.answers = [[server.done("failed")]]
    assert await talk("--text", "Hi", "--url", server.url, "-o", older) == 1
    assert older.read_bytes() == b"older"


async def test_ctrl_c_closes_politely(server: ScriptedServer, tmp_path: Path) -> None:
    long = write_wav(tmp_path / "long.wav", tone(30_000))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voxwire"),
        *("talk", long, "--url", server.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await server.heard_audio.wait()
    process.send_signal(signal.SIGINT)
    _, complaints = await process.communicate()
    assert process.returncode == 130
    assert complaints == b""
    await server.left.wait()
    assert server.close_code == 1000
