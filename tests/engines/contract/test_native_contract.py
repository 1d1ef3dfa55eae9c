"""The native recognisers keep the contract, each with its real library and a tiny model of a real shape."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from contract_audio import speech

from voxwire.engines.stt.moonshine.engine import engine as moonshine
from voxwire.engines.stt.native.engine import NativeStt
from voxwire.engines.stt.onnx_asr.engine import engine as onnx_asr
from voxwire.engines.stt.sherpa_onnx.engine import engine as sherpa_onnx
from voxwire.testing.contract import SttContract
from voxwire.testing.scripted_ears import moonshine_folder, nemotron_folder, parakeet_folder, zipformer_folder


@cache
def tiny(make: Callable[[Path], Path]) -> str:
    return str(make(Path(tempfile.mkdtemp(prefix="voxwire-ears-"))))


class _Spoken(SttContract):
    @staticmethod
    def make_speech() -> bytes:
        return speech("what_is_twelve_times_seven")


@pytest.mark.engines
class TestZipformer(_Spoken):
    @staticmethod
    def make_engine() -> NativeStt:
        return sherpa_onnx({"model": tiny(zipformer_folder), "threads": 1, "languages": ["en"]})


@pytest.mark.engines
class TestNemotron(_Spoken):
    @staticmethod
    def make_engine() -> NativeStt:
        return sherpa_onnx({"model": tiny(nemotron_folder), "threads": 1})


@pytest.mark.engines
class TestZipformerBeam(_Spoken):
    @staticmethod
    def make_engine() -> NativeStt:
        return sherpa_onnx({"model": tiny(zipformer_folder), "threads": 1, "decoding": "modified_beam_search"})


@pytest.mark.engines
class TestOnnxAsr(_Spoken):
    @staticmethod
    def make_engine() -> NativeStt:
        return onnx_asr({"model": tiny(parakeet_folder), "threads": 1, "languages": ["en", "nl"]})


@pytest.mark.engines
class TestMoonshine(_Spoken):
    @staticmethod
    def make_engine() -> NativeStt:
        return moonshine({"model": tiny(moonshine_folder), "architecture": "tiny"})
