"""What a session weighs that says nothing: most sessions do, most of the time, and their number is what memory bounds.

A real process, since only that has resident memory of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from raw_websocket import TEXT, RawWebSocket

from voxwire.testing.live_server import ServeProcess, serve_process

PROGRAM: Final = str(Path(__file__).with_name("serve_without_collector.py"))
SESSIONS: Final = 300
#: 33 to 34 on Python 3.11 to 3.13. An `asyncio.Queue` more in each would be 3 KiB, for it has four deques.
MOST_KIB: Final = 37


def resident_kib(server: ServeProcess) -> int:
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("the kernel does not say")


@asynccontextmanager
async def idle_sessions(server: ServeProcess) -> AsyncIterator[None]:
    clients = []
    try:
        for _ in range(SESSIONS):
            clients.append(client := await RawWebSocket.open(server.url))
            opcode, created = await client.receive()
            assert opcode == TEXT
            assert b'"session.created"' in created
        yield
    finally:
        for client in clients:
            client.writer.transport.abort()


async def test_an_idle_session_weighs_little() -> None:
    with serve_process(command=[PROGRAM]) as server:
        async with asyncio.timeout(60), idle_sessions(server):  # with them come tables and pools that stay
            before = resident_kib(server)
            async with idle_sessions(server):
                each = (resident_kib(server) - before) / SESSIONS
    assert each < MOST_KIB
