"""The `transcriptions` engine against endpoints that behave, and that do not."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voxwire.engines.stt.transcriptions.engine import TranscriptionsStt, engine
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.stt import SttConfig, SttFinal, SttInterim, SttPartial
from voxwire.testing.chat_server import ChatScript, ChatServer, ChatStep, Received, event, head, whole
from voxwire.testing.contract.signals import hum, hush
from voxwire.testing.contract.stt_contract import hear
from voxwire.testing.transcription_server import hears, transcription_server, upload

SCRIPT = "what is the weather like in Rome and do I need a coat tonight"
HELLO = {"text": "Hello there."}


@asynccontextmanager
async def ears(script: ChatScript, **options: Any) -> AsyncIterator[tuple[TranscriptionsStt, ChatServer]]:
    async with transcription_server(script) as server:
        made = engine({"base_url": server.url, "model": "scripted", **options})
        await made.start()
        try:
            yield made, server
        finally:
            await made.close()


def answers(*steps: ChatStep) -> ChatScript:
    return lambda _: iter(steps)


def says(body: Any, status: int = 200) -> ChatScript:
    return answers(whole(status, json.dumps(body).encode()))


async def final(made: TranscriptionsStt, pcm: bytes | None = None, **config: Any) -> SttFinal:
    events = await hear(made.open(SttConfig(**config)), hum(2000) if pcm is None else pcm)
    assert isinstance(events[-1], SttFinal)
    return events[-1]


async def refused(options: dict[str, Any]) -> str:
    """The sentence with which an engine does not start."""
    made = engine(options)
    try:
        with pytest.raises(ConfigurationError) as caught:
            await made.start()
        return str(caught.value)
    finally:
        await made.close()


async def failure(script: ChatScript, **options: Any) -> EngineError:
    async with ears(script, **options) as (made, _):
        with pytest.raises(EngineError) as caught:
            await final(made)
        return caught.value


class TestRequest:
    async def test_one_form_for_an_utterance(self) -> None:
        async with ears(says(HELLO), api_key="k1", fields={"temperature": "0"}) as (made, server):
            said = await final(
                made, hum(1000), rate=16_000, language="en-US", prompt="Siobhan", phrases=("Voxwire", "")
            )
            assert said == SttFinal(text="Hello there.")
            [request] = server.requests
            assert request.path == "/v1/audio/transcriptions"
            assert request.headers["authorization"] == "Bearer k1"
            form = upload(request)
            assert form.fields == {
                "model": "scripted",
                "response_format": "json",
                "language": "en",
                "prompt": "Siobhan\nVoxwire",
                "temperature": "0",
            }
            assert (form.rate, form.pcm) == (16_000, hum(1000))

    async def test_audio_of_the_wire_goes_as_it_is(self) -> None:
        async with ears(says(HELLO)) as (made, server):
            await final(made, rate=24_000)
            assert upload(server.last).rate == 24_000

    async def test_a_thousand_phrases_are_no_prompt(self) -> None:
        async with ears(says(HELLO)) as (made, server):
            await final(made, phrases=tuple(f"sentence {at}" for at in range(1000)))
            assert "prompt" not in upload(server.last).fields

    async def test_silence_is_not_asked_about(self) -> None:
        async with ears(says(HELLO)) as (made, server):
            assert (await final(made, hush(2000))).text == ""
            assert not server.requests

    async def test_word_times(self) -> None:
        async with ears(hears(SCRIPT), word_times=True) as (made, server):
            for logprobs in (False, True):
                await final(made, logprobs=logprobs)
                assert upload(server.last).fields["response_format"] == "json"
            said = await final(made, word_times=True)
            assert upload(server.last).fields["response_format"] == "verbose_json"
            assert [word.text for word in said.words] == said.text.split()
            assert (said.words[1].start_ms, said.words[1].end_ms) == (250, 500)
            assert [said.text[word.start : word.end] for word in said.words] == said.text.split()

    async def test_probabilities(self) -> None:
        async with ears(hears(SCRIPT), logprobs=True) as (made, _):
            for word_times in (False, True):
                assert (await final(made, word_times=word_times)).logprobs is None
            said = await final(made, logprobs=True)
            assert said.logprobs is not None
            assert [one.token.strip() for one in said.logprobs] == said.text.split()
            assert "".join(one.token for one in said.logprobs) == said.text

    async def test_what_the_endpoint_does_not_take_is_left_out_from_then_on(self) -> None:
        def picky(received: Received) -> Iterable[ChatStep]:
            fields = upload(received).fields
            for field in ("include[]", "prompt"):
                if field in fields:
                    error = {"error": {"code": "unsupported", "param": field.removesuffix("[]")}}
                    yield whole(400, json.dumps(error).encode())
                    return
            yield whole(200, json.dumps(HELLO).encode())

        async with ears(picky, logprobs=True) as (made, server):
            assert (await final(made, prompt="Siobhan", logprobs=True)).text == "Hello there."
            assert len(server.requests) == 3
            assert (await final(made, prompt="Siobhan", logprobs=True)).text == "Hello there."
            assert len(server.requests) == 4


class TestPartials:
    async def test_streamed_events(self) -> None:
        async with ears(hears(SCRIPT), stream=True) as (made, server):
            *partials, last = await hear(made.open(SttConfig()), hum(2000))
            assert upload(server.last).fields["stream"] == "true"
            assert isinstance(last, SttFinal)
            assert last.text == " ".join(SCRIPT.split()[:8])
            assert [p.text for p in partials if isinstance(p, SttPartial)][:2] == ["what", "what is"]
            assert all(isinstance(p, SttPartial) and p.stable == len(p.text) for p in partials)

    async def test_an_utterance_that_grows_is_asked_for_again(self) -> None:
        async with ears(hears(SCRIPT), partial_s=0.5) as (made, server):
            stream = made.open(SttConfig())
            events: list[Any] = []
            for _ in range(4):
                await stream.push(hum(600))
                events.append(await anext(aiter(stream)))
            assert [event.text for event in events] == [" ".join(SCRIPT.split()[:n]) for n in (2, 4, 7, 9)]
            assert events[2].stable == len("what is the weather")
            assert isinstance((await hear(stream, hum(500)))[-1], SttFinal)
            assert 5 <= len(server.requests) <= 6

    async def test_a_partial_that_takes_long_holds_up_no_final(self) -> None:
        def slow_at_first(received: Received) -> Iterable[ChatStep]:
            if len(upload(received).pcm) < len(hum(1500)):
                yield 30.0
            yield whole(200, json.dumps(HELLO).encode())

        async with ears(slow_at_first, partial_s=0.5) as (made, server):
            stream = made.open(SttConfig())
            await stream.push(hum(1000))
            await server.asked.wait()
            async with asyncio.timeout(10):
                assert (await hear(stream, hum(1000)))[-1] == SttFinal(text="Hello there.")
            assert server.requests[0].closed.is_set()

    async def test_a_draft_is_the_final_where_nothing_more_is_said(self) -> None:
        async with ears(hears(SCRIPT)) as (made, server):
            stream = made.open(SttConfig())
            await stream.push(hum(2000))
            await stream.probe()
            interim, last = await hear(stream, b"")
            assert isinstance(interim, SttInterim)
            assert isinstance(last, SttFinal)
            assert interim.text == last.text == " ".join(SCRIPT.split()[:8])
            assert len(server.requests) == 1

    async def test_drafts_only_where_requests_cost_no_money(self) -> None:
        assert engine({"base_url": "http://10.1.2.3/v1", "model": "m"}).capabilities.interims
        assert not engine({"base_url": "https://api.example.com/v1", "model": "m"}).capabilities.interims
        assert engine({"base_url": "https://api.example.com/v1", "model": "m", "drafts": True}).capabilities.interims


class TestFailures:
    @pytest.mark.parametrize(
        ("script", "code"),
        [
            (says({"error": {"message": "no"}}, 401), "stt_key_refused"),
            (says({"error": {"code": "model_not_found"}}, 404), "stt_not_found"),
            (says({"error": {}}, 400), "stt_request_refused"),
            (says({"error": {}}, 429), "stt_rate_limited"),
            (says({"error": {}}, 503), "stt_server_error"),
            (answers(whole(200, b"<html>hello</html>", "text/html")), "stt_invalid_stream"),
            (says({"text": 12}), "stt_invalid_stream"),
            (says({"words": []}), "stt_invalid_stream"),
            (says({"text": "a " * 100_000}), "stt_invalid_stream"),
            (answers(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\n{"), "stt_disconnected"),
            (answers(b"\0\0\0\0garbage\r\n\r\n"), "stt_unreachable"),
            (answers(head(), event({"error": {"message": "out of memory"}})), "stt_error"),
            (answers(head(), b"data: nonsense\n\n"), "stt_invalid_stream"),
            (answers(head(), event({"type": "transcript.text.delta", "delta": "Hel"}), b""), "stt_disconnected"),
        ],
    )
    async def test_an_endpoint_that_fails(self, script: ChatScript, code: str) -> None:
        assert (await failure(script)).code == code

    @pytest.mark.parametrize(
        "script",
        [
            answers(60.0),
            answers(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n", 60.0),
            answers(head(), event({"type": "transcript.text.delta", "delta": "Hel"}), 60.0),
            answers(head(), *(step for _ in range(200) for step in (event({"type": "ping"}), 0.05))),
        ],
        ids=["silent", "silent after its head", "silent in the middle", "alive and wordless"],
    )
    async def test_an_endpoint_that_is_silent(self, script: ChatScript) -> None:
        assert (await failure(script, timeout_s=0.4)).code == "stt_timeout"

    async def test_an_endpoint_without_end(self) -> None:
        def endless(_: Received) -> Iterable[ChatStep]:
            yield head()
            while True:
                yield event({"type": "transcript.text.delta", "delta": "and so on " * 200})

        assert (await failure(endless)).code == "stt_invalid_stream"

    async def test_a_cancelled_utterance_closes_its_socket(self) -> None:
        async with ears(answers(60.0)) as (made, server):
            stream = made.open(SttConfig())
            await stream.push(hum(1000))
            await stream.commit()
            await server.asked.wait()
            await stream.cancel()
            async with asyncio.timeout(1):
                await server.last.closed.wait()

    async def test_the_next_utterance_after_a_failure(self) -> None:
        scripts = iter([says({}, 500), says(HELLO)])
        async with ears(lambda received: next(scripts)(received)) as (made, _):
            with pytest.raises(EngineError):
                await final(made)
            assert (await final(made)).text == "Hello there."

    async def test_only_so_many_requests_at_a_time(self) -> None:
        busy = most = 0

        def counting(received: Received) -> Iterable[ChatStep]:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            yield 0.05
            busy -= 1
            yield whole(200, json.dumps(HELLO).encode())

        async with ears(counting, parallel=2) as (made, _):
            await asyncio.gather(*(final(made) for _ in range(6)))
        assert most == 2

    async def test_ten_minutes_and_more(self) -> None:
        async with ears(says(HELLO)) as (made, server):
            stream = made.open(SttConfig())
            for _ in range(25):
                await stream.push(hum(1000) * 32)
            with pytest.raises(EngineError) as caught:
                await hear(stream, b"")
            assert caught.value.code == "stt_too_long"
            assert not server.requests


class TestStart:
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"model": "m"}, "needs the option base_url"),
            ({"base_url": "http://h/v1"}, "needs the option model"),
            ({"base_url": "h/v1", "model": "m"}, "is an address such as http://127.0.0.1:8000/v1"),
            ({"base_url": "http://u:p@h/v1", "model": "m"}, "must not carry a key; set VOXWIRE_STT_API_KEY instead"),
            ({"base_url": "http://h/v1?key=s3cret", "model": "m"}, "must not have a query"),
            ({"base_url": "http://h/v1", "model": "m", "voice": "x"}, "transcriptions has no option voice"),
            ({"base_url": "http://h/v1", "model": "m", "word_times": True, "stream": True}, "exclude each other"),
        ],
    )
    def test_options(self, options: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said) as caught:
            engine(options)
        assert "s3cret" not in str(caught.value)

    def test_the_whole_address_is_as_good(self) -> None:
        made = engine({"base_url": "http://h/v1/audio/transcriptions", "model": "m"})
        assert made._options.base_url == "http://h/v1"

    async def test_a_model_that_is_not_there(self) -> None:
        async with transcription_server(says(HELLO), models=("small", "large")) as server:
            said = await refused({"base_url": server.url, "model": "medium"})
        assert "has no model 'medium'. It has: small, large." in said

    @pytest.mark.parametrize(("key", "said"), [("s3cret", "refuses the key"), (None, "needs a key")])
    async def test_a_wrong_key(self, key: str | None, said: str) -> None:
        async with transcription_server(says(HELLO)) as server:
            server.models = says({"error": {"message": "s3cret is wrong"}}, 401)
            sentence = await refused({"base_url": server.url, "model": "m", "api_key": key})
        assert f"{said}; set VOXWIRE_STT_API_KEY" in sentence
        assert "s3cret" not in sentence

    async def test_an_address_without_v1(self) -> None:
        async with transcription_server(says(HELLO)) as server:
            assert "use that address" in await refused({"base_url": server.url.removesuffix("/v1"), "model": "m"})

    async def test_something_else_is_there(self) -> None:
        async with transcription_server(says(HELLO)) as server:
            server.models = answers(whole(404, b"<html>", "text/html"))
            assert "set the option check to false" in await refused({"base_url": server.url, "model": "m"})
            async with ears(says(HELLO), check=False) as (made, _):
                assert (await final(made)).text == "Hello there."

    async def test_nobody_is_there_yet(self, caplog: pytest.LogCaptureFixture) -> None:
        made = engine({"base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key": "s3cret"})
        await made.start()
        assert "cannot be used yet (stt_unreachable)" in caplog.text
        with pytest.raises(EngineError, match="cannot be reached"):
            await final(made)
        await made.close()

    async def test_nothing_secret_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        error = await failure(says({"error": {"code": "invalid_api_key", "message": "s3cret"}}, 401), api_key="s3cret")
        own = [record.getMessage() for record in caplog.records if record.name.startswith("voxwire")]
        assert own == ["the endpoint of transcriptions answered 401 (invalid_api_key)"]
        assert "s3cret" not in error.message
        assert "s3cret" not in repr(engine({"base_url": "http://h/v1", "model": "m", "api_key": "s3cret"})._options)
