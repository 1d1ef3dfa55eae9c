"""A program for tests of several workers: the real parent and real workers, with fake engines behind them.

Its arguments are settings: `server.drain_s=0.1`. `build` is what workers call; answers take a second and a half.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voxwire.auth import DevIdentity, IdentitySecrets
from voxwire.config import Settings
from voxwire.errors import ConfigurationError
from voxwire.printing import complain
from voxwire.runtime import Service
from voxwire.server.build import runtime_limits
from voxwire.server.logs import configure_logging
from voxwire.server.net.listen import NetworkListener
from voxwire.server.workers.conductor import run_workers
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_service import fake_deployment, fake_directory
from voxwire.testing.fake_vad import FakeVad
from voxwire.testing.live_server import settings_for_tests

#: In the environment: what keeps workers from starting; and a file that says so while it is there.
FAULT = "TESTED_FAULT"
FAULT_FILE = "TESTED_FAULT_FILE"


def build(settings: Settings, ids: Callable[[str], str]) -> tuple[Service, None]:
    file = Path(os.environ.get(FAULT_FILE, ""))
    if fault := file.read_text() if file.is_file() else os.environ.get(FAULT):
        raise ConfigurationError(fault)
    llm = FakeLlm(lambda _: words("one two three four five six", pace_s=0.25))
    directory = fake_directory(fake_deployment(llm=llm))
    return Service(directory=directory, vad=FakeVad(), runtime_limits=runtime_limits(settings), ids=ids), None


def main(arguments: list[str]) -> int:
    tables: dict[str, dict[str, Any]] = {"server": {"workers": 2}}
    for argument in arguments:
        path, _, value = argument.partition("=")
        table, _, name = path.partition(".")
        tables.setdefault(table, {})[name] = json.loads(value)
    settings = settings_for_tests(**tables)
    configure_logging(settings.logging)
    listener = NetworkListener.open(settings.server)
    known = IdentitySecrets()

    def announce(facts: Any) -> None:
        print(f"Voxwire is listening on {listener.url}", flush=True)
        for name, value in (DevIdentity(known=known).environment(listener.url) | {"OPENAI_API_KEY": "any"}).items():
            print(f"  export {name}={value}", flush=True)

    try:
        run_workers(
            settings,
            listener,
            announce,
            program="voxwire.cli.serve_worker",
            identity=known,
            build="serve_workers:build",
        )
    except ConfigurationError as error:
        complain(f"voxwire serve: {error}")
        return 1
    print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
