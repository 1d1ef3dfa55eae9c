"""The suites find what is wrong: engines that break their contract, each in one way, fail where they break it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = '''
import asyncio
from msgspec.structs import replace

from voxwire.errors import EngineError
from voxwire.interfaces.llm import LlmAudio, LlmDone, LlmText, LlmToolArguments, LlmToolCall, OwnSpeech
from voxwire.interfaces.stt import SttFinal, SttInterim, SttPartial
from voxwire.testing.contract import LlmContract, SttContract, TtsContract, TurnContract, VadContract
from voxwire.testing.fake_llm import ExpectingLlm, FakeLlm
from voxwire.testing.fake_stt import FakeStt, FakeSttStream
from voxwire.testing.fake_tts import FakeTts, FakeTtsStream
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad


class TestTalksAfterTheEnd(LlmContract):
    make_engine = staticmethod(lambda: FakeLlm([LlmText(text="Hi."), LlmDone(), LlmText(text="Oh.")]))


class TestCallsWhatIsNotThere(LlmContract):
    make_engine = staticmethod(lambda: FakeLlm([LlmText(text="Hi."), LlmToolCall(name="rm"), LlmDone()]))


class TestCallsWithNonsense(LlmContract):
    steps = [LlmText(text="Hi."), LlmToolCall(name="get_weather"), LlmToolArguments(delta="{"), LlmDone()]
    make_engine = staticmethod(lambda: FakeLlm(TestCallsWithNonsense.steps))


class TestRaisesItsOwn(LlmContract):
    make_engine = staticmethod(lambda: FakeLlm(lambda asked: "Hi." if asked.items else [KeyError("items")]))


class TestDoesNotStop(LlmContract):
    class Deaf(FakeLlm):
        async def respond(self, request):
            try:
                for word in ["Hi."] * 3:
                    yield LlmText(text=word)
                    await asyncio.sleep(0)
            finally:
                await asyncio.sleep(3)
            yield LlmDone()

    make_engine = staticmethod(Deaf)


class TestSpeaksUnasked(LlmContract):
    make_engine = staticmethod(lambda: FakeLlm([LlmText(text="Hi."), LlmAudio(pcm=bytes(2), chars_to=3), LlmDone()]))


class TestVoicesWhatItDidNotSay(LlmContract):
    steps = [LlmText(text="Hi."), LlmAudio(pcm=bytes(2), chars_to=9), LlmDone()]
    make_engine = staticmethod(lambda: FakeLlm(TestVoicesWhatItDidNotSay.steps, speech=OwnSpeech(rate=24_000)))


class TestIsDeafThoughItHears(LlmContract):
    class Deaf(FakeLlm):
        async def respond(self, request):
            if request.items[0].content[0].clip:
                raise KeyError("clip")
            yield LlmDone()

    make_engine = staticmethod(lambda: TestIsDeafThoughItHears.Deaf(hears=True))


class TestExpectsTheImpossible(LlmContract):
    make_engine = staticmethod(lambda: ExpectingLlm(phrases=("a", "b"), understands=lambda text: text == "a"))


class TestCountsBackwards(LlmContract):
    class Counting(FakeLlm):
        def count_tokens(self, text):
            return -len(text)

    make_engine = staticmethod(Counting)


class _Stream(FakeSttStream):
    """Takes back what it had promised."""

    async def commit(self):
        for text in ("never", "ever"):
            self._events.put_nowait(SttPartial(text=text, stable=len(text)))
        await super().commit()


class TestTakesWordsBack(SttContract):
    class Fickle(FakeStt):
        def open(self, config):
            return _Stream(self, config, SttFinal(text="ever"))

    make_engine = staticmethod(Fickle)


class TestHearsVoices(SttContract):
    make_engine = staticmethod(lambda: FakeStt("hello there"))


class _Stubborn(FakeSttStream):
    async def probe(self):
        await super().probe()
        self._events.put_nowait(SttInterim(text="more"))


class TestSaysMoreThanAsked(SttContract):
    class Stubborn(FakeStt):
        def open(self, config):
            return _Stubborn(self, config, SttFinal(text=""))

    make_engine = staticmethod(lambda: TestSaysMoreThanAsked.Stubborn(interims=True))


class TestListensOn(SttContract):
    class Endless(FakeStt):
        def open(self, config):
            stream = super().open(config)

            async def nothing():
                pass

            stream.cancel = nothing
            return stream

    make_engine = staticmethod(lambda: TestListensOn.Endless(""))


class TestSkipsCharacters(TtsContract):
    class Hasty(FakeTts):
        def open(self, config):
            stream = super().open(config)
            voice = stream._voice
            stream._voice = lambda chars: replace(voice(chars), chars_from=max(stream.spoken - chars + 1, 0))
            return stream

    make_engine = staticmethod(Hasty)


class TestSpeaksOn(TtsContract):
    class Endless(FakeTts):
        def open(self, config):
            stream = super().open(config)

            async def nothing():
                pass

            stream.cancel = nothing
            return stream

    make_engine = staticmethod(lambda: TestSpeaksOn.Endless(pace=0.001))


class TestCertainBeyondOne(VadContract):
    class Loud(FakeVad):
        def score(self, states, windows):
            return [2 * score for score in super().score(states, windows)]

    make_engine = staticmethod(Loud)


class TestRemembersOthers(VadContract):
    class Mixing(FakeVad):
        seen = 0

        def score(self, states, windows):
            self.seen += len(windows)
            return [(self.seen % 97) / 100] * len(windows)

    make_engine = staticmethod(Mixing)


class TestVotesTwice(TurnContract):
    make_engine = staticmethod(lambda: FakeTurn(2.0))


class TestHasNoName(TurnContract):
    class Nameless(FakeTurn):
        def __init__(self):
            super().__init__()
            self.capabilities = replace(self.capabilities, info=replace(self.capabilities.info, name=""))

    make_engine = staticmethod(Nameless)


class TestCannotBeClosedTwice(TurnContract):
    class Once(FakeTurn):
        async def close(self):
            await super().close()
            if self.closed > 1:
                raise EngineError("turn", "closed", "Closed already.")

    make_engine = staticmethod(Once)
'''

#: Where each of them must fail; it may fail elsewhere besides.
FAILS = {
    "TestTalksAfterTheEnd": "test_answers",
    "TestCallsWhatIsNotThere": "test_tools_are_called_by_their_names",
    "TestCallsWithNonsense": "test_tools_are_called_by_their_names",
    "TestRaisesItsOwn": "test_whatever_a_session_hands_over[nothing at all]",
    "TestDoesNotStop": "test_closing_an_answer_stops_it",
    "TestSpeaksUnasked": "test_every_modality[Modality.AUDIO]",
    "TestVoicesWhatItDidNotSay": "test_answers",
    "TestIsDeafThoughItHears": "test_whatever_a_session_hands_over[speech without words]",
    "TestExpectsTheImpossible": "test_what_it_expects_it_understands",
    "TestCountsBackwards": "test_tokens_are_counted_where_it_can",
    "TestTakesWordsBack": "test_what_is_stable_never_changes",
    "TestHearsVoices": "test_silence_has_no_words[2000]",
    "TestSaysMoreThanAsked": "test_its_words_so_far_where_it_has_interims",
    "TestListensOn": "test_cancel_before_anything_else",
    "TestSkipsCharacters": "test_a_text_is_spoken_to_its_end",
    "TestSpeaksOn": "test_nothing_comes_after_cancel",
    "TestCertainBeyondOne": "test_a_score_for_each_window",
    "TestRemembersOthers": "test_each_conversation_begins_anew",
    "TestVotesTwice": "test_several_votes_at_once",
    "TestHasNoName": "test_says_what_it_is",
    "TestCannotBeClosedTwice": "test_closing_twice_is_closing_once",
}


@pytest.mark.slow
def test_each_broken_engine_fails_where_it_breaks_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "test_broken.py"
    file.write_text(BROKEN)
    names = [f"{file}::{suite}::{test}" for suite, test in FAILS.items()]
    options = ["-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function", "--tb=no", "-rfE"]
    run = [sys.executable, "-m", "pytest", f"--rootdir={tmp_path}", *options, *names]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    failed = dict(re.findall(r"^FAILED \S+?::(\w+)::(.+?)(?: - |$)", done.stdout, re.MULTILINE))
    assert failed == FAILS, done.stdout
