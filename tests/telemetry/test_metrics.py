"""What is counted of conversations over real sockets, and who may see it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from http_client import handshake, request
from scraped import Series, labelled, scrape, value
from spoken_turn import ANSWERED, AUDIO, GA, HEARD, calling, events_until, is_told, speak

from voxwire.errors import ConfigurationError, EngineError
from voxwire.telemetry.meter import LabelValues
from voxwire.testing.fake_llm import FakeLlm, words
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import served, settings_for_tests

DEPLOYMENT = "gpt-realtime"
KEY, TOKEN = "kumquat-key-000000000000", "5ca1ab1e5ca1ab1e5ca1ab1e"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with served(fake_service(fake_deployment(stt=FakeStt(HEARD), llm=FakeLlm(ANSWERED)))) as address:
        yield address


class TestAConversation:
    async def test_a_spoken_turn_is_counted_stage_by_stage(self, url: str) -> None:
        async with calling(url) as client:
            await speak(client)
            during = await scrape(url)
        assert value(during, "realtime_sessions_active", transport="websocket", deployment=DEPLOYMENT) == 1
        assert value(during, "realtime_turns_total", deployment=DEPLOYMENT, end="completed") == 1
        assert value(during, "realtime_time_to_first_audio_seconds_count", deployment=DEPLOYMENT) == 1
        for stage, engine in (("stt", "fake-stt"), ("llm", "fake-llm"), ("tts", "fake-tts")):
            labels = {"deployment": DEPLOYMENT, "stage": stage, "engine": engine}
            assert value(during, "realtime_engine_request_duration_seconds_count", **labels, phase="whole") == 1
            assert value(during, "realtime_engine_time_to_first_item_seconds_count", **labels) == 1
        finish = {"deployment": DEPLOYMENT, "stage": "stt", "engine": "fake-stt", "phase": "finish"}
        assert value(during, "realtime_engine_request_duration_seconds_count", **finish) == 1
        assert value(during, "realtime_tts_realtime_factor_count", deployment=DEPLOYMENT, engine="fake-tts") == 1
        assert value(during, "realtime_vad_lag_seconds_count") > 0
        tokens = {labels["direction"]: counted for labels, counted in labelled(during, "realtime_tokens_total")}
        assert tokens["input"] > 0
        assert tokens["output"] > 0
        heard = value(during, "realtime_audio_seconds_total", deployment=DEPLOYMENT, direction="input")
        assert heard == pytest.approx(1.92)
        assert value(during, "realtime_audio_seconds_total", deployment=DEPLOYMENT, direction="output") > 0.5

    async def test_a_session_that_has_ended_is_no_longer_active(self, url: str) -> None:
        async with calling(url) as client:
            await events_until(client, "session.created")
        labels = {"transport": "websocket", "deployment": DEPLOYMENT}
        samples: dict[Series, float] = {}
        async with asyncio.timeout(5):
            while not value(samples, "realtime_session_duration_seconds_count", **labels):
                samples = await scrape(url)
        assert samples["realtime_sessions_active", frozenset(labels.items())] == 0

    async def test_audio_that_nobody_answers_is_counted_while_it_comes(self, url: str) -> None:
        """A microphone that is left on for an hour does not show in one lump at the end."""
        silence = "A" * (1000 * 48 * 4 // 3)
        async with calling(url) as client:
            for _ in range(12):
                await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": silence}))
            await client.send('{"type": "nothing"}')
            await events_until(client, "error")
            samples = await scrape(url)
        assert value(samples, "realtime_audio_seconds_total", deployment=DEPLOYMENT, direction="input") >= 10

    async def test_an_interrupted_answer(self) -> None:
        slow = FakeLlm(words(ANSWERED + " and so on" * 30, pace_s=0.02))
        async with served(fake_service(fake_deployment(llm=slow))) as url, calling(url) as client:
            await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO}))
            await events_until(client, "response.output_audio.delta")
            await client.send('{"type": "response.cancel"}')
            await events_until(client, "response.done")
            samples = await scrape(url)
        assert value(samples, "realtime_turns_total", deployment=DEPLOYMENT, end="client_cancelled") == 1

    async def test_a_failing_engine(self) -> None:
        failing = FakeLlm([EngineError("llm", "llm_overloaded", ANSWERED)])
        async with served(fake_service(fake_deployment(llm=failing))) as url:
            async with calling(url) as client:
                await speak(client)
            samples = await scrape(url)
        labels = {"deployment": DEPLOYMENT, "stage": "llm", "engine": "fake-llm", "code": "llm_overloaded"}
        assert value(samples, "realtime_engine_failures_total", **labels) == 1
        assert value(samples, "realtime_turns_total", deployment=DEPLOYMENT, end="failed") == 1

    async def test_a_refused_connection(self, url: str) -> None:
        await handshake(url, "/v1/realtime?model=nobody")
        assert value(await scrape(url), "realtime_connections_rejected_total", reason="model_not_found") == 1

    async def test_the_state_of_the_server(self, url: str) -> None:
        samples = await scrape(url)
        assert value(samples, "realtime_deployments", state="ready") == 1
        for name in ("draining", "full", "sessions_limit", "draft_saved_seconds_total"):
            assert (f"realtime_{name}", frozenset()) in samples
        assert ("realtime_drafts_total", frozenset({("outcome", "wasted")})) in samples

    async def test_nothing_of_what_was_said_and_no_session(self, url: str) -> None:
        async with calling(url) as client:
            (created,) = await events_until(client, "session.created")
            named = {"type": "realtime", "prompt": {"id": HEARD}}
            await client.send(json.dumps({"type": "session.update", "session": named}))
            await speak(client)
            body = (await request(url, "/metrics")).body.decode()
        assert created["session"]["id"] not in body
        assert not is_told(body)


class TestWhoMaySee:
    """Names of deployments and how much they are used are not for those who may only converse."""

    async def ask(self, url: str, **headers: str) -> int:
        answer = await request(url, "/metrics", headers)
        assert (answer.status == 200) == (b"realtime_" in answer.body)
        return answer.status

    async def test_a_key_that_may_only_converse_is_not_enough(self) -> None:
        async with served(auth={"api_keys": [KEY]}, metrics={"token": TOKEN}) as url:
            assert await self.ask(url) == 401
            assert await self.ask(url, Authorization=f"Bearer {KEY}") == 403
            assert await self.ask(url, Authorization=f"Bearer {TOKEN}0") == 401
            assert await self.ask(url, Authorization=f"Basic {TOKEN}") == 401
            assert await self.ask(url, Authorization=f"bearer {TOKEN}") == 200

    async def test_the_token_opens_nothing_else(self) -> None:
        async with served(auth={"api_keys": [KEY]}, metrics={"token": TOKEN}) as url:
            for path in ("/v1/models", GA):
                ask = handshake if path == GA else request
                assert (await ask(url, path, {"Authorization": f"Bearer {TOKEN}"})).status == 401

    async def test_where_nobody_needs_a_key_the_operator_sees_them(self, url: str) -> None:
        assert await self.ask(url) == 200

    async def test_a_token_that_is_set_is_needed_there_too(self) -> None:
        async with served(metrics={"token": TOKEN}) as url:
            assert await self.ask(url) == 401
            assert await self.ask(url, Authorization=f"Bearer {TOKEN}") == 200

    async def test_a_page_of_another_site_does_not_see_them(self, url: str) -> None:
        assert await self.ask(url, Origin="https://evil.example") == 403
        assert await self.ask(url, Host="evil.example") >= 400

    async def test_they_can_be_switched_off(self) -> None:
        async with served(metrics={"enabled": False}) as url:
            assert await self.ask(url) == 404
            async with calling(url) as client:
                await speak(client)

    @pytest.mark.parametrize("token", ["", "short", "with spaces in between them", "ümläüte-are-not-ascii"])
    def test_a_token_that_is_easily_guessed_or_cannot_be_sent(self, token: str) -> None:
        with pytest.raises(ConfigurationError, match=r"metrics\.token"):
            settings_for_tests(metrics={"token": token})


async def test_head_and_the_newer_format(url: str) -> None:
    accept = "application/openmetrics-text;version=1.0.0"
    answer = await request(url, "/metrics", {"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")
    assert answer.headers["cache-control"] == "no-store"


def test_values_of_a_label_stay_few() -> None:
    values = LabelValues(3)
    assert [values(name) for name in "abacdea"] == ["a", "b", "a", "c", "(other)", "(other)", "a"]


async def test_a_deployment_that_is_gone_leaves_its_counts() -> None:
    service = fake_service(fake_deployment(), fake_deployment(name="second"))
    async with served(service) as url:
        async with calling(url, "/v1/realtime?model=second") as client:
            await speak(client)
        service.directory.remove("second")
        samples = await scrape(url)
    assert value(samples, "realtime_turns_total", deployment="second", end="completed") == 1
