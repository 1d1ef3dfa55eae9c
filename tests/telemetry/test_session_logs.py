"""Lines of conversations over real sockets: whose they are, and that nothing of what was said stands in them."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from typing import Any

import pytest
from spoken_turn import ANSWERED, GA, HEARD, calling, events_until, is_told, speak

from voxwire.config import LoggingSettings
from voxwire.errors import EngineError
from voxwire.server.logs import configure_logging
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import SERVE, served

KEY = "kumquat-key-000000000000"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def lines_of(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


async def test_every_line_of_a_session_names_it(capfd: pytest.CaptureFixture[str]) -> None:
    """Windows of all sessions are scored together, so work of one begins in a callback of another."""
    configure_logging(LoggingSettings(format="json"))
    errors = [EngineError("stt", "engine_failed", HEARD) for _ in range(8)]
    failing = fake_deployment(stt=FakeStt(*errors, ""), llm=FakeLlm(lambda _: [ValueError(ANSWERED)]))
    sessions: list[str] = []
    async with served(fake_service(failing), auth={"api_keys": [KEY]}) as url:

        async def converse(number: int) -> None:
            trace = f"00-{TRACE[:-1]}{number}-b7ad6b7169203331-01"
            async with calling(url, authorization=f"Bearer {KEY}", traceparent=trace) as client:
                (created,) = await events_until(client, "session.created")
                sessions.append(created["session"]["id"])
                await client.send('{"type": "response.create"}')
                await events_until(client, "response.done")
                await speak(client)

        await asyncio.gather(*(converse(number) for number in range(8)))
    lines = [line for line in lines_of(capfd) if line["logger"] == "voxwire.runtime"]
    for said in ("speech recogniser failed: engine_failed", "language engine failed: engine_failed"):
        told = [line["session_id"] for line in lines if line["message"] == said]
        assert sorted(told) == sorted(sessions), said
    for line in lines:
        assert (line["principal"], line["deployment"]) == ("key-1", "gpt-realtime")
        assert line["trace_id"].startswith(TRACE[:-1])
        assert len(line["request_id"]) == 36
    assert len({(line["session_id"], line["trace_id"], line["request_id"]) for line in lines}) == 8


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_key_no_audio_and_no_word_at_the_lowest_level(form: Any, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(format=form, level="debug"))
    answers = iter([ANSWERED, [ValueError(ANSWERED)], [EngineError("llm", "engine_failed", ANSWERED)]])
    service = fake_service(fake_deployment(stt=FakeStt(HEARD), llm=FakeLlm(lambda _: next(answers))))
    async with served(service, auth={"api_keys": [KEY]}) as url:
        for path, headers in (
            (GA, {"authorization": f"Bearer {KEY}", "x-request-id": KEY}),
            (f"/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime&api-key={KEY}", {}),
            (GA, {"api-key": KEY, "user-agent": KEY, "traceparent": f"00-{KEY}"}),
        ):
            async with calling(url, path, **headers) as client:
                await speak(client)
    captured = capfd.readouterr()
    assert "session_id" in captured.err
    assert not is_told(captured.out + captured.err)
    assert KEY[:12] not in captured.out + captured.err


@pytest.mark.engines
def test_a_whole_process_writes_nothing_else() -> None:
    """From the start, which takes longer than a moment, to the end; standard output keeps what a person asked for."""
    process = subprocess.Popen(
        [sys.executable, *SERVE],
        env={**os.environ, "VOXWIRE_LOGGING__FORMAT": "json", "VOXWIRE_LOGGING__LEVEL": "debug"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        address = next(line.split()[-1] for line in process.stdout if "listening" in line)
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            assert json.load(answer)["status"] == "ok"
        process.terminate()
        _, written = process.communicate(timeout=30)
    lines = [json.loads(line) for line in written.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert "GET /readyz 200" in lines[-1]["message"]
