"""A program for tests of memory: the real server on fake engines, and no garbage collector to tidy up after it."""

import gc
from collections import deque

from voxwire.server.app import create_app
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import run_server
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import settings_for_tests

settings = settings_for_tests()
listener = NetworkListener.open(settings.server)
stt = FakeStt()
stt.streams = deque(maxlen=1)  # type: ignore[assignment]  # it remembers all that it heard, for tests to look at
app = create_app(settings, fake_service(fake_deployment(stt=stt)))
gc.disable()
run_server(app, settings, listener, lambda: print(f"Voxwire is listening on {listener.url}", flush=True))
