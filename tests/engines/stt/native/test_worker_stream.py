"""An utterance in a worker process: the steps in which its audio goes there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from voxwire.engines.stt.audio_messages import Audio, EndOfAudio, Probe
from voxwire.engines.stt.hearing import Hearing
from voxwire.engines.stt.worker_stream import WorkerSttStream
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.stream import Stream
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.stt import SttConfig, SttEvent


class Place:
    """A worker that has dealt with a message when `works` is set."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.works = asyncio.Event()
        self.works.set()

    async def lease(self, deadline_s: float | None, claim: Claim) -> "Place":
        return self

    async def send(self, request: object) -> None:
        self.sent.append(request)

    async def taken(self) -> None:
        await self.works.wait()

    async def __aiter__(self) -> AsyncIterator[str]:
        for _ in ():
            yield ""

    def cancel(self) -> None:
        pass

    @property
    def steps_ms(self) -> list[float]:
        return [len(message.pcm) / 32 for message in self.sent if isinstance(message, Audio)]


class PlacedStream(WorkerSttStream[Any]):
    def __init__(self, place: Place) -> None:
        super().__init__(cast("WorkerPool[Any]", place), Hearing(1, 0.1, 1), SttConfig())

    async def opening(self) -> object:
        return "opening"

    async def answer(self, reply: Any, lease: Stream[Any]) -> SttEvent | None:
        return None


@pytest.fixture
async def place() -> Place:
    return Place()


@pytest.fixture
async def stream(place: Place) -> AsyncIterator[PlacedStream]:
    stream = PlacedStream(place)
    yield stream
    await stream.cancel()


async def settled() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


def audio(ms: int) -> bytes:
    return bytes(32 * ms)


@pytest.mark.parametrize(
    ("pushed", "steps"),
    [(16, [16]), (240, [240]), (256, [256]), (288, [288]), (359, [359]), (360, [240, 120]), (500, [240, 260])],
)
async def test_a_small_rest_goes_along(place: Place, stream: PlacedStream, pushed: int, steps: list[float]) -> None:
    await stream.push(audio(pushed))
    await settled()
    assert place.steps_ms == steps


async def test_what_gathered_while_the_worker_was_busy_goes_in_steps(place: Place, stream: PlacedStream) -> None:
    place.works.clear()
    for _ in range(10):
        await stream.push(audio(256))
        await settled()
    assert place.steps_ms == [256]
    place.works.set()
    await settled()
    assert place.steps_ms == [256, *[240] * 9, 144]


@pytest.mark.parametrize("rest", [0, 100, 300])
async def test_a_probe_stands_behind_the_audio_before_it_and_in_front_of_what_follows(
    place: Place, stream: PlacedStream, rest: int
) -> None:
    place.works.clear()
    await stream.push(audio(16))
    await settled()
    await stream.push(audio(250))
    await stream.probe()
    await stream.push(audio(rest))
    await stream.commit()
    place.works.set()
    await settled()
    kinds = [type(message) for message in place.sent[1:]]
    assert kinds == [Audio, Audio, Probe, *[Audio] * bool(rest), EndOfAudio]
    assert place.steps_ms == [16, 250, *[rest] * bool(rest)]
