"""A program of 2024 in front of a service of 2026: our client in the dialect of 2024-10-01, our server with the `relay`
engine, and a GA service, all over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from azure.core.credentials import AzureKeyCredential
from imitation import Event, Line, imitation, plainly
from relaying import KEY, PATHS
from rtclient import (
    InputAudioTranscription,
    ItemTruncateMessage,
    RTAudioContent,
    RTClient,
    RTInputAudioItem,
    RTMessageItem,
    RTResponse,
    ServerVAD,
)
from rtclient.models import ResponseFailedDetails

from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.events.items import InputAudio, Item, MessageItem, OutputAudio
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import loud, quiet
from voxwire.testing.live_server import served

#: What the fake voice takes for a character.
CHAR_MS = 60


class House(NamedTuple):
    """Both servers: `upstream` is the service with its model `llm`, `ears` belong to the one in front."""

    client: RTClient
    relay: RelayEngine
    upstream: Service
    llm: FakeLlm
    ears: FakeStt


@asynccontextmanager
async def front(relay: RelayEngine, ears: FakeStt) -> AsyncIterator[RTClient]:
    service = fake_service(fake_deployment(name="old-name", llm=relay, stt=ears))
    async with (
        served(service, auth={"api_keys": ["front-key"]}) as url,
        RTClient(
            url, key_credential=AzureKeyCredential("front-key"), azure_deployment="old-name", dialect="preview"
        ) as client,
    ):
        yield client


@asynccontextmanager
async def house(answer: str, *, pace: float = 0.0) -> AsyncIterator[House]:
    llm, ears = FakeLlm(answer), FakeStt("what I have said")
    upstream = fake_service(fake_deployment(llm=llm, stt=FakeStt("what time is it"), tts=FakeTts(pace=pace)))
    async with served(upstream, auth={"api_keys": [KEY]}) as url:
        relay = engine({"url": url + PATHS["ga"], "model": "gpt-realtime", "api_key": KEY})
        async with front(relay, ears) as client:
            yield House(client, relay, upstream, llm, ears)


async def turn(client: RTClient) -> tuple[RTInputAudioItem, RTResponse]:
    await client.send_audio(loud(640) + quiet(900))
    events = client.events()
    said, answer = await anext(events), await anext(events)
    assert isinstance(said, RTInputAudioItem)
    assert isinstance(answer, RTResponse)
    return said, answer


async def read(answer: RTResponse) -> tuple[str, bytes]:
    words, sound = "", b""
    async for item in answer:
        assert isinstance(item, RTMessageItem)
        async for content in item:
            assert isinstance(content, RTAudioContent)
            words += "".join([piece async for piece in content.transcript_chunks()])
            sound += b"".join([piece async for piece in content.audio_chunks()])
    return words, sound


def heard(items: tuple[Item, ...]) -> list[str]:
    """What the model of the service read."""
    parts = [part for item in items if isinstance(item, MessageItem) for part in item.content]
    return [part.transcript or "" for part in parts if isinstance(part, InputAudio | OutputAudio)]


async def test_a_spoken_turn_and_no_recogniser_in_between() -> None:
    async with house("It is noon.") as here:
        await here.client.configure(turn_detection=ServerVAD(), voice="alloy")
        _, answer = await turn(here.client)
        words, sound = await read(answer)
        assert answer.status == "completed"
        assert words == "It is noon."
        assert len(sound) / 48 == pytest.approx(CHAR_MS * len(words), abs=2)
        assert heard(here.llm.requests[-1].items) == ["what time is it"]
        assert here.ears.streams == []
    assert here.upstream.sessions == 0


async def test_the_client_may_read_what_was_said() -> None:
    async with house("It is noon.") as here:
        await here.client.configure(
            turn_detection=ServerVAD(), input_audio_transcription=InputAudioTranscription(model="whisper-1")
        )
        said, answer = await turn(here.client)
        await read(answer)
        await said
        assert said.transcript == "what I have said"


async def test_barge_in_and_truncation_reach_the_service() -> None:
    async with house("one two three four five six seven eight nine ten eleven twelve", pace=0.5) as here:
        client = here.client
        await client.configure(turn_detection=ServerVAD(), voice="alloy")
        _, answer = await turn(client)
        item = await anext(aiter(answer))
        assert isinstance(item, RTMessageItem)
        content = await anext(aiter(item))
        assert isinstance(content, RTAudioContent)
        chunks = content.audio_chunks()
        received = 0
        while received < 48 * 1_000:
            received += len(await anext(chunks))
        await client.send_audio(loud(640))
        assert len([chunk async for chunk in chunks]) < 100, "it ends soon"
        await client.send(ItemTruncateMessage(item_id=item.id, content_index=0, audio_end_ms=7 * CHAR_MS))
        assert [rest async for rest in answer] == []
        assert answer.status == "cancelled"
        await client.send_audio(quiet(900))
        events = client.events()
        assert isinstance(await anext(events), RTInputAudioItem)
        following = await anext(events)
        assert isinstance(following, RTResponse)
        await read(following)
        assert following.status == "completed"
        assert heard(here.llm.requests[-1].items) == ["what time is it", "one two", "what time is it"]
        assert here.upstream.sessions == 1, "all of it on one connection"


async def test_a_service_that_dies_fails_the_response_and_not_the_session() -> None:
    async def react(line: Line, event: Event) -> None:
        if event["type"] == "response.create" and service.types().count("response.create") == 1:
            await line.begin()
            await line.say("response.output_audio_transcript.delta", response_id="resp_1", item_id="i1", delta="Well")
            line.connection.transport.abort()
        else:
            await plainly(line, event)

    async with imitation(react) as service, front(engine({"url": service.url}), FakeStt("")) as client:
        await client.configure(turn_detection=ServerVAD())
        _, answer = await turn(client)
        assert (await read(answer))[0] == "Well"
        assert answer.status == "failed"
        assert isinstance(answer.status_details, ResponseFailedDetails)
        assert answer.status_details.error is not None
        assert answer.status_details.error.code == "llm_disconnected"
        _, answer = await turn(client)
        assert (await read(answer))[0] == "Hello."
        assert answer.status == "completed"
        told = [event["item"] for event in service.lines[-1].received if event["type"] == "conversation.item.create"]
        assert [item["role"] for item in told] == ["assistant"]
        assert told[0]["content"] == [{"type": "output_text", "text": "Well"}]


async def test_speech_goes_up_while_it_is_spoken() -> None:
    async with imitation() as service, front(engine({"url": service.url}), FakeStt("")) as client:
        await client.configure(turn_detection=ServerVAD())
        async with asyncio.timeout(10):
            while "input_audio_buffer.append" not in service.types():
                await client.send_audio(loud(100))
                await asyncio.sleep(0.01)
        assert "input_audio_buffer.commit" not in service.types()
        await client.send_audio(quiet(900))
        events = client.events()
        assert isinstance(await anext(events), RTInputAudioItem)
        answer = await anext(events)
        assert isinstance(answer, RTResponse)
        assert (await read(answer))[0] == "Hello."
        assert "input_audio_buffer.clear" not in service.types()
