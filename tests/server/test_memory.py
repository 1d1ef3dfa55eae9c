"""What clients sent is gone from memory when it is answered, or when they are: without a garbage collector.

A real process, since only that has resident memory of its own.
"""

import json
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as websocket

from voxwire.testing.live_server import ServeProcess, serve_process

PROGRAM: Final = str(Path(__file__).with_name("serve_without_collector.py"))
GA: Final = "/v1/realtime?model=gpt-realtime"
MIB: Final = 1024 * 1024
#: What resident memory may grow by over all that one test sends: two of its messages.
BOUND_MIB: Final = 64
_A: Final = b"A" * (30 * MIB)

#: Kinds of messages that are refused, each with where its 30 MiB lie. The first ones go through every stage that
#: refuses: frames, JSON, types, base64, the session.
OFTEN: Final = ("base64", "unknown_type", "binary", "long_text")
REJECTED: Final[dict[str, tuple[bytes, bytes, bytes]]] = {
    "base64": (b'{"type":"input_audio_buffer.append","audio":"', _A, b'!"}'),
    "unknown_type": (b'{"type":"nope","x":"', _A, b'"}'),
    "binary": (b"", _A, b""),
    "long_text": (
        b'{"type":"conversation.item.create","item":{"type":"message","role":"user",'
        b'"content":[{"type":"input_text","text":"',
        _A,
        b'"}]}}',
    ),
    "not_json": (b"", _A, b""),
    "wrong_type": (b'{"type":"input_audio_buffer.append","audio":["', _A, b'"]}'),
    "large_append": (b'{"type":"input_audio_buffer.append","audio":"', _A[: 28 * MIB], b'"}'),
    "half_a_sample": (b'{"type":"input_audio_buffer.append","audio":"', _A[: 15 * MIB], b'AA=="}'),
    "unknown_parameter": (b'{"type":"input_audio_buffer.commit","nope":"', _A, b'"}'),
    "long_name": (b'{"type":"input_audio_buffer.commit","', _A, b'":1}'),
    "long_instructions": (b'{"type":"session.update","session":{"type":"realtime","instructions":"', _A, b'"}}'),
    "long_answer_input": (
        b'{"type":"response.create","response":{"conversation":"none","input":[{"type":"message","role":"user",'
        b'"content":[{"type":"input_text","text":"',
        _A,
        b'"}]}]}}',
    ),
    "deep": (b'{"type":"session.update","session":', b"[" * len(_A), b""),
    "long_item_id": (b'{"type":"conversation.item.delete","item_id":"', _A, b'"}'),
    "long_event_id": (b'{"type":"input_audio_buffer.clear","event_id":"', _A, b'"}'),
    "array": (b'["', _A, b'"]'),
}


@pytest.fixture
def server() -> Iterator[ServeProcess]:
    with serve_process(command=[PROGRAM]) as server:
        yield server


def rss_mib(server: ServeProcess) -> float:
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the kernel does not say")


def until_forgotten(server: ServeProcess, before: float, kind: str = "") -> None:
    """Wait until no more than the bound is left. Not at the moment of the answer: the thread that has read a large
    message lets go of it after it has handed over what it read, and may have to wait for a processor."""
    deadline = time.monotonic() + 5
    while (grown := rss_mib(server) - before) >= BOUND_MIB:
        assert time.monotonic() < deadline, f"{kind} {grown:.0f} MiB"
        time.sleep(0.001)


def open_socket(server: ServeProcess) -> ClientConnection:
    address = server.url.replace("http", "ws", 1) + GA
    return websocket(address, max_size=None, compression=None, close_timeout=0.2)


def answer(client: ClientConnection, type: str) -> None:
    while json.loads(client.recv(30))["type"] != type:
        pass


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_rejected_messages_are_forgotten(server: ServeProcess) -> None:
    with open_socket(server) as client:
        client.send('{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}')
        answer(client, "session.updated")
        before = rss_mib(server)
        for kind, parts in REJECTED.items():
            message = b"".join(parts)
            for _ in range(40 if kind in OFTEN else 8):
                client.send(message, text=kind != "binary")
                answer(client, "error")
            until_forgotten(server, before, kind)


@pytest.mark.slow
def test_messages_that_are_no_text_are_forgotten(server: ServeProcess) -> None:
    """They end their connection, and go with it."""
    with open_socket(server) as client:
        answer(client, "session.created")
        before = rss_mib(server)
    for _ in range(4):
        with open_socket(server) as client:
            client.send(_A + b"\xff", text=True)
            answer(client, "session.created")
            with pytest.raises(ConnectionClosedError, match="1007"):
                client.recv(30)
    until_forgotten(server, before)


def test_accepted_audio_is_forgotten_with_its_session(server: ServeProcess) -> None:
    with open_socket(server) as client:
        answer(client, "session.created")
        before = rss_mib(server)
    for _ in range(10):
        with open_socket(server) as client:
            client.send(
                '{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}'
            )
            for _ in range(3):
                client.send(b'{"type":"input_audio_buffer.append","audio":"' + _A[: 16 * MIB] + b'"}', text=True)
            client.send('{"type":"input_audio_buffer.commit"}')
            answer(client, "input_audio_buffer.committed")
    until_sessions(server, 0)
    until_forgotten(server, before)


@pytest.mark.slow
def test_unfinished_messages_go_with_their_connection(server: ServeProcess) -> None:
    """Some end inside a frame, some between two fragments."""
    with open_socket(server) as client:
        answer(client, "session.created")
        before = rss_mib(server)
    whole = struct.pack("!BBQ", 0x81, 0x80 | 127, 32 * MIB) + bytes(4) + _A
    fragment = struct.pack("!BBQ", 0x01, 0x80 | 127, len(_A)) + bytes(4) + _A
    for start in (whole, fragment):
        for _ in range(4):
            clients = [open_socket(server) for _ in range(5)]
            for client in clients:
                client.socket.sendall(start)
            for client in clients:
                client.socket.shutdown(2)
            until_sessions(server, 0)
        until_forgotten(server, before)


def until_sessions(server: ServeProcess, count: int) -> None:
    """Wait until the server holds so many."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            health = urllib.request.urlopen(f"{server.url}/healthz")
        except urllib.error.HTTPError as busy:  # on a busy machine it says that it has no room for others
            health = busy
        with health:
            if json.load(health)["sessions"] == count:
                return
        time.sleep(0.02)
    raise AssertionError("sessions are left")
