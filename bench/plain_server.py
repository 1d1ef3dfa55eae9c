"""`voxwire serve` with one more recogniser, `faster-whisper`: what a server does that takes the library as it is.

python bench/plain_server.py CONFIG PORT
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from voxwire.catalogue import locate
from voxwire.config import load_settings
from voxwire.engines import registry
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttEvent, SttFinal
from voxwire.server import build
from voxwire.server.app import create_app
from voxwire.server.net.listen import NetworkListener
from voxwire.server.net.run import run_server


class PlainEars:
    """Whisper tiny.en by faster-whisper, once the utterance is complete, in its window of 30 seconds."""

    def __init__(self) -> None:
        self.capabilities = SttCapabilities(
            info=EngineInfo(name="faster-whisper", label="faster-whisper as it is", licence="MIT"), languages=("en",)
        )

    async def start(self) -> None:
        path = await asyncio.to_thread(locate, "whisper-tiny.en", engine="whisper")
        self._model = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=2)

    async def close(self) -> None: ...

    async def prepare(self, config: SttConfig) -> None: ...

    def open(self, config: SttConfig) -> "_Utterance":
        return _Utterance(self)

    def read(self, pcm: bytes) -> str:
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32_768
        segments, _ = self._model.transcribe(samples, language="en", beam_size=1, temperature=0)
        return "".join(segment.text for segment in segments).strip()


class _Utterance:
    def __init__(self, engine: PlainEars) -> None:
        self._engine = engine
        self._pcm = bytearray()
        self._over = asyncio.Event()
        self._cancelled = False

    async def push(self, pcm: bytes) -> None:
        self._pcm += pcm

    async def commit(self) -> None:
        self._over.set()

    async def cancel(self) -> None:
        self._cancelled = True
        self._over.set()

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        await self._over.wait()
        if not self._cancelled:
            yield SttFinal(text=await asyncio.to_thread(self._engine.read, bytes(self._pcm)))


def load(kind: Any, name: str, options: Mapping[str, Any]) -> Any:
    return PlainEars() if name == "faster-whisper" else registry.load(kind, name, options)


def main() -> None:
    settings = load_settings(Path(sys.argv[1]), {"server": {"port": int(sys.argv[2])}})
    build.load = load  # type: ignore[assignment]
    service = build.build_service(settings)
    listener = NetworkListener.open(settings.server)
    try:
        run_server(create_app(settings, service), settings, listener, lambda: None)
    finally:
        listener.close()


if __name__ == "__main__":
    main()
