"""Real servers for tests: in this event loop, in a thread, or as the command that people type."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import IO, Any, Final

from voxwire.config import Settings, load_settings
from voxwire.runtime.service import Service
from voxwire.server.app import create_app
from voxwire.server.net.run import running
from voxwire.testing.fake_service import fake_service

#: What follows the interpreter to run the server on a free port.
SERVE: Final = ("-m", "voxwire", "serve", "--port", "0")
_LISTENING: Final = re.compile(r"Voxwire is listening on (\S+)")
_VARIABLE: Final = re.compile(r"  export ([A-Z_]+)=(.+)\n")
_LAST_VARIABLE: Final = "OPENAI_API_KEY"


def settings_for_tests(**tables: Mapping[str, Any]) -> Settings:
    """Settings with a free port: `settings_for_tests(auth={"api_keys": ["k"]})`."""
    return load_settings(None, {**tables, "server": {"port": 0, **tables.get("server", {})}})


@contextlib.asynccontextmanager
async def served(service: Service | None = None, **tables: Mapping[str, Any]) -> AsyncIterator[str]:
    """A server in this event loop, on fake engines unless a service is given; yields its address."""
    settings = settings_for_tests(**tables)
    async with running(create_app(settings, service or fake_service()), settings) as url:
        yield url


@contextlib.contextmanager
def served_in_thread(service: Service | None = None, **tables: Mapping[str, Any]) -> Iterator[str]:
    """The same in a thread of its own, for clients that block; yields its address."""
    url: Future[str] = Future()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        try:
            async with served(service, **tables) as address:
                url.set_result(address)
                await stop.wait()
        except BaseException as error:
            if url.done():
                raise
            url.set_exception(error)

    thread = threading.Thread(target=loop.run_until_complete, args=[main()], name="server")
    thread.start()
    try:
        yield url.result()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


class ServeProcess:
    """`voxwire serve` as a child: `url` once it listens, `output` with all that it printed so far.

    `stderr` is joined to `stdout`. Raises RuntimeError when it ends before it has said what is asked for.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.output: list[str] = []
        self._reader = threading.Thread(target=self._read, args=[process.stdout], name="output of voxwire serve")
        self._address: Future[str] = Future()
        self._environment: Future[dict[str, str]] = Future()
        self._reader.start()
        self.url = self._address.result()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it printed for its clients."""
        return self._environment.result()

    def _read(self, stream: IO[str]) -> None:
        variables: dict[str, str] = {}
        for line in stream:
            self.output.append(line.rstrip("\n"))
            if not self._address.done() and (found := _LISTENING.search(line)):
                self._address.set_result(found[1])
            elif not self._environment.done() and (found := _VARIABLE.fullmatch(line)):
                variables[found[1]] = found[2]
                if found[1] == _LAST_VARIABLE:
                    self._environment.set_result(variables)
        for missing in (self._address, self._environment):
            if not missing.done():
                missing.set_exception(RuntimeError("\n".join(self.output)))

    def wait(self, timeout: float = 20.0) -> int:
        """The exit code, once it ended and all its output is there."""
        code = self.process.wait(timeout)
        self._reader.join()
        return code


@contextlib.contextmanager
def serve_process(
    *arguments: str, command: Sequence[str] = SERVE, environment: Mapping[str, str] | None = None
) -> Iterator[ServeProcess]:
    """Run `voxwire serve --port 0 ARGUMENTS` in a process of its own; it is ended with the block."""
    process = subprocess.Popen(
        [sys.executable, *command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    with process:  # closes the pipe
        server = ServeProcess(process)
        try:
            yield server
        finally:
            process.terminate()
            try:
                server.wait()
            except subprocess.TimeoutExpired:
                process.kill()
                server.wait()
