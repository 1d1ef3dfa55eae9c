"""Fixtures of the command line's tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from scripted_server import RATE, ScriptedServer, listening, parse, tone, write_wav


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """300 ms of "speech" with silence around it."""
    quiet = np.zeros(RATE // 10)
    return write_wav(tmp_path / "question.wav", np.concatenate([quiet, tone(300), quiet]))


@pytest.fixture(params=["ga", "preview"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server(dialect: str) -> AsyncIterator[ScriptedServer]:
    script = ScriptedServer(dialect)
    async with listening(script):
        yield script


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment."""
    for name in ("VOXWIRE_API_KEY", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def talk(keyless: None) -> Callable[..., Awaitable[int]]:
    """Run `voxwire talk` beside a server in this loop; the exit code."""

    async def run(*arguments: object) -> int:
        args = parse(*arguments)
        return await asyncio.to_thread(args.run, args)

    return run
