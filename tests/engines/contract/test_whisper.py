"""Whisper keeps the contract of recognisers: a tiny model says a script where a real one would listen."""

import tempfile
from functools import cache
from pathlib import Path

import pytest

from voxwire.engines.stt.whisper.engine import WhisperStt, engine
from voxwire.testing.contract import SttContract
from voxwire.testing.tiny_whisper import tiny_whisper

pytestmark = pytest.mark.engines

_TEMPORARY = tempfile.TemporaryDirectory()


@cache
def model() -> Path:
    """Lives as long as the process."""
    return tiny_whisper(Path(_TEMPORARY.name) / "tiny.en")


class TestWhisper(SttContract):
    @staticmethod
    def make_engine() -> WhisperStt:
        return engine({"model": str(model()), "threads": 1})


class TestWhisperInTwoProcesses(SttContract):
    @staticmethod
    def make_engine() -> WhisperStt:
        return engine({"model": str(model()), "threads": 1, "size": 2, "beam": 2, "partial_ms": 200})
