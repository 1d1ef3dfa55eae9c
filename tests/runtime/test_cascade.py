"""One answer: order, modalities, tool calls, failures at every stage, deadlines, cancelling, slow clients."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from runtime_sink import RecordingSink

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import EngineDied
from voxwire.events.response import TokenUsage
from voxwire.events.session_config import Modality
from voxwire.interfaces.commands import StartResponse
from voxwire.interfaces.inputs import Failed, SpokenAudio
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmRequest, LlmText, LlmToolArguments, LlmToolCall
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.runtime.cascade import Cascade
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.testing.fake_llm import FakeLlm, Script
from voxwire.testing.fake_service import fake_deployment
from voxwire.testing.fake_tts import FakeTts, FakeTtsStream

LONG = Deadlines()
#: How fast the voice is asked to speak.
SPEED = 1.25
QUICK = Deadlines(llm_first_s=0.05, llm_idle_s=0.05, tts_s=0.05)


class Bench:
    def __init__(
        self,
        answer: str | Script = "Hello there, friend.",
        tts: FakeTts | None = None,
        *,
        modality: Modality = Modality.AUDIO,
        format: AudioFormat = AudioFormat.PCM16,
        deadlines: Deadlines = LONG,
    ) -> None:
        self.sink = RecordingSink()
        self.llm = FakeLlm(answer)
        self.tts = tts or FakeTts()
        self.request = LlmRequest(instructions="Be kind.", items=(), modality=modality)
        command = StartResponse(
            generation=9, response_id="resp_1", request=self.request, voice="verse", speed=SPEED, output_format=format
        )
        deployment = fake_deployment(llm=self.llm, tts=self.tts)
        self.task = asyncio.create_task(Cascade(command, deployment, self.sink.delivery, deadlines).run())

    async def ended(self) -> list[object]:
        async with asyncio.timeout(10):
            await self.task
        return list(self.sink.results)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # a fake synthesiser has no event to wait for
                await asyncio.sleep(0)

    def cancel(self) -> None:
        """As the session's work does it."""
        self.sink.delivery.shut()
        self.task.cancel()

    @property
    def text(self) -> str:
        return "".join(result.text for result in self.sink.results if isinstance(result, LlmText))

    @property
    def audio(self) -> list[SpokenAudio]:
        return [result for result in self.sink.results if isinstance(result, SpokenAudio)]


async def test_text_and_all_its_audio_then_done() -> None:
    bench = Bench()
    results = await bench.ended()
    assert results[-1] == LlmDone()
    assert bench.sink.numbers == {9}
    assert bench.text == "Hello there, friend."
    assert sum(len(audio.pcm) for audio in bench.audio) / 48 == 60 * len(bench.text) / SPEED
    assert bench.audio[-1].chars_to == len(bench.text)
    assert bench.sink.kinds[0] == "LlmText"  # the transcript runs ahead of its audio
    assert bench.tts.streams[0].config == TtsConfig(voice="verse", speed=SPEED)
    assert bench.tts.streams[0].cancelled
    assert bench.llm.requests == [bench.request]
    assert bench.llm.closed_iterators == 1


async def test_audio_starts_before_the_text_is_complete() -> None:
    bench = Bench([LlmText(text="One sentence. "), 0.2, LlmText(text="Two."), LlmDone()])
    await bench.until(lambda: bench.audio)
    assert bench.text == "One sentence. "
    assert isinstance((await bench.ended())[-1], LlmDone)


async def test_text_alone_opens_no_voice() -> None:
    bench = Bench(modality=Modality.TEXT)
    await bench.ended()
    assert bench.sink.kinds == ["LlmText", "LlmDone"]
    assert bench.tts.streams == []


@pytest.mark.parametrize("format", AudioFormat)
@pytest.mark.parametrize("rate", [16_000, 22_050])
async def test_audio_has_the_rate_of_the_wire(format: AudioFormat, rate: int) -> None:
    bench = Bench(tts=FakeTts(rate=rate), format=format)
    await bench.ended()
    seconds = sum(len(audio.pcm) for audio in bench.audio) / 2 / format.rate
    assert seconds == pytest.approx(0.06 * len(bench.text) / SPEED, abs=0.001)


async def test_the_first_delta_is_short_and_none_is_long() -> None:
    bench = Bench("word " * 30, FakeTts(chunk_ms=3000))
    await bench.ended()
    lengths = [len(audio.pcm) / 48 for audio in bench.audio]
    assert 50 <= lengths[0] <= 100
    assert max(lengths) <= 200


async def test_tool_calls_wait_for_the_speech_before_them() -> None:
    script = [
        LlmText(text="Let me look."),
        LlmToolCall(name="find"),
        LlmToolArguments(delta="{"),
        LlmToolArguments(delta="}"),
        LlmToolCall(name="again"),
        LlmToolArguments(delta="{}"),
        LlmText(text="And done."),
        LlmDone(usage=TokenUsage(output_text=5)),
    ]
    bench = Bench(script, FakeTts(pace=0.1))
    results = await bench.ended()
    assert bench.sink.kinds == [
        "LlmText",
        "SpokenAudio",
        "LlmToolCall",
        "LlmToolArguments",
        "LlmToolCall",
        "LlmToolArguments",
        "LlmText",
        "SpokenAudio",
        "LlmDone",
    ]
    assert [result.name for result in results if isinstance(result, LlmToolCall)] == ["find", "again"]
    assert "".join(r.delta for r in results if isinstance(r, LlmToolArguments)) == "{}{}"
    assert [stream.text for stream in bench.tts.streams] == ["Let me look.", "And done."]
    assert bench.audio[-1].chars_to == len("And done.")  # each message counts for itself
    assert results[-1] == LlmDone(usage=TokenUsage(output_text=5))


async def test_the_reason_is_passed_on() -> None:
    bench = Bench([LlmText(text="x"), LlmDone(reason=FinishReason.MAX_TOKENS)])
    assert (await bench.ended())[-1] == LlmDone(reason=FinishReason.MAX_TOKENS)


async def test_words_are_timed_from_the_start_of_the_message() -> None:
    bench = Bench("one two three", FakeTts(word_times=True))
    await bench.ended()
    words = [word for audio in bench.audio for word in audio.words]
    assert [word.text for word in words] == ["one", "two", "three"]
    assert [word.start_ms for word in words] == [0, 240 / SPEED, 480 / SPEED]


class TestFailures:
    @pytest.mark.parametrize(
        ("script", "tts", "code"),
        [
            ([EngineDied("llm", "signal 9")], FakeTts(), "engine_died"),
            ([LlmText(text="Well"), EngineDied("llm", "signal 9")], FakeTts(pace=1.0), "engine_died"),
            ("Hello there", FakeTts(failure=EngineDied("tts", "signal 9"), fails_after=2), "engine_died"),
            ([LlmText(text="Hm"), 60.0], FakeTts(failure=EngineDied("tts", "signal 9")), "engine_died"),
            ([LlmText(text="Hm"), KeyError("x")], FakeTts(), "engine_failed"),
            ("Hello", FakeTts(failure=KeyError("x")), "engine_failed"),
            ([LlmText(text="no end")], FakeTts(), "engine_protocol_error"),
        ],
    )
    async def test_any_stage_ends_the_answer_once(self, script: Script, tts: FakeTts, code: str) -> None:
        bench = Bench(script, tts)
        results = await bench.ended()
        assert isinstance(results[-1], Failed)
        assert results[-1].code == code
        assert len(bench.sink.all(Failed)) == 1
        assert not bench.sink.all(LlmDone)
        assert bench.llm.closed_iterators == 1
        assert all(stream.cancelled for stream in bench.tts.streams)

    async def test_engines_that_cannot_even_begin(self, caplog: pytest.LogCaptureFixture) -> None:
        tts = FakeTts()
        tts.open = lambda config: 1 / 0  # type: ignore[method-assign,assignment,return-value]
        failure = (await Bench(tts=tts).ended())[-1]
        assert isinstance(failure, Failed)
        assert failure.code == "engine_failed"
        assert "ZeroDivisionError" in caplog.text

    @pytest.mark.parametrize(
        ("script", "tts", "code"),
        [
            ([60.0], FakeTts(), "llm_timeout"),
            ([LlmText(text="Well"), 60.0], FakeTts(), "llm_timeout"),
            ("Hello", FakeTts(stalled=True), "tts_timeout"),
        ],
    )
    async def test_deadlines(self, script: Script, tts: FakeTts, code: str) -> None:
        failure = (await Bench(script, tts, deadlines=QUICK).ended())[-1]
        assert isinstance(failure, Failed)
        assert failure.code == code

    async def test_a_voice_that_takes_its_time_is_no_failure(self) -> None:
        bench = Bench("a" * 20, FakeTts(pace=0.2), deadlines=QUICK)  # 0.024 s a chunk, 0.24 s in all
        assert isinstance((await bench.ended())[-1], LlmDone)

    async def test_a_slow_client_is_no_failure_of_the_engine(self) -> None:
        bench = Bench("Hello there", deadlines=QUICK)
        await bench.until(lambda: bench.sink.results)
        bench.sink.open.clear()
        await asyncio.sleep(0.15)
        bench.sink.open.set()
        assert isinstance((await bench.ended())[-1], LlmDone)


class TestCancelling:
    async def test_it_stops_both_engines_and_delivers_nothing_more(self) -> None:
        bench = Bench("word " * 50, FakeTts(pace=1.0))
        await bench.until(lambda: bench.audio)
        before = len(bench.sink.results)
        bench.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bench.task
        assert bench.llm.closed_iterators == 1
        assert bench.tts.streams[0].cancelled
        assert len(bench.sink.results) == before

    async def test_a_stubborn_engine_is_not_heard_any_more(self) -> None:
        class Stubborn(FakeTtsStream):
            async def cancel(self) -> None:
                await asyncio.sleep(0.01)
                await super().cancel()

        tts = FakeTts(pace=1.0)
        tts.open = lambda config: Stubborn(tts, config)  # type: ignore[method-assign]
        bench = Bench("word " * 50, tts)
        await bench.until(lambda: bench.audio)
        before = len(bench.sink.results)
        bench.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bench.task
        assert len(bench.sink.results) == before

    async def test_a_voice_that_waits_for_a_slow_client_is_closed_too(self) -> None:
        steps: list[str] = []

        class Careful(FakeTtsStream):
            async def __aiter__(self) -> AsyncIterator[TtsAudio]:
                try:
                    async for audio in super().__aiter__():
                        yield audio
                finally:
                    await asyncio.sleep(0)
                    steps.append("iterator closed")

            async def cancel(self) -> None:
                steps.append("stream cancelled")
                await super().cancel()

        tts = FakeTts()
        tts.open = lambda config: Careful(tts, config)  # type: ignore[method-assign]
        bench = Bench("word " * 50, tts)
        await bench.until(lambda: bench.audio)
        bench.sink.open.clear()
        await asyncio.sleep(0.01)
        bench.cancel()
        await asyncio.wait([bench.task])
        assert steps == ["iterator closed", "stream cancelled"]  # not whenever the garbage collector comes

    @pytest.mark.parametrize("turns", range(12))
    async def test_at_any_moment_no_task_is_left(self, turns: int) -> None:
        before = asyncio.all_tasks()
        bench = Bench()
        for _ in range(turns):
            await asyncio.sleep(0)
        bench.cancel()
        await asyncio.wait([bench.task])
        assert asyncio.all_tasks() == before
        assert all(stream.cancelled for stream in bench.tts.streams)


class TestBackPressure:
    async def test_engines_wait_for_a_client_that_does_not_read(self) -> None:
        bench = Bench("word " * 100)
        bench.sink.open.clear()
        await asyncio.sleep(0.02)
        assert bench.sink.results == []
        bench.sink.open.set()
        assert isinstance((await bench.ended())[-1], LlmDone)
        assert len(bench.text) == 500

    async def test_text_does_not_run_far_ahead_of_the_voice(self) -> None:
        tts = FakeTts(pace=1.0)
        bench = Bench("runaway " * 5_000, tts)
        await bench.until(lambda: len(bench.text) > 8_000)
        await asyncio.sleep(0.05)
        assert len(bench.text) < 8_100
        bench.cancel()
        await asyncio.wait([bench.task])
