"""The recognisers that are servers of somebody else keep the contract, against imitations on the loopback."""

from functools import cache

from contract_audio import speech

from voxwire.engines.stt.realtime_transcription.engine import RealtimeTranscriptionStt
from voxwire.engines.stt.realtime_transcription.engine import engine as realtime_transcription
from voxwire.engines.stt.transcriptions.engine import TranscriptionsStt
from voxwire.engines.stt.transcriptions.engine import engine as transcriptions
from voxwire.testing.contract import SttContract
from voxwire.testing.transcription_server import TranscriptionThread, hears
from voxwire.testing.transcription_socket_server import SocketScript, SocketThread, ga_ears, vllm_ears

SCRIPT = "what is the weather like in Rome and do I need a coat"


@cache
def transcription_url() -> str:
    return TranscriptionThread(hears(SCRIPT)).url


class TestTranscriptions(SttContract):
    @staticmethod
    def make_engine() -> TranscriptionsStt:
        return transcriptions({"base_url": transcription_url(), "model": "scripted", "logprobs": True})

    @staticmethod
    def make_speech() -> bytes:
        return speech("what_is_twelve_times_seven")


class TestStreamedTranscriptions(SttContract):
    @staticmethod
    def make_engine() -> TranscriptionsStt:
        return transcriptions(
            {"base_url": transcription_url(), "model": "scripted", "stream": True, "languages": ["en"]}
        )


class TestGrowingTranscriptions(SttContract):
    @staticmethod
    def make_engine() -> TranscriptionsStt:
        return transcriptions(
            {"base_url": transcription_url(), "model": "scripted", "partial_s": 0.5, "word_times": True}
        )


@cache
def socket_url(script: SocketScript, rate: int) -> str:
    return SocketThread(script, rate=rate).url


class TestRealtimeTranscription(SttContract):
    @staticmethod
    def make_engine() -> RealtimeTranscriptionStt:
        return realtime_transcription(
            {"base_url": socket_url(ga_ears, 24_000), "model": "m", "languages": ["en"], "logprobs": True}
        )

    @staticmethod
    def make_speech() -> bytes:
        return speech("what_is_twelve_times_seven")


class TestVllmTranscription(SttContract):
    @staticmethod
    def make_engine() -> RealtimeTranscriptionStt:
        return realtime_transcription({"base_url": socket_url(vllm_ears, 16_000), "model": "m", "dialect": "vllm"})
