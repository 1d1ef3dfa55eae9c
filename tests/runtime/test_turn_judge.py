"""Votes about a pause: words, a turn model, and what there is when time is up."""

import asyncio

import pytest
from runtime_client import connected
from runtime_sink import RecordingSink

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import EngineError
from voxwire.interfaces.commands import JudgeTurn, StartTranscription
from voxwire.interfaces.inputs import TurnJudged
from voxwire.interfaces.stt import SttFinal
from voxwire.interfaces.turn import TurnSign
from voxwire.runtime.foresight import Situation
from voxwire.runtime.runtime_limits import Deadlines, RuntimeLimits
from voxwire.runtime.transcriber import Transcriber
from voxwire.runtime.turn_judge import TurnJudge
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import loud, quiet


class LostTurn(FakeTurn):
    """Fails, or never answers."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__()
        self.failure = failure
        self.waiting = asyncio.Event()
        self.cancelled = False

    async def score(self, audio: bytes, text: str) -> float:
        if self.failure is not None:
            raise self.failure
        try:
            self.waiting.set()
            await asyncio.Event().wait()
        finally:
            self.cancelled = True
        raise AssertionError


class Bench:
    """One utterance that goes on, and pauses of it."""

    def __init__(self, stt: FakeStt, turn: FakeTurn | None = None, *, language: str | None = "en") -> None:
        self.sink = RecordingSink()
        self.turn = turn
        command = StartTranscription(transcription=4, format=AudioFormat.PCM16, language=language, prompt=None)
        deployment = fake_deployment(stt=stt, turn=turn)
        self.transcriber = Transcriber(command, deployment, self.sink.delivery, Deadlines(), Situation())
        self.task = asyncio.create_task(self.transcriber.run())

    async def judge(self, ms: float = 320, *, audio: bytes = b"", deadline_s: float = 5.0) -> TurnSign | None:
        """The sign of the pause after so much more audio."""
        self.transcriber.feed(loud(ms))
        command = JudgeTurn(judgement=9, transcription=4, audio=audio, format=AudioFormat.PCM16)
        await TurnJudge(command, self.turn, self.transcriber, self.sink.delivery, deadline_s).run()
        judged = self.sink.results.pop()
        assert isinstance(judged, TurnJudged)
        assert judged.number == 9
        return judged.sign

    async def end(self) -> None:
        self.transcriber.finish()
        await self.task


class TestWords:
    async def test_a_recogniser_that_can_be_asked_is_asked(self) -> None:
        stt = FakeStt("my name is", interims=True)
        bench = Bench(stt)
        assert await bench.judge() is TurnSign.UNFINISHED
        assert await bench.judge() is TurnSign.UNFINISHED
        assert stt.streams[0].probes == 2
        await bench.end()

    async def test_the_words_are_those_of_all_audio_so_far(self) -> None:
        bench = Bench(FakeStt("yes please", word_ms=320, interims=True))
        assert await bench.judge() is TurnSign.FINISHED, "yes"
        bench = Bench(FakeStt("I would like a table for two please", word_ms=100, interims=True))
        assert await bench.judge(600) is TurnSign.UNFINISHED
        assert await bench.judge(200) is TurnSign.FINISHED
        await bench.end()

    async def test_a_recogniser_that_cannot_be_asked_gets_a_moment(self) -> None:
        stt = FakeStt("I would like a table for two please", word_ms=100)
        bench = Bench(stt)
        assert await bench.judge(60) is None, "not a word yet"
        assert await bench.judge(590) is TurnSign.UNFINISHED
        assert await bench.judge(200) is TurnSign.FINISHED
        assert stt.streams[0].probes == 0
        await bench.end()

    async def test_no_words_tell_nothing(self) -> None:
        bench = Bench(FakeStt("yes"))
        assert await bench.judge() is None
        await bench.end()

    async def test_the_language_that_the_client_named_counts(self) -> None:
        bench = Bench(FakeStt("mijn naam is", interims=True), language="nl")
        assert await bench.judge() is TurnSign.UNFINISHED
        bench = Bench(FakeStt("eu queria um", interims=True), language="pt")
        assert await bench.judge() is None

    async def test_the_answer_to_an_earlier_pause_is_not_taken_for_this_one(self) -> None:
        stt = FakeStt("my name is", interims=True, push_s=0.05)
        bench = Bench(stt)
        assert await bench.judge(deadline_s=0.01) is None, "time is up"
        assert await bench.judge() is TurnSign.UNFINISHED
        assert bench.sink.kinds == ["SttInterim"]
        await bench.end()

    async def test_what_was_heard_by_the_deadline_decides(self) -> None:
        stt = FakeStt("my name is", word_ms=100)
        bench = Bench(stt)
        assert await bench.judge(330) is TurnSign.UNFINISHED
        stt.push_s = 5.0
        assert await bench.judge(deadline_s=0.05) is TurnSign.UNFINISHED
        bench.task.cancel()


class TestTurnModel:
    AUDIO = loud(1000) + quiet(160)

    @pytest.mark.parametrize(("score", "sign"), [(0.1, TurnSign.HESITANT), (0.5, TurnSign.OPEN), (0.95, TurnSign.OPEN)])
    async def test_it_votes_beside_the_words(self, score: float, sign: TurnSign) -> None:
        turn = FakeTurn(score)
        bench = Bench(FakeStt("turn on the lights in the kitchen", interims=True), turn)
        assert await bench.judge(audio=self.AUDIO) is sign
        ((audio, _),) = turn.asked
        assert len(audio) == 1160 * 32, "at 16 kHz"
        await bench.end()

    @pytest.mark.parametrize(("asked", "sign"), [(True, TurnSign.OPEN), (False, TurnSign.LIKELY)])
    async def test_it_ends_no_turn_sooner_of_which_the_recogniser_understood_nothing(
        self, asked: bool, sign: TurnSign
    ) -> None:
        """One that cannot be asked may only be behind: then the voice alone tells."""
        bench = Bench(FakeStt("the zip code is", word_ms=100, interims=asked), FakeTurn(0.95))
        assert await bench.judge(60, audio=self.AUDIO) is sign
        await bench.end()

    async def test_it_knows_the_words_so_far(self) -> None:
        turn = FakeTurn()
        bench = Bench(FakeStt("turn it off", interims=True), turn)
        for _ in range(2):
            await bench.judge(audio=self.AUDIO)
        assert [text for _, text in turn.asked][-1] == "turn it off"
        await bench.end()

    @pytest.mark.parametrize(
        "failure", [EngineError("turn", "engine_died", "gone"), RuntimeError("a bug of the engine")], ids=["own", "bug"]
    )
    async def test_one_that_fails_does_not_vote(self, failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
        bench = Bench(FakeStt("my name is", interims=True), LostTurn(failure))
        assert await bench.judge(audio=self.AUDIO) is TurnSign.UNFINISHED
        assert "turn model failed: " in caplog.text
        await bench.end()

    async def test_one_that_does_not_answer_is_given_up_at_the_deadline(self) -> None:
        turn = LostTurn(None)
        bench = Bench(FakeStt("my name is", interims=True), turn)
        assert await bench.judge(audio=self.AUDIO, deadline_s=0.1) is TurnSign.UNFINISHED
        assert turn.cancelled
        await bench.end()


@pytest.mark.parametrize(("turn", "sign"), [(None, None), (FakeTurn(0.1), TurnSign.HESITANT)], ids=["none", "model"])
async def test_without_a_recogniser_the_voice_alone_tells(turn: FakeTurn | None, sign: TurnSign | None) -> None:
    sink = RecordingSink()
    command = JudgeTurn(judgement=9, transcription=4, audio=loud(200), format=AudioFormat.ULAW)
    await TurnJudge(command, turn, None, sink.delivery, 5.0).run()
    assert sink.results == [TurnJudged(9, sign)]


class TestOverTheWire:
    """Real session, dialect and runtime."""

    SEMANTIC = {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "auto"}}}  # noqa: RUF012

    async def test_a_turn_ends_early_where_nothing_can_follow(self) -> None:
        service = fake_service(fake_deployment(stt=FakeStt("yes please", interims=True)))
        async with connected(service) as client:
            await client.configure(audio=self.SEMANTIC)
            await client.append(loud(640) + quiet(1600))
            stopped = await client.wire.wait_for("input_audio_buffer.speech_stopped")
            assert stopped["audio_end_ms"] == 640 + 320
            await client.wire.wait_for("response.done")

    async def test_a_turn_that_must_go_on_is_waited_for(self) -> None:
        stt = FakeStt("my name is", SttFinal(text="my name is Ann"), interims=True)
        service = fake_service(fake_deployment(stt=stt, turn=FakeTurn(0.99)))
        async with connected(service) as client:
            await client.configure(audio=self.SEMANTIC)
            await client.append(loud(640) + quiet(2400) + loud(320) + quiet(4100))
            stopped = await client.wire.wait_for("input_audio_buffer.speech_stopped")
            assert stopped["audio_end_ms"] == 640 + 2400 + 320 + 4000
            await client.wire.wait_for("response.done")
            assert len(client.wire.all("input_audio_buffer.speech_started")) == 1

    async def test_a_session_that_ends_leaves_no_judgement_behind(self) -> None:
        turn = LostTurn(None)
        limits = RuntimeLimits(deadlines=Deadlines(turn_s=60))
        service = fake_service(fake_deployment(stt=FakeStt(interims=True), turn=turn), runtime_limits=limits)
        async with connected(service) as client:
            await client.configure(audio=self.SEMANTIC)
            await client.append(loud(640) + quiet(320))
            async with asyncio.timeout(10):
                await turn.waiting.wait()
        assert turn.cancelled
