"""Spans of conversations, as a collector gets them over a real socket."""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from span_receiver import SpanReceiver, span_receiver
from spoken_turn import ANSWERED, AUDIO, GA, HEARD, calling, events_until, is_told, speak

from voxwire.config import TraceSettings
from voxwire.errors import ConfigurationError, EngineError
from voxwire.runtime.service import Service
from voxwire.telemetry.tracing import open_spans
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import served, settings_for_tests

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector() -> Iterator[SpanReceiver]:
    with span_receiver() as receiver:
        yield receiver


def conversation(llm: FakeLlm | None = None) -> Service:
    return fake_service(fake_deployment(stt=FakeStt(HEARD), llm=llm or FakeLlm(ANSWERED)))


async def test_a_turn_and_its_stages_below_the_session_in_the_clients_trace(collector: SpanReceiver) -> None:
    async with served(conversation(), tracing={"endpoint": collector.url}) as url:
        async with calling(url, traceparent=f"00-{TRACE}-{SPAN}-01") as client:
            (created,) = await events_until(client, "session.created")
            for _ in range(2):
                done = (await speak(client))[-1]["response"]
    assert set(collector.paths) == {"/v1/traces"}
    (session,) = collector.named("session")
    assert (session.trace_id, session.parent_id) == (TRACE, SPAN)
    assert session.attributes["gen_ai.conversation.id"] == created["session"]["id"]
    assert session.attributes["voxwire.deployment"] == "gpt-realtime"
    turns = collector.named("turn")
    assert [turn.parent_id for turn in turns] == [session.span_id] * 2
    assert turns[1].attributes["gen_ai.response.id"] == done["id"]
    assert turns[1].attributes["gen_ai.usage.output_tokens"] == done["usage"]["output_tokens"]
    assert turns[1].attributes["voxwire.turn.end"] == "completed"
    for turn in turns:
        below = {span.name: span for span in collector.spans if span.parent_id == turn.span_id}
        assert set(below) == {"stt", "llm", "tts"}
        assert {span.trace_id for span in below.values()} == {TRACE}
        moments = [turn.begun, below["stt"].ended, below["llm"].begun, below["tts"].begun, turn.ended]
        assert all(sooner <= later + 1_000_000 for sooner, later in pairwise(moments))
        assert below["llm"].attributes["gen_ai.operation.name"] == "chat"
        assert below["tts"].attributes["voxwire.engine"] == "fake-tts"
        assert [name for name, _ in below["tts"].events] == ["first_item"]
    assert collector.resources[0]["service.name"] == "voxwire"
    assert not is_told(str(collector.bodies))


async def test_without_a_clients_trace_there_is_one_that_the_log_has_too(collector: SpanReceiver) -> None:
    async with served(conversation(), tracing={"endpoint": collector.url}) as url:
        async with calling(url) as client:
            given = client.response.headers["apim-request-id"]  # type: ignore[union-attr]
            await speak(client)
    assert {span.trace_id for span in collector.spans} == {given.replace("-", "")}
    assert collector.named("session")[0].parent_id == ""


async def test_a_trace_that_the_client_does_not_record_is_not_recorded_here(collector: SpanReceiver) -> None:
    async with served(conversation(), tracing={"endpoint": collector.url}) as url:
        async with calling(url, traceparent=f"00-{TRACE}-{SPAN}-00") as client:
            await speak(client)
    assert collector.spans == []


async def test_a_failure(collector: SpanReceiver) -> None:
    failing = FakeLlm([EngineError("llm", "llm_overloaded", ANSWERED)])
    async with served(conversation(failing), tracing={"endpoint": collector.url}) as url, calling(url) as client:
        await speak(client)
    for name in ("turn", "llm"):
        (span,) = collector.named(name)
        assert (span.failed, span.attributes["error.type"]) == (True, "llm_overloaded")
    assert not is_told(str(collector.bodies))


async def test_an_answer_that_was_cancelled(collector: SpanReceiver) -> None:
    slow = FakeLlm(words(ANSWERED + " and so on" * 30, pace_s=0.02))
    async with served(conversation(slow), tracing={"endpoint": collector.url}) as url, calling(url) as client:
        await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO}))
        await events_until(client, "response.output_audio.delta")
        await client.send('{"type": "response.cancel"}')
        await events_until(client, "response.done")
    (turn,) = collector.named("turn")
    assert turn.attributes["voxwire.turn.end"] == "client_cancelled"
    for stage in ("llm", "tts"):
        (span,) = collector.named(stage)
        assert (span.parent_id, span.attributes["voxwire.cancelled"]) == (turn.span_id, True)


async def test_what_is_only_written_down_is_below_its_session(collector: SpanReceiver) -> None:
    async with served(conversation(), tracing={"endpoint": collector.url}) as url:
        async with calling(url, GA + "&intent=transcription") as client:
            await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO}))
            await events_until(client, "conversation.item.input_audio_transcription.completed")
    (session,), (heard,) = collector.named("session"), collector.named("stt")
    assert heard.parent_id == session.span_id


class TestWhenThereAreTraces:
    @pytest.fixture(autouse=True)
    def no_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"):
            monkeypatch.delenv(name, raising=False)

    def test_none_unless_somebody_asks(self) -> None:
        assert open_spans(TraceSettings()) is None

    async def test_the_usual_variable_asks(self, collector: SpanReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "front-desk")
        async with served(conversation()) as url, calling(url) as client:
            await speak(client)
        assert [resource["service.name"] for resource in collector.resources] == ["front-desk"]
        assert len(collector.named("turn")) == 1

    def test_and_another_one_says_no(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        assert open_spans(TraceSettings()) is None

    @pytest.fixture
    def not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    @pytest.mark.usefixtures("not_installed")
    def test_the_setting_needs_the_package(self) -> None:
        with pytest.raises(ConfigurationError, match=r"pip install 'voxwire\[otel\]'"):
            open_spans(TraceSettings(endpoint="http://127.0.0.1:4318"))

    @pytest.mark.usefixtures("not_installed")
    def test_the_variable_may_be_for_others(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        assert open_spans(TraceSettings()) is None
        assert r"voxwire[otel]" in caplog.text

    @pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "ftp://collector", "http://"])
    def test_an_address_that_is_none(self, endpoint: str) -> None:
        with pytest.raises(ConfigurationError, match=r"tracing\.endpoint"):
            settings_for_tests(tracing={"endpoint": endpoint})


async def test_a_collector_that_is_not_there_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with (
        served(conversation(), tracing={"endpoint": "http://127.0.0.1:9"}) as url,
        calling(url) as client,
    ):
        assert (await speak(client))[-1]["response"]["status"] == "completed"
    assert not is_told(caplog.text)
