"""Every engine of this house, and every fake, keeps the contract of its kind (`voxwire.testing.contract`)."""

import pytest
from contract_audio import speech
from detectors import VARIANTS, make_detector

from voxwire.engines.llm.assistant.engine import OfflineAssistant
from voxwire.engines.stt.pocketsphinx.engine import PocketsphinxStt
from voxwire.engines.stt.pocketsphinx.engine import engine as pocketsphinx
from voxwire.engines.tts.espeak.engine import engine as espeak
from voxwire.engines.tts.flite.engine import engine as flite
from voxwire.engines.tts.pooled import PooledTts
from voxwire.engines.vad.silero import SileroVad
from voxwire.events.session_config import Modality
from voxwire.interfaces.llm import LlmRequest, OwnSpeech
from voxwire.interfaces.vad import VadEngine
from voxwire.testing.contract import LlmContract, SttContract, TtsContract, TurnContract, VadContract
from voxwire.testing.fake_llm import ExpectingLlm, FakeLlm, Script, spoken, words
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad


@pytest.mark.engines
class TestPocketsphinx(SttContract):
    @staticmethod
    def make_engine() -> PocketsphinxStt:
        return pocketsphinx({"size": 2})

    @staticmethod
    def make_speech() -> bytes:
        return speech("what_is_twelve_times_seven")


@pytest.mark.engines
class TestOfflineAssistant(LlmContract):
    @staticmethod
    def make_engine() -> OfflineAssistant:
        return OfflineAssistant()


@pytest.mark.engines
class TestFlite(TtsContract):
    @staticmethod
    def make_engine() -> PooledTts:
        return flite({"size": 2})


@pytest.mark.engines
class TestEspeak(TtsContract):
    @staticmethod
    def make_engine() -> PooledTts:
        return espeak({"size": 2})


class TestSilero(VadContract):
    @staticmethod
    def make_engine() -> SileroVad:
        return SileroVad()


if VARIANTS:

    class TestNativeSilero(VadContract):
        @staticmethod
        def make_engine() -> VadEngine:
            return make_detector(VARIANTS[0])


class TestFakeStt(SttContract):
    @staticmethod
    def make_engine() -> FakeStt:
        return FakeStt("")


class TestProbedStt(SttContract):
    @staticmethod
    def make_engine() -> FakeStt:
        return FakeStt("", interims=True)


class TestFakeLlm(LlmContract):
    @staticmethod
    def make_engine() -> FakeLlm:
        return FakeLlm()


class TestHearingAndSpeakingLlm(LlmContract):
    @staticmethod
    def make_engine() -> FakeLlm:
        def answer(request: LlmRequest) -> Script:
            return spoken("Hello there!") if request.modality is Modality.AUDIO else words("Hello there!")

        return FakeLlm(answer, hears=True, speech=OwnSpeech(rate=24_000, voices=("alloy", "verse")))


class TestExpectingLlm(LlmContract):
    @staticmethod
    def make_engine() -> FakeLlm:
        return ExpectingLlm(phrases=("what time is it",), understands=lambda text: "time" in text)


class TestFakeTts(TtsContract):
    @staticmethod
    def make_engine() -> FakeTts:
        return FakeTts()


class TestFakeVad(VadContract):
    @staticmethod
    def make_engine() -> FakeVad:
        return FakeVad()


class TestFakeTurn(TurnContract):
    @staticmethod
    def make_engine() -> FakeTurn:
        return FakeTurn(0.7)
