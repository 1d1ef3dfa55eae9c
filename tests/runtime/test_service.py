"""Whole conversations in process: real session and dialect, fake engines, memory transport."""

import asyncio
import base64
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
from msgspec.structs import replace
from runtime_client import connected

from voxwire.errors import EngineDied, EngineError
from voxwire.events.closing import CloseReason
from voxwire.events.items import InputAudio, MessageItem
from voxwire.events.session_config import FunctionTool, SessionConfig, SessionKind
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmText, LlmToolArguments, LlmToolCall
from voxwire.interfaces.stt import SttConfig
from voxwire.runtime.deployment import Deployment, capabilities_of
from voxwire.runtime.live_sessions import TooManySessions
from voxwire.runtime.runtime_limits import Deadlines, RuntimeLimits
from voxwire.session.limits import Limits
from voxwire.testing.fake_llm import ExpectingLlm, FakeLlm, words
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt, FakeSttStream
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_turn import FakeTurn
from voxwire.testing.fake_vad import FakeVad, loud, quiet

TOOL = {"type": "function", "name": "get_weather", "description": "Weather", "parameters": {"type": "object"}}


async def test_a_session_opens_by_itself() -> None:
    async with connected(fake_service()) as client:
        created = await client.wire.wait_for("session.created")
        assert client.wire.types == ["session.created"]
        assert created["session"]["model"] == "gpt-realtime"
        assert created["session"]["id"].startswith("sess_")
        assert len(created["event_id"]) == len("event_") + 21


async def test_a_text_turn_is_answered_in_speech() -> None:
    llm = FakeLlm("The sky is blue today.")
    async with connected(fake_service(fake_deployment(llm=llm))) as client:
        await client.say_text("What colour is the sky?")
        await client.send("response.create")
        done = await client.wire.wait_for("response.done")
        assert done["response"]["status"] == "completed"
        transcript = done["response"]["output"][0]["content"][0]["transcript"]
        assert transcript == "The sky is blue today."
        deltas = client.wire.all("response.output_audio_transcript.delta")
        assert "".join(event["delta"] for event in deltas) == transcript
        assert client.spoken_ms() == 60 * len(transcript)
    assert llm.requests[0].items[0].content[0].text == "What colour is the sky?"  # type: ignore[union-attr]


async def test_text_alone_needs_no_voice() -> None:
    tts = FakeTts()
    async with connected(fake_service(fake_deployment(tts=tts))) as client:
        await client.send("response.create", response={"output_modalities": ["text"]})
        done = await client.wire.wait_for("response.done")
        assert done["response"]["output"][0]["content"][0]["text"] == "Hello! How can I help you?"
        assert not client.wire.all("response.output_audio.delta")
    assert tts.streams == []


async def test_a_spoken_turn_is_heard_and_answered() -> None:
    stt = FakeStt("what is your name", word_ms=200)
    llm = FakeLlm("I have none.")
    async with connected(fake_service(fake_deployment(stt=stt, llm=llm))) as client:
        await client.configure(audio={"input": {"transcription": {"model": "whisper-1"}}})
        await client.append(quiet(500) + loud(1000) + quiet(600))
        await client.wire.wait_for("response.done")
        await client.wire.wait_for("conversation.item.input_audio_transcription.completed")
        types = client.wire.types
        order = [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "response.created",
            "response.output_audio.delta",
            "response.done",
        ]
        assert sorted(order, key=types.index) == order
        heard = client.wire.all("conversation.item.input_audio_transcription.delta")
        assert "".join(event["delta"] for event in heard) == "what is your name"
    assert llm.requests[0].items[0].content[0].transcript == "what is your name"  # type: ignore[union-attr]
    assert len(stt.streams[0].heard) / 32 == pytest.approx(1500, abs=200)  # speech, padding, trailing silence
    assert stt.streams[0].cancelled


@pytest.mark.parametrize("seconds", [1, 20])
async def test_what_was_said_can_be_had_back(seconds: int) -> None:
    """Much audio takes another way out than little; either comes whole, and before what follows."""
    pcm = (np.arange(24_000 * seconds) % 32_767).astype("<i2").tobytes()
    async with connected(fake_service()) as client:
        await client.configure(audio={"input": {"turn_detection": None}})
        await client.append(pcm, chunk_ms=100)
        await client.send("input_audio_buffer.commit")
        committed = await client.wire.wait_for("input_audio_buffer.committed")
        await client.send("conversation.item.retrieve", item_id=committed["item_id"])
        await client.configure(instructions="Next.")
        retrieved = await client.wire.wait_for("conversation.item.retrieved")
        assert base64.b64decode(retrieved["item"]["content"][0]["audio"]) == pcm
        assert client.wire.types[-2:] == ["conversation.item.retrieved", "session.updated"]


async def test_cancel_stops_engines_and_deltas() -> None:
    llm = FakeLlm("A very long answer that would take a minute to say in full.")
    tts = FakeTts(pace=1.0)
    async with connected(fake_service(fake_deployment(llm=llm, tts=tts))) as client:
        await client.send("response.create")
        await client.wire.wait_for("response.output_audio.delta")
        await client.send("response.cancel")
        done = await client.wire.wait_for("response.done")
        assert done["response"]["status"] == "cancelled"
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        await asyncio.sleep(0.25)  # two more chunks would have been spoken
        assert client.wire.types[-1] == "rate_limits.updated"
        assert tts.streams[0].cancelled
        assert llm.closed_iterators == 1


async def test_barge_in_interrupts_an_answer_that_is_being_spoken() -> None:
    tts = FakeTts(pace=1.0)
    stt = FakeStt("tell me a story", "stop please")
    llm = FakeLlm(lambda request: "Once upon a time there was a king." if len(request.items) == 1 else "Gladly.")
    async with connected(fake_service(fake_deployment(stt=stt, llm=llm, tts=tts))) as client:
        await client.append(loud(700) + quiet(600))
        await client.wire.wait_for("response.output_audio.delta", 2)
        await client.append(loud(700) + quiet(600))
        first = await client.wire.wait_for("response.done", 1)
        second = await client.wire.wait_for("response.done", 2)
    assert first["response"]["status_details"]["reason"] == "turn_detected"
    assert second["response"]["status"] == "completed"
    events = client.wire.events
    started = [i for i, event in enumerate(events) if event["type"] == "input_audio_buffer.speech_started"][1]
    later = [event for event in events[started:] if event["type"].endswith(".delta")]
    assert {event["response_id"] for event in later} == {second["response"]["id"]}
    assert tts.streams[0].spoken < len("Once upon a time there was a king.")


async def test_audio_that_a_slow_client_did_not_get_yet_is_dropped_on_cancel() -> None:
    async with connected(fake_service(fake_deployment(llm=FakeLlm("word " * 40)))) as client:
        await client.wire.wait_for("session.created")
        client.wire.reading.clear()
        await client.send("response.create")
        for _ in range(50):
            await asyncio.sleep(0)
        await client.send("response.cancel")
        client.wire.reading.set()
        done = await client.wire.wait_for("response.done")
        assert client.spoken_ms() < 500
        transcript = "".join(event["delta"] for event in client.wire.all("response.output_audio_transcript.delta"))
        assert done["response"]["output"][0]["content"][0]["transcript"] == transcript


async def test_a_tool_call_comes_after_the_speech_before_it() -> None:
    script = [
        LlmText(text="One moment. "),
        LlmToolCall(name="get_weather"),
        LlmToolArguments(delta='{"city":'),
        LlmToolArguments(delta='"Oslo"}'),
        LlmDone(),
    ]

    def answer(request: LlmRequest) -> list[object] | str:
        return script if len(request.items) < 2 else "It rains."

    async with connected(fake_service(fake_deployment(llm=FakeLlm(answer)))) as client:
        await client.configure(tools=[TOOL])
        await client.say_text("weather in Oslo")
        await client.send("response.create")
        done = await client.wire.wait_for("response.done")
        message, call = done["response"]["output"]
        assert message["content"][0]["transcript"].strip() == "One moment."
        assert (call["name"], call["arguments"]) == ("get_weather", '{"city":"Oslo"}')
        types = client.wire.types
        assert types.index("response.output_audio.done") < types.index("response.function_call_arguments.delta")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        await client.send("conversation.item.create", item=output)
        await client.send("response.create")
        again = await client.wire.wait_for("response.done", 2)
        assert again["response"]["output"][0]["content"][0]["transcript"] == "It rains."


async def test_the_death_of_a_worker_ends_one_response_and_the_next_works() -> None:
    answers = iter([[LlmText(text="Well, "), EngineDied("llm", "signal 9")], words("Here I am.")])
    async with connected(fake_service(fake_deployment(llm=FakeLlm(lambda _: next(answers))))) as client:
        await client.send("response.create")
        failed = await client.wire.wait_for("response.done")
        assert failed["response"]["status"] == "failed"
        assert failed["response"]["status_details"]["error"]["code"] == "engine_died"
        await client.send("response.create")
        assert (await client.wire.wait_for("response.done", 2))["response"]["status"] == "completed"
        assert not client.wire.all("error")


async def test_recognition_that_fails_fails_the_answer_and_says_why() -> None:
    stt = FakeStt(EngineError("stt", "engine_busy", "No free worker."), "hello")
    async with connected(fake_service(fake_deployment(stt=stt))) as client:
        await client.configure(audio={"input": {"transcription": {"model": "whisper-1"}}})
        await client.append(loud(700) + quiet(600))
        failed = await client.wire.wait_for("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["code"] == "engine_busy"
        done = await client.wire.wait_for("response.done")
        assert done["response"]["status"] == "failed"
        await client.append(loud(700) + quiet(600))
        assert (await client.wire.wait_for("response.done", 2))["response"]["status"] == "completed"


async def test_a_transcription_session_only_transcribes() -> None:
    stt = FakeStt("take a note")
    async with connected(fake_service(fake_deployment(stt=stt)), SessionKind.TRANSCRIPTION) as client:
        await client.append(loud(700) + quiet(600))
        completed = await client.wire.wait_for("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "take a note"
        assert not client.wire.all("response.created")


async def test_bad_frames_get_one_error_each_and_the_session_goes_on() -> None:
    async with connected(fake_service()) as client:
        for frame in ("{", '{"type":"nonsense","event_id":"e1"}', "[]", '{"type":"response.cancel","event_id":"e2"}'):
            await client.attachment.receive(frame)
        await client.attachment.receive(b"\x00\x01", binary=True)
        await client.send("response.create")
        await client.wire.wait_for("response.done")
        errors = [event["error"] for event in client.wire.all("error")]
        assert [error["event_id"] for error in errors] == [None, "e1", None, "e2", None]
        assert errors[3]["code"] == "response_cancel_not_active"
        assert errors[4]["code"] == "invalid_event"


async def test_a_session_expires_with_an_error_and_a_reason() -> None:
    async with connected(fake_service(limits=Limits(session_seconds=0.05))) as client:
        reason, message = await client.wire.wait_closed()
        assert reason is CloseReason.EXPIRED
        assert "maximum duration" in message
        assert client.wire.events[-1]["error"]["code"] == "session_expired"
        async with asyncio.timeout(5):
            await client.attachment.closed.wait()
        await client.send("response.create")  # has no effect any more
        assert not client.wire.all("response.created")


async def test_closing_the_service_ends_conversations_and_engines_once() -> None:
    turn = FakeTurn()
    deployment = fake_deployment(turn=turn)
    service = fake_service(deployment, fake_deployment(name="other", stt=deployment.stt, turn=turn))
    await service.start()
    assert deployment.stt.started == service.vad.started == turn.started == 1  # type: ignore[attr-defined]
    async with connected(service) as client:
        await client.wire.wait_for("session.created")
        closing = asyncio.create_task(service.close())
        assert await client.wire.wait_closed() == (CloseReason.RESTARTING, "The server is restarting.")
        async with asyncio.timeout(5):
            await client.attachment.closed.wait()
    await closing
    assert deployment.stt.closed == service.vad.closed == turn.closed == 1  # type: ignore[attr-defined]


async def test_an_engine_that_does_not_start_is_told() -> None:
    class Broken(FakeTts):
        async def start(self) -> None:
            raise EngineError("tts", "no_voice", "There is no voice.")

    service = fake_service(fake_deployment(tts=Broken()))
    with pytest.raises(EngineError, match="There is no voice"):
        await service.start()
    await service.close()


async def test_closing_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeTts):
        async def close(self) -> None:
            raise EngineError("tts", "stuck", "The voice does not stop.")

    service = fake_service(fake_deployment(tts=Broken()), runtime_limits=RuntimeLimits(close_deadline_s=0.05))
    async with connected(service):  # a body that does not leave
        with pytest.raises(EngineError, match="does not stop"):
            await service.close()
    assert "1 sessions did not end in time" in caplog.text


async def test_conversations_are_counted_and_bounded() -> None:
    service = fake_service(runtime_limits=RuntimeLimits(sessions=1))
    async with connected(service):
        assert service.sessions == 1
        with pytest.raises(TooManySessions):
            async with connected(service):
                pass


async def test_a_client_that_does_not_read_costs_nobody_else() -> None:
    limits = RuntimeLimits(outbox_high_bytes=20_000, outbox_low_bytes=5_000, write_deadline_s=1.0)
    llm = FakeLlm("word " * 200)
    service = fake_service(fake_deployment(llm=llm), runtime_limits=limits)
    async with connected(service) as slow, connected(service) as quick:
        slow.wire.reading.clear()
        await slow.send("response.create")
        await quick.send("response.create")
        await quick.wire.wait_for("response.done")
        assert 20_000 <= slow.attachment.outbox.waiting_bytes < 60_000
        reader = asyncio.create_task(slow.send("response.cancel"))
        await asyncio.sleep(0)
        assert await slow.wire.wait_closed() == (CloseReason.NOT_READING, "The client does not read what it is sent.")
        async with asyncio.timeout(5):
            await reader
        assert slow.attachment.closed.is_set()
        await quick.send("response.create", response={"output_modalities": ["text"]})
        await quick.wire.wait_for("response.done", 2)


async def test_a_recogniser_that_is_slow_slows_the_reader_down() -> None:
    stt = FakeStt("hello", push_s=0.02)
    service = fake_service(fake_deployment(stt=stt), runtime_limits=RuntimeLimits(untranscribed_ms=1000))
    async with connected(service) as client:
        await client.configure(audio={"input": {"turn_detection": None}})
        await client.append(loud(10_000), chunk_ms=100)
        await client.send("input_audio_buffer.commit")
        await client.wire.wait_for("conversation.item.added")
        async with asyncio.timeout(10):
            await stt.streams[0].committed.wait()
        assert len(stt.streams[0].heard) / 32 == 10_000


async def test_speech_is_not_read_on_while_the_recogniser_takes_none() -> None:
    """Detection keeps up with this client, so that what it hands over is the only thing that waits."""
    stt = FakeStt("hello", push_s=60)
    service = fake_service(fake_deployment(stt=stt), runtime_limits=RuntimeLimits(untranscribed_ms=1000))
    read_ms = 0
    async with connected(service) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while read_ms < 30_000:
                    await client.append(loud(100))
                    read_ms += 100
                    await asyncio.sleep(0.005)
    assert 1000 <= read_ms < 5000


async def test_a_recogniser_that_gives_up_lets_the_reader_go_on() -> None:
    """What it had not taken is nobody's any more, and nothing else happens that would make the reader look."""
    stt = FakeStt("hello", push_s=60)
    limits = RuntimeLimits(untranscribed_ms=1000, deadlines=Deadlines(stt_s=0.05))
    async with connected(fake_service(fake_deployment(stt=stt), runtime_limits=limits)) as client:
        await client.configure(audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}})
        async with asyncio.timeout(5):
            await client.append(loud(5000))
            await client.send("input_audio_buffer.commit")
            await client.wire.wait_for("conversation.item.input_audio_transcription.failed")
            await client.send("input_audio_buffer.clear")
            await client.wire.wait_for("input_audio_buffer.cleared")


async def test_a_slow_detector_slows_the_reader_down() -> None:
    service = fake_service(runtime_limits=RuntimeLimits(unscored_ms=500))
    async with connected(service) as client:
        await client.append(quiet(30_000), chunk_ms=1000)
        await client.send("input_audio_buffer.clear")
        await client.wire.wait_for("input_audio_buffer.cleared")


async def test_detection_that_fails_ends_the_conversation_in_words(caplog: pytest.LogCaptureFixture) -> None:
    vad = FakeVad()
    async with connected(fake_service(vad=vad)) as client:
        vad.failing = ValueError("bad window")
        await client.append(loud(200))
        assert (await client.wire.wait_closed())[0] is CloseReason.INTERNAL_ERROR
        assert client.wire.events[-1]["error"]["type"] == "server_error"
    assert "Speech detection failed" in caplog.text


async def test_stalled_engines_fail_by_their_deadlines() -> None:
    limits = RuntimeLimits(deadlines=Deadlines(llm_first_s=0.05, llm_idle_s=0.05, tts_s=0.05, stt_s=0.05))
    answers = iter([[60.0], [LlmText(text="Well"), 60.0], "Fine.", "Fine."])
    deployment = fake_deployment(
        llm=FakeLlm(lambda _: next(answers)), tts=FakeTts(stalled=True), stt=FakeStt("x", stalled=True)
    )
    async with connected(fake_service(deployment, runtime_limits=limits)) as client:
        codes = []
        for number in (1, 2, 3):
            await client.send("response.create")
            done = await client.wire.wait_for("response.done", number)
            codes.append(done["response"]["status_details"]["error"]["code"])
        await client.append(loud(700) + quiet(600))
        done = await client.wire.wait_for("response.done", 4)
        codes.append(done["response"]["status_details"]["error"]["code"])
        assert codes == ["llm_timeout", "llm_timeout", "tts_timeout", "transcription_timeout"]


async def test_nothing_that_was_said_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = "my number is five five five"
    llm = FakeLlm([LlmText(text=secret), ValueError(secret)])
    async with connected(fake_service(fake_deployment(stt=FakeStt(secret), llm=llm))) as client:
        await client.append(loud(700) + quiet(600))
        done = await client.wire.wait_for("response.done")
        assert done["response"]["status_details"]["error"]["code"] == "engine_failed"
    assert "ValueError" in caplog.text
    assert secret not in caplog.text


async def test_leaving_in_the_middle_of_everything_leaves_nothing_running() -> None:
    tts = FakeTts(pace=1.0)
    stt = FakeStt("hello", stalled=True)
    service = fake_service(fake_deployment(stt=stt, tts=tts))
    async with connected(service) as client:
        await client.configure(audio={"input": {"turn_detection": {"type": "server_vad", "interrupt_response": False}}})
        await client.send("response.create")
        await client.wire.wait_for("response.output_audio.delta")
        await client.append(loud(300))
        await client.wire.wait_for("input_audio_buffer.speech_started")
        while not stt.streams:  # noqa: ASYNC110 - a thread finds the words to expect first
            await asyncio.sleep(0)
    assert service.sessions == 0
    assert tts.streams[0].cancelled
    assert stt.streams[0].cancelled


async def test_recognisers_get_ready_for_what_a_session_may_hear() -> None:
    stt, llm = FakeStt(), ExpectingLlm(phrases=("what time is it",))
    service = fake_service(fake_deployment(stt=stt, llm=llm))
    await service.start()
    assert [config.phrases for config in stt.prepared] == [("what time is it",)]
    tool = {"type": "function", "name": "weather"}
    async with connected(service) as client:
        await client.configure(tools=[tool])
        await client.configure(tools=[tool])  # changes nothing, so there is nothing to prepare
        await client.configure(instructions="Be brief.")
        while len(stt.prepared) < 3:  # noqa: ASYNC110  # nothing else tells
            await asyncio.sleep(0.001)
    assert len(stt.prepared) == 3
    await service.close()


async def test_what_a_session_begins_with_is_expected_too() -> None:
    """Whoever opens a session may give it settings of its own, which no update says again."""

    class Tailored(Deployment):
        def config(self, kind: SessionKind, model: str | None = None) -> SessionConfig:
            return replace(super().config(kind, model), instructions="Rule 1.")

    class Quoting(ExpectingLlm):
        def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
            return (instructions,)

    stt, llm, tts = FakeStt(), Quoting(), FakeTts()
    deployment = Tailored(name="house", stt=stt, llm=llm, tts=tts, capabilities=capabilities_of(stt, llm, tts))
    async with connected(fake_service(deployment)) as client:
        await client.append(loud(300) + quiet(700))
        await client.wire.wait_for("response.done")
    assert [stream.config.phrases for stream in stt.streams] == [("Rule 1.",)]


async def test_recorded_items_are_recognised_one_after_the_other() -> None:
    """Recognisers are shared: 150 recordings in one message once kept others from being heard for 10 s."""

    class Counting(FakeStt):
        most = 0

        def open(self, config: SttConfig) -> FakeSttStream:
            stream = super().open(config)
            self.most = max(self.most, sum(not stream.cancelled for stream in self.streams))
            return stream

    llm, stt = FakeLlm(), Counting("one", "two", "three", "live")
    async with connected(fake_service(fake_deployment(stt=stt, llm=llm))) as client:
        parts = [{"type": "input_audio", "audio": base64.b64encode(quiet(200)).decode()}] * 3
        await client.send("conversation.item.create", item={"type": "message", "role": "user", "content": parts})
        await client.send("response.create")
        await client.wire.wait_for("response.done")
    (request,) = llm.requests
    (item,) = request.items
    assert isinstance(item, MessageItem)
    assert [part.transcript for part in item.content if isinstance(part, InputAudio)] == ["one", "two", "three"]
    assert stt.most == 1


async def test_a_live_turn_does_not_wait_for_recorded_items() -> None:
    stt = FakeStt(stalled=True)
    async with connected(fake_service(fake_deployment(stt=stt))) as client:
        part = {"type": "input_audio", "audio": base64.b64encode(quiet(200)).decode()}
        await client.send("conversation.item.create", item={"type": "message", "role": "user", "content": [part] * 3})
        await client.append(loud(300))
        await client.wire.wait_for("input_audio_buffer.speech_started")
        while len(stt.streams) < 2:  # noqa: ASYNC110  # nothing else tells
            await asyncio.sleep(0.001)
        assert len(stt.streams) == 2


async def test_a_storm_of_settings_keeps_recognisers_no_busier_than_its_last() -> None:
    """Preparing takes the workers of all sessions: 150 updates in a row once cost others 5 s of each turn."""
    begun, go_on, last = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Slow(FakeStt):
        async def prepare(self, config: SttConfig) -> None:
            await super().prepare(config)
            if config.phrases == ("",):  # of the deployment itself
                return
            begun.set()
            if config.phrases == ("Rule 20.",):
                last.set()
            await go_on.wait()

    class Quoting(ExpectingLlm):
        def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
            return (instructions,)

    stt = Slow()
    async with connected(fake_service(fake_deployment(stt=stt, llm=Quoting()))) as client:
        await client.configure(instructions="Rule 0.")
        await begun.wait()
        for number in range(1, 21):
            await client.configure(instructions=f"Rule {number}.")
        go_on.set()
        await last.wait()
    assert [config.phrases for config in stt.prepared] == [("",), ("Rule 0.",), ("Rule 20.",)]


async def test_a_recogniser_that_cannot_get_ready_is_logged_and_the_session_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Unready(FakeStt):
        async def prepare(self, config: SttConfig) -> None:
            if config.phrases:
                raise EngineError("stt", "engine_failed", "No room.")

    llm = ExpectingLlm()
    service = fake_service(fake_deployment(stt=Unready(), llm=llm))
    async with connected(service) as client:
        llm.expected = ("hello",)
        await client.configure(instructions="Be brief.")
        while "engine_failed" not in caplog.text:  # noqa: ASYNC110  # nothing else tells
            await asyncio.sleep(0.001)
        await client.configure(instructions="Be kind.")


async def test_the_first_sound_of_an_answer_leaves_in_one_write_with_its_beginning() -> None:
    async with connected(fake_service()) as client:
        await client.wire.wait_for("session.created")
        opened = len(client.wire.writes)
        await client.send("response.create")
        await client.wire.wait_for("response.created")
        first = client.wire.writes[opened]
        assert client.wire.types[opened:][:first][-1] == "response.output_audio.delta"


async def test_engines_learn_whose_work_it_is_and_what_stands_aside() -> None:
    stt, tts, llm = FakeStt(), FakeTts(), FakeLlm()
    async with connected(fake_service(fake_deployment(stt=stt, tts=tts, llm=llm))) as client:
        session = (await client.wire.wait_for("session.created"))["session"]["id"]
        await client.say_text("Hello.")
        await client.send("response.create", response={"conversation": "none"})
        await client.wire.wait_for("response.done")
        await client.send("response.create")
        await client.wire.wait_for("response.done", 2)
    assert [stream.config.claim for stream in tts.streams] == [
        Claim(session, background=True, principal="local/anybody"),
        Claim(session, principal="local/anybody"),
    ]
    assert [request.claim for request in llm.requests] == [Claim(session, principal="local/anybody")] * 2
