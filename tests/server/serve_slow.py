"""A program for tests of draining: real sessions whose answers take about a second and a half."""

import sys

from voxwire.server.app import create_app
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import run_server
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.live_server import settings_for_tests

drain_s, spread_s = map(float, sys.argv[1:3])
llm = FakeLlm(lambda _: words("one two three four five six", pace_s=0.25))
settings = settings_for_tests(server={"drain_s": drain_s, "drain_spread_s": spread_s})
listener = NetworkListener.open(settings.server)
app = create_app(settings, fake_service(fake_deployment(llm=llm)))
run_server(app, settings, listener, lambda: print(f"Voxwire is listening on {listener.url}", flush=True))
print("stopped")
