"""A service for the tests of the worker: it does what it is told. Runs in the child."""

import os
import signal
import sys
import time
from typing import Any

import msgspec

from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError, EngineError


class Say(msgspec.Struct, tag="say"):
    text: str


class Flood(msgspec.Struct, tag="flood"):
    """Send `count` replies of `size` bytes."""

    count: int
    size: int


class Swallow(msgspec.Struct, tag="swallow"):
    """A message of any size that takes `seconds` to handle."""

    data: bytes
    seconds: float = 0.0


class Crash(msgspec.Struct, tag="crash"):
    """Die by this signal."""

    signal: int


class Raise(msgspec.Struct, tag="raise"):
    """`engine` raises an EngineError, otherwise a KeyError that quotes `text`."""

    text: str
    engine: bool = False


class Print(msgspec.Struct, tag="print"):
    text: str


class Finish(msgspec.Struct, tag="finish"):
    pass


class Said(msgspec.Struct, tag="said"):
    text: str
    pid: int


class Closed(msgspec.Struct, tag="closed"):
    """How many tasks were closed so far in this process."""

    count: int


class Teach(msgspec.Struct, tag="teach"):
    """Say this after every text from now on."""

    text: str


Request = Teach | Say | Flood | Swallow | Crash | Raise | Print | Finish
Reply = Said | Closed


class Parrot:
    def __init__(self, service: "ParrotService", outlet: Outlet) -> None:
        self._service = service
        self._outlet = outlet

    def receive(self, request: Any) -> None:
        match request:
            case Teach(text=text):
                self._service.taught = text
                self._outlet.end()
            case Say(text=text):
                self._outlet.send(Said(text + self._service.taught, os.getpid()))
                self._outlet.send(Closed(self._service.closed))
            case Flood(count=count, size=size):
                for _ in range(count):
                    if not self._outlet.send(Said("x" * size, os.getpid())):
                        return
            case Swallow(seconds=seconds):
                time.sleep(seconds)
            case Crash(signal=number):
                os.kill(os.getpid(), number)
            case Raise(text=text, engine=True):
                raise EngineError("test", "told_so", text)
            case Raise(text=text):
                raise KeyError(text)
            case Print(text=text):
                print(text, flush=True)
                sys.stderr.write(text + "\n")
                sys.stderr.flush()
            case Finish():
                self._outlet.end()

    def close(self) -> None:
        self._service.closed += 1


class ParrotService:
    requests = msgspec.msgpack.Decoder(Request)

    def __init__(self, options: dict[str, Any]) -> None:
        match options.get("fault"):
            case "configuration":
                raise ConfigurationError("Install the parrot.")
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(60)
            case "once":  # comes up the first time, fails as long as the file is there
                if os.path.exists(options["marker"]):
                    raise EngineError("test", "no_feathers", "No feathers.")
        self.closed = 0
        self.taught = ""

    def is_shared(self, request: Any) -> bool:
        return isinstance(request, Teach)

    def describe(self) -> Any:
        return {"environment": {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "VOXWIRE_API_KEY")}}

    def open(self, outlet: Outlet) -> Parrot:
        return Parrot(self, outlet)
