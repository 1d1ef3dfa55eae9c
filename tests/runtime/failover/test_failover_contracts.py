"""One engine made of several keeps the contract of its kind, whichever of them works."""

from typing import Any

from failing_engines import PATIENCE, HangingLlm, LyingTts, died, members

from voxwire.interfaces.llm import LlmText
from voxwire.runtime.failover import FailoverLlm, FailoverStt, FailoverTts, failover_llm
from voxwire.testing.contract import LlmContract, SttContract, TtsContract
from voxwire.testing.fake_llm import ExpectingLlm, FakeLlm
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts


def line_of(*engines: Any) -> FailoverLlm:
    return failover_llm(members("llm", engines), PATIENCE)


class TestAllWell(LlmContract):
    @staticmethod
    def make_engine() -> FailoverLlm:
        return line_of(FakeLlm(), FakeLlm())


class TestFailsBeforeTheFirstWord(LlmContract):
    @staticmethod
    def make_engine() -> FailoverLlm:
        return line_of(FakeLlm([died("llm")]), FakeLlm())


class TestFailsInTheMiddle(LlmContract):
    @staticmethod
    def make_engine() -> FailoverLlm:
        return line_of(FakeLlm([LlmText(text="Hello "), died("llm")]), FakeLlm())


class TestHangs(LlmContract):
    @staticmethod
    def make_engine() -> FailoverLlm:
        return line_of(HangingLlm([LlmText(text="Hello ")]), FakeLlm())


class TestAllExpect(LlmContract):
    @staticmethod
    def make_engine() -> FailoverLlm:
        expecting = ExpectingLlm(phrases=("what time is it",), understands=lambda text: text == "what time is it")
        return line_of(expecting, ExpectingLlm(phrases=("hello",)))


class TestVoices(TtsContract):
    @staticmethod
    def make_engine() -> FailoverTts:
        return FailoverTts(members("tts", [FakeTts(), FakeTts()]), PATIENCE)


class TestVoiceFailsInTheMiddle(TtsContract):
    @staticmethod
    def make_engine() -> FailoverTts:
        failing = FakeTts(failure=died("tts", "invalid_text"), fails_after=2, word_times=True)
        return FailoverTts(members("tts", [failing, FakeTts(word_times=True)]), PATIENCE)


class TestVoiceLies(TtsContract):
    @staticmethod
    def make_engine() -> FailoverTts:
        return FailoverTts(members("tts", [LyingTts(1), FakeTts(rate=16_000)]), PATIENCE)


class TestEars(SttContract):
    @staticmethod
    def make_engine() -> FailoverStt:
        return FailoverStt(members("stt", [FakeStt("", interims=True), FakeStt("", interims=True)]), PATIENCE)


class TestEarsFail(SttContract):
    @staticmethod
    def make_engine() -> FailoverStt:
        failing = FakeStt(died("stt", "invalid_audio"), interims=True)
        return FailoverStt(members("stt", [failing, FakeStt("", interims=True, rates=(24_000,))]), PATIENCE)
