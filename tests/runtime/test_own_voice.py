"""Language engines that speak themselves: their audio takes the place of the synthesiser's."""

import asyncio

import pytest
from runtime_sink import RecordingSink

from voxwire.audio.pcm import AudioFormat
from voxwire.events.session_config import Modality, SessionKind
from voxwire.interfaces.commands import StartResponse
from voxwire.interfaces.inputs import Failed, SpokenAudio
from voxwire.interfaces.llm import (
    LlmAudio,
    LlmDone,
    LlmRequest,
    LlmText,
    LlmToolArguments,
    LlmToolCall,
    OwnSpeech,
)
from voxwire.runtime.cascade import Cascade
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.testing.fake_llm import FakeLlm, Script, spoken
from voxwire.testing.fake_service import fake_deployment
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts

VOICES = ("Cherry", "Ethan")


def talker(answer: str | Script, *, rate: int = 24_000, voices: tuple[str, ...] = VOICES) -> FakeLlm:
    return FakeLlm(answer, hears=True, speech=OwnSpeech(rate=rate, voices=voices))


class Bench:
    """One answer of such an engine."""

    def __init__(
        self,
        llm: FakeLlm,
        *,
        modality: Modality = Modality.AUDIO,
        format: AudioFormat = AudioFormat.PCM16,
        speed: float = 1.0,
        words: str | None = None,
    ) -> None:
        self.sink = RecordingSink()
        self.llm = llm
        self.tts = FakeTts()
        self.deployment = fake_deployment(llm=llm, tts=self.tts)
        command = StartResponse(
            generation=9,
            response_id="resp_1",
            request=LlmRequest(instructions="", items=(), modality=modality),
            voice="Cherry",
            speed=speed,
            output_format=format,
            words=words,
        )
        self.task = asyncio.create_task(Cascade(command, self.deployment, self.sink.delivery, Deadlines()).run())

    async def ended(self) -> list[object]:
        async with asyncio.timeout(10):
            await self.task
        return list(self.sink.results)

    @property
    def audio(self) -> list[SpokenAudio]:
        return self.sink.all(SpokenAudio)


class TestSpeech:
    async def test_is_delivered_with_its_transcript_and_no_synthesiser_is_asked(self) -> None:
        bench = Bench(talker(spoken("Hello there, friend.")))
        results = await bench.ended()
        assert results[-1] == LlmDone()
        assert "".join(result.text for result in bench.sink.all(LlmText)) == "Hello there, friend."
        assert bench.audio[-1].chars_to == len("Hello there, friend.")
        assert bench.tts.streams == []

    async def test_the_engine_is_told_the_voice(self) -> None:
        bench = Bench(talker(spoken("Hello.")))
        await bench.ended()
        assert bench.llm.requests[0].voice == "Cherry"

    @pytest.mark.parametrize("format", AudioFormat)
    @pytest.mark.parametrize("rate", [16_000, 24_000])
    async def test_has_the_rate_of_the_wire_and_its_own_speed(self, format: AudioFormat, rate: int) -> None:
        bench = Bench(talker(spoken("Hello there.", rate=rate), rate=rate), format=format, speed=1.5)
        await bench.ended()
        seconds = sum(len(audio.pcm) for audio in bench.audio) / 2 / format.rate
        assert seconds == pytest.approx(0.06 * len("Hello there."), abs=0.001)

    async def test_the_first_delta_is_short_and_none_is_long(self) -> None:
        bench = Bench(talker(spoken("worrrrrrrrrrrrrd " * 6)))
        await bench.ended()
        lengths = [len(audio.pcm) / 48 for audio in bench.audio]
        assert 50 <= lengths[0] <= 100
        assert max(lengths) <= 200

    async def test_each_delta_says_how_far_in_the_text_it_is(self) -> None:
        bench = Bench(talker([LlmText(text="x" * 40), LlmAudio(pcm=bytes(48_000), chars_to=40), LlmDone()]))
        await bench.ended()
        heard = 0.0
        for delta in bench.audio:
            heard += len(delta.pcm) / 48_000
            assert delta.chars_to == pytest.approx(40 * heard, abs=1)

    async def test_every_message_counts_for_itself_and_calls_wait_for_the_speech_before_them(self) -> None:
        call = [LlmToolCall(name="find"), LlmToolArguments(delta="{}")]
        bench = Bench(talker([*spoken("Let me look.")[:-1], *call, *spoken("Done.")]))
        await bench.ended()
        assert bench.sink.kinds[-4:] == ["LlmToolArguments", "LlmText", "SpokenAudio", "LlmDone"]
        before = [type(result) for result in bench.sink.results].index(LlmToolCall)
        said = [result for result in bench.sink.results[:before] if isinstance(result, SpokenAudio)]
        assert sum(len(audio.pcm) for audio in said) / 48 == 60 * len("Let me look.")
        assert bench.audio[-1].chars_to == len("Done.")

    async def test_is_left_out_of_a_written_answer(self) -> None:
        bench = Bench(talker(spoken("Hello.")), modality=Modality.TEXT)
        await bench.ended()
        assert bench.sink.kinds == ["LlmText", "LlmDone"]

    async def test_waits_for_a_client_that_does_not_read(self) -> None:
        bench = Bench(talker([LlmAudio(pcm=bytes(480_000), chars_to=0), LlmDone()]))
        bench.sink.open.clear()
        await asyncio.sleep(0.02)
        assert bench.sink.results == []
        bench.sink.open.set()
        await bench.ended()
        assert sum(len(audio.pcm) for audio in bench.audio) == 480_000

    async def test_nothing_is_delivered_after_a_cancel(self) -> None:
        bench = Bench(talker([*spoken("Hello.")[:-1], 60.0, LlmDone()]))
        await bench.sink.until(lambda: bench.audio)
        before = len(bench.sink.results)
        bench.sink.delivery.shut()
        bench.task.cancel()
        await asyncio.wait([bench.task])
        assert len(bench.sink.results) == before
        assert bench.llm.closed_iterators == 1


class TestBrokenEngines:
    @pytest.mark.parametrize(
        "llm",
        [
            FakeLlm([LlmAudio(pcm=bytes(480), chars_to=0), LlmDone()]),
            talker([LlmAudio(pcm=b"odd", chars_to=0), LlmDone()]),
        ],
        ids=["speaks although it cannot", "half a sample"],
    )
    async def test_fail_the_answer(self, llm: FakeLlm) -> None:
        failure = (await Bench(llm).ended())[-1]
        assert isinstance(failure, Failed)
        assert failure.code == "engine_protocol_error"


class TestDeployment:
    def test_offers_the_voices_of_the_engine(self) -> None:
        deployment = fake_deployment(llm=talker("Hi."))
        assert deployment.capabilities.voices == {"Cherry", "Ethan"}
        assert deployment.config(SessionKind.REALTIME).voice == "Cherry"

    def test_takes_any_name_where_the_engine_does(self) -> None:
        deployment = fake_deployment(llm=talker("Hi.", voices=()))
        assert deployment.capabilities.voices is None
        assert deployment.config(SessionKind.REALTIME).voice == "alloy"

    def test_begins_no_drafts_for_an_engine_that_hears(self) -> None:
        """A draft is begun with words, and what this engine hears has none yet."""
        drafting = fake_deployment(stt=FakeStt("", interims=True))
        assert drafting.capabilities.interims
        hearing = fake_deployment(stt=FakeStt("", interims=True), llm=talker("Hi."))
        assert hearing.capabilities.hears
        assert not hearing.capabilities.interims

    @pytest.mark.parametrize(("asked", "voice"), [("verse", "verse"), ("Cherry", "alloy")])
    def test_has_another_voice_for_words_that_no_engine_wrote(self, asked: str, voice: str) -> None:
        assert fake_deployment(llm=talker("Hi.")).reciting_voice(asked) == voice

    async def test_its_synthesiser_says_them(self) -> None:
        bench = Bench(talker([AssertionError("nobody asks it")]), words="Welcome.")
        assert (await bench.ended())[-1] == LlmDone()
        assert bench.tts.streams[0].text == "Welcome."
        assert bench.tts.streams[0].config.voice == "alloy"
