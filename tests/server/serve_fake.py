"""A program for tests of signals: the real runner, an `EchoService` behind it."""

import asyncio
import sys

from echo_service import EchoService

from voxwire.server.app import create_app
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import run_server
from voxwire.testing.live_server import settings_for_tests

#: How long the engines take to end.
CLOSING_S = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0


class Service(EchoService):
    async def start(self) -> None:
        print("warming up", flush=True)
        await super().start()

    async def close(self) -> None:
        if CLOSING_S:
            print("engines end", flush=True)
            await asyncio.sleep(CLOSING_S)
        await super().close()


service = Service()
service.start_delay_s = float(sys.argv[1])
settings = settings_for_tests(server={"drain_s": float(sys.argv[2])})
listener = NetworkListener.open(settings.server)
app = create_app(settings, service)  # type: ignore[arg-type]
run_server(app, settings, listener, lambda: print(f"Voxwire is listening on {listener.url}", flush=True))
print("running" if service.running else "stopped")
