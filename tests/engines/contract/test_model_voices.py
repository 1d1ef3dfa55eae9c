"""Voices that are models, or servers of somebody else, keep the contract of synthesisers; tiny models and local
imitations hum where real ones speak."""

import socket
import tempfile
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path

import pytest
from speech_server import speech_server

from voxwire.engines.tts.kokoro.engine import engine as kokoro
from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.piper.engine import engine as piper
from voxwire.engines.tts.sherpa_onnx.engine import engine as sherpa
from voxwire.engines.tts.speech.engine import SpeechEngine
from voxwire.engines.tts.speech.speech_options import read_speech_options
from voxwire.testing.contract import TtsContract
from voxwire.testing.tiny_onnx import tiny_kokoro, tiny_piper, tiny_sherpa

pytestmark = pytest.mark.engines


@cache
def folder(name: str) -> Path:
    """For a model; it lives as long as the process."""
    made = Path(_TEMPORARY.name) / name
    made.mkdir(exist_ok=True)
    return made


_TEMPORARY = tempfile.TemporaryDirectory()


class TestPiper(TtsContract):
    @staticmethod
    def make_engine() -> ModelledTts:
        return piper({"model": str(tiny_piper(folder("piper"))), "size": 2, "threads": 1})


class TestKokoro(TtsContract):
    @staticmethod
    def make_engine() -> ModelledTts:
        return kokoro({"model": str(tiny_kokoro(folder("kokoro"))), "size": 2, "threads": 1})


class ImitatedSpeech(SpeechEngine):
    """The engine with an endpoint of its own, which lives as long as it does."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        super().__init__(read_speech_options({"base_url": f"http://127.0.0.1:{self._port}/v1", "model": "tts-1"}))
        self._server = AsyncExitStack()

    async def start(self) -> None:
        await self._server.enter_async_context(speech_server(port=self._port))
        await super().start()

    async def close(self) -> None:
        await super().close()
        await self._server.aclose()


class TestSpeech(TtsContract):
    @staticmethod
    def make_engine() -> SpeechEngine:
        return ImitatedSpeech()


class TestSherpa(TtsContract):
    @staticmethod
    def make_engine() -> ModelledTts:
        return sherpa({"model": str(tiny_sherpa(folder("sherpa"))), "size": 2, "threads": 1})
