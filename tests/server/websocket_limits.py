"""Groups 9 and 10 of `websocket_conformance.py` with large messages: `make autobahn` runs both."""

import asyncio

import pytest
from raw_websocket import TEXT, RawWebSocket, fragments, frame
from websocket_conformance import answered, client

__all__ = ["client"]

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [4 * MIB, 8 * MIB, 16 * MIB])
async def test_large_messages(client: RawWebSocket, size: int) -> None:
    assert await answered(client, frame(TEXT, b"*" * size)) == [(TEXT, b"*" * size)]


@pytest.mark.parametrize("piece", [64, 256, 1024, 4096, 16_384, 65_536, 262_144, MIB, 4 * MIB])
async def test_large_messages_in_fragments(client: RawWebSocket, piece: int) -> None:
    data = b"*" * (4 * MIB)
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    assert await answered(client, *fragments(TEXT, *pieces)) == [(TEXT, data)]


@pytest.mark.parametrize("chop", [64, 128, 256, 512, 1024, 2048])
async def test_large_messages_in_chops(client: RawWebSocket, chop: int) -> None:
    data = b"*" * MIB
    assert await answered(client, frame(TEXT, data), chop=chop) == [(TEXT, data)]


@pytest.mark.parametrize("size", [0, 16, 64, 256, 1024, 4096, 16_384, 65_536])
async def test_a_thousand_round_trips(client: RawWebSocket, size: int) -> None:
    async with asyncio.timeout(50):
        for _ in range(1000):
            client.send(frame(TEXT, b"*" * size))
            assert await client.receive() == (TEXT, b"*" * size)
