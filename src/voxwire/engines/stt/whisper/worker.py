"""Whisper in a worker process: a model, and one reading after the other."""

import time
from pathlib import Path
from typing import Any, Final

import msgspec

from voxwire.engines.stt.whisper.messages import Read, WhisperInfo
from voxwire.engines.stt.whisper.reader import Reader
from voxwire.engines.worker.child import Outlet

#: A hum of so much is read at the start: the first reading sets up memory, the next says how long one takes.
_TRIED_S: Final = 3


class WhisperService:
    """The model of its options: `folder`, and what `Reader` wants."""

    requests = msgspec.msgpack.Decoder(Read)

    def __init__(self, options: dict[str, Any]) -> None:
        self._reader = Reader(Path(options.pop("folder")), **options)
        sound = b"".join((8_000 * (step % 100 < 50)).to_bytes(2, "little") for step in range(16_000 * _TRIED_S))
        # A language that is given has to be one of several; "None" asks the model.
        for _ in range(2):
            began = time.monotonic()
            self._reader.read(Read(sound))
            self._reading_s = time.monotonic() - began

    def describe(self) -> WhisperInfo:
        return WhisperInfo(self._reader.languages, self._reading_s)

    def open(self, outlet: Outlet) -> "WhisperTask":
        return WhisperTask(self._reader, outlet)


class WhisperTask:
    """Reads once."""

    def __init__(self, reader: Reader, outlet: Outlet) -> None:
        self._reader = reader
        self._outlet = outlet

    def receive(self, request: Read) -> None:
        self._outlet.send(self._reader.read(request))
        self._outlet.end()

    def close(self) -> None:
        pass
