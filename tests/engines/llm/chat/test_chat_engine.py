"""The `chat` engine against a scripted endpoint: what is asked, what is passed on, how it ends."""

import asyncio
import json
import logging
import time
from contextlib import aclosing
from typing import Any

import pytest
from chat_asking import WEATHER, answered, failure, made, nobody, request, stream, words

from voxwire.config import EngineSettings
from voxwire.engines.llm.chat.chat_options import VOICE_PREAMBLE
from voxwire.engines.llm.chat.engine import ChatEngine, engine
from voxwire.errors import ConfigurationError, EngineError
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.response import TokenUsage
from voxwire.events.session_config import NamedTool
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmText, LlmToolArguments, LlmToolCall
from voxwire.testing.chat_server import (
    DONE,
    ChatScript,
    ChatServer,
    ChatStep,
    call,
    chat_delta,
    chat_server,
    chunk,
    chunked_head,
    event,
    head,
    says,
    whole,
)


class TestAnswers:
    async def test_words_as_they_come(self) -> None:
        async with chat_server(lambda _: says("Hello there, how are you?")) as server:
            events = await answered(server)
        assert [event.text for event in events if isinstance(event, LlmText)] == [
            "Hello", " there,", " how", " are", " you?",
        ]  # fmt: skip
        assert events[-1] == LlmDone()

    async def test_the_first_word_is_not_held_back(self) -> None:
        gate = asyncio.Event()
        async with chat_server(lambda _: [head(), chat_delta(content="Hel"), gate, chat_delta("stop"), DONE]) as server:
            async with aclosing(made(server).respond(request())) as events:
                assert await anext(events) == LlmText(text="Hel")
                gate.set()

    async def test_usage_of_the_endpoint(self) -> None:
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}
        async with chat_server(lambda _: says("Hi.", usage=usage)) as server:
            events = await answered(server)
        assert events[-1] == LlmDone(usage=TokenUsage(input_text=11, output_text=7, cached_text=3))

    @pytest.mark.parametrize(
        ("reason", "expected"), [("length", FinishReason.MAX_TOKENS), ("content_filter", FinishReason.CONTENT_FILTER)]
    )
    async def test_why_it_stopped(self, reason: str, expected: FinishReason) -> None:
        async with chat_server(lambda _: says("One two", finish=reason)) as server:
            assert (await answered(server))[-1] == LlmDone(reason=expected)

    async def test_a_connection_is_used_again(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            chat = made(server)
            for _ in range(3):
                assert words([event async for event in chat.respond(request())]) == "Hi."
            await chat.close()
            assert server.connections == 1

    async def test_a_connection_that_was_closed_meanwhile(self) -> None:
        async with chat_server(lambda _: [head(), chat_delta("stop", content="Hi."), DONE]) as server:
            chat = made(server)
            for _ in range(2):
                assert words([event async for event in chat.respond(request())]) == "Hi."
            await chat.close()

    async def test_no_end_mark_but_an_end(self) -> None:
        async with chat_server(stream(chat_delta(content="Hi."), chat_delta("stop"), end=b"")) as server:
            assert words(await answered(server)) == "Hi."

    async def test_neither_end_mark_nor_end(self) -> None:
        async with chat_server(lambda _: [head(), chat_delta("stop", content="Hi."), asyncio.Event()]) as server:
            assert (await answered(server))[-1] == LlmDone()

    async def test_comments_and_odd_line_ends(self) -> None:
        odd = b": ping\r\n\r\nevent: message\r\n" + chat_delta("stop", content="Hi.").replace(b"\n", b"\r\n")
        async with chat_server(stream(odd)) as server:
            assert words(await answered(server)) == "Hi."

    async def test_pieces_of_any_size(self) -> None:
        whole_stream = chat_delta(content="Größe") + chat_delta("stop", content=" passt.") + DONE
        async with chat_server(lambda _: [head(), *[bytes([byte]) for byte in whole_stream]]) as server:
            assert words(await answered(server)) == "Größe passt."


class TestThinking:
    async def test_reasoning_is_not_spoken(self) -> None:
        events = [chat_delta(reasoning_content="Hm."), chat_delta(reasoning="Hm."), chat_delta("stop", content="Yes.")]
        async with chat_server(stream(*events)) as server:
            assert words(await answered(server)) == "Yes."

    async def test_tags_split_anywhere(self) -> None:
        pieces = [chat_delta(content=part) for part in ("<th", "ink>Hm <b>", " so</thi", "nk>\n\n", "Yes, 2 <", " 3.")]
        async with chat_server(stream(*pieces, chat_delta("stop"))) as server:
            assert words(await answered(server)) == "Yes, 2 < 3."

    async def test_a_template_that_opens_the_tag(self) -> None:
        async with chat_server(stream(chat_delta("stop", content="Hm.</think> Yes."))) as server:
            assert words(await answered(server, thinking_prefilled=True)) == "Yes."

    async def test_nothing_but_thinking(self) -> None:
        assert (await failure(stream(chat_delta("stop", content="<think>Hm.</think>")))).code == "llm_empty_answer"

    async def test_thinking_without_end(self) -> None:
        def steps(_: Any) -> Any:
            yield head()
            while True:
                yield chat_delta(reasoning_content="Hm.")
                yield 0.01

        error = await failure(steps, first_token_s=0.2, idle_s=0.2, thinking_s=0.2)
        assert error.code == "llm_timeout"


class TestTools:
    async def test_several_calls_with_streamed_arguments(self) -> None:
        pieces = [
            call(0, id="a", name="get_weather"), call(0, '{"city"'), call(0, ': "Rome"}'),
            call(1, '{"city": "Oslo"}', id="b", name="get_weather"), chat_delta("tool_calls"),
        ]  # fmt: skip
        async with chat_server(stream(*pieces)) as server:
            events = await answered(server, request(tools=(WEATHER,)))
        assert events == [
            LlmToolCall(name="get_weather"),
            LlmToolArguments(delta='{"city"'),
            LlmToolArguments(delta=': "Rome"}'),
            LlmToolCall(name="get_weather"),
            LlmToolArguments(delta='{"city": "Oslo"}'),
            LlmDone(),
        ]

    async def test_calls_that_are_all_number_0(self) -> None:
        pieces = [
            call(0, "{}", id="a", name="get_weather"), call(0, "{}", id="b", name="get_weather"), chat_delta("stop"),
        ]  # fmt: skip
        async with chat_server(stream(*pieces)) as server:
            events = await answered(server, request(tools=(WEATHER,)))
        assert events.count(LlmToolCall(name="get_weather")) == 2

    async def test_id_and_name_in_every_piece(self) -> None:
        same = {"id": "a", "name": "get_weather"}
        async with chat_server(stream(call(0, "{", **same), call(0, "}", **same), chat_delta("stop"))) as server:
            events = await answered(server, request(tools=(WEATHER,)))
        assert events.count(LlmToolCall(name="get_weather")) == 1

    @pytest.mark.parametrize(
        ("choice", "sent"),
        [
            ("auto", "auto"),
            ("required", "required"),
            (NamedTool(name="get_weather"), {"type": "function", "function": {"name": "get_weather"}}),
        ],
    )
    async def test_choices(self, choice: Any, sent: Any) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, request(tools=(WEATHER,), tool_choice=choice))
        assert server.last.json["tool_choice"] == sent
        assert server.last.json["tools"] == [
            {
                "type": "function",
                "function": {
                    "name": "get_weather", "description": "The weather", "parameters": {"type": "object"},
                },
            }
        ]  # fmt: skip

    async def test_the_choice_none_offers_nothing(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, request(tools=(WEATHER,), tool_choice="none"))
        assert "tools" not in server.last.json
        assert "tool_choice" not in server.last.json

    @pytest.mark.parametrize("broken", ['{"city": "Ro', "[]", "Rome", '{"a": 1}{"b": 2}'])
    async def test_arguments_that_are_no_object(self, broken: str) -> None:
        pieces = [call(0, broken, id="a", name="get_weather"), chat_delta("tool_calls")]
        error = await failure(stream(*pieces), request(tools=(WEATHER,)))
        assert error.code == "llm_invalid_arguments"

    async def test_a_function_that_was_not_offered(self) -> None:
        pieces = [call(0, "{}", id="a", name="rm"), chat_delta("tool_calls")]
        assert (await failure(stream(*pieces), request(tools=(WEATHER,)))).code == "llm_unknown_tool"

    async def test_arguments_cut_off_by_the_limit(self) -> None:
        pieces = [call(0, '{"ci', id="a", name="get_weather"), chat_delta("length")]
        async with chat_server(stream(*pieces)) as server:
            events = await answered(server, request(tools=(WEATHER,)))
        assert events[-1] == LlmDone(reason=FinishReason.MAX_TOKENS)


class TestRequest:
    async def test_what_is_asked(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, request(temperature=0.6, max_output_tokens=50), api_key="s3cret", stop=["\n"])
        body = server.last.json
        assert body["messages"] == [
            {"role": "system", "content": f"{VOICE_PREAMBLE}\n\nBe kind."},
            {"role": "user", "content": "Hello?"},
        ]
        assert (body["model"], body["stream"], body["temperature"]) == ("scripted", True, 0.6)
        assert (body["max_tokens"], body["stop"]) == (50, ["\n"])
        assert body["stream_options"] == {"include_usage": True}
        assert server.last.headers["authorization"] == "Bearer s3cret"

    async def test_options_of_the_operator(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            options = {"preamble": "", "temperature": 0.1, "max_tokens": 20}
            extra = {"headers": {"X-Team": "voice"}, "body": {"top_p": 0.9, "temperature": 0.3}}
            await answered(server, request(max_output_tokens=50), **options, **extra)
        body = server.last.json
        assert body["messages"][0] == {"role": "system", "content": "Be kind."}
        assert (body["max_tokens"], body["temperature"], body["top_p"]) == (20, 0.3, 0.9)
        assert server.last.headers["x-team"] == "voice"

    async def test_what_nobody_asked_for_is_not_sent(self) -> None:
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, request(tools=(WEATHER,), session_key="sess_1"))
        optional = {"parallel_tool_calls", "reasoning_effort", "prompt_cache_key", "user"}
        assert not optional & server.last.json.keys()

    async def test_what_the_client_asks_for(self) -> None:
        asked = {"parallel_tool_calls": False, "reasoning": "low", "end_user": "u-1", "session_key": "sess_1"}
        async with chat_server(lambda _: says("Hi.")) as server:
            await answered(server, request(tools=(WEATHER,), **asked), prompt_cache_key=True)
            body = server.last.json
            assert (body["parallel_tool_calls"], body["reasoning_effort"], body["user"]) == (False, "low", "u-1")
            assert body["prompt_cache_key"] == "sess_1"
            await answered(server, request(**asked), reasoning_effort="high", parallel_tool_calls=True)
            assert server.last.json["reasoning_effort"] == "high"
            assert "parallel_tool_calls" not in server.last.json, "there is nothing to call"

    @pytest.mark.parametrize("status", [400, 422])
    @pytest.mark.parametrize("named", [True, False])
    async def test_a_wish_that_the_endpoint_refuses_costs_only_who_has_it(self, status: int, named: bool) -> None:
        wishes = {"reasoning": "xhigh", "parallel_tool_calls": True, "end_user": "u-1"}

        def no_efforts(received: Any) -> list[ChatStep]:
            if received.json.get("reasoning_effort") == "xhigh":
                error = {"message": "no", **({"param": "reasoning_effort"} if named else {})}
                return [whole(status, json.dumps({"error": error}).encode())]
            return says("Hi.")

        async with chat_server(no_efforts) as server:
            chat = made(server)
            for asked in (request(tools=(WEATHER,), **wishes), request(reasoning="low")):
                assert words([event async for event in chat.respond(asked)]) == "Hi."
            await chat.close()
        assert ["reasoning_effort" in received.json for received in server.requests] == [True, False, True]
        assert "user" not in server.requests[1].json
        assert server.last.json["reasoning_effort"] == "low"

    async def test_secrets_of_the_settings_reach_the_endpoint_alone(self) -> None:
        options = {"api_key": "k-1", "headers": {"X-Team": "k-2"}, "body": {"auth": {"token": "k-3"}}}
        async with chat_server(lambda _: says("Hi.")) as server:
            given = EngineSettings(name="chat", options={"base_url": server.url, "model": "scripted", **options})
            chat = engine(given.options)
            assert not any(f"k-{number}" in repr(vars(chat)) for number in (1, 2, 3))
            assert words([event async for event in chat.respond(request())]) == "Hi."
            await chat.close()
        assert server.last.headers["authorization"] == "Bearer k-1"
        assert server.last.headers["x-team"] == "k-2"
        assert server.last.json["auth"] == {"token": "k-3"}

    async def test_fields_that_the_endpoint_refuses(self) -> None:
        def reasoning_model(received: Any) -> list[ChatStep]:
            for field in ("max_tokens", "temperature"):
                if field in received.json:
                    body = {"error": {"code": "unsupported_parameter", "param": field, "message": "no"}}
                    return [whole(400, json.dumps(body).encode())]
            return says("Hi.")

        async with chat_server(reasoning_model) as server:
            chat = made(server, max_tokens=30)
            for _ in range(2):
                assert words([event async for event in chat.respond(request())]) == "Hi."
            await chat.close()
        assert len(server.requests) == 4, "learnt once"
        assert server.last.json["max_completion_tokens"] == 30

    async def test_half_of_a_surrogate_pair(self) -> None:
        item = MessageItem(role=Role.USER, content=(InputText(text="a\ud83db"),))
        async with chat_server(lambda _: says("Hi.")) as server:
            assert words(await answered(server, request(items=(item,)))) == "Hi."
        assert server.last.json["messages"][1]["content"] == "a?b"


class TestLeaving:
    async def test_closes_the_socket_at_once(self) -> None:
        async with chat_server(lambda _: [head(), chat_delta(content="Hi."), asyncio.Event()]) as server:
            chat = made(server)
            async with aclosing(chat.respond(request())) as events:
                await anext(events)
            began = time.monotonic()
            await asyncio.wait_for(server.last.closed.wait(), 5)
            assert time.monotonic() - began < 1, "at once: measured below a millisecond"
            await chat.close()

    async def test_cancelling_closes_the_socket(self) -> None:
        async with chat_server(lambda _: [asyncio.Event()]) as server:
            chat = made(server)
            task = asyncio.ensure_future(anext(chat.respond(request())))
            await server.asked.wait()
            task.cancel()
            await asyncio.wait_for(server.last.closed.wait(), 5)
            with pytest.raises(asyncio.CancelledError):
                await task
            await chat.close()

    async def test_a_slow_listener_costs_the_endpoint_nothing(self) -> None:
        gate = asyncio.Event()
        script: list[ChatStep] = [head(), chat_delta(content="One"), gate, chat_delta("stop", content=" two."), DONE]
        async with chat_server(lambda _: script) as server:
            heard = []
            async with aclosing(made(server, idle_s=0.3).respond(request())) as events:
                async for event_ in events:
                    heard.append(event_)
                    if len(heard) == 1:
                        await asyncio.wait({asyncio.ensure_future(asyncio.Event().wait())}, timeout=0.5)
                        gate.set()
            assert words(heard) == "One two."


class TestFailures:
    """Each ends the response with a code of its own and a sentence that a client may see."""

    @pytest.mark.parametrize(
        ("script", "code"),
        [
            (stream(b"data: {not json}\n\n"), "llm_invalid_stream"),
            (stream(b"data: 12\n\n"), "llm_invalid_stream"),
            (stream(b"data: " + b"x" * (3 << 20)), "llm_invalid_stream"),
            (stream(chat_delta(content=7)), "llm_invalid_stream"),
            (stream(call(0, "{}")), "llm_unknown_tool"),
            (lambda _: [head(200, "text/html"), b"<html>"], "llm_invalid_stream"),
            (lambda _: [whole(200, b'{"choices": []}')], "llm_invalid_stream"),
            (lambda _: [whole(307, b"", location="http://127.0.0.1/")], "llm_redirected"),
            (stream(event({"choices": [{"index": 0}, {"index": 1}]})), "llm_several_answers"),
            (stream(chat_delta(content=""), chat_delta(content=""), chat_delta("stop")), "llm_empty_answer"),
            (stream(end=DONE), "llm_empty_answer"),
            (stream(event({"error": {"message": "out of memory"}})), "llm_error"),
            (stream(chat_delta(content="Hal"), end=b""), "llm_disconnected"),
            (lambda _: [chunked_head(), chunk(chat_delta(content="Hal"))[:-9], head()], "llm_disconnected"),
            (lambda _: [whole(401, b"{}")], "llm_key_refused"),
            (lambda _: [whole(403, b"{}")], "llm_key_refused"),
            (lambda _: [whole(404, b"{}")], "llm_not_found"),
            (lambda _: [whole(400, b"{}")], "llm_request_refused"),
            (lambda _: [whole(500, b"<html>")], "llm_server_error"),
            (lambda _: [b"HTTP/1.1 500 x\r\nContent-Length: 99\r\n\r\nhalf", head()], "llm_server_error"),
            (lambda _: [b"220 smtp ready\r\n", head()], "llm_unreachable"),
        ],
    )
    async def test_codes(self, script: ChatScript, code: str) -> None:
        assert (await failure(script)).code == code

    async def test_too_many_requests(self) -> None:
        error = await failure(lambda _: [whole(429, b"{}", Retry_After="7")])
        assert error.code == "llm_rate_limited"
        assert "7 s" in error.message

    async def test_silence_before_the_first_token(self) -> None:
        assert (await failure(lambda _: [asyncio.Event()], first_token_s=0.1)).code == "llm_timeout"
        assert (await failure(lambda _: [head(), asyncio.Event()], first_token_s=0.1)).code == "llm_timeout"

    async def test_silence_in_the_middle(self) -> None:
        script: ChatScript = lambda _: [head(), chat_delta(content="Hi"), asyncio.Event()]  # noqa: E731
        assert (await failure(script, idle_s=0.1)).code == "llm_timeout"

    async def test_signs_that_are_no_life(self) -> None:
        def steps(_: Any) -> Any:
            yield head()
            while True:
                yield b": ping\n\n" + chat_delta(content="")
                yield 0.01

        assert (await failure(steps, first_token_s=0.2)).code == "llm_timeout"

    async def test_nobody_is_there_until_somebody_is(self, caplog: pytest.LogCaptureFixture) -> None:
        address = await nobody()
        chat = engine({"base_url": address, "model": "scripted"})
        await chat.start()
        assert "cannot be used yet (llm_unreachable)" in caplog.text
        with pytest.raises(EngineError) as caught:
            await anext(chat.respond(request()))
        assert caught.value.code == "llm_unreachable"
        async with chat_server(lambda _: says("Hi.")) as server:
            chat._endpoint._http.base_url = server.url
            assert words([event_ async for event_ in chat.respond(request())]) == "Hi."
        await chat.close()

    async def test_who_comes_later_with_several_models_is_told_in_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        chat = engine({"base_url": await nobody()})
        await chat.start()
        async with chat_server(lambda _: says("Hi."), models=("one", "two")) as server:
            chat._endpoint._http.base_url = server.url
            with pytest.raises(EngineError) as caught:
                await anext(chat.respond(request()))
        assert caught.value.code == "llm_model_not_chosen"
        assert "--model" in caught.value.message
        assert "one" not in caught.value.message.replace("one model", "")
        assert "Say which model of the language model's endpoint to use (--model). It has: one, two." in caplog.text
        await chat.close()

    async def test_who_may_takes_the_first_model_of_one_that_comes_later(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        chat = engine({"base_url": await nobody(), "first_model": True})
        await chat.start()
        async with chat_server(lambda _: says("Hi."), models=("nomic-embed-text", "one", "two")) as server:
            chat._endpoint._http.base_url = server.url
            assert words([event_ async for event_ in chat.respond(request())]) == "Hi."
            assert server.last.json["model"] == "one"
        assert "The language model is one. There are: nomic-embed-text, one, two. Choose with --model." in caplog.text
        await chat.close()

    async def test_no_second_try_after_the_first_token(self) -> None:
        async with chat_server(stream(chat_delta(content="Hal"), end=b"")) as server:
            with pytest.raises(EngineError):
                await answered(server)
            assert len(server.requests) == 1

    async def test_nothing_secret_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        quoted = json.dumps({"error": {"code": "invalid_api_key", "message": "key s3cret is wrong"}}).encode()
        error = await failure(lambda _: [whole(401, quoted)], api_key="s3cret")
        own = [record.getMessage() for record in caplog.records if record.name.startswith("voxwire")]
        assert own == ["the chat endpoint answered 401 (invalid_api_key)"]
        assert "s3cret" not in error.message + repr(engine({"base_url": "http://h/v1", "api_key": "s3cret"})._options)


class TestStart:
    async def started(self, server: ChatServer, **options: Any) -> ChatEngine:
        chat = engine({"base_url": server.url, **options})
        try:
            await chat.start()
        finally:
            await chat.close()
        return chat

    async def refusal(self, server: ChatServer, **options: Any) -> str:
        with pytest.raises(ConfigurationError) as caught:
            await self.started(server, **options)
        return str(caught.value)

    async def test_the_only_model(self) -> None:
        async with chat_server(lambda _: [], models=["llama3.2"]) as server:
            chat = await self.started(server)
        assert chat.capabilities.info.label == "llama3.2"

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("/srv/models/llama-3.2.gguf", "llama-3.2.gguf"),
            ("C:\\models\\llama.gguf", "llama.gguf"),
            ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ],
    )
    async def test_a_path_is_shown_as_a_name(self, name: str, shown: str) -> None:
        async with chat_server(lambda _: [], models=[name]) as server:
            assert (await self.started(server)).capabilities.info.label == shown

    async def test_a_tag_that_is_left_out(self) -> None:
        async with chat_server(lambda _: [], models=["llama3.2:latest", "gemma3"]) as server:
            assert (await self.started(server, model="llama3.2")).capabilities.info.label == "llama3.2"

    async def test_several_models(self) -> None:
        async with chat_server(lambda _: [], models=["a", "b"]) as server:
            assert "It has: a, b." in await self.refusal(server)

    async def test_a_wrong_model(self) -> None:
        async with chat_server(lambda _: [], models=["a", "b"]) as server:
            assert "no model 'c'. It has: a, b." in await self.refusal(server, model="c")

    async def test_a_wrong_key(self) -> None:
        async with chat_server(lambda _: []) as server:
            server.models = lambda _: [whole(401, b"{}")]
            assert "needs a key; set VOXWIRE_LLM_API_KEY" in await self.refusal(server)
            assert "refuses the key; set VOXWIRE_LLM_API_KEY" in await self.refusal(server, api_key="x")

    async def test_the_key_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOXWIRE_LLM_API_KEY", "s3cret")
        async with chat_server(lambda _: []) as server:
            await self.started(server)
        assert server.listings[0].headers["authorization"] == "Bearer s3cret"

    async def test_an_address_without_v1(self) -> None:
        async with chat_server(lambda _: []) as server:
            server.url = server.url.removesuffix("/v1")
            assert f"there is one at {server.url}/v1" in await self.refusal(server)

    async def test_an_address_of_something_else(self) -> None:
        async with chat_server(lambda _: []) as server:
            server.models = lambda _: [whole(200, b"<html>", "text/html")]
            assert "no list" in await self.refusal(server)

    async def test_without_a_check(self) -> None:
        async with chat_server(lambda _: []) as server:
            await self.started(server, model="any", check=False)
        assert server.listings == []

    @pytest.mark.parametrize(
        ("options", "says_"),
        [
            ({}, "needs base_url"),
            ({"base_url": "127.0.0.1:11434"}, "is an address such as"),
            ({"base_url": "wss://h/v1/realtime"}, "a Realtime service is attached with --profile relay"),
            ({"base_url": "http://user:s3cret@h/v1"}, "must not carry a key"),
            ({"base_url": "http://h/v1", "modle": "x"}, "has no option modle; it knows: base_url"),
            ({"base_url": "http://h/v1", "temperature": "s3cret"}, "option temperature"),
        ],
    )
    def test_options_that_cannot_be_meant(self, options: dict[str, Any], says_: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            engine(options)
        assert says_ in str(caught.value)
        assert "s3cret" not in str(caught.value)

    def test_an_address_as_it_was_copied(self) -> None:
        assert engine({"base_url": "http://h/v1/chat/completions/"})._options.base_url == "http://h/v1"
