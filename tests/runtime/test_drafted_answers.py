"""Answers begun in a pause, from the wire to the wire (ADR 19): real session and dialect, fake engines."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from runtime_client import connected

from voxwire.events.items import InputAudio, MessageItem
from voxwire.interfaces.llm import LlmDone, LlmEvent, LlmRequest, LlmText
from voxwire.runtime.service import Service
from voxwire.session.limits import Limits
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import loud, quiet

#: The default silence of a session is 200 ms; this one leaves room for a pause.
DETECTION = {"type": "server_vad", "silence_duration_ms": 500}


class HeldLlm(FakeLlm):
    """Writes one sentence, and the rest when `released`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.closed_early = asyncio.Event()
        self.released = asyncio.Event()

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        self.requests.append(request)
        try:
            yield LlmText(text="Hello there. ")
            self.begun.set()
            await self.released.wait()
            yield LlmText(text="How are you?")
            yield LlmDone()
        finally:
            self.closed_early.set()


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


class Bench:
    def __init__(self, *texts: str) -> None:
        self.stt = FakeStt(*texts, interims=True)
        self.llm = HeldLlm()
        self.tts = FakeTts()

        self.made: Service | None = None

    def service(self, drafts: int = 2) -> Service:
        deployment = fake_deployment(stt=self.stt, llm=self.llm, tts=self.tts)
        self.made = fake_service(deployment, limits=Limits(max_drafts_per_turn=drafts))
        return self.made

    @property
    def counts(self) -> dict[str, int]:
        assert self.made is not None
        return self.made.drafting.describe()

    async def decided(self) -> None:
        """A draft was begun or refused."""
        async with asyncio.timeout(10):
            while not self.counts["begun"] + self.counts["refused"]:  # noqa: ASYNC110 - counts wake nobody
                await asyncio.sleep(0)

    def words(self, request: int) -> str | None:
        """What the engine read as the user's last words."""
        item = self.llm.requests[request].items[-1]
        assert isinstance(item, MessageItem)
        assert isinstance(item.content[0], InputAudio)
        return item.content[0].transcript


async def test_the_first_audio_leaves_when_the_turn_ends() -> None:
    bench = Bench("hello")
    async with connected(bench.service()) as client:
        await client.configure(audio={"input": {"turn_detection": DETECTION}})
        await client.append(loud(1000) + quiet(320))
        await happens(bench.llm.begun)
        assert bench.words(0) == "hello"
        assert client.wire.types[-1] == "input_audio_buffer.speech_started", "nobody is told of a draft"
        await client.append(quiet(320))
        await client.wire.wait_for("response.output_audio.delta")
        assert not bench.llm.released.is_set()
        bench.llm.released.set()
        done = await client.wire.wait_for("response.done")
        (item,) = done["response"]["output"]
        assert item["content"][0]["transcript"] == "Hello there. How are you?"
        assert client.spoken_ms() == 60 * len("Hello there. How are you?")
        saved_ms = bench.counts.pop("saved_ms")
        assert saved_ms >= 0
        assert bench.counts == {"begun": 1, "used": 1, "wasted": 0, "refused": 0, "saved_ms": saved_ms}
    assert len(bench.llm.requests) == 1
    assert bench.stt.streams[0].probes == 1


async def test_a_pause_that_was_none_costs_a_request_and_leaves_no_trace() -> None:
    bench = Bench("hello")
    async with connected(bench.service()) as client:
        await client.configure(audio={"input": {"turn_detection": DETECTION}})
        await client.append(loud(1000) + quiet(320))
        await happens(bench.llm.begun)
        await client.append(loud(320))
        await happens(bench.llm.closed_early)
        assert client.wire.types[-1] == "input_audio_buffer.speech_started"
        bench.llm.released.set()
        await client.append(quiet(640))
        await client.wire.wait_for("response.done")
        assert len(client.wire.all("response.created")) == 1
        assert client.spoken_ms() == 60 * len("Hello there. How are you?")
    assert bench.tts.streams[0].cancelled
    assert len(bench.llm.requests) == 2
    assert (bench.counts["begun"], bench.counts["used"], bench.counts["wasted"]) == (1, 0, 1)


async def test_off_unless_asked_for() -> None:
    bench = Bench("hello")
    async with connected(bench.service(drafts=Limits().max_drafts_per_turn)) as client:
        await client.configure(audio={"input": {"turn_detection": DETECTION}})
        bench.llm.released.set()
        await client.append(loud(1000) + quiet(640))
        await client.wire.wait_for("response.done")
    assert bench.stt.streams[0].probes == 0
    assert len(bench.llm.requests) == 1


async def test_a_draft_gives_way_until_somebody_waits_for_it() -> None:
    bench = Bench("hello")
    async with connected(bench.service()) as client:
        await client.configure(audio={"input": {"turn_detection": DETECTION}})
        await client.append(loud(1000) + quiet(320))
        await happens(bench.llm.begun)
        claim = bench.tts.streams[0].config.claim
        assert claim.background
        await client.append(quiet(320))
        await client.wire.wait_for("response.output_audio.delta")
        assert not claim.background
        bench.llm.released.set()
        await client.wire.wait_for("response.done")


@pytest.mark.parametrize(("others", "begun"), [(1, True), (2, False)])
async def test_none_where_others_wait_for_the_language_engine(others: int, begun: bool) -> None:
    bench = Bench("hello")
    service = bench.service()
    async with connected(service) as client:
        await client.configure(audio={"input": {"turn_detection": DETECTION}})
        for count in range(1, others + 1):
            await client.send("response.create", response={"conversation": "none"})
            await client.wire.wait_for("response.content_part.added", count)
        await client.append(loud(1000) + quiet(320))
        await bench.decided()
        await client.append(quiet(320))
        await client.wire.wait_for("response.created", others + 1)
        bench.llm.released.set()
        await client.wire.wait_for("response.done", others + 1)
    assert len(bench.llm.requests) == others + 1
    assert (bench.counts["begun"], bench.counts["refused"]) == (int(begun), int(not begun))
    assert bench.counts["wasted"] == 0


async def test_an_engine_that_knows_its_queue_is_asked() -> None:
    class QueuingLlm(HeldLlm):
        queue = 2

    bench = Bench("hello")
    bench.llm = QueuingLlm()
    async with connected(bench.service()) as client:
        await client.configure(audio={"input": {"turn_detection": DETECTION}})
        bench.llm.released.set()
        await client.append(loud(1000) + quiet(320))
        await bench.decided()
        await client.append(quiet(320))
        await client.wire.wait_for("response.done")
    assert (bench.counts["begun"], bench.counts["refused"]) == (0, 1)
