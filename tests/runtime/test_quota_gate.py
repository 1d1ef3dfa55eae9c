"""Between a session and what it may use: refused answers, audio that is not heard, and what is left."""

from collections.abc import Sequence
from typing import Any

import pytest
from runtime_client import Client, connected

from voxwire.config import QuotaLimits, QuotaSettings
from voxwire.events.client import AppendAudio
from voxwire.events.session_config import FALSE_INTERRUPTION
from voxwire.quotas import QuotaKeeper, QuotaRules
from voxwire.runtime import Principal, QuotaExceeded, Service
from voxwire.runtime.usage_meter import UsageLog, UsageRecord
from voxwire.session.limits import Limits
from voxwire.testing.driver import silence, speech
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_tts import FakeTts

SHOP = Principal(id="key-1")
OTHER = Principal(id="key-1", project="other")
TEXT = {"output_modalities": ["text"]}


#: What a turn says to a client from its beginning to its answer.
TURN = [
    "input_audio_buffer.speech_started",
    "error",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "response.created",
    "response.done",
]


def service_of(
    *,
    llm: FakeLlm | None = None,
    tts: FakeTts | None = None,
    session: Limits | None = None,
    usage_logs: Sequence[UsageLog] = (),
    **limits: int,
) -> Service:
    rules = QuotaRules(QuotaSettings(principal=QuotaLimits(**limits)))
    deployment = fake_deployment(llm=llm or FakeLlm("Hello."), tts=tts)
    return fake_service(deployment, limits=session, usage_logs=usage_logs, quotas=QuotaKeeper(rules))


class Records:
    """A log of usage."""

    def __init__(self) -> None:
        self.kept: list[UsageRecord] = []

    def record(self, record: UsageRecord) -> None:
        self.kept.append(record)


class Refusals:
    """What is told of refusals: an observer of the process."""

    def __init__(self, service: Service) -> None:
        self.limits: list[str] = []
        service.observers.over_quota = self.limits.append  # type: ignore[method-assign]


async def answer(client: Client) -> dict[str, Any]:
    """What `rate_limits.updated` says after one more answer, and the answer itself."""
    count = len(client.wire.all("rate_limits.updated"))
    await client.send("response.create", response=TEXT)
    event = await client.wire.wait_for("rate_limits.updated", count + 1)
    limits = {limit["name"]: (limit["limit"], limit["remaining"]) for limit in event["rate_limits"]}
    return limits | {"response": client.wire.all("response.done")[-1]["response"]}


def tokens(response: dict[str, Any]) -> int:
    return int(response["usage"]["total_tokens"])


class TestWhatIsLeft:
    async def test_sessions_of_one_principal_see_what_is_left_for_all_of_them(self) -> None:
        service = service_of(requests_per_minute=5, tokens_per_minute=1000)
        async with connected(service, principal=SHOP, shared=True) as one, connected(service, principal=SHOP) as two:
            first = await answer(one)
            assert first["requests"] == (5, 4)
            assert first["tokens"] == (1000, 1000 - tokens(first["response"]))
            second = await answer(two)
            assert second["requests"] == (5, 3)
            assert second["tokens"] == (1000, 1000 - tokens(first["response"]) - tokens(second["response"]))
            assert (await answer(one))["requests"] == (5, 2)

    async def test_nobody_pays_for_another(self) -> None:
        service = service_of(requests_per_minute=5)
        async with connected(service, principal=SHOP, shared=True) as one:
            await answer(one)
            async with connected(service, principal=OTHER, shared=True) as two:
                assert (await answer(two))["requests"] == (5, 4)

    async def test_without_a_quota_the_large_numbers_stay(self) -> None:
        async with connected(fake_service(), principal=SHOP) as client:
            assert (await answer(client))["requests"] == (100_000, 99_999)

    async def test_what_another_answer_has_reserved_is_not_left(self) -> None:
        service = service_of(llm=FakeLlm([3600.0]), tokens_per_minute=2000)
        async with (
            connected(service, principal=SHOP) as one,
            connected(service, principal=SHOP, shared=True) as two,
        ):
            await one.send("response.create", response={**TEXT, "max_output_tokens": 300})
            await one.wire.wait_for("response.created")
            await two.send("response.create", response={**TEXT, "max_output_tokens": 100})
            await two.wire.wait_for("response.created")
            await two.send("response.cancel")
            event = await two.wire.wait_for("rate_limits.updated")
            (limit,) = event["rate_limits"]
            assert limit["remaining"] == 2000 - 300

    async def test_an_answer_that_its_client_leaves_behind_is_paid(self) -> None:
        service = service_of(llm=FakeLlm([3600.0]), requests_per_minute=5)
        async with connected(service, principal=SHOP, shared=True) as client:
            await client.send("response.create")
            await client.wire.wait_for("response.created")
        async with connected(service, principal=SHOP) as client:
            await client.send("response.create")
            await client.wire.wait_for("response.created")
            await client.send("response.cancel")
            event = await client.wire.wait_for("rate_limits.updated")
            assert {limit["name"]: limit["remaining"] for limit in event["rate_limits"]}["requests"] == 3


class TestAnswers:
    async def test_one_beyond_the_quota_has_failed_and_the_conversation_goes_on(self) -> None:
        llm = FakeLlm("Hello.")
        service = service_of(llm=llm, requests_per_minute=2)
        refusals = Refusals(service)
        async with connected(service, principal=SHOP) as client:
            assert [(await answer(client))["response"]["status"] for _ in range(3)] == [
                "completed",
                "completed",
                "failed",
            ]
            response = client.wire.all("response.done")[-1]["response"]
            error = response["status_details"]["error"]
            assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
            assert "2 responses in a minute" in error["message"]
            assert response["usage"]["total_tokens"] == 0
            assert client.wire.all("rate_limits.updated")[-1]["rate_limits"][0]["remaining"] == 0
            await client.say_text("Are you there?")
            await client.wire.wait_for("conversation.item.done", 3)
        assert len(llm.requests) == 2
        assert refusals.limits == ["requests_per_minute"]

    async def test_so_has_the_answer_to_a_spoken_turn(self) -> None:
        service = service_of(requests_per_minute=1)
        async with connected(service, principal=SHOP) as client:
            await answer(client)
            await client.append(speech(640) + silence(640))
            await client.wire.wait_for("response.done", 2)
            response = client.wire.all("response.done")[-1]["response"]
            assert response["status"] == "failed"
            assert response["status_details"]["error"]["code"] == "rate_limit_exceeded"
            assert client.wire.all("conversation.item.input_audio_transcription.completed") or client.wire.all(
                "input_audio_buffer.committed"
            )

    async def test_who_has_used_all_of_it_gets_no_session(self) -> None:
        service = service_of(requests_per_minute=1)
        refusals = Refusals(service)
        async with connected(service, principal=SHOP, shared=True) as client:
            await answer(client)
            with pytest.raises(QuotaExceeded) as caught:
                async with connected(service, principal=SHOP, shared=True):
                    pass
        assert caught.value.retry_after_s in (59, 60)
        assert refusals.limits == ["requests_per_minute"]


class TestSessions:
    async def test_as_many_as_there_may_be_at_once(self) -> None:
        service = service_of(concurrent_sessions=1)
        for _ in range(2):  # the place is free again
            async with connected(service, principal=SHOP, shared=True):
                with pytest.raises(QuotaExceeded, match="may hold 1"):
                    async with connected(service, principal=SHOP, shared=True):
                        pass
                async with connected(service, principal=OTHER, shared=True):
                    pass


class TestAudio:
    async def test_beyond_the_day_one_error_and_nothing_is_heard(self) -> None:
        service = service_of(audio_seconds_per_day=2)
        refusals = Refusals(service)
        async with connected(service, principal=SHOP) as client:
            await client.append(silence(100) * 20)
            await client.append(speech(2500))
            error = await client.wire.wait_for("error")
            assert (error["error"]["type"], error["error"]["code"]) == ("insufficient_quota", "insufficient_quota")
            assert "2 seconds of audio in a day" in error["error"]["message"]
            await answer(client)
            assert len(client.wire.all("error")) == 1
            assert not client.wire.all("input_audio_buffer.speech_started")
        assert refusals.limits == ["audio_seconds_per_day"]

    async def test_a_turn_in_which_the_day_ends_is_ended_as_by_silence_and_answered(self) -> None:
        records = Records()
        service = service_of(usage_logs=[records], audio_seconds_per_day=2)
        async with connected(service, principal=SHOP) as client:
            await client.append(speech(4000))  # who speaks goes on, and knows nothing of it
            await client.wire.wait_for("response.done")
            wire = client.wire
            types = [event["type"] for event in wire.events if event["type"] in TURN]
            assert types == TURN
            stopped = wire.all("input_audio_buffer.speech_stopped")[0]
            assert stopped["audio_end_ms"] in range(2200, 2300)
            assert wire.all("response.done")[0]["response"]["status"] == "completed"
            assert len(wire.all("error")) == 1
        assert sum(record.audio_in_ms for record in records.kept) == 2000, "silence that nobody sent is not counted"

    async def test_a_long_message_beyond_the_day_ends_the_turn_and_takes_no_more_room_than_that(self) -> None:
        service = service_of(audio_seconds_per_day=2)
        async with connected(service, principal=SHOP) as client:
            await client.append(speech(2000))
            await client.wire.wait_for("input_audio_buffer.speech_started")
            await client.append(speech(60_000), chunk_ms=60_000)
            await client.wire.wait_for("response.done")
            await answer(client)
            assert len(client.wire.all("input_audio_buffer.speech_stopped")) == 1

    async def test_one_that_was_sent_faster_than_it_is_heard_ends_too(self) -> None:
        """All of it has come before the first window is scored, and nothing comes after it."""
        service = service_of(audio_seconds_per_day=1)
        async with connected(service, principal=SHOP) as client:
            await client.wire.wait_for("session.created")
            live = client.attachment._live
            for _ in range(20):  # with no turn of the event loop in between
                live.submit(AppendAudio(audio=speech(100)))
            await client.wire.wait_for("response.done")
            assert len(client.wire.all("error")) == 1

    async def test_where_no_detection_ends_turns_nothing_is_added(self) -> None:
        service = service_of(audio_seconds_per_day=2)
        async with connected(service, principal=SHOP) as client:
            await client.configure(audio={"input": {"turn_detection": None}})
            await client.append(speech(4000))
            await client.send("input_audio_buffer.commit")
            await client.wire.wait_for("input_audio_buffer.committed")
            await client.send("input_audio_buffer.commit")
            empty = await client.wire.wait_for("error", 2)
            assert "0.00ms of audio" in empty["error"]["message"]

    async def test_speech_that_an_answer_waits_for_is_decided_too(self) -> None:
        """Whether it interrupts is not known yet when the day ends: the answer would be held up for good."""
        service = service_of(
            llm=FakeLlm("This is a long answer that somebody may want to interrupt."),
            tts=FakeTts(pace=1.0),
            session=Limits(interrupt_speech_ms=900),
            audio_seconds_per_day=1,
        )
        async with connected(service, principal=SHOP) as client:
            await client.configure(include=[FALSE_INTERRUPTION])
            await client.send("response.create")
            await client.wire.wait_for("response.output_audio.delta")
            await client.append(silence(500) + speech(1500))
            passed = await client.wire.wait_for("voxwire.false_interruption")
            assert passed["audio_end_ms"] <= 1000
