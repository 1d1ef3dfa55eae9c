"""Running the application on uvicorn: warm up, listen, drain, stop."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any, Final, cast

import uvicorn
from starlette.applications import Starlette

from voxwire.config import Settings
from voxwire.events.closing import CloseReason
from voxwire.server.allocator import return_large_blocks
from voxwire.server.net.collector import Collector
from voxwire.server.net.descriptors import make_room
from voxwire.server.net.http_protocol import HttpProtocol
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.splice import SplicedSide, splice
from voxwire.server.net.stop_signals import means_at_once, stop_signals
from voxwire.server.net.websocket_protocol import WebSocketProtocol
from voxwire.transports.asgi import App
from voxwire.transports.websocket import WebSocketEndpoint

logger = logging.getLogger(__name__)

#: How long the last frames of all sessions may take, and then everything else that runs.
_FAREWELL_S: Final = 6.0
_GRACE_S: Final = 10
#: How long peers may take to read their last answers and, over TLS, to agree to the end.
_PARTING_S: Final = 2.0
#: How often it looks whether what ends is over; and whether a signal came, ten times for each date of uvicorn's.
_TICK_S: Final = 0.01
_LOOK_S: Final = 0.1
#: How long an answer that is in progress may take to its end.
_LAST_WORDS_S: Final = 10.0
#: How long a peer may acknowledge nothing, pings included; longer where clients may leave more unread.
_SILENCE_S: Final = 120.0


Elsewhere = Callable[[bytes], socket.socket | None]
"""Told the query of a request: a socket whose other end another process reads as a connection, where the request is for
that one; None where it is served here."""


class Server(uvicorn.Server):
    """uvicorn's server with our order of things.

    Engines warm up before the port opens. SIGTERM lets sessions end by themselves for
    `server.drain_s` and closes the rest with 1012, one after another over `server.drain_spread_s`, each when its
    answer is over; SIGINT closes all with 1001 at once; a second signal waits for nothing. Neither counts as a
    failure. From the first one on no session is taken in.
    """

    def __init__(self, app: Starlette, settings: Settings, listener: NetworkListener) -> None:
        super().__init__(_uvicorn_config(app, settings, listener.tls))
        self.listening = asyncio.Event()
        self._told_to_stop = asyncio.Event()
        self._app = app
        self._drain_s = settings.server.drain_s
        self._spread_s = settings.server.drain_spread_s
        self._listener = listener
        self._lifespan = contextlib.AsyncExitStack()
        self._signal: int | None = None
        self._signalled = 0.0
        self._adopting: set[asyncio.Task[None]] = set()
        self._elsewhere: set[SplicedSide] = set()
        self._collector: Collector | None = None
        self.closing = asyncio.Event()
        """Set when the sessions have ended, and no further connection is served."""
        listener.bound_silence(silence_s(settings))

    def keep_loop_free(self) -> None:
        """To be called where the process is this server's alone, once it listens."""
        self._collector = keep_loop_free()

    def stop(self) -> None:
        """Have `should_exit` be seen at once."""
        self.should_exit = True
        self._told_to_stop.set()

    async def run_until_stopped(self) -> None:
        """Serve until `should_exit` is set. Raises what starting the engines raised."""
        try:
            await self.serve(sockets=self._listener.sockets)
        finally:
            await self._lifespan.aclose()
            self._listener.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Warm up, giving up when told to stop; then listen."""
        context = self._app.router.lifespan_context(self._app)
        warming = asyncio.ensure_future(self._lifespan.enter_async_context(context))
        while not warming.done():
            await asyncio.wait({warming}, timeout=_TICK_S)
            if self.should_exit:
                warming.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await warming
                return
        warming.result()
        try:
            await super().startup(sockets)
        except OSError as error:
            raise self._listener.refusal(error) from None
        self.listening.set()

    @property
    def open_connections(self) -> int:
        """Connections that are open, those among them that still agree on TLS."""
        return len(self.server_state.connections) + len(self._adopting)

    def adopt(self, accepted: socket.socket, elsewhere: Elsewhere | None) -> None:
        """Serve a connection that another process has accepted. `elsewhere` knows which requests are served by others;
        None for what comes from one of these, which has ended TLS."""
        task = asyncio.ensure_future(self._adopt(accepted, elsewhere))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, accepted: socket.socket, elsewhere: Elsewhere | None) -> None:
        config, loop = self.config, asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            made = HttpProtocol(
                config=config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )
            if elsewhere is not None:
                made.elsewhere = partial(self._spliced, elsewhere)
            return made

        try:
            await loop.connect_accepted_socket(protocol, accepted, ssl=config.ssl if elsewhere else None)
        except OSError as error:  # it is gone, or does not agree to TLS
            logger.debug("a connection ended before its first request: %s", error)
            accepted.close()

    def _spliced(self, elsewhere: Elsewhere, query: bytes) -> SplicedSide | None:
        """This side of a connection that goes on in another process."""
        far = elsewhere(query)
        if far is None:
            return None
        side = SplicedSide(self._elsewhere, self.server_state.connections)
        task = asyncio.ensure_future(splice(side, far))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)
        return side

    async def main_loop(self) -> None:
        """uvicorn's, which `stop` ends at once; and the collector is given its moments."""
        count = 0
        while not await self.on_tick(count):
            count += 1
            if self._collector is not None:
                self._collector.look(idle=not self.open_connections)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), _LOOK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let sessions end, or end them, before the connections are closed."""
        endpoint: WebSocketEndpoint = self._app.state.websocket
        endpoint.drain()

        def everybody_left() -> bool:
            """Those of another process who come through here among them."""
            return not endpoint.sessions and not self._elsewhere

        interrupted = self._signal == signal.SIGINT
        if not interrupted:
            await self._until(everybody_left, self._drain_s)
            await self._part(endpoint)
        endpoint.close_all(CloseReason.STOPPING if interrupted else CloseReason.RESTARTING)
        await self._until(everybody_left, _FAREWELL_S)
        self.closing.set()
        await self._end_connections(sockets or [])

    async def _end_connections(self, listening: list[socket.socket]) -> None:
        """In place of uvicorn's own `shutdown`, which waits for a tenth of a second where nothing is open any more, and
        calls it a failure in the log when a peer stays."""
        state = self.server_state
        for server in self.servers:
            server.close()
        for listener in listening:
            listener.close()
        for connection in list(state.connections):
            connection.shutdown()
        await self._until(lambda: not state.connections, _PARTING_S)
        for connection in list(state.connections):
            connection.transport.abort()
        await self._until(lambda: not state.connections and not state.tasks, _GRACE_S)
        if state.tasks and not self.force_exit:
            logger.error("%d requests do not come to their end, and are cancelled", len(state.tasks))
            for task in list(state.tasks):
                task.cancel()
        for server in self.servers:
            await server.wait_closed()

    async def _until(self, over: Callable[[], bool], seconds: float) -> None:
        """Until it is over, at most `seconds`, not at all when forced."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        # Polled, as uvicorn's own loop is: the signal handler that sets `force_exit` wakes nobody.
        while not over() and not self.force_exit and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_TICK_S)

    async def _part(self, endpoint: WebSocketEndpoint) -> None:
        """Close what is left one after another, at once when forced."""
        parting = asyncio.ensure_future(
            endpoint.part_all(CloseReason.RESTARTING, spread_s=self._spread_s, last_words_s=_LAST_WORDS_S)
        )
        while not parting.done() and not self.force_exit:
            await asyncio.wait({parting}, timeout=_TICK_S)
        parting.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would let go of signals while the engines end, and raise them again after that."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.should_exit and means_at_once(sig, now - self._signalled):
            self.force_exit = True
        if not self.should_exit:
            self._signalled = now
        self._signal = sig
        self.should_exit = True
        self._app.state.websocket.drain()


def silence_s(settings: Settings) -> float:
    """How long a peer may acknowledge nothing. TCP counts one that reads nothing as silent: its end by the write
    deadline comes first."""
    return max(_SILENCE_S, 4 * settings.websocket.write_timeout_s)


def _uvicorn_config(app: Starlette, settings: Settings, tls: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=cast("Any", partial(WebSocketProtocol, cast("App", app), settings.websocket, app.state.budget)),
        ssl_context_factory=None if tls is None else lambda *_: tls,
        interface="asgi3",
        lifespan="off",  # entered in `startup`, so that failures are exceptions
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


@contextlib.asynccontextmanager
async def running(app: Starlette, settings: Settings) -> AsyncIterator[str]:
    """Run `app` in this event loop for as long as the block lasts; yields its address."""
    listener = NetworkListener.open(settings.server)
    server = Server(app, settings, listener)
    serving = asyncio.ensure_future(server.run_until_stopped())
    listening = asyncio.ensure_future(server.listening.wait())
    try:
        await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        yield listener.url
    finally:
        listening.cancel()
        server.stop()
        await serving


def run_server(app: Starlette, settings: Settings, listener: NetworkListener, on_listening: Callable[[], None]) -> None:
    """Run `app` on `listener` until a signal ends it; `on_listening` is called once clients may come.

    To be called in the main thread of a process that ends then: further signals to stop are ignored.
    Raises what starting the engines raised.
    """
    make_room(settings.server.max_sessions)
    return_large_blocks()
    server = Server(app, settings, listener)
    with stop_signals(server.handle_exit), asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_run(server, on_listening))


async def _run(server: Server, on_listening: Callable[[], None]) -> None:
    announcing = asyncio.ensure_future(_announce(server, on_listening))
    try:
        await server.run_until_stopped()
    finally:
        announcing.cancel()


async def _announce(server: Server, on_listening: Callable[[], None]) -> None:
    await server.listening.wait()
    server.keep_loop_free()
    on_listening()


def keep_loop_free() -> Collector:
    """Settings of the interpreter that keep the event loop from waiting. Have the collector look now and then."""
    collector = Collector()
    collector.begin()
    # Threads read what is large. The loop gets the interpreter back after this long, each time it has waited
    # for its sockets: with the usual 5 ms an answer, which waits a dozen times, came 60 ms later.
    sys.setswitchinterval(0.001)
    return collector


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop takes a quarter off the cost of a frame (ADR 3); it does not exist for Windows."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
