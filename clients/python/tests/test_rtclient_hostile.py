"""Services that mean harm, and programs that are ended: each in a process of its own."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: What every program begins with; `grown()` is what it uses at most beyond what it used at the start, in MiB.
BEGINNING = """
import asyncio, resource, sys, time
import rtclient.util.backlog
from azure.core.credentials import AzureKeyCredential
from rtclient import RTClient, RTLowLevelClient, UnreadMessagesError

def client(kind=RTClient, **options):
    return kind(sys.argv[1], key_credential=AzureKeyCredential("k"), azure_deployment="d", **options)

def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def say(*words):
    print(*words, flush=True)

START = used()
LIMIT = 8 * 1024 * 1024
rtclient.util.backlog.PATIENCE_S = 1.0
"""

#: Bytes of audio that `flood` sends.
SENT = 200_000_000 // 48_000 * 48_000

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def processes() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "default::ResourceWarning", *arguments],
                    cwd=HERE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def run(processes: Run) -> Run:
    """Start a program beside a service of a kind; the rest of the program's `main` is given."""

    def start(body: str, *service: str) -> "subprocess.Popen[str]":
        serving = processes("hostile_service.py", *service)
        assert serving.stdout is not None
        url = serving.stdout.readline().strip()
        main = "async def main():\n" + "".join(f"    {line}\n" for line in body.strip().splitlines())
        return processes("-c", BEGINNING + main + "asyncio.run(main())\n", url)

    return start


def said(process: "subprocess.Popen[str]") -> list[str]:
    """All that a program that ends well has printed."""
    out, complaints = process.communicate(timeout=50)
    assert complaints == ""
    assert process.returncode == 0
    return out.split()


class TestFlood:
    """More audio than a program reads: memory is bounded, and the program goes on or is told."""

    def test_low_level(self, run: Run) -> None:
        """Nothing is read while nobody calls `recv()`."""
        program = """
async with client(RTLowLevelClient) as connection:
    await connection.recv()
    await asyncio.sleep(2)
    say(used() - START)
"""
        (grown,) = said(run(program, "flood", "200"))
        assert int(grown) < 64

    def test_a_response_that_the_program_lets_go(self, run: Run) -> None:
        program = """
async with client(max_unread_bytes=LIMIT) as conversation:
    async for event in conversation.events():
        say(event.type)
        if event.type == "input_audio":
            break
        del event
    say(used() - START)
"""
        first, second, grown = said(run(program, "flood", "200"))
        assert (first, second) == ("response", "input_audio"), "what was awaited came through"
        assert int(grown) < 64

    def test_a_response_that_the_program_keeps(self, run: Run) -> None:
        """Waiting for what is behind it is in vain; then it can be read after all, and nothing is lost."""
        program = """
async with client(max_unread_bytes=LIMIT) as conversation:
    events = conversation.events()
    response = await anext(events)
    try:
        await anext(events)
    except UnreadMessagesError as error:
        say(error.limit, used() - START)
    size = 0
    async for item in response:
        async for content in item:
            async for chunk in content.audio_chunks():
                size += len(chunk)
    say(size, response.status, (await anext(conversation.events())).id, used() - START)
"""
        limit, grown, size, status, item, grown_at_last = said(run(program, "flood", "200"))
        assert int(limit) == 8 * 1024 * 1024
        assert (int(size), status, item) == (SENT, "completed", "item_2")
        assert max(int(grown), int(grown_at_last)) < 64

    def test_a_slow_reader_beside_one_that_waits(self, run: Run) -> None:
        """Back-pressure: the service is slowed down to the reader, who loses nothing, and nobody gets an exception."""
        program = """
async with client(max_unread_bytes=LIMIT) as conversation:
    events = conversation.events()
    response = await anext(events)
    waiting = asyncio.create_task(anext(events))
    size = chunks = 0
    async for item in response:
        async for content in item:
            async for chunk in content.audio_chunks():
                size += len(chunk)
                chunks += 1
                if chunks % 20 == 0:
                    await asyncio.sleep(0.005)
    say(size, (await waiting).id, used() - START)
"""
        size, item, grown = said(run(program, "flood", "200"))
        assert (int(size), item) == (SENT, "item_2")
        assert int(grown) < 64

    def test_words_are_awaited_and_sound_comes(self, run: Run) -> None:
        """The sound of one content waits for who reads its words first."""
        program = """
async with client(max_unread_bytes=LIMIT) as conversation:
    response = await anext(conversation.events())
    content = await anext(await anext(response))
    try:
        async for words in content.transcript_chunks():
            say(words)
    except UnreadMessagesError:
        say(used() - START)
"""
        (grown,) = said(run(program, "flood", "200"))
        assert int(grown) < 64

    def test_closing_in_the_middle(self, run: Run) -> None:
        program = """
conversation = client(max_unread_bytes=LIMIT)
await conversation.connect()
events = conversation.events()
response = await anext(events)
waiting = asyncio.create_task(anext(events, None))
await asyncio.sleep(0.5)
began = time.monotonic()
await conversation.close()
say(await waiting, time.monotonic() - began, used() - START)
"""
        waited, seconds, grown = said(run(program, "flood", "2000"))
        assert waited == "None"
        assert float(seconds) < 10
        assert int(grown) < 64


#: How a program comes into a state, and says so.
STATES = {
    "connecting": ("mute", "say('ready')\nasync with client(): pass"),
    "first event": ("silent", "say('ready')\nasync with client(): pass"),
    "first message": (
        "silent",
        "async with client(RTLowLevelClient) as connection:\n    say('ready')\n    await connection.recv()",
    ),
    "events": (
        "flood",
        "async with client() as conversation:\n    async for event in conversation.events(): say('ready')",
    ),
    "reading": (
        "flood",
        "async with client() as conversation:\n"
        "    async for response in conversation.events():\n"
        "        async for item in response:\n"
        "            async for content in item:\n"
        "                say('ready')\n"
        "                async for chunk in content.audio_chunks(): await asyncio.sleep(0.001)",
    ),
    "full": (
        "flood",
        "rtclient.util.backlog.PATIENCE_S = 1000\n"
        "async with client(max_unread_bytes=LIMIT) as conversation:\n"
        "    events = conversation.events()\n"
        "    response = await anext(events)\n"
        "    waiting = asyncio.create_task(anext(events))\n"
        "    while not conversation.backlog.full: await asyncio.sleep(0.01)\n"
        "    say('ready')\n"
        "    await waiting",
    ),
    "an answer": (
        "deaf",
        "async with client() as conversation:\n    say('ready')\n    await conversation.generate_response()",
    ),
    "sending": (
        "deaf",
        "async with client() as conversation:\n"
        "    while True:\n"
        "        sending = asyncio.ensure_future(conversation.send_audio(bytes(1_000_000)))\n"
        "        if not (await asyncio.wait({sending}, timeout=0.3))[0]:\n"
        "            say('ready')\n"
        "            await sending",
    ),
    "closing": (
        "deaf",
        "conversation = client()\nawait conversation.connect()\nsay('ready')\nawait conversation.close()",
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
@pytest.mark.parametrize("state", STATES)
def test_control_c_ends_a_program_at_once(run: Run, state: str) -> None:
    service, program = STATES[state]
    process = run(program, service, "2000")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, complaints = process.communicate(timeout=50)
    assert time.monotonic() - began < 5, "aiohttp alone waits ten seconds for the other side to close"
    assert complaints.splitlines()[-1] == "KeyboardInterrupt"
    for trouble in ("never retrieved", "was destroyed", "unclosed", "never awaited"):
        assert trouble not in complaints


@pytest.mark.parametrize(
    ("service", "options", "text"),
    [
        ("mute", "connect_timeout=0.3", "No answer within 0.3 seconds"),
        ("silent", "first_event_timeout=0.3", "No first event within 0.3 seconds"),
    ],
)
@pytest.mark.parametrize("kind", ["RTClient", "RTLowLevelClient"])
def test_deadlines(run: Run, service: str, options: str, text: str, kind: str) -> None:
    program = f"""
try:
    async with client({kind}, {options}) as connection:
        await connection.recv()
except rtclient.UnreachableError as error:
    print(error)
"""
    assert " ".join(said(run(program, service))) == text


@pytest.mark.parametrize("options", ["connect_timeout=0", "first_event_timeout=-1", "max_unread_bytes=1000"])
def test_impossible_options(options: str) -> None:
    program = f"{BEGINNING}\nasync def main():\n    client({options})\nasyncio.run(main())"
    result = subprocess.run(
        [sys.executable, "-c", program, "http://127.0.0.1:9"], capture_output=True, text=True, check=False
    )
    assert result.stderr.splitlines()[-1].startswith("ValueError: ")
