"""A server of our own for one conversation: `voxwire serve` as a child process."""

import asyncio
import os
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from voxwire.talk.outcome import TalkError
from voxwire.talk.screen import Screen

LISTENING = re.compile(r"Voxwire is listening on (\S+)")
#: A line of a model that is fetched before.
FETCHING = re.compile(r"^[\w.-]+: (?:fetching|\d+ %)")
#: The engines of a cold machine need a few seconds; longer than this is a fault.
START_S = 60.0
STOP_S = 5.0


@asynccontextmanager
async def local_server(screen: Screen, options: Sequence[str] = ()) -> AsyncIterator[tuple[str, str]]:
    """Run a server on a free port of the loopback; yields its address and its key. `options` are of `voxwire serve`.

    Nobody else gets in: the key is new, and goes to the server by its environment, which only this
    user can read. The server ends with this process, however that ends: its standard input is a pipe of
    ours, which the system closes for us. Raises TalkError when the server does not start.
    """
    key = secrets.token_urlsafe(24)
    screen.stream("Server", "warming up the engines ")
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voxwire", "serve", "--stop-at-eof", "--host", "127.0.0.1", "--port", "0", *options),
        env=os.environ | {"VOXWIRE_AUTH__API_KEYS": key},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # a Ctrl-C is ours: the server stops after the conversation was closed
    )
    assert process.stdout is not None
    output = process.stdout
    try:
        address = await _listening(output, screen)
        # Its log is of no interest, but a full pipe would stop it.
        draining = asyncio.create_task(_drain(output))
        try:
            screen.stream("Server", f" ready in {time.monotonic() - began:.1f} s")
            yield address, key
        finally:
            await _end(draining)
            screen.end_line()
    finally:
        await _stop(process, output)


async def _listening(output: asyncio.StreamReader, screen: Screen) -> str:
    """Wait until the server says where it listens, with a dot a second. What it fetches before takes its own time."""
    deadline = asyncio.timeout(START_S)

    def fetching(line: str) -> None:
        deadline.reschedule(asyncio.get_running_loop().time() + START_S)
        screen.stream("Server", f" {line} ")

    try:
        async with deadline:
            reading = asyncio.create_task(_address(output, fetching))
            try:
                while not reading.done():
                    screen.stream("Server", ".")
                    await asyncio.wait((reading,), timeout=1)
                return reading.result()
            finally:
                await _end(reading)
    except TimeoutError:
        raise TalkError(f"The server did not start within {START_S:.0f} s.") from None


async def _address(output: asyncio.StreamReader, fetching: Callable[[str], None]) -> str:
    """Read until the server says where it listens; `fetching` is told of models that it gets before."""
    last = "it ended without a word"
    async for line in output:
        text = line.decode(errors="replace").strip()
        if found := LISTENING.search(text):
            return found[1]
        if FETCHING.match(text):
            fetching(text)
        last = text or last
    raise TalkError(f"The server did not start: {last.removeprefix('voxwire serve: ')}")


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait((task,))


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.read(65536):
        pass


async def _stop(process: asyncio.subprocess.Process, output: asyncio.StreamReader) -> None:
    """End the server; one that does not leave is killed, also when the waiting is cut short by another Ctrl-C."""
    if not output.at_eof():  # else it is ending by itself, and a signal would race with the news of that
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
