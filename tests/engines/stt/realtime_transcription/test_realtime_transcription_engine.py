"""The `realtime-transcription` engine: imitated sockets that behave and that do not, and a real Voxwire as the peer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voxwire.audio.resample import Resampler
from voxwire.engines.stt.realtime_transcription.engine import RealtimeTranscriptionStt, engine
from voxwire.engines.stt.realtime_transcription.socket_options import read_socket_options
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import Word
from voxwire.interfaces.stt import SttConfig, SttFinal, SttPartial
from voxwire.testing.contract.signals import hum, hush
from voxwire.testing.contract.stt_contract import hear
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import served
from voxwire.testing.transcription_socket_server import (
    SOCKET_SCRIPT,
    SocketScript,
    SocketServer,
    SocketSession,
    ga_ears,
    ga_words,
    transcription_sockets,
    vllm_ears,
)

KIND = "conversation.item.input_audio_transcription"


@asynccontextmanager
async def ears(
    script: SocketScript, *, key: str | None = None, **options: Any
) -> AsyncIterator[tuple[RealtimeTranscriptionStt, SocketServer]]:
    async with transcription_sockets(script, key=key, rate=16_000) as server:
        made = engine({"base_url": server.url, "model": "scripted", "check": False, **options})
        await made.start()
        try:
            yield made, server
        finally:
            await made.close()


def sound(made: RealtimeTranscriptionStt, ms: float = 2000) -> bytes:
    return Resampler(16_000, made.capabilities.rates[0]).push(hum(ms))


async def heard(made: RealtimeTranscriptionStt, ms: float = 2000, **config: Any) -> tuple[list[SttPartial], SttFinal]:
    rate = made.capabilities.rates[0]
    *partials, last = await hear(made.open(SttConfig(rate=rate, **config)), sound(made, ms))
    assert isinstance(last, SttFinal)
    return [partial for partial in partials if isinstance(partial, SttPartial)], last


async def failure(script: SocketScript, **options: Any) -> EngineError:
    async with ears(script, **options) as (made, _):
        with pytest.raises(EngineError) as caught:
            await heard(made)
        return caught.value


def words(count: int) -> str:
    return " ".join(SOCKET_SCRIPT.split()[:count])


class TestGa:
    async def test_a_session_of_transcription(self) -> None:
        async with ears(ga_ears, key="k1", api_key="k1", logprobs=True) as (made, server):
            partials, final = await heard(made, language="en-US", prompt="Siobhan", logprobs=True)
            assert final.text == words(8)
            assert final.logprobs is not None
            assert "".join(one.token for one in final.logprobs) == final.text
            assert [partial.text for partial in partials][:3] == [words(1), words(2), words(3)]
            assert all(partial.stable == len(partial.text) for partial in partials)
            [session] = server.sessions
            update, *audio, commit = session.received
            assert update["session"] == {
                "type": "transcription",
                "include": ["item.input_audio_transcription.logprobs"],
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24_000},
                        "transcription": {"model": "scripted", "language": "en", "prompt": "Siobhan"},
                        "turn_detection": None,
                    }
                },
            }
            assert {event["type"] for event in audio} == {"input_audio_buffer.append"}
            assert commit == {"type": "input_audio_buffer.commit"}
            assert "intent=transcription" in (session.connection.request.path if session.connection.request else "")

    async def test_words_come_before_the_commit_where_the_endpoint_streams(self) -> None:
        async def streaming(session: SocketSession) -> None:
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")
                elif event["type"] == "input_audio_buffer.commit":
                    await session.send("input_audio_buffer.committed", item_id="i1")
                    await session.send(f"{KIND}.completed", item_id="i1", transcript="hello there")
                elif len(session.pcm) == 4_800 * 3:
                    await session.send(f"{KIND}.delta", item_id="i1", delta="hello")

        async with ears(streaming) as (made, _):
            stream = made.open(SttConfig(rate=24_000))
            await stream.push(sound(made, 1000))
            assert await anext(aiter(stream)) == SttPartial(text="hello", stable=5)
            assert (await hear(stream, b""))[-1] == SttFinal(text="hello there")

    async def test_a_hint_that_is_left_out_fails_nothing(self) -> None:
        async def picky(session: SocketSession) -> None:
            async for event in session.events():
                if event["type"] == "session.update":
                    param = "session.audio.input.transcription.language"
                    await session.send("error", error={"code": "invalid_value", "param": param, "message": "no"})
                    await session.send("session.updated")
                elif event["type"] == "input_audio_buffer.commit":
                    session.rate = 24_000
                    await ga_words(session, "i1")

        async with ears(picky) as (made, _):
            assert (await heard(made, language="xx"))[1].text == words(8)

    async def test_very_short_audio_is_made_long_enough_for_a_commit(self) -> None:
        async with ears(ga_ears) as (made, server):
            await heard(made, 40)
            sizes = [len(event["audio"]) for event in server.sessions[0].received if "audio" in event]
            assert sum(sizes) >= 4_800

    async def test_a_real_peer(self) -> None:
        """Another Voxwire, with the words of its recogniser."""
        stt = FakeStt("what is the time", word_ms=300)
        service = fake_service(fake_deployment(stt=stt))
        async with served(service, auth={"api_keys": ["k1"]}) as url:
            made = engine({"base_url": f"{url}/v1", "model": "whisper-1", "api_key": "k1"})
            await made.start()
            partials, final = await heard(made, 2000, language="en")
            assert final == SttFinal(text="what is the time")
            assert partials
            assert stt.streams[0].config.language == "en"
            # Six conversations at once are six utterances there.
            texts = await asyncio.gather(*(heard(made, 1500) for _ in range(6)))
            assert {text.text for _, text in texts} == {"what is the time"}
            await made.close()

    @pytest.mark.parametrize("timed", [True, False])
    async def test_times_of_words_of_a_real_peer(self, timed: bool) -> None:
        spoken = Word(text="what", start=0, end=4, start_ms=120.0, end_ms=400.0)
        said = SttFinal(text="what time", words=(spoken,) if timed else ())
        stt = FakeStt(said)
        async with served(fake_service(fake_deployment(stt=stt))) as url:
            made = engine({"base_url": f"{url}/v1", "model": "whisper-1", "word_times": True})
            await made.start()
            assert (await heard(made, word_times=True))[1] == said
            assert (await heard(made, logprobs=True))[1].words == ()
            await made.close()
        assert [stream.config.word_times for stream in stt.streams] == [True, False]

    async def test_a_real_peer_with_another_key(self) -> None:
        async with served(auth={"api_keys": ["k1"]}) as url:
            said = await not_started({"base_url": f"{url}/v1", "model": "whisper-1", "api_key": "k2"})
        assert "refuses the key; set VOXWIRE_STT_API_KEY" in said


class TestVllm:
    async def test_words_come_while_somebody_speaks(self) -> None:
        async with ears(vllm_ears, dialect="vllm") as (made, server):
            assert made.capabilities.rates == (16_000,)
            partials, final = await heard(made)
            assert final == SttFinal(text=words(8))
            assert len(partials) > 3
            first, second, *_, last = server.sessions[0].received
            assert first == {"type": "session.update", "model": "scripted"}
            assert second == {"type": "input_audio_buffer.commit"}
            assert last == {"type": "input_audio_buffer.commit", "final": True}


class TestSilence:
    async def test_no_socket_is_opened_for_it(self) -> None:
        async with ears(ga_ears) as (made, server):
            assert (await hear(made.open(SttConfig(rate=24_000)), hush(3000)))[-1] == SttFinal(text="")
            assert not server.sessions

    async def test_what_the_endpoint_calls_empty(self) -> None:
        async def deaf(session: SocketSession) -> None:
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")
                elif event["type"] == "input_audio_buffer.commit":
                    await session.send("error", error={"code": "input_audio_buffer_commit_empty"})

        async with ears(deaf) as (made, _):
            assert (await heard(made))[1] == SttFinal(text="")


class TestBreaks:
    async def test_a_socket_that_breaks_is_replaced_and_nothing_is_lost(self) -> None:
        count = 0

        async def dropping(session: SocketSession) -> None:
            nonlocal count
            count += 1
            if count > 1:
                await ga_ears(session)
                return
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")
                elif len(session.pcm) > 20_000:
                    session.connection.transport.abort()

        async with ears(dropping) as (made, server):
            assert (await heard(made))[1].text == words(8)
            assert len(server.sessions) == 2

    async def test_words_that_were_said_stay_when_a_socket_breaks_after_them(self) -> None:
        count = 0

        async def breaking(session: SocketSession) -> None:
            nonlocal count
            count += 1
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")
                elif event["type"] == "input_audio_buffer.commit":
                    await session.send("input_audio_buffer.committed", item_id="i1")
                    if count == 1:
                        await session.send(f"{KIND}.delta", item_id="i1", delta="Hello the")
                        session.connection.transport.abort()
                    else:
                        await session.send(f"{KIND}.completed", item_id="i1", transcript="Hello there you")

        async with ears(breaking) as (made, _):
            partials, final = await heard(made)
            assert partials[0].text == "Hello the"
            assert final.text.startswith("Hello the")

    async def test_one_that_always_breaks(self) -> None:
        async def broken(session: SocketSession) -> None:
            session.connection.transport.abort()

        assert (await failure(broken)).code == "stt_disconnected"

    async def test_a_cancelled_utterance_closes_its_socket(self) -> None:
        ended = asyncio.Event()

        async def listening(session: SocketSession) -> None:
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")
            ended.set()

        async with ears(listening) as (made, server):
            stream = made.open(SttConfig(rate=24_000))
            await stream.push(sound(made, 500))
            await server.opened.wait()
            await stream.cancel()
            async with asyncio.timeout(2):
                await ended.wait()


class TestFailures:
    async def test_silent_from_the_start(self) -> None:
        async def silent(session: SocketSession) -> None:
            async for _ in session.events():
                pass

        assert (await failure(silent, timeout_s=0.4)).code == "stt_timeout"

    async def test_silent_after_the_commit(self) -> None:
        async def mute(session: SocketSession) -> None:
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")

        assert (await failure(mute, timeout_s=0.4)).code == "stt_timeout"

    async def test_alive_and_wordless(self) -> None:
        async def chatty(session: SocketSession) -> None:
            await session.send("session.updated")
            while True:
                await session.send("rate_limits.updated", rate_limits=[])
                await asyncio.sleep(0.02)

        assert (await failure(chatty, timeout_s=0.4)).code == "stt_timeout"

    async def test_slow_but_alive(self) -> None:
        async def slow(session: SocketSession) -> None:
            async for event in session.events():
                if event["type"] == "session.update":
                    await session.send("session.updated")
                elif event["type"] == "input_audio_buffer.commit":
                    await session.send("input_audio_buffer.committed", item_id="i1")
                    for word in ("one", " two", " three", " four"):
                        await asyncio.sleep(0.3)
                        await session.send(f"{KIND}.delta", item_id="i1", delta=word)
                    await session.send(f"{KIND}.completed", item_id="i1", transcript="one two three four")

        async with ears(slow, timeout_s=0.8) as (made, _):
            assert (await heard(made, 500))[1].text == "one two three four"

    @pytest.mark.parametrize(
        ("event", "code"),
        [
            ("{nonsense", "stt_invalid_stream"),
            ('{"type": 7}', "stt_invalid_stream"),
            ('{"type": "error", "error": {"code": "server_error"}}', "stt_error"),
            (f'{{"type": "{KIND}.failed", "item_id": "i", "error": {{"code": "x"}}}}', "stt_error"),
        ],
    )
    async def test_lying(self, event: str, code: str) -> None:
        async def lying(session: SocketSession) -> None:
            await session.send("session.updated")
            async for received in session.events():
                if received["type"] == "input_audio_buffer.commit":
                    await session.connection.send(event)

        assert (await failure(lying)).code == code

    async def test_without_end(self) -> None:
        async def endless(session: SocketSession) -> None:
            await session.send("session.updated")
            while True:
                await session.send(f"{KIND}.delta", item_id="i", delta="and so on " * 500)

        assert (await failure(endless)).code == "stt_invalid_stream"

    async def test_a_message_without_end(self) -> None:
        async def huge(session: SocketSession) -> None:
            await session.send("session.updated", filler="x" * 2_000_000)
            async for _ in session.events():
                pass

        assert (await failure(huge)).code == "stt_disconnected"

    async def test_more_than_anybody_says(self) -> None:
        async with ears(ga_ears) as (made, _):
            stream = made.open(SttConfig(rate=24_000))
            for _ in range(34):
                await stream.push(bytes(1024 * 1024))
            with pytest.raises(EngineError) as caught:
                await hear(stream, b"")
            assert caught.value.code == "stt_too_long"


async def not_started(options: dict[str, Any]) -> str:
    """The sentence with which an engine does not start."""
    made = engine(options)
    try:
        with pytest.raises(ConfigurationError) as caught:
            await made.start()
        return str(caught.value)
    finally:
        await made.close()


class TestStart:
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"model": "m"}, "needs the option base_url"),
            ({"base_url": "ws://h/v1"}, "needs the option model"),
            ({"base_url": "ftp://h/v1", "model": "m"}, "is an address such as ws://127.0.0.1:8000/v1"),
            ({"base_url": "ws://u:p@h/v1", "model": "m"}, "must not carry a key"),
            ({"base_url": "ws://h/v1?api-key=s3cret", "model": "m"}, "must not carry a key"),
            ({"base_url": "ws://h/v1", "model": "m", "dialect": "beta"}, "option dialect"),
        ],
    )
    def test_options(self, options: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said) as caught:
            engine(options)
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("base_url", "dialect", "url"),
        [
            ("http://h:1/v1", "ga", "ws://h:1/v1/realtime?intent=transcription"),
            ("https://h/v1/realtime", "vllm", "wss://h/v1/realtime"),
            ("wss://h/openai/v1?model=m", "ga", "wss://h/openai/v1/realtime?model=m"),
            ("wss://h/openai/v1?x=1", "ga", "wss://h/openai/v1/realtime?x=1&intent=transcription"),
        ],
    )
    def test_addresses(self, base_url: str, dialect: str, url: str) -> None:
        assert read_socket_options({"base_url": base_url, "model": "m", "dialect": dialect}).url == url

    async def test_a_wrong_key(self) -> None:
        async with transcription_sockets(ga_ears, key="k1") as server:
            for key, said in (("s3cret", "refuses the key"), (None, "needs a key")):
                sentence = await not_started({"base_url": server.url, "model": "m", "api_key": key})
                assert said in sentence
                assert "s3cret" not in sentence

    async def test_a_wrong_path(self) -> None:
        async with transcription_sockets(ga_ears) as server:
            said = await not_started({"base_url": server.url.removesuffix("/v1"), "model": "m"})
        assert "There is no realtime transcription at" in said

    async def test_a_wrong_model(self) -> None:
        async def picky(session: SocketSession) -> None:
            async for _ in session.events():
                await session.send("error", error={"code": "invalid_model", "message": "no such model"})

        async with transcription_sockets(picky) as server:
            said = await not_started({"base_url": server.url, "model": "m"})
        assert "refused the settings (invalid_model). An option of" in said

    async def test_nobody_is_there_yet(self, caplog: pytest.LogCaptureFixture) -> None:
        made = engine({"base_url": "ws://127.0.0.1:9/v1", "model": "m", "api_key": "s3cret"})
        await made.start()
        assert "cannot be used yet (stt_unreachable)" in caplog.text
        with pytest.raises(EngineError, match="cannot be reached"):
            await heard(made, 300)
        await made.close()
        assert "s3cret" not in caplog.text + repr(made._options)
