"""The conversation: requests, events, items, errors, the end."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from azure.core.credentials import AzureKeyCredential

from rtclient import (
    ConnectionClosedError,
    EventStreamError,
    FunctionCallOutputItem,
    InputAudioTranscription,
    InputTextContentPart,
    MalformedMessageError,
    NoTurnDetection,
    RealtimeException,
    RTAudioContent,
    RTClient,
    RTFunctionCallItem,
    RTInputAudioItem,
    RTMessageItem,
    RTResponse,
    RTTextContent,
    ServerVAD,
    UnreachableError,
    UserMessageItem,
)
from scripted_service import CREATED, SESSION, SOUND, Json, Peer, Script, calling, message, response, serving, spoken

ERROR: Json = {
    "type": "error",
    "error": {"type": "invalid_request_error", "code": "bad", "message": "Bad.", "param": "x", "event_id": None},
}


@asynccontextmanager
async def talking(script: Script) -> AsyncIterator[RTClient]:
    """A client and a service that greets it first."""

    async def whole(peer: Peer) -> None:
        await peer.say(CREATED)
        await script(peer)

    async with serving(whole) as service:
        client = RTClient(service.url, key_credential=AzureKeyCredential("k"), azure_deployment="d")
        async with client:
            yield client


def saying(*events: Json) -> Script:
    async def script(peer: Peer) -> None:
        await peer.say(*events)

    return script


async def quiet(peer: Peer) -> None:
    """Say nothing."""


async def first_event(client: RTClient) -> RTInputAudioItem | RTResponse:
    return await anext(client.events())


async def read(response: RTResponse) -> tuple[str, bytes]:
    """All words and sounds."""
    words, sound = "", b""
    async for item in response:
        assert isinstance(item, RTMessageItem)
        async for content in item:
            assert isinstance(content, RTAudioContent)
            words += "".join([piece async for piece in content.transcript_chunks()])
            sound += b"".join([piece async for piece in content.audio_chunks()])
            assert content.transcript == words
    return words, sound


class TestSession:
    async def test_connect_waits_for_it(self) -> None:
        async with talking(quiet) as client:
            assert client.session is not None
            assert client.session.id == "sess_1"
            assert client.request_id is not None

    async def test_configure_sends_what_is_given(self) -> None:
        async def script(peer: Peer) -> None:
            update = await peer.hear("session.update")
            assert update["session"] == {
                "instructions": "Sing.",
                "turn_detection": {"type": "none"},
                "input_audio_transcription": {"model": "whisper-1"},
                "temperature": 1.0,
            }
            await peer.say({"type": "session.updated", "session": SESSION | {"instructions": "Sing."}})

        async with talking(script) as client:
            session = await client.configure(
                instructions="Sing.",
                turn_detection=NoTurnDetection(),
                input_audio_transcription=InputAudioTranscription(model="whisper-1"),
                temperature=1.0,
            )
            assert session is client.session
            assert session.instructions == "Sing."

    async def test_no_session_in_time(self) -> None:
        """Whatever else comes instead, pings included."""

        async def chatter(peer: Peer) -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    await peer.say({"type": "rate_limits.updated", "rate_limits": []})
                    await peer.ws.ping()
                    await asyncio.sleep(0.02)

        for script in (quiet, chatter):
            async with serving(script) as service:
                key = AzureKeyCredential("k")
                client = RTClient(service.url, None, key, azure_deployment="d", first_event_timeout=0.2)
                with pytest.raises(UnreachableError, match=r"No first event within 0\.2 seconds"):
                    await client.connect()

    @pytest.mark.parametrize(("event", "code"), [(ERROR, "bad"), (None, 4000)])
    async def test_refused_after_the_upgrade(self, event: Json | None, code: object) -> None:
        async def script(peer: Peer) -> None:
            if event is not None:
                await peer.say(event)
            await peer.ws.close(code=4000)

        async with serving(script) as service:
            client = RTClient(service.url, key_credential=AzureKeyCredential("k"), azure_deployment="d")
            with pytest.raises((RealtimeException, ConnectionClosedError)) as caught:
                await client.connect()
        assert code in (getattr(caught.value, "code", None), getattr(caught.value, "close_code", None))


class TestRequests:
    async def test_audio(self) -> None:
        async def script(peer: Peer) -> None:
            append = await peer.hear("input_audio_buffer.append")
            assert base64.b64decode(append["audio"]) == SOUND
            await peer.hear("input_audio_buffer.clear")
            await peer.say({"type": "input_audio_buffer.cleared"})
            await peer.hear("input_audio_buffer.commit")
            await peer.say({"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": "item_u"})

        async with talking(script) as client:
            await client.send_audio(SOUND)
            await client.clear_audio()
            item = await client.commit_audio()
        assert (item.type, item.id, item.audio_start_ms) == ("input_audio", "item_u", None)

    async def test_items(self) -> None:
        async def script(peer: Peer) -> None:
            create = await peer.hear("conversation.item.create")
            assert create["previous_item_id"] is None
            assert len(create["item"]["id"]) == 32
            other = message("completed", "item_other")
            item = create["item"] | {"status": "completed"}
            await peer.say(
                {"type": "conversation.item.created", "previous_item_id": None, "item": other},
                {"type": "conversation.item.created", "previous_item_id": None, "item": item},
            )
            second = await peer.hear("conversation.item.create")
            assert (second["previous_item_id"], second["item"]["id"]) == (item["id"], "mine")
            await peer.say(
                {"type": "conversation.item.created", "previous_item_id": item["id"], "item": second["item"]}
            )
            await peer.hear("conversation.item.delete")
            await peer.say({"type": "conversation.item.deleted", "item_id": "mine"})

        async with talking(script) as client:
            question = UserMessageItem(content=[InputTextContentPart(text="Hi")])
            created = await client.send_item(question)
            assert created.id == question.id
            output = FunctionCallOutputItem(call_id="call_1", output="", id="mine")
            assert (await client.send_item(output, previous_item_id=created.id)).id == "mine"
            await client.remove_item("mine")

    async def test_an_error_is_final(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.hear("input_audio_buffer.clear")
            await peer.say(ERROR)

        async with talking(script) as client:
            waiting = asyncio.gather(client.clear_audio(), first_event(client), return_exceptions=True)
            error, event_error = await waiting
            assert isinstance(error, RealtimeException)
            assert (error.type, error.code, error.message) == ("invalid_request_error", "bad", "Bad.")
            assert (error.param, error.event_id, error.request_id) == ("x", None, str(client.request_id))
            assert isinstance(event_error, EventStreamError)
            assert isinstance(event_error, ValueError)
            with pytest.raises(RealtimeException):
                await client.configure(instructions="")


class TestResponse:
    async def test_spoken(self) -> None:
        async def script(peer: Peer) -> None:
            assert await peer.hear("response.create") == {"type": "response.create"}
            await peer.say(*spoken())

        async with talking(script) as client:
            answer = await client.generate_response()
            assert (answer.type, answer.id, answer.status, answer.usage) == ("response", "resp_1", "in_progress", None)
            items = [item async for item in answer]
            assert (answer.status, answer.usage and answer.usage.total_tokens) == ("completed", 3)
            (item,) = items
            assert isinstance(item, RTMessageItem)
            assert (item.id, item.response_id, item.previous_id) == ("item_1", "resp_1", "item_0")
            (content,) = [content async for content in item]
            assert isinstance(content, RTAudioContent)
            assert (content.item_id, content.content_index, content.transcript) == ("item_1", 0, "")

            async def words() -> list[str]:
                return [piece async for piece in content.transcript_chunks()]

            async def sound() -> list[bytes]:
                return [piece async for piece in content.audio_chunks()]

            sounds, pieces = await asyncio.gather(sound(), words())
            assert (sounds, pieces) == ([SOUND, SOUND], ["Hel", "lo there"])
            assert content.transcript == "Hello there"
            assert [item async for item in answer] == []
            assert await sound() == []

    async def test_written(self) -> None:
        place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
        events = spoken()
        events[4:12] = [
            {"type": "response.content_part.added", **place, "content": {"type": "text", "text": ""}},
            {"type": "response.text.delta", **place, "delta": "Hel"},
            {"type": "response.text.delta", **place, "delta": "lo"},
            {"type": "response.text.done", **place, "text": "Hello"},
            {"type": "response.content_part.done", **place, "part": {"type": "text", "text": "Hello"}},
        ]
        async with talking(saying(*events)) as client:
            answer = await first_event(client)
            assert isinstance(answer, RTResponse)
            item = await anext(aiter(answer))
            assert isinstance(item, RTMessageItem)
            content = await anext(aiter(item))
            assert isinstance(content, RTTextContent)
            assert [piece async for piece in content.text_chunks()] == ["Hel", "lo"]
            assert content.text == "Hello"

    @pytest.mark.parametrize("how", ["await", "iterate"])
    async def test_function_call(self, how: str) -> None:
        async with talking(saying(*calling())) as client:
            answer = await first_event(client)
            assert isinstance(answer, RTResponse)
            async for item in answer:
                assert isinstance(item, RTFunctionCallItem)
                assert (item.function_name, item.call_id, item.arguments) == ("weather", "call_1", "")
                if how == "await":
                    await item
                    await item
                    with pytest.raises(RuntimeError, match="Cannot iterate after awaiting"):
                        aiter(item)
                else:
                    assert "".join([piece async for piece in item]) == '{"city": "Paris"}'
                    with pytest.raises(RuntimeError, match="Cannot await after iterating"):
                        await item
                assert item.arguments == '{"city": "Paris"}'
            assert answer.status == "completed"

    async def test_cancel_drains(self) -> None:
        details = {"type": "cancelled", "reason": "client_cancelled"}
        late = {"message": "Cancellation failed", "code": "response_cancel_not_active"}

        async def script(peer: Peer) -> None:
            await peer.hear("response.create")
            await peer.say(*spoken()[:-1])
            assert await peer.hear("response.cancel") == {"type": "response.cancel"}
            done = response("cancelled", status_details=details)
            await peer.say(
                {"type": "response.done", "response": done}, {"type": "error", "error": late}, *calling("resp_2")
            )

        async with talking(script) as client:
            answer = await client.generate_response()
            await answer.cancel()
            assert answer.status == "cancelled"
            assert answer.status_details is not None
            assert answer.status_details.type == "cancelled"
            assert [item async for item in answer] == []
            await answer.cancel()
            # The cancellation that came too late is no error, so the conversation goes on.
            following = await first_event(client)
            assert isinstance(following, RTResponse)
            assert [item.type async for item in following] == ["function_call"]

    async def test_two_responses_at_once(self) -> None:
        one, two = spoken("One by one", "resp_1", "item_1"), spoken("Two by two", "resp_2", "item_2")
        mixed = [event for pair in zip(one, two, strict=True) for event in pair]
        async with talking(saying(*mixed)) as client:
            events = client.events()
            first, second = await anext(events), await anext(events)
            assert isinstance(first, RTResponse)
            assert isinstance(second, RTResponse)
            (two_words, _), (one_words, _) = await asyncio.gather(read(second), read(first))
            assert (one_words, two_words) == ("One by one", "Two by two")

    async def test_events_and_generate_response_share_one(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.hear("response.create")
            await peer.say(*spoken())

        async with talking(script) as client:
            seen = asyncio.create_task(first_event(client))
            await asyncio.sleep(0)
            answer = await client.generate_response()
            assert await seen is answer


class TestInputAudio:
    EVENTS = (
        {"type": "input_audio_buffer.speech_started", "audio_start_ms": 10, "item_id": "item_u"},
        {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 900, "item_id": "item_u"},
    )

    async def test_without_transcription(self) -> None:
        async with talking(saying(*self.EVENTS)) as client:
            item = await first_event(client)
            assert isinstance(item, RTInputAudioItem)
            await item
            await item
            assert (item.audio_start_ms, item.audio_end_ms, item.transcript) == (10, 900, None)

    async def test_after_commit(self) -> None:
        created = {
            "type": "conversation.item.created",
            "previous_item_id": None,
            "item": message("completed", "item_u"),
        }

        async def script(peer: Peer) -> None:
            await peer.hear("input_audio_buffer.commit")
            await peer.say(
                {"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": "item_u"}, created
            )

        async with talking(script) as client:
            committed = await client.commit_audio()
            await committed
            assert committed.audio_end_ms is None

    @staticmethod
    async def _transcribed(client: RTClient) -> RTInputAudioItem:
        await client.configure(
            turn_detection=ServerVAD(), input_audio_transcription=InputAudioTranscription(model="whisper-1")
        )
        item = await first_event(client)
        assert isinstance(item, RTInputAudioItem)
        return item

    @staticmethod
    def _listening(*events: Json) -> Script:
        async def script(peer: Peer) -> None:
            await peer.hear("session.update")
            session = SESSION | {"input_audio_transcription": {"model": "whisper-1"}}
            await peer.say({"type": "session.updated", "session": session}, *TestInputAudio.EVENTS, *events)

        return script

    async def test_transcription(self) -> None:
        kind = "conversation.item.input_audio_transcription.completed"
        done = {"type": kind, "item_id": "item_u", "content_index": 0, "transcript": "Hi"}
        async with talking(self._listening(done)) as client:
            item = await self._transcribed(client)
            await item
            assert (item.audio_end_ms, item.transcript) == (900, "Hi")

    async def test_failed_transcription(self) -> None:
        kind = "conversation.item.input_audio_transcription.failed"
        failed = {
            "type": kind,
            "item_id": "item_u",
            "content_index": 0,
            "error": {"message": "What?", "code": "audio_unintelligible"},
        }
        async with talking(self._listening(failed)) as client:
            item = await self._transcribed(client)
            for _ in range(2):
                with pytest.raises(RealtimeException, match=r"What\?") as caught:
                    await item
                assert caught.value.code == "audio_unintelligible"

    async def test_a_clean_end_resolves_it(self) -> None:
        async def script(peer: Peer) -> None:
            await self._listening()(peer)
            await peer.ws.close()

        async with talking(script) as client:
            item = await self._transcribed(client)
            await item
            assert item.transcript is None


class TestEnd:
    """Nothing waits for ever, and nothing that arrived is lost."""

    async def test_output_outlives_the_response_and_the_connection(self) -> None:
        async with talking(saying(*spoken())) as client:
            answer = await first_event(client)
            assert isinstance(answer, RTResponse)
            items = [item async for item in answer]
            assert answer.status == "completed"
        (item,) = items
        assert isinstance(item, RTMessageItem)
        contents = [content async for content in item]
        assert isinstance(contents[0], RTAudioContent)
        assert [piece async for piece in contents[0].audio_chunks()] == [SOUND, SOUND]
        assert "".join([piece async for piece in contents[0].transcript_chunks()]) == "Hello there"

    async def test_closing_at_once_cuts_off_no_reader(self) -> None:
        """As the text sample of 2024 does: a task per item, and close as soon as the response is done."""
        written: list[bytes | str] = []

        async def write(chunks: AsyncIterator[bytes] | AsyncIterator[str]) -> None:
            async for chunk in chunks:
                written.append(chunk)

        async def receive(item: RTMessageItem) -> None:
            async for content in item:
                assert isinstance(content, RTAudioContent)
                await asyncio.gather(write(content.audio_chunks()), write(content.transcript_chunks()))

        async with talking(saying(*spoken())) as client:
            answer = await first_event(client)
            assert isinstance(answer, RTResponse)
            tasks = [asyncio.create_task(receive(item)) async for item in answer if isinstance(item, RTMessageItem)]
        assert sorted(map(len, written)) == [3, 8, 1024, 1024]
        assert all(task.done() for task in tasks)

    @pytest.mark.parametrize("how", ["vanish", "close"])
    async def test_the_service_goes_in_mid_response(self, how: str) -> None:
        async def script(peer: Peer) -> None:
            await peer.hear("response.create")
            await peer.say(*spoken()[:7])
            await (peer.vanish() if how == "vanish" else peer.ws.close(code=1011, message=b"oops"))

        async with talking(script) as client:
            answer = await client.generate_response()
            waits: list[Awaitable[object]] = []
            item = await anext(aiter(answer))
            assert isinstance(item, RTMessageItem)
            content = await anext(aiter(item))
            assert isinstance(content, RTAudioContent)
            sound = content.audio_chunks()
            assert await anext(sound) == SOUND
            waits = [
                anext(sound),
                anext(aiter(item)),
                anext(aiter(answer)),
                first_event(client),
                client.clear_audio(),
                client.generate_response(),
                answer.cancel(),
            ]
            for ended in await asyncio.gather(*waits, return_exceptions=True):
                assert isinstance(ended, ConnectionClosedError)
                assert ended.close_code == (1006 if how == "vanish" else 1011)
                assert ended.request_id == str(client.request_id)

    async def test_a_clean_close_ends_events(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.say(*spoken())
            await peer.ws.close()

        async with talking(script) as client:
            assert [event.type async for event in client.events()] == ["response"]

    async def test_own_close_ends_every_wait(self) -> None:
        async with talking(saying(*spoken()[:7])) as client:
            answer = await first_event(client)
            assert isinstance(answer, RTResponse)

            async def events() -> list[str]:
                return [event.type async for event in client.events()]

            async def items() -> int:
                return len([item async for item in answer])

            waiting = asyncio.gather(events(), items(), client.clear_audio(), return_exceptions=True)
            await asyncio.sleep(0)
            await client.close()
            listened, read_items, cleared = await waiting
        assert listened == []
        assert read_items == 1
        assert isinstance(cleared, ConnectionClosedError)
        assert cleared.clean

    @pytest.mark.parametrize("rounds", range(1, 12))
    async def test_a_close_that_is_cancelled_closes(self, rounds: int) -> None:
        """In whichever round of the event loop Ctrl-C, or another's patience, meets it."""
        ended = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.say(CREATED)
            async for _ in peer.ws:
                pass
            ended.set()

        async with serving(script) as service:
            client = RTClient(service.url, key_credential=AzureKeyCredential("k"), azure_deployment="d")
            await client.connect()
            closing = asyncio.create_task(client.close())
            for _ in range(rounds):
                await asyncio.sleep(0)
            closing.cancel()
            await asyncio.wait({closing})
            await asyncio.wait_for(ended.wait(), 1)

    async def test_a_malformed_message_ends_every_wait(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.hear("input_audio_buffer.clear")
            await peer.say({"type": "response.done"}, *spoken())

        async with talking(script) as client:
            waits: list[Callable[[], Awaitable[object]]] = [client.clear_audio, lambda: first_event(client)]
            for wait in waits:
                with pytest.raises(MalformedMessageError):
                    await wait()

    async def test_connecting_again_begins_anew(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.say(CREATED, ERROR)

        async with serving(script) as service:
            client = RTClient(service.url, key_credential=AzureKeyCredential("k"), azure_deployment="d")
            for _ in range(2):
                await client.connect()
                with pytest.raises(RealtimeException):
                    await first_event(client)
            await client.close()
