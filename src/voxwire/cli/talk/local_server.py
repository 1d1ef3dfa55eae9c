"""A server of our own for one conversation: `voxwire serve` as a child process."""

import asyncio
import os
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from voxwire.cli.talk.errors import TalkError
from voxwire.cli.talk.screen import Screen

LISTENING = re.compile(r"Voxwire is listening on (\S+)")
#: The engines of a cold machine need a few seconds; longer than this is a fault.
START_S = 60.0
STOP_S = 5.0


@asynccontextmanager
async def local_server(screen: Screen, options: Sequence[str] = ()) -> AsyncIterator[tuple[str, str]]:
    """Run a server on a free port of the loopback; yields its address and its key. `options` are of `voxwire serve`.

    Nobody else gets in: the key is new, and goes to the server by its environment, which only this
    user can read. Raises TalkError when the server does not start.
    """
    key = secrets.token_urlsafe(24)
    screen.stream("Server", "warming up the engines ")
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voxwire", "serve", "--host", "127.0.0.1", "--port", "0", *options),
        env=os.environ | {"VOXWIRE_AUTH__API_KEYS": key},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # a Ctrl-C is ours: the server stops after the conversation was closed
    )
    assert process.stdout is not None
    output = process.stdout
    beside = asyncio.create_task(_show_progress(screen))
    try:
        try:
            async with asyncio.timeout(START_S):
                address = await _address(output)
        except TimeoutError:
            raise TalkError(f"The server did not start within {START_S:.0f} s.") from None
        await _end(beside)
        # Its log is of no interest, but a full pipe would stop it.
        beside = asyncio.create_task(_drain(output))
        screen.stream("Server", f" ready in {time.monotonic() - began:.1f} s")
        yield address, key
    finally:
        await _end(beside)
        screen.end_line()
        await _stop(process, output)


async def _address(output: asyncio.StreamReader) -> str:
    """Read until the server says where it listens."""
    last = "it ended without a word"
    async for line in output:
        text = line.decode(errors="replace").strip()
        if found := LISTENING.search(text):
            return found[1]
        last = text or last
    raise TalkError(f"The server did not start: {last.removeprefix('voxwire serve: ')}")


async def _show_progress(screen: Screen) -> None:
    """A dot a second."""
    while True:
        screen.stream("Server", ".")
        await asyncio.sleep(1)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.read(65536):
        pass


async def _stop(process: asyncio.subprocess.Process, output: asyncio.StreamReader) -> None:
    if not output.at_eof():  # else it is ending by itself, and a signal would race with the news of that
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
