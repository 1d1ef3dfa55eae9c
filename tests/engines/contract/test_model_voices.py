"""Voices that are models keep the contract of synthesisers; tiny models hum where real ones speak."""

import tempfile
from functools import cache
from pathlib import Path

import pytest

from voxwire.engines.tts.kokoro.engine import engine as kokoro
from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.piper.engine import engine as piper
from voxwire.testing.contract import TtsContract
from voxwire.testing.tiny_onnx import tiny_kokoro, tiny_piper

pytestmark = pytest.mark.engines


@cache
def folder(name: str) -> Path:
    """For a model; it lives as long as the process."""
    made = Path(_TEMPORARY.name) / name
    made.mkdir()
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
