"""A turn goes up while it is spoken: what was overheard is used if it is the beginning of the turn that is answered."""

import asyncio
import base64
from collections.abc import Callable

import pytest
from imitation import Imitation, imitation, plainly, qwen
from relaying import asking, relayed, spoken_turn, upstream, whole, words

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.events.items import AudioClip, InputAudio, MessageItem, Role
from voxwire.testing.fake_vad import loud, quiet

SPEECH = loud(400)
STEP = 48 * 40


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  # a service has no event to wait for
            await asyncio.sleep(0.005)


def appended(service: Imitation) -> bytes:
    """What is in the service's buffer, and was committed."""
    buffer = b""
    for event in service.received:
        if event["type"] == "input_audio_buffer.clear":
            buffer = b""
        elif event["type"] == "input_audio_buffer.append":
            buffer += base64.b64decode(event["audio"])
    return buffer


async def listened(relay: RelayEngine, audio: bytes = SPEECH, turn: int = 1) -> None:
    """As the runtime does it: a connection when the session opens, then pieces of the turn."""
    await relay.warm(asking())
    for at in range(0, len(audio), STEP):
        relay.overhear("sess_1", turn, audio[at : at + STEP], AudioFormat.PCM16)
        await asyncio.sleep(0)


async def test_it_is_there_before_the_answer_is_asked_for() -> None:
    async with imitation() as service:
        relay = engine({"url": service.url})
        await listened(relay, SPEECH[: 5 * STEP])
        await until(lambda: len(appended(service)) == 5 * STEP)
        assert words(await whole(relay, asking(spoken_turn("u1")))) == "Hello."
        await relay.close()
    assert appended(service) == SPEECH
    assert service.types().count("input_audio_buffer.append") == 6
    assert "input_audio_buffer.clear" not in service.types()


@pytest.mark.parametrize("dialect", ["ga", "preview", "qwen"])
async def test_the_service_is_told_to_detect_no_turns_before_it_hears_anything(dialect: str) -> None:
    async with imitation(greeting=None) as service:
        relay = engine({"url": service.url, "dialect": dialect})
        await listened(relay)
        await until(lambda: appended(service))
        await relay.close()
    first = service.received[0]
    assert first["type"] == "session.update"
    settings = first["session"]["audio"]["input"] if dialect == "ga" else first["session"]
    assert settings["turn_detection"] is None


async def test_a_service_of_this_house_answers_once() -> None:
    service, llm = upstream("Hello.")
    async with relayed(service) as relay:
        await listened(relay, SPEECH + quiet(900))
        clip = AudioClip(data=SPEECH + quiet(900), format=AudioFormat.PCM16)
        await whole(relay, asking(MessageItem(id="u1", role=Role.USER, content=(InputAudio(clip=clip),))))
        await asyncio.sleep(0.05)
    assert len(llm.requests) == 1


@pytest.mark.parametrize("begun", [True, False])
async def test_a_turn_that_never_was_is_forgotten(begun: bool) -> None:
    async with imitation() as service:
        relay = engine({"url": service.url})
        await listened(relay, loud(100)[::-1])
        if begun:
            await until(lambda: appended(service))
        for turn in (2, 3):
            await listened(relay, SPEECH, turn)
        await whole(relay, asking(spoken_turn("u1")))
        await relay.close()
    assert appended(service) == SPEECH


async def test_another_turn_than_was_overheard() -> None:
    async with imitation() as service:
        relay = engine({"url": service.url})
        await listened(relay, SPEECH[::-1])
        await whole(relay, asking(spoken_turn("u1")))
        await relay.close()
    assert appended(service) == SPEECH


@pytest.mark.parametrize("format", AudioFormat)
async def test_at_another_rate_nothing_is_heard_of_the_seams(format: AudioFormat) -> None:
    data = SPEECH if format is AudioFormat.PCM16 else bytes(range(256)) * 12
    clip = AudioClip(data=data, format=format)
    item = MessageItem(id="u1", role=Role.USER, content=(InputAudio(clip=clip, duration_ms=clip.duration_ms),))
    sent = []
    for overheard in (True, False):
        async with imitation(qwen, greeting="flat") as service:
            relay = engine({"url": service.url, "dialect": "qwen"})
            await relay.warm(asking())
            for at in range(0, len(data) if overheard else 0, 334):
                relay.overhear("sess_1", 1, data[at : at + 334], format)
            await whole(relay, asking(item))
            await relay.close()
            sent.append(bytes(service.lines[-1].audio))
    assert sent[0] == sent[1]
    if format is AudioFormat.PCM16:
        assert sent[0] == Resampler(24_000, 16_000).push(SPEECH)


async def test_a_connection_that_is_lost_meanwhile_loses_nothing() -> None:
    async with imitation(plainly) as service:
        relay = engine({"url": service.url})
        await listened(relay, SPEECH[: 3 * STEP])
        await until(lambda: appended(service))
        await service.lines[0].connection.close()
        relay.overhear("sess_1", 1, SPEECH[3 * STEP : 4 * STEP], AudioFormat.PCM16)
        assert words(await whole(relay, asking(spoken_turn("u1")))) == "Hello."
        await relay.close()
    line = service.lines[1].received
    audio = b"".join(base64.b64decode(event["audio"]) for event in line if "audio" in event)
    assert audio == SPEECH


@pytest.mark.parametrize("turns", [(1,), (1, 2)])
async def test_who_speaks_has_a_connection_opened_and_loses_nothing(turns: tuple[int, ...]) -> None:
    async with imitation() as service:
        relay = engine({"url": service.url})
        for turn in turns:
            for at in range(0, 5 * STEP, STEP):
                relay.overhear("sess_1", turn, SPEECH[at : at + STEP], AudioFormat.PCM16)
        await until(lambda: len(appended(service)) == 5 * STEP)
        await whole(relay, asking(spoken_turn("u1")))
        await relay.close()
        assert len(service.lines) == 1
    assert appended(service) == SPEECH
    assert service.types().count("input_audio_buffer.append") == 6


async def test_what_the_service_does_not_take_waits_in_bounds() -> None:
    """It stops reading: what was spoken goes up when the turn is over, or never."""
    async with imitation() as service:
        relay = engine({"url": service.url, "first_s": 0.2})
        await relay.warm(asking())
        service.lines[0].connection.transport.pause_reading()
        piece = loud(1_000)
        for _ in range(600):
            relay.overhear("sess_1", 1, piece, AudioFormat.PCM16)
            await asyncio.sleep(0)
        link = relay._links._waiting["sess_1"][0]
        overheard = link._overheard
        assert sum(map(len, overheard._waiting)) < 5 * 2**20
        assert len(overheard._told) < 20 * 2**20
        service.lines[0].connection.transport.resume_reading()
        await relay.close()
