"""A record of each response goes to those who keep records: what was used, and how long audio lasted."""

from typing import Any

from runtime_client import connected

from voxwire.runtime.principal import Principal
from voxwire.runtime.usage_meter import UsageRecord
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service

SHOP = Principal(id="key-1", project="shop")
SECOND = b"\0\0" * 24_000


class Kept:
    def __init__(self) -> None:
        self.records: list[UsageRecord] = []

    def record(self, record: UsageRecord) -> None:
        self.records.append(record)


async def test_each_response_is_one_record() -> None:
    log = Kept()
    async with connected(fake_service(usage_logs=[log]), principal=SHOP) as client:
        session = (await client.wire.wait_for("session.created"))["session"]["id"]
        await client.append(SECOND)
        await client.send("response.create")
        done = (await client.wire.wait_for("response.done"))["response"]
        (record,) = log.records
        assert (record.principal, record.deployment, record.session) == (SHOP, "gpt-realtime", session)
        assert (record.response, record.wasted) == (done["id"], False)
        assert record.usage.total_tokens == done["usage"]["total_tokens"] > 0
        assert record.audio_in_ms == 1000
        assert record.audio_out_ms == round(client.spoken_ms()) > 0
        await client.send("response.create", response={"output_modalities": ["text"]})
        await client.wire.wait_for("response.done", 2)
        assert (log.records[1].audio_in_ms, log.records[1].audio_out_ms) == (0, 0)
    assert len(log.records) == 2


async def test_audio_without_an_answer_is_a_record_of_its_own_when_the_session_ends() -> None:
    log = Kept()
    async with connected(fake_service(usage_logs=[log]), principal=SHOP) as client:
        format: dict[str, Any] = {"type": "audio/pcmu"}
        await client.configure(audio={"input": {"format": format, "turn_detection": None}})
        await client.append(b"\xff" * 4000)
        assert not log.records
    (record,) = log.records
    assert (record.response, record.wasted, record.audio_in_ms) == (None, False, 500)
    assert record.usage.total_tokens == 0


async def test_an_answer_that_was_left_behind_is_recorded_once() -> None:
    log = Kept()
    service = fake_service(fake_deployment(llm=FakeLlm([3600.0])), usage_logs=[log])
    async with connected(service, principal=SHOP) as client:
        await client.send("response.create")
        created = await client.wire.wait_for("response.created")
    assert [record.response for record in log.records] == [created["response"]["id"]]
