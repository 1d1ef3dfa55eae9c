"""One utterance: formats, partials, the choice of a reading, failures, deadlines, back-pressure."""

import asyncio
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from runtime_sink import RecordingSink

from voxwire.audio.convert import from_pcm, to_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.errors import EngineDied
from voxwire.events.server import LogProb
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.commands import StartTranscription
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import Failed
from voxwire.interfaces.stt import SttConfig, SttEngine, SttFinal, SttInterim, SttPartial
from voxwire.runtime import transcriber as transcriber_module
from voxwire.runtime.foresight import Situation
from voxwire.runtime.notify import Notify
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.runtime.transcriber import Transcriber
from voxwire.testing.fake_llm import ExpectingLlm, FakeLlm
from voxwire.testing.fake_service import fake_deployment
from voxwire.testing.fake_stt import FakeStt, FakeSttStream

QUICK = Deadlines(stt_s=0.05)
NOTHING_SAID = Situation()
LONG = Deadlines(stt_s=5)
SECRET = "what somebody said"


def start(format: AudioFormat = AudioFormat.PCM16, **changes: object) -> StartTranscription:
    settings: dict[str, object] = {
        "transcription": 4,
        "format": format,
        "language": "en",
        "prompt": "names of cities",
    }
    return StartTranscription(**settings | changes)  # type: ignore[arg-type]


class Bench:
    def __init__(
        self,
        stt: SttEngine | None = None,
        llm: FakeLlm | None = None,
        command: StartTranscription | None = None,
        deadlines: Deadlines = LONG,
        situation: Situation = NOTHING_SAID,
    ) -> None:
        self.sink = RecordingSink()
        self.command = command or start()
        deployment = fake_deployment(stt=stt, llm=llm)
        self.transcriber = Transcriber(self.command, deployment, self.sink.delivery, deadlines, situation)
        self.task = asyncio.create_task(self.transcriber.run())

    async def ended(self) -> list[object]:
        async with asyncio.timeout(10):
            await self.task
        return list(self.sink.results)


def tone(format: AudioFormat, ms: int) -> bytes:
    time = np.arange(format.rate * ms // 1000) / format.rate
    return from_pcm((8000 * np.sin(2 * math.pi * 440 * time)).astype("<i2").tobytes(), format)


@pytest.mark.parametrize("format", AudioFormat)
async def test_every_wire_format_is_heard_at_16_khz(format: AudioFormat) -> None:
    stt = FakeStt("hello")
    bench = Bench(stt, command=start(format))
    audio = tone(format, 1000)
    for at in range(0, len(audio), format.size_of(20)):
        bench.transcriber.feed(audio[at : at + format.size_of(20)])
        await asyncio.sleep(0)
    bench.transcriber.finish()
    assert await bench.ended() == [SttFinal(text="hello")]
    heard = np.frombuffer(bytes(stt.streams[0].heard), "<i2")
    assert len(heard) == 16_000
    spectrum = np.abs(np.fft.rfft(heard[1600:]))
    assert np.argmax(spectrum) / 0.9 == pytest.approx(440, abs=2)
    assert stt.streams[0].cancelled


@pytest.mark.parametrize("format", AudioFormat)
async def test_an_engine_that_takes_the_rate_of_the_wire_gets_it(format: AudioFormat) -> None:
    stt = FakeStt("hello", rates=(16_000, 8_000, 24_000))
    bench = Bench(stt, command=start(format))
    audio = tone(format, 1000)
    bench.transcriber.feed(audio)
    bench.transcriber.finish()
    await bench.ended()
    assert stt.streams[0].config.rate == format.rate
    assert bytes(stt.streams[0].heard) == to_pcm(audio, format)


async def test_the_engine_is_told_what_to_expect() -> None:
    stt = FakeStt()

    class Quoting(ExpectingLlm):
        def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
            return (instructions, *(tool.name for tool in tools))

    bench = Bench(stt, Quoting(), situation=Situation("Be brief.", (FunctionTool(name="get_weather"),)))
    bench.transcriber.finish()
    await bench.ended()
    expected = SttConfig(language="en", phrases=("Be brief.", "get_weather"), prompt="names of cities")
    assert stt.streams[0].config == expected


async def test_a_language_engine_without_expectations_expects_nothing_and_understands_everything() -> None:
    stt = FakeStt(SttFinal(text="free", alternatives=("", "in the words of the prompt")))
    bench = Bench(stt, FakeLlm(), situation=Situation("Be brief."))
    bench.transcriber.finish()
    assert await bench.ended() == [SttFinal(text="in the words of the prompt")]
    assert stt.streams[0].config.phrases == ()


async def test_expectations_are_asked_for_beside_the_event_loop() -> None:
    loop_thread = threading.get_ident()
    asked: list[int] = []

    class Watched(ExpectingLlm):
        def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
            asked.append(threading.get_ident())
            return ()

        def understands(self, text: str, instructions: str, tools: Sequence[FunctionTool]) -> bool:
            asked.append(threading.get_ident())
            return True

    bench = Bench(FakeStt(SttFinal(text="a", alternatives=("b",))), Watched())
    bench.transcriber.finish()
    await bench.ended()
    assert len(asked) == 2
    assert loop_thread not in asked


async def test_phrases_are_asked_for_once_per_settings() -> None:
    llm = ExpectingLlm()
    foresight = fake_deployment(llm=llm).foresight
    tools = (FunctionTool(name="a", parameters={"type": "object"}),)
    for _ in range(3):
        await foresight.phrases(Situation("x", tools))
        await foresight.phrases(Situation("x", (FunctionTool(name="a", parameters={"type": "object"}),)))
    assert llm.phrase_calls == 1
    for number in range(16):
        await foresight.phrases(Situation(str(number)))
    await foresight.phrases(Situation("x", tools))
    assert llm.phrase_calls == 18


async def test_partials_are_delivered_when_they_change() -> None:
    class Repeating(FakeStt):
        def open(self, config: SttConfig) -> FakeSttStream:
            stream = super().open(config)
            for text, stable in (("a", 0), ("a", 0), ("a b", 1), ("a b", 1), ("a b", 3)):
                stream._events.put_nowait(SttPartial(text=text, stable=stable))
            return stream

    bench = Bench(Repeating("a b"))
    bench.transcriber.finish()
    *partials, final = await bench.ended()
    assert partials == [
        SttPartial(text="a", stable=0),
        SttPartial(text="a b", stable=1),
        SttPartial(text="a b", stable=3),
    ]
    assert final == SttFinal(text="a b")


@pytest.mark.parametrize(
    ("text", "alternatives", "understood", "chosen"),
    [
        ("whether in parish", ("weather in paris", "wetter in paris"), {"weather in paris"}, "weather in paris"),
        ("weather in parish", ("weather in paris",), {"weather in parish", "weather in paris"}, "weather in paris"),
        ("hello", ("yellow",), set(), "hello"),
        ("", ("yes",), {"yes", ""}, "yes"),
        ("", (), {""}, ""),
    ],
)
async def test_the_first_reading_that_is_understood_is_taken(
    text: str, alternatives: tuple[str, ...], understood: set[str], chosen: str
) -> None:
    final = SttFinal(text=text, alternatives=alternatives)
    bench = Bench(FakeStt(final), ExpectingLlm(understands=understood.__contains__))
    bench.transcriber.finish()
    assert await bench.ended() == [SttFinal(text=chosen)]


@pytest.mark.parametrize("wanted", [{}, {"word_times": True}, {"logprobs": True}])
async def test_details_are_asked_for_where_the_session_wants_them(wanted: dict[str, bool]) -> None:
    stt = FakeStt("hello")
    bench = Bench(stt, command=start(**wanted))
    bench.transcriber.finish()
    await bench.ended()
    [stream] = stt.streams
    asked = {"word_times": stream.config.word_times, "logprobs": stream.config.logprobs}
    assert asked == {"word_times": False, "logprobs": False, **wanted}


@pytest.mark.parametrize(("understood", "chosen"), [(set(), "whether in parish"), ({"weather"}, "weather")])
async def test_times_and_log_probabilities_belong_to_the_free_reading(understood: set[str], chosen: str) -> None:
    details: dict[str, Any] = {
        "logprobs": (LogProb(token="whether", logprob=-1.5),),
        "words": (Word(text="whether", start=0, end=7, start_ms=120.0, end_ms=400.0),),
    }
    final = SttFinal(text="whether in parish", alternatives=("weather",), **details)
    bench = Bench(FakeStt(final), ExpectingLlm(understands=understood.__contains__))
    bench.transcriber.finish()
    assert await bench.ended() == [SttFinal(text=chosen, **({} if understood else details))]


async def test_a_failure_keeps_its_code_and_frees_the_engine() -> None:
    stt = FakeStt(EngineDied("stt", "signal 9"))
    bench = Bench(stt)
    bench.transcriber.finish()
    (failure,) = await bench.ended()
    assert isinstance(failure, Failed)
    assert failure.code == "engine_died"
    assert bench.sink.numbers == {4}
    assert stt.streams[0].cancelled


async def test_no_answer_after_the_utterance_is_a_timeout() -> None:
    bench = Bench(FakeStt(stalled=True), deadlines=QUICK)
    bench.transcriber.feed(bytes(4800))
    await asyncio.sleep(0.1)  # silence before the end of the utterance is no fault
    assert not bench.task.done()
    bench.transcriber.finish()
    (failure,) = await bench.ended()
    assert isinstance(failure, Failed)
    assert failure.code == "transcription_timeout"


async def test_silence_between_two_pieces_of_audio_is_no_fault() -> None:
    stt = FakeStt("hello")
    bench = Bench(stt, deadlines=QUICK)
    for _ in range(3):
        bench.transcriber.feed(bytes(24_000))
        await asyncio.sleep(0.07)
    assert not bench.task.done()
    bench.transcriber.finish()
    assert await bench.ended() == [SttFinal(text="hello")]
    assert len(stt.streams[0].heard) == 3 * 16_000


@pytest.mark.parametrize("step", ["probe", "commit"])
async def test_a_recogniser_that_hangs_in_a_later_step_is_a_timeout(step: str) -> None:
    stt = FakeStt(interims=True)

    class Hanging(FakeSttStream):
        async def hang(self) -> None:
            await asyncio.Event().wait()

    setattr(Hanging, step, Hanging.hang)
    stt.open = lambda config: Hanging(stt, config, "x")  # type: ignore[method-assign]
    bench = Bench(stt, deadlines=QUICK)
    bench.transcriber.feed(bytes(24_000))
    bench.transcriber.probe()
    bench.transcriber.finish()
    (*_, failure) = await bench.ended()
    assert isinstance(failure, Failed)
    assert failure.code == "transcription_timeout"


async def test_audio_that_is_not_taken_is_a_timeout() -> None:
    bench = Bench(FakeStt(push_s=60), deadlines=QUICK)
    bench.transcriber.feed(bytes(48_000))
    (failure,) = await bench.ended()
    assert isinstance(failure, Failed)
    assert failure.code == "transcription_timeout"


@pytest.mark.parametrize("when", ["open", "push", "phrases", "understands"])
async def test_an_exception_that_engines_must_not_raise_fails_the_utterance(
    when: str, caplog: pytest.LogCaptureFixture
) -> None:
    stt, llm = FakeStt(SttFinal(text="a", alternatives=("b",))), ExpectingLlm()

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError(SECRET)

    if when == "push":
        stt.push_s = -1
        stt.open = lambda config: _BrokenStream(stt, config, "x")  # type: ignore[method-assign]
    else:
        setattr(stt if when == "open" else llm, when, broken)
    bench = Bench(stt, llm)
    bench.transcriber.feed(bytes(48_000))
    bench.transcriber.finish()
    (failure,) = await bench.ended()
    assert isinstance(failure, Failed)
    assert failure.code == "engine_failed"
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + failure.message


class _BrokenStream(FakeSttStream):
    async def push(self, pcm: bytes) -> None:
        raise RuntimeError(SECRET)


async def test_engines_that_break_their_contract_are_told_apart() -> None:
    class Hasty(FakeStt):
        def open(self, config: SttConfig) -> FakeSttStream:
            stream = super().open(config)
            stream._events.put_nowait(SttFinal(text="too early"))
            return stream

    class Silent(FakeStt):
        def open(self, config: SttConfig) -> FakeSttStream:
            stream = super().open(config)
            stream.cancelled = True
            return stream

    for stt in (Hasty(), Silent()):
        bench = Bench(stt)
        (failure,) = await bench.ended()
        assert isinstance(failure, Failed)
        assert failure.code == "engine_protocol_error"


async def test_waiting_audio_is_counted_and_large_pieces_are_cut() -> None:
    stt = FakeStt()
    pushed: list[int] = []

    class Counting(FakeSttStream):
        async def push(self, pcm: bytes) -> None:
            pushed.append(len(pcm))
            await asyncio.sleep(0)
            await super().push(pcm)

    stt.open = lambda config: Counting(stt, config, "x")  # type: ignore[method-assign]
    bench = Bench(stt)
    bench.transcriber.feed(bytes(AudioFormat.PCM16.size_of(2_250)))
    assert bench.transcriber.waiting_ms == 2_250
    bench.transcriber.finish()
    await bench.ended()
    assert bench.transcriber.waiting_ms == 0
    assert [size / 32 for size in pushed] == [500, 500, 500, 500, 250]
    assert bench.sink.reliefs == 5


@pytest.mark.parametrize("format", AudioFormat)
@pytest.mark.parametrize("piece_ms", [1, 30, 170, 499, 500, 501, 2_000])
async def test_audio_is_the_same_however_it_comes(format: AudioFormat, piece_ms: int) -> None:
    stt = FakeStt(rates=(format.rate,))
    bench = Bench(stt, command=start(format))
    audio, size = tone(format, 2_000), format.size_of(piece_ms)
    for at in range(0, len(audio), size):
        bench.transcriber.feed(audio[at : at + size] if at % 2 else bytearray(audio[at : at + size]))
        bench.transcriber.feed(b"")
        await asyncio.sleep(0)
    bench.transcriber.finish()
    await bench.ended()
    assert bytes(stt.streams[0].heard) == to_pcm(audio, format)
    assert bench.transcriber.waiting_ms == 0


async def test_cancelling_frees_the_engine_and_delivers_nothing() -> None:
    stt = FakeStt(stalled=True)
    bench = Bench(stt)
    bench.transcriber.feed(bytes(4800))
    await asyncio.sleep(0.01)
    bench.sink.delivery.shut()
    bench.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bench.task
    assert bench.sink.results == []
    assert stt.streams[0].cancelled


class TestProbe:
    """The words so far, of a recogniser that can say them."""

    async def test_is_answered_after_all_audio_before_it_and_the_utterance_goes_on(self) -> None:
        stt = FakeStt("one two three", word_ms=100, interims=True)
        bench = Bench(stt)
        bench.transcriber.feed(bytes(48 * 210))  # less than is gathered for a step
        bench.transcriber.probe()
        await bench.sink.until(lambda: bench.sink.all(SttInterim))
        assert bench.sink.all(SttInterim) == [SttInterim(text="one two")]
        assert len(stt.streams[0].heard) == 32 * 210
        bench.transcriber.feed(bytes(48 * 200))
        bench.transcriber.finish()
        results = await bench.ended()
        assert results[-1] == SttFinal(text="one two three")
        assert len(stt.streams[0].heard) == 32 * 410

    async def test_each_is_answered_also_where_several_wait_for_the_same_audio(self) -> None:
        """Who asks counts the answers."""
        stt = FakeStt("one two three", word_ms=100, interims=True)
        bench = Bench(stt)
        bench.transcriber.feed(bytes(48 * 210))
        bench.transcriber.probe()
        bench.transcriber.probe()
        assert await bench.transcriber.words(0) == "one two"
        await bench.sink.until(lambda: len(bench.sink.all(SttInterim)) == 3)
        bench.task.cancel()

    async def test_is_read_as_a_final_is(self) -> None:
        """In the sentence that the language engine expects, where it expects some."""
        heard = SttFinal(text="wet is the thyme", alternatives=("wet is the time", "what is the time"))
        stt = FakeStt(heard, interims=True)
        llm = ExpectingLlm(understands=lambda text: text.startswith("what"))
        bench = Bench(stt, llm)
        bench.transcriber.feed(bytes(4800))
        bench.transcriber.probe()
        await bench.sink.until(lambda: bench.sink.all(SttInterim))
        assert bench.sink.all(SttInterim) == [SttInterim(text="what is the time")]
        bench.task.cancel()

    async def test_is_not_asked_of_an_utterance_that_is_over(self) -> None:
        stt = FakeStt("hello", interims=True)
        bench = Bench(stt)
        bench.transcriber.feed(bytes(4800))
        bench.transcriber.finish()
        bench.transcriber.probe()
        assert (await bench.ended())[-1] == SttFinal(text="hello")
        bench.transcriber.probe()
        assert stt.streams[0].probes <= 1


#: Turns of the event loop in which everything that is due has been done, on these fakes.
TURNS = 12
WINDOW = bytes(AudioFormat.PCM16.size_of(32))


class Looks(Notify):
    """Counts how often somebody looked, found nothing to do, and went to sleep."""

    sleeps = 0

    async def wait(self) -> None:
        Looks.sleeps += 1
        await super().wait()


async def turns(count: int = TURNS) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class TestWaking:
    """The recogniser is woken when there is enough, and at once when somebody waits. Time is counted in turns of the
    event loop."""

    @staticmethod
    async def listening(stt: FakeStt) -> tuple[Bench, FakeSttStream]:
        bench = Bench(stt)
        await turns()
        return bench, stt.streams[0]

    async def test_audio_that_is_not_enough_wakes_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transcriber_module, "Notify", Looks)
        bench, stream = await self.listening(FakeStt())
        Looks.sleeps = 0
        for _ in range(70):
            bench.transcriber.feed(WINDOW)
            await turns(3)
        assert len(stream.heard) == 8 * 8 * 32 * 32
        assert Looks.sleeps == 8
        bench.task.cancel()

    async def test_enough_is_handed_over_at_once_and_whole(self) -> None:
        """So partials come as early as they can."""
        bench, stream = await self.listening(FakeStt("one two", word_ms=120))
        for _ in range(7):
            bench.transcriber.feed(WINDOW)
            await turns()
        assert not stream.heard
        bench.transcriber.feed(WINDOW)
        await turns()
        assert len(stream.heard) == 8 * 32 * 32
        assert bench.sink.all(SttPartial) == [SttPartial(text="one two", stable=7)]
        bench.task.cancel()

    async def test_what_gathers_while_the_recogniser_is_behind_needs_no_further_audio(self) -> None:
        stt = FakeStt()
        may_go_on = asyncio.Event()
        pushed: list[int] = []

        class Slow(FakeSttStream):
            async def push(self, pcm: bytes) -> None:
                pushed.append(len(pcm) // 32)
                await may_go_on.wait()

        stt.open = lambda config: Slow(stt, config, "x")  # type: ignore[method-assign]
        bench = Bench(stt)
        for _ in range(25):
            bench.transcriber.feed(WINDOW)
            await turns(3)
        assert pushed == [256]
        may_go_on.set()
        await turns()
        assert pushed == [256, 500]
        bench.transcriber.finish()
        await turns()
        assert pushed == [256, 500, 44]
        bench.task.cancel()

    @pytest.mark.parametrize("windows", [0, 1, 7, 9])
    async def test_the_end_is_handed_over_at_once(self, windows: int) -> None:
        bench, stream = await self.listening(FakeStt("hello"))
        for _ in range(windows):
            bench.transcriber.feed(WINDOW)
            await turns(2)
        bench.transcriber.finish()
        await turns()
        assert len(stream.heard) == windows * 32 * 32
        assert bench.sink.all(SttFinal) == [SttFinal(text="hello")]
        assert await bench.ended()

    @pytest.mark.parametrize("windows", [0, 1, 7, 9])
    async def test_a_probe_is_handed_over_at_once(self, windows: int) -> None:
        bench, stream = await self.listening(FakeStt("one two three", word_ms=32, interims=True))
        for _ in range(windows):
            bench.transcriber.feed(WINDOW)
            await turns(2)
        bench.transcriber.probe()
        await turns()
        assert len(stream.heard) == windows * 32 * 32
        assert stream.probes == 1
        assert bench.sink.all(SttInterim)
        bench.task.cancel()

    async def test_a_recogniser_that_fails_ends_while_audio_is_gathered(self) -> None:
        bench, stream = await self.listening(FakeStt())
        bench.transcriber.feed(WINDOW)
        stream._events.put_nowait(EngineDied("stt", "signal 9"))
        (failure,) = await bench.ended()
        assert isinstance(failure, Failed)
        assert failure.code == "engine_died"
        bench.transcriber.feed(WINDOW)
        assert not stream.heard
