"""Endpoints that are down for a moment, slow, endless, or lie; and many who want an answer at once."""

import asyncio
import base64
import io
import json
import wave
from contextlib import aclosing
from typing import Any

import pytest
from chat_asking import WEATHER, answered, failure, made, request, stream, words

from voxwire.audio.clip import AudioClip
from voxwire.audio.pcm import AudioFormat
from voxwire.errors import EngineBusy, EngineError
from voxwire.events.items import InputAudio, MessageItem, Role
from voxwire.events.response import TokenUsage
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmRequest, LlmText
from voxwire.testing.chat_server import (
    ChatScript,
    ChatStep,
    Received,
    call,
    chat_delta,
    chat_server,
    event,
    head,
    says,
    whole,
)


class TestTriedAgain:
    @pytest.mark.parametrize(
        "trouble",
        [
            [whole(503, b'{"error": {"message": "Loading model"}}')],
            [whole(500, b"{}")],
            [head()],
            [head(), chat_delta(role="assistant")],
        ],
        ids=["loading", "failed", "nothing came", "nothing came of it"],
    )
    async def test_before_the_first_token(self, trouble: list[ChatStep]) -> None:
        answers = iter([trouble, says("Hi.")])
        async with chat_server(lambda _: next(answers)) as server:
            assert words(await answered(server)) == "Hi."
            assert len(server.requests) == 2

    @pytest.mark.parametrize("first", [chat_delta(content="Hal"), chat_delta(reasoning_content="Hm.")])
    async def test_never_after_it(self, first: bytes) -> None:
        async with chat_server(stream(first, end=b"")) as server:
            with pytest.raises(EngineError):
                await answered(server)
            assert len(server.requests) == 1

    @pytest.mark.parametrize("retries", [0, 2])
    async def test_as_often_as_is_said(self, retries: int) -> None:
        async with chat_server(lambda _: [whole(500, b"{}")]) as server:
            with pytest.raises(EngineError):
                await answered(server, retries=retries)
            assert len(server.requests) == retries + 1

    @pytest.mark.parametrize("status", [400, 401, 404, 429])
    async def test_not_what_would_be_the_same_again(self, status: int) -> None:
        async with chat_server(lambda _: [whole(status, b"{}")]) as server:
            with pytest.raises(EngineError):
                await answered(server)
            assert len(server.requests) == 1

    async def test_all_tries_together_have_the_time_of_one(self) -> None:
        assert (await failure(lambda _: [whole(500, b"{}")], first_token_s=0.4, retries=5)).code == "llm_timeout"


class TestEndless:
    async def test_an_answer_without_end_is_cut_off(self) -> None:
        def words_without_end(_: Received) -> Any:
            yield head()
            while True:
                yield chat_delta(content="and ")

        async with chat_server(words_without_end) as server:
            events = await answered(server, context_tokens=500)
            await asyncio.wait_for(server.last.closed.wait(), 5)
        assert events[-1] == LlmDone(reason=FinishReason.MAX_TOKENS)
        assert 500 <= len(events) < 510

    async def test_arguments_without_end_are_cut_off(self) -> None:
        def arguments_without_end(_: Received) -> Any:
            yield head()
            yield call(0, '{"a": "', id="c1", name="get_weather")
            while True:
                yield call(0, "x" * 1000)

        async with chat_server(arguments_without_end) as server:
            events = await answered(server, request(tools=(WEATHER,)), context_tokens=1000)
        assert events[-1] == LlmDone(reason=FinishReason.MAX_TOKENS)
        assert len(events) < 30

    async def test_a_body_that_comes_byte_by_byte(self) -> None:
        def trickle(_: Received) -> Any:
            yield head()
            for byte in chat_delta(content="slow") * 100:
                yield bytes([byte])
                yield 0.02

        assert (await failure(trickle, first_token_s=0.3)).code == "llm_timeout"


class TestLies:
    @pytest.mark.parametrize(
        "usage",
        [
            {"prompt_tokens": -1, "completion_tokens": 1},
            {"prompt_tokens": "many", "completion_tokens": 1},
            {"prompt_tokens": 1},
            {"prompt_tokens": 1e300, "completion_tokens": 1},
            [],
            7,
        ],
    )
    async def test_a_count_that_cannot_be_is_no_count(self, usage: Any) -> None:
        ends = [chat_delta("stop", content="Hi."), event({"choices": [], "usage": usage})]
        async with chat_server(stream(*ends)) as server:
            assert (await answered(server))[-1] == LlmDone(usage=None)

    async def test_more_cached_than_read(self) -> None:
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}
        async with chat_server(lambda _: says("Hi.", usage=usage)) as server:
            assert (await answered(server))[-1] == LlmDone(usage=TokenUsage(input_text=5, output_text=1, cached_text=5))

    @pytest.mark.parametrize("name", ["context_length_exceeded", "exceed_context_size_error"])
    async def test_a_context_that_is_smaller_than_was_said(self, name: str) -> None:
        key = "code" if name.startswith("context") else "type"
        body = json.dumps({"error": {"message": "too long", key: name}}).encode()
        error = await failure(lambda _: [whole(400, body)])
        assert error.code == "llm_context_exceeded"
        assert "context_tokens" in error.message

    async def test_a_refusal_is_said(self) -> None:
        async with chat_server(stream(chat_delta(refusal="I cannot do that."), chat_delta("stop"))) as server:
            assert words(await answered(server)) == "I cannot do that."


class TestHearing:
    def spoken(self, *clips: AudioClip | None) -> LlmRequest:
        parts = tuple(InputAudio(transcript="hello", clip=clip) for clip in clips)
        return request(items=(MessageItem(role=Role.USER, content=parts),))

    @pytest.mark.parametrize(("format", "rate"), [(AudioFormat.PCM16, 24_000), (AudioFormat.ULAW, 8_000)])
    async def test_speech_goes_as_a_wav_file(self, format: AudioFormat, rate: int) -> None:
        clip = AudioClip(data=bytearray(format.size_of(500)), format=format)
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, self.spoken(clip), hears=True)
        (part,) = server.last.json["messages"][1]["content"]
        assert (part["type"], part["input_audio"]["format"]) == ("input_audio", "wav")
        with wave.open(io.BytesIO(base64.b64decode(part["input_audio"]["data"]))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, 1, 2)
            assert file.getnframes() == rate // 2

    async def test_words_where_the_sound_was_not_kept(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, self.spoken(None, AudioClip(data=b"", format=AudioFormat.PCM16)), hears=True)
        assert server.last.json["messages"][1]["content"] == "hello\nhello"

    async def test_neither_sound_nor_words_were_kept(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            item = MessageItem(role=Role.USER, content=(InputAudio(duration_ms=900.0),))
            await answered(server, request(items=(item,)), hears=True)
        assert server.last.json["messages"][1]["content"] == "[unintelligible]"

    async def test_words_where_the_model_does_not_hear(self) -> None:
        clip = AudioClip(data=bytes(4800), format=AudioFormat.PCM16)
        async with chat_server(lambda _: says("Hi.")) as server:
            chat = made(server)
            assert not chat.capabilities.hears
            assert words([event async for event in chat.respond(self.spoken(clip))]) == "Hi."
            await chat.close()
            assert made(server, hears=True).capabilities.hears
        assert server.last.json["messages"][1]["content"] == "hello"

    async def test_sound_is_counted_as_such(self) -> None:
        usage = {"prompt_tokens": 30, "completion_tokens": 1, "prompt_tokens_details": {"audio_tokens": 20}}
        async with chat_server(lambda _: says("Hi.", usage=usage)) as server:
            done = (await answered(server))[-1]
        assert done == LlmDone(usage=TokenUsage(input_text=10, input_audio=20, output_text=1))


class TestManyAtOnce:
    def gated(self, gates: dict[int, asyncio.Event], most: list[int]) -> ChatScript:
        """Answers wait for their gate; `most` gets how many were in the making."""
        busy = 0

        def script(_: Received) -> Any:
            nonlocal busy
            busy += 1
            most.append(busy)
            yield head()
            yield chat_delta(content="One")
            yield gates.setdefault(len(most), asyncio.Event())
            busy -= 1
            yield chat_delta("stop", content=" two.")
            yield b"data: [DONE]\n\n"

        return script

    async def test_sessions_take_turns(self) -> None:
        """One that asks for much does not keep the others waiting: its second answer comes after their first."""
        gates: dict[int, asyncio.Event] = {}
        most: list[int] = []
        served: list[str] = []

        async def ask(key: str) -> None:
            async with aclosing(chat.respond(request(session_key=key))) as events:
                assert await anext(events) == LlmText(text="One")
                served.append(key)
                async for _ in events:
                    pass

        async with chat_server(self.gated(gates, most)) as server:
            chat = made(server, parallel=1)
            asked = [asyncio.create_task(ask(key)) for key in ["greedy"] * 3 + [f"s{n}" for n in range(15)]]
            for number in range(1, len(asked) + 1):
                while len(served) < number:  # noqa: ASYNC110 - the engine has no event for it
                    await asyncio.sleep(0.001)
                gates.setdefault(number, asyncio.Event()).set()
            await asyncio.wait_for(asyncio.gather(*asked), 20)
            await chat.close()
        assert set(most) == {1}, "never more than there is room for"
        assert served[0] == "greedy"
        assert set(served[1:16]) == {f"s{n}" for n in range(15)}, "nobody starves"

    async def test_who_waits_for_too_long_is_told(self) -> None:
        async with chat_server(lambda _: [head(), chat_delta(content="One"), asyncio.Event()]) as server:
            chat = made(server, parallel=1, first_token_s=0.2)
            async with aclosing(chat.respond(request(session_key="a"))) as first:
                await anext(first)
                with pytest.raises(EngineBusy):
                    await anext(chat.respond(request(session_key="b")))
            assert chat.queue == 0
            patient = made(server, first_token_s=0.2).capabilities.patience_s
            assert chat.capabilities.patience_s == pytest.approx((patient or 0) + 0.2)
            await chat.close()

    async def test_leaving_gives_the_place_to_the_next(self) -> None:
        async with chat_server(lambda _: [head(), chat_delta(content="One"), asyncio.Event()]) as server:
            chat = made(server, parallel=1)
            first, second = chat.respond(request(session_key="a")), chat.respond(request(session_key="b"))
            await anext(first)
            waiting = asyncio.ensure_future(anext(second))
            await asyncio.sleep(0)
            assert chat.queue == 2, "the one in the making, and the one that waits for it"
            await first.aclose()
            assert await asyncio.wait_for(waiting, 5) == LlmText(text="One")
            await second.aclose()
            await chat.close()
