"""Voices that are models keep the contract of synthesisers; tiny models hum where real ones speak."""

import tempfile
from functools import cache
from pathlib import Path

import pytest

from voxwire.engines.tts.modelled import ModelledTts
from voxwire.engines.tts.piper.engine import engine as piper
from voxwire.testing.contract import TtsContract
from voxwire.testing.tiny_onnx import tiny_piper

pytestmark = pytest.mark.engines


@cache
def folder() -> Path:
    """For the models of this file; it lives as long as the process."""
    return Path(_TEMPORARY.name)


_TEMPORARY = tempfile.TemporaryDirectory()


class TestPiper(TtsContract):
    @staticmethod
    def make_engine() -> ModelledTts:
        return piper({"model": str(tiny_piper(folder())), "size": 2, "threads": 1})
