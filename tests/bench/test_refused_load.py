"""Servers that refuse sessions: for a moment, for good, and in the middle."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from address import Address
from cost import costs
from load import Load
from outside import OutsideServer

_UPDATED = b'{"type":"session.updated"}'


@asynccontextmanager
async def serving(status: Callable[[int], str], ends: bool = False) -> AsyncIterator[OutsideServer]:
    """A server that answers each upgrade with what `status` says of its number; `ends` those that it has accepted."""
    ended: list[asyncio.Event] = []

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(end := asyncio.Event())
        said = status(len(ended))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {said}\r\n\r\n".encode())
        if said.startswith("101") and not ends:
            writer.write(bytes([0x81, len(_UPDATED)]) + _UPDATED)
            with contextlib.suppress(ConnectionError):
                while await reader.read(65_536):
                    pass
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        end.set()

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    async with server:
        yield OutsideServer("them", Address("127.0.0.1", server.sockets[0].getsockname()[1], "/"))
        for end in ended:
            await end.wait()


def load(server: OutsideServer) -> Load:
    return Load(server, bytes(48_000), 20)


async def test_one_that_is_full_for_a_moment_is_asked_again() -> None:
    async with serving(lambda number: "503 Service Unavailable" if number in (2, 3) else "101 Switching") as server:
        speakers = load(server)
        stage = await speakers.measure(3, seconds=0.1, settle_s=0.02)
        speakers.close()
    assert (stage.lost, stage.refusal) == (0, "")
    assert len(stage.late) == 3 * 5


async def test_one_that_takes_no_more_holds_no_more_and_says_why() -> None:
    async with serving(lambda number: "101 Switching" if number < 3 else "429 Too Many Requests") as server:
        speakers = load(server)
        stage = await speakers.measure(5, seconds=0.1, settle_s=0.02)
        speakers.close()
    assert not stage.held
    assert (stage.lost, stage.refusal) == (3, "HTTP/1.1 429 Too Many Requests")


async def test_costs_are_not_compared_where_sessions_are_missing() -> None:
    async with serving(lambda number: "403 Forbidden") as server:
        with pytest.raises(SystemExit, match=r"them does not hold 2 sessions: 2 are missing .*403"):
            await costs({"them": load(server)}, 2, 1, lambda line: None, seconds=0.1)


async def test_sessions_that_were_ended_are_opened_again() -> None:
    async with serving(lambda number: "101 Switching", ends=True) as server:
        speakers = load(server)
        stage = await speakers.measure(2, seconds=0.2, settle_s=0.02)
    assert stage.lost == 2
    assert not stage.held
    async with serving(lambda number: "101 Switching") as server:
        speakers.server = server
        stage = await speakers.measure(2, seconds=0.1, settle_s=0.02)
        speakers.close()
    assert stage.lost == 0
