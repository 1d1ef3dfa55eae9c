"""A server is killed: what it had written is there, whole, and says that the rest is missing."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from websockets.asyncio.client import connect

from voxwire.config import StorageSettings
from voxwire.recording.presenting import replay_opened
from voxwire.recording.retention import purge_sessions
from voxwire.recording.session_library import SessionLibrary
from voxwire.storage.database import Database
from voxwire.testing.live_server import serve_process

pytestmark = pytest.mark.engines


async def test_what_was_written_is_there(tmp_path: Path) -> None:
    settings = tmp_path / "voxwire.toml"
    settings.write_text('[deployments.gpt-realtime]\nstore = "text"\n')
    address = f"sqlite:///{tmp_path}/db/voxwire.db"
    database = Database(StorageSettings(url=SecretStr(address)))
    library = SessionLibrary(database)
    environment = {"VOXWIRE_STORAGE__URL": address}
    process = serve_process("--config", str(settings), environment=environment)
    server = await asyncio.to_thread(process.__enter__)
    try:
        async with connect(f"{server.url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime") as socket:
            session_id = json.loads(await socket.recv())["session"]["id"]
            async with asyncio.timeout(20):
                while (found := await library.open("local", session_id)) is None or not found.stored.size:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            server.process.kill()
            await asyncio.to_thread(server.process.wait)
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)

    opened = await library.open("local", session_id)
    assert opened is not None
    assert opened.stored.state == "running", "it may come back"
    await purge_sessions(database, lambda: time.time() + 200)
    opened = await library.open("local", session_id)
    assert opened is not None
    assert opened.stored.state == "interrupted"
    found_again = await replay_opened(opened)
    assert found_again.difference is None
    assert found_again.inputs >= 1

    month = 31 * 86_400
    assert await purge_sessions(database, lambda: time.time() + month) > 0
    assert await purge_sessions(database, lambda: time.time() + month) == 0
    assert await library.open("local", session_id) is None
    await database.close()
