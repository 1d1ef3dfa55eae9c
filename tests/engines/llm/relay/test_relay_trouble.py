"""Services that are dead, die, are slow, silent, lying, endless, or refuse: a code and a sentence, and it goes on."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from imitation import Event, Line, Reaction, imitation, nobody, plainly, tcp
from relaying import KEY, answered, asking, told, whole, words

from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.errors import ConfigurationError, EngineError
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.llm import FinishReason, LlmDone

WEATHER = FunctionTool(name="get_weather")


@asynccontextmanager
async def made(url: str, **options: Any) -> AsyncIterator[RelayEngine]:
    relay = engine({"url": url, "api_key": KEY, **options})
    try:
        yield relay
    finally:
        await relay.close()


async def failure(react: Reaction, *, tools: bool = False, greeting: str | None = "ga", **options: Any) -> EngineError:
    """How an answer of such a service fails."""
    async with imitation(react, greeting=greeting) as service, made(service.url, **options) as relay:
        return await failure_of(relay, tools=tools)


async def failure_of(relay: RelayEngine, *, tools: bool = False) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await whole(relay, asking(told("Hi."), tools=(WEATHER,) if tools else ()))
    error = caught.value
    assert error.stage == "llm"
    assert "secret" not in error.message
    assert "127.0.0.1" not in error.message
    return error


def when_asked(*steps: Any) -> Reaction:
    """Does this when an answer is asked for: each step is a function of the line."""

    async def react(line: Line, event: Event) -> None:
        if event["type"] == "response.create":
            for step in steps:
                await step(line)

    return react


async def hang_up(line: Line) -> None:
    line.connection.transport.abort()


def saying(type: str, **fields: Any) -> Any:
    return lambda line: line.say(type, response_id="resp_1", item_id="item_1", **fields)


async def begin(line: Line) -> None:
    await line.begin()


class TestNobodyThere:
    async def test_a_dead_service_is_no_reason_not_to_start(self, caplog: pytest.LogCaptureFixture) -> None:
        async with made(await nobody()) as relay:
            await relay.start()
            assert "cannot be used yet (llm_unreachable)" in caplog.text
            assert (await failure_of(relay)).code == "llm_unreachable"

    async def test_one_that_comes_later_is_used(self) -> None:
        async with imitation() as service, made(service.url) as relay:
            assert words(await whole(relay, asking(told("Hi.")))) == "Hello."

    @pytest.mark.parametrize("says", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"SSH-2.0-x\r\n", b""])
    async def test_what_is_no_websocket(self, says: bytes) -> None:
        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(says)
            await writer.drain()

        async with tcp(serve_one) as url, made(url) as relay:
            with pytest.raises(EngineError) as caught:
                await whole(relay, asking(told("Hi.")))
            assert caught.value.code in ("llm_invalid_stream", "llm_request_refused")

    async def test_one_that_takes_the_connection_and_says_nothing(self) -> None:
        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        async with tcp(serve_one) as url, made(url, connect_s=0.1) as relay:
            assert (await failure_of(relay)).code == "llm_timeout"


class TestSilence:
    async def test_before_the_answer(self) -> None:
        error = await failure(when_asked(), greeting=None, first_s=0.1)
        assert error.code == "llm_timeout"

    async def test_in_the_middle_of_it(self) -> None:
        piece = saying("response.output_audio_transcript.delta", delta="Hel")
        error = await failure(when_asked(begin, piece), next_s=0.1)
        assert (error.code, error.message) == ("llm_timeout", "The Realtime service gave nothing for 0 s.")

    async def test_chatter_without_an_answer_is_silence(self) -> None:
        async def chatter(line: Line) -> None:
            while True:
                await line.say("rate_limits.updated", rate_limits=[])
                await line.say("response.output_audio.delta", response_id="resp_other", item_id="i", delta="AAAA")
                await asyncio.sleep(0.005)

        assert (await failure(when_asked(begin, chatter), first_s=0.2)).code == "llm_timeout"


class TestDeath:
    @pytest.mark.parametrize("steps", [(hang_up,), (begin, hang_up)])
    async def test_fails_the_answer_and_the_next_one_is_given(self, steps: tuple[Any, ...]) -> None:
        dead = when_asked(*steps)

        async def react(line: Line, event: Event) -> None:
            await (dead if line is service.lines[0] else plainly)(line, event)

        async with imitation(react) as service, made(service.url) as relay:
            assert (await failure_of(relay)).code == "llm_disconnected"
            assert words(await whole(relay, asking(told("Hi.")))) == "Hello."

    async def test_between_two_answers_goes_unnoticed(self) -> None:
        async with imitation() as service, made(service.url) as relay:
            first = await whole(relay, asking(told("Hi.")))
            await service.lines[0].connection.close()
            again = await whole(relay, asking(told("Hi."), answered("a1", first), told("And?", "u2")))
            assert words(again) == "Hello."
            created = [event["item"]["content"][0]["text"] for event in service.lines[1].received if "item" in event]
            assert created == ["Hi.", "Hello.", "And?"]

    async def test_a_session_that_has_expired_there_goes_on(self) -> None:
        async def react(line: Line, event: Event) -> None:
            if line is service.lines[0] and service.types().count("response.create") == 2:
                await line.error(code="session_expired")
                await line.connection.close()
            else:
                await plainly(line, event)

        async with imitation(react) as service, made(service.url) as relay:
            first = await whole(relay, asking(told("Hi.")))
            again = await whole(relay, asking(told("Hi."), answered("a1", first), told("And?", "u2")))
            assert words(again) == "Hello."
            assert len(service.lines) == 2


class TestLies:
    @pytest.mark.parametrize(
        "frame",
        ["no JSON", "[]", "{}", '{"type": 5}', b"\xff\x00", '{"type": "response.output_audio.delta", "delta": 7}'],
    )
    async def test_what_is_no_event(self, frame: str | bytes) -> None:
        assert (await failure(when_asked(begin, lambda line: line.raw(frame)))).code == "llm_invalid_stream"

    async def test_audio_that_is_none(self) -> None:
        error = await failure(when_asked(begin, saying("response.output_audio.delta", delta="*no base64*")))
        assert error.code == "llm_invalid_stream"

    async def test_a_frame_without_end(self) -> None:
        error = await failure(when_asked(begin, lambda line: line.raw("x" * (17 * 2**20))))
        assert error.code == "llm_disconnected"

    @pytest.mark.parametrize(
        ("name", "arguments", "code"),
        [("rm_rf", "{}", "llm_unknown_tool"), ("get_weather", "[1]", "llm_invalid_arguments")],
    )
    async def test_calls_that_cannot_be(self, name: str, arguments: str, code: str) -> None:
        item = {"id": "c1", "type": "function_call", "name": name, "call_id": "x", "arguments": arguments}
        steps = begin, saying("response.output_item.done", item=item), lambda line: line.end()
        assert (await failure(when_asked(*steps), tools=True)).code == code

    async def test_half_a_sample_waits_for_its_other_half(self) -> None:
        halves = [saying("response.output_audio.delta", delta=piece) for piece in ("AQAC", "AAMA")]
        react = when_asked(begin, *halves, lambda line: line.end())
        async with imitation(react) as service, made(service.url) as relay:
            events = await whole(relay, asking(told("Hi.")))
        assert b"".join(getattr(event, "pcm", b"") for event in events) == b"\x01\x00\x02\x00\x03\x00"


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (HTTPStatus.UNAUTHORIZED, "llm_key_refused"),
            (HTTPStatus.NOT_FOUND, "llm_not_found"),
            (HTTPStatus.TOO_MANY_REQUESTS, "llm_rate_limited"),
            (HTTPStatus.FOUND, "llm_redirected"),
            (HTTPStatus.BAD_REQUEST, "llm_request_refused"),
            (HTTPStatus.BAD_GATEWAY, "llm_server_error"),
        ],
    )
    async def test_of_the_handshake(self, status: HTTPStatus, code: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        async with imitation() as elsewhere:
            headers = {"Location": elsewhere.url.replace("ws:", "http:")}
            async with imitation(refusal=status, headers=headers) as service, made(service.url) as relay:
                assert (await failure_of(relay)).code == code
                if code in ("llm_rate_limited", "llm_server_error"):
                    await relay.start()
                else:
                    with pytest.raises(ConfigurationError) as caught:
                        await relay.start()
                    assert KEY not in str(caught.value)
            assert not elsewhere.handshakes, "the key is not carried to where a redirect points"
        assert KEY not in caplog.text

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            ({"code": "invalid_api_key"}, "llm_key_refused"),
            ({"code": "model_not_found"}, "llm_not_found"),
            ({"code": "insufficient_quota"}, "llm_rate_limited"),
            ({"code": "invalid_value"}, "llm_request_refused"),
            ({"type": "server_error", "code": None}, "llm_error"),
        ],
    )
    async def test_of_the_request(self, error: dict[str, Any], code: str) -> None:
        assert (await failure(when_asked(lambda line: line.error(**error)))).code == code

    async def test_a_wrong_model_is_found_at_the_start(self) -> None:
        async def react(line: Line, event: Event) -> None:
            raise AssertionError("nothing is asked")

        async with imitation(react, greeting=None) as service, made(service.url, model="gpt-x") as relay:
            starting = asyncio.create_task(relay.start())
            while not service.lines:  # noqa: ASYNC110  # a service has no event to wait for
                await asyncio.sleep(0)
            await service.lines[0].error(code="model_not_found")
            with pytest.raises(ConfigurationError, match="Check the options url and model of the relay engine"):
                await starting
            assert service.handshakes[0].path.endswith("?model=gpt-x")

    @pytest.mark.parametrize(("greeting", "dialect", "right"), [("ga", "preview", "'ga'"), ("flat", "ga", "'preview'")])
    async def test_a_wrong_dialect_is_found_at_the_start(self, greeting: str, dialect: str, right: str) -> None:
        async with imitation(greeting=greeting) as service, made(service.url, dialect=dialect) as relay:
            with pytest.raises(ConfigurationError, match=f"dialect of the relay engine to {right}"):
                await relay.start()

    async def test_settings_that_are_refused_fail_the_answer(self) -> None:
        async def react(line: Line, event: Event) -> None:
            if event["type"] == "session.update":
                await line.error(code="invalid_value", event_id=event["event_id"], param="session.audio.output.voice")

        assert (await failure(react)).code == "llm_request_refused"

    async def test_wishes_that_are_refused_are_left_out(self) -> None:
        async def react(line: Line, event: Event) -> None:
            if event["type"] == "session.update" and "reasoning" in event["session"]:
                await line.error(code="unknown_parameter", event_id=event["event_id"], param="session.reasoning")
            else:
                await plainly(line, event)

        async with imitation(react) as service, made(service.url) as relay:
            assert words(await whole(relay, asking(told("Hi."), reasoning="low"))) == "Hello."
            await whole(relay, asking(told("Hi."), reasoning="low", session_key="sess_2"))
            assert len(service.lines) == 4, "nothing is learnt from one client's wish"

    async def test_what_a_service_leaves_out_and_says_so_is_no_failure(self) -> None:
        async def react(line: Line, event: Event) -> None:
            if event["type"] == "session.update":
                await line.say("session.updated", session={})
                await line.error(code="unsupported_value", event_id=event["event_id"], param="session.voice")
            await plainly(line, event)

        async with imitation(react) as service, made(service.url) as relay:
            assert words(await whole(relay, asking(told("Hi.")))) == "Hello."


class TestEnds:
    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"status": "failed"}, "llm_error"),
            ({"status": "failed", "status_details": {"error": {"code": "rate_limit_exceeded"}}}, "llm_rate_limited"),
            ({"status": "cancelled"}, "llm_disconnected"),
            ({"status": "odd"}, "llm_error"),
        ],
    )
    async def test_that_are_failures(self, fields: dict[str, Any], code: str) -> None:
        async with imitation(when_asked(begin, lambda line: line.end(**fields))) as service, made(service.url) as relay:
            assert (await failure_of(relay)).code == code
            assert relay.connections == 1, "a failed answer leaves the connection as it was"

    @pytest.mark.parametrize(
        ("reason", "finish"),
        [("max_output_tokens", FinishReason.MAX_TOKENS), ("content_filter", FinishReason.CONTENT_FILTER)],
    )
    async def test_that_are_early(self, reason: str, finish: FinishReason) -> None:
        react = when_asked(begin, lambda line: line.end(status="incomplete", status_details={"reason": reason}))
        async with imitation(react) as service, made(service.url) as relay:
            done = (await whole(relay, asking(told("Hi."))))[-1]
        assert isinstance(done, LlmDone)
        assert done.reason is finish

    async def test_what_comes_late_of_a_cancelled_answer_is_dropped(self) -> None:
        async def react(line: Line, event: Event) -> None:
            piece = saying("response.output_audio_transcript.delta", delta="Late. ")
            if event["type"] == "response.create" and len(line.received) < 4:
                await begin(line)
                await piece(line)
            elif event["type"] == "response.cancel":
                await piece(line)
                await line.end(status="cancelled")
            elif event["type"] == "response.create":
                await piece(line)
                await line.answer(id="resp_2")

        async with imitation(react) as service, made(service.url) as relay:
            async with aclosing(relay.respond(asking(told("Hi.")))) as events:
                await anext(events)
            assert words(await whole(relay, asking(told("Hi."), told("And?", "u2")))) == "Hello."
            assert len(service.lines) == 1

    async def test_one_that_does_not_cancel_is_left(self) -> None:
        async def react(line: Line, event: Event) -> None:
            if line is service.lines[0]:
                await when_asked(begin, saying("response.output_audio_transcript.delta", delta="On and on"))(
                    line, event
                )
            else:
                await plainly(line, event)

        async with imitation(react) as service, made(service.url) as relay:
            async with aclosing(relay.respond(asking(told("Hi.")))) as events:
                await anext(events)
            assert words(await whole(relay, asking(told("Hi.")))) == "Hello."
            assert len(service.lines) == 2
