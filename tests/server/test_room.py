"""Who is let in when many come at once, over real sockets: idle programs are, and a crowd that speaks is not."""

import asyncio
import base64
import json

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from voxwire.runtime import load, newcomers
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_vad import loud
from voxwire.testing.live_server import served

GA = "/v1/realtime?model=gpt-realtime"


class Ears(FakeStt):
    """A recogniser that follows so many people, of whom none has finished yet."""

    def __init__(self, capacity: float) -> None:
        super().__init__(stalled=True)
        self.capacity = capacity

    def hearing(self) -> tuple[int, float, float]:
        return len(self.streams), self.capacity, 0.0


async def speak(client: ClientConnection) -> None:
    audio = base64.b64encode(loud(1000)).decode()
    await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


async def until(client: ClientConnection, kind: str) -> None:
    while json.loads(await client.recv())["type"] != kind:
        pass


def nobody_is_judged_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the first audio of a client may take a second."""
    monkeypatch.setattr(newcomers, "_SILENT_S", 60.0)
    monkeypatch.setattr(newcomers, "_LISTENING_S", 60.0)


async def test_idle_programs_that_come_back_at_once_are_all_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_PATIENCE_S", 20.0)
    async with served(fake_service(fake_deployment(stt=Ears(10)))) as url:
        address = url.replace("http", "ws") + GA
        clients = await asyncio.gather(*(connect(address) for _ in range(60)))
        await asyncio.gather(*(client.close() for client in clients))


async def test_of_a_crowd_that_speaks_as_many_are_let_in_as_can_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_PATIENCE_S", 1.5)
    nobody_is_judged_by_the_clock(monkeypatch)
    async with served(fake_service(fake_deployment(stt=Ears(4)))) as url:

        async def come() -> ClientConnection:
            client = await connect(url.replace("http", "ws") + GA)
            await speak(client)
            return client

        came = await asyncio.gather(*(come() for _ in range(12)), return_exceptions=True)
        clients = [client for client in came if isinstance(client, ClientConnection)]
        refused = [error.response for error in came if isinstance(error, InvalidStatus)]
        assert (len(clients), len(refused)) == (4, 8)
        for answer in refused:
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert json.loads(answer.body or b"")["error"]["code"] == "server_busy"
        await asyncio.gather(*(client.close() for client in clients))


async def test_where_one_has_spoken_the_next_ones_are_expected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_is_judged_by_the_clock(monkeypatch)
    monkeypatch.setattr(newcomers, "_LISTENING_S", 0.0)
    monkeypatch.setattr(load, "_PATIENCE_S", 0.5)
    async with served(fake_service(fake_deployment(stt=Ears(2)))) as url:
        address = url.replace("http", "ws") + GA
        async with connect(address) as first:
            await speak(first)
            await until(first, "input_audio_buffer.speech_started")
            async with connect(address):
                with pytest.raises(InvalidStatus, match="503"):
                    await connect(address)
