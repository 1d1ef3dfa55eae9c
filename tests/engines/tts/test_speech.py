"""The `speech` engine against local imitations: slow, silent, lying, endless, with a wrong key, voice or model."""

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from speech_server import RATE, hum, refuses, speaks, speech_server, streamed, wav

from voxwire.engines.registry import load
from voxwire.engines.tts.speech.engine import SpeechEngine
from voxwire.engines.tts.speech.engine import engine as speech
from voxwire.engines.tts.speech.pcm_body import NoSpeech, PcmBody
from voxwire.engines.tts.voice_names import API_VOICES
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.tts import TtsAudio, TtsConfig
from voxwire.testing.chat_server import ChatServer, Received, whole

TEXT = "Hello there, how are you today? I am very well, thank you."


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with speech_server() as served:
        yield served


def made(server: ChatServer, **options: Any) -> SpeechEngine:
    return speech({"base_url": server.url, "model": "tts-1", "check": False, **options})


async def speak(engine: SpeechEngine, text: str = TEXT, voice: str = "alloy", speed: float = 1.0) -> list[TtsAudio]:
    stream = engine.open(TtsConfig(voice=voice, speed=speed))
    await stream.feed(text)
    await stream.flush()
    return [audio async for audio in stream]


async def failure(engine: SpeechEngine, text: str = TEXT) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await speak(engine, text)
    await engine.close()
    return caught.value


def pcm(audio: list[TtsAudio]) -> bytes:
    return b"".join(piece.pcm for piece in audio)


class TestSpeech:
    async def test_every_sample_arrives_in_order(self, server: ChatServer) -> None:
        engine = made(server)
        audio = await speak(engine)
        asked = [request.json["input"] for request in server.requests]
        assert asked == ["Hello there, how are you today?", "I am very well, thank you."]
        assert pcm(audio) == b"".join(map(hum, asked))
        assert audio[-1].chars_to == len(TEXT)
        await engine.close()

    async def test_what_is_asked(self, server: ChatServer) -> None:
        engine = made(server, api_key=SecretStr("sk-x"), body={"instructions": "Be kind."}, headers={"X-A": "b"})
        await speak(engine, "Hi.", "marin", 1.2)
        assert server.last.json == {
            "model": "tts-1", "input": "Hi.", "voice": "marin", "response_format": "pcm", "speed": 1.2,
            "instructions": "Be kind.",
        }  # fmt: skip
        assert server.last.headers["authorization"] == "Bearer sk-x"
        assert server.last.headers["x-a"] == "b"
        await engine.close()

    async def test_figures_are_read_out_for_models_that_cannot(self, server: ChatServer) -> None:
        engine = made(server, language="en")
        audio = await speak(engine, "That is $5.")
        assert server.last.json["input"] == "That is five dollars."
        assert audio[-1].chars_to == len("That is $5.")
        await engine.close()

    async def test_characters_grow_with_the_audio(self, server: ChatServer) -> None:
        engine = made(server)
        for _ in range(6):  # it learns how fast the endpoint speaks: a character in 60 ms
            audio = await speak(engine, "word " * 40)
        heard = np.cumsum([len(piece.pcm) for piece in audio]) / 2 / RATE / 0.06
        assert all(abs(piece.chars_to - at) < 25 for piece, at in zip(audio, heard, strict=True))
        await engine.close()

    async def test_the_first_audio_is_passed_on_before_the_rest_is_there(self, server: ChatServer) -> None:
        wait = asyncio.Event()
        server.script = lambda request: [*speaks(request)[:3], wait, *speaks(request)[3:]]
        engine = made(server)
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("Hello there. ")
        first = await asyncio.wait_for(anext(aiter(stream)), 5)
        assert len(first.pcm) > 2 * RATE // 20
        await stream.cancel()
        await engine.close()

    async def test_connections_are_used_again(self, server: ChatServer) -> None:
        engine = made(server)
        await speak(engine)
        await speak(engine)
        assert (server.connections, len(server.requests)) == (1, 4)
        await engine.close()

    @pytest.mark.parametrize("rate", [24_000, 22_050, 16_000, 44_100])
    async def test_a_wav_file_says_its_own_rate(self, server: ChatServer, rate: int) -> None:
        server.script = lambda request: streamed(wav(hum(request.json["input"], rate=rate), rate), piece=33)
        engine = made(server, format="wav")
        audio = await speak(engine, "Hello there.")
        assert server.last.json["response_format"] == "wav"
        assert len(pcm(audio)) == pytest.approx(len(hum("Hello there.")), rel=0.01)
        await engine.close()

    async def test_wav_where_raw_samples_were_asked_for_is_no_noise(self, server: ChatServer) -> None:
        server.script = lambda request: streamed(wav(hum(request.json["input"]), RATE, extra=b"LIST\x03\0\0\0abc\0"))
        engine = made(server)
        assert pcm(await speak(engine, "Hello.")) == hum("Hello.")
        await engine.close()

    async def test_no_more_requests_at_a_time_than_said_and_owners_take_turns(self, server: ChatServer) -> None:
        running, most = 0, 0
        order: list[str] = []

        def counted(request: Received) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            order.append(request.json["voice"])
            yield from streamed(hum("a"))[:-1]
            yield 0.02
            running -= 1
            yield b"0\r\n\r\n"

        server.script = counted
        engine = made(server, parallel=1)

        async def say(owner: str, voice: str) -> None:
            stream = engine.open(TtsConfig(voice=voice, claim=Claim(owner)))
            await stream.feed("One. Two. Three. ")
            await stream.flush()
            async for _ in stream:
                pass

        await asyncio.gather(say("a", "alloy"), say("a", "alloy"), say("b", "ash"))
        assert most == 1
        assert order.index("ash") <= 2
        await engine.close()


class TestCancel:
    @pytest.mark.parametrize("after", [0, 1], ids=["before any audio", "in the middle"])
    async def test_the_socket_is_closed_at_once(self, server: ChatServer, after: int) -> None:
        server.script = lambda request: [*speaks(request)[: 3 * after], asyncio.Event()]
        engine = made(server)
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("Hello there. ")
        iterator = aiter(stream)
        for _ in range(after):
            await anext(iterator)
        reading = asyncio.ensure_future(anext(iterator, None))
        await server.asked.wait()
        await asyncio.sleep(0)
        began = time.monotonic()
        await stream.cancel()
        await asyncio.wait_for(server.last.closed.wait(), 5)
        assert time.monotonic() - began < 1
        assert await reading is None
        await engine.close()

    async def test_also_while_nobody_reads(self, server: ChatServer) -> None:
        server.script = lambda request: [*speaks(request)[:3], asyncio.Event()]
        engine = made(server)
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("Hello there. ")
        iterator = aiter(stream)
        await anext(iterator)
        await stream.cancel()
        await asyncio.wait_for(server.last.closed.wait(), 5)
        assert await anext(iterator, None) is None
        await engine.close()

    async def test_a_place_that_was_waited_for_is_given_back(self, server: ChatServer) -> None:
        server.script = lambda request: [*speaks(request)[:3], asyncio.Event()]
        engine = made(server, parallel=1)
        holding, waiting = (engine.open(TtsConfig(voice="alloy")) for _ in range(2))
        for stream in (holding, waiting):
            await stream.feed("Hello there. ")
        await anext(aiter(holding))
        reading = asyncio.ensure_future(anext(aiter(waiting), None))
        await asyncio.sleep(0)
        await waiting.cancel()
        assert await asyncio.wait_for(reading, 5) is None
        await holding.cancel()
        server.script = speaks
        assert await speak(engine)
        await engine.close()


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (400, "tts_request_refused"),
            (401, "tts_key_refused"),
            (404, "tts_not_found"),
            (422, "tts_request_refused"),
            (429, "tts_rate_limited"),
            (302, "tts_redirected"),
        ],
    )
    async def test_a_refusal_is_told_at_once(self, server: ChatServer, status: int, code: str) -> None:
        server.script = lambda _: refuses(status)
        assert (await failure(made(server))).code == code
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "body",
        [b'{"error": "x"}', b"<!DOCTYPE html>", b"<html><body>", b"ID3\x04" + bytes(100), b"OggS" + bytes(50),
         b"fLaC" + bytes(50), b"\xff\xfb\x90\x00" + bytes(50),
         b"RIFF", wav(b"", RATE)[:30], wav(bytes(99), RATE, channels=2), wav(bytes(99), RATE, bits=8),
         wav(bytes(99), RATE, kind=3), wav(bytes(99), 7), b"RIFF1234WAVEdata1234" + bytes(99),
         b"RIFF1234WAVELIST\xff\xff\xff\x7f" + bytes(99)],
        ids=lambda body: repr(body[:12]),
    )  # fmt: skip
    async def test_what_is_no_speech_is_not_played(self, server: ChatServer, body: bytes) -> None:
        server.script = lambda _: streamed(body)
        assert (await failure(made(server, retries=3))).code == "tts_invalid_stream"
        assert len(server.requests) == 1

    async def test_an_empty_body_is_none_either(self, server: ChatServer) -> None:
        server.script = lambda _: streamed(b"")
        assert (await failure(made(server))).message == "The voice's endpoint sent no audio."

    async def test_silence_before_the_first_audio_has_a_deadline(self, server: ChatServer) -> None:
        server.script = lambda _: [asyncio.Event()]
        found = await failure(made(server, first_audio_s=0.2))
        assert (found.stage, found.code) == ("tts", "tts_timeout")

    async def test_silence_in_the_middle_has_another(self, server: ChatServer) -> None:
        server.script = lambda asked: [*speaks(asked)[:2], asyncio.Event()]
        assert (await failure(made(server, idle_s=0.2))).code == "tts_timeout"

    async def test_a_slow_listener_costs_the_endpoint_no_patience(self, server: ChatServer) -> None:
        engine = made(server, idle_s=0.5)
        stream = engine.open(TtsConfig(voice="alloy"))
        await stream.feed("Hello there.")
        await stream.flush()
        spoken = b""
        async for audio in stream:
            spoken += audio.pcm
            await asyncio.sleep(0.1)
        assert len(spoken) > RATE
        await engine.close()

    async def test_endless_audio_is_ended(self, server: ChatServer) -> None:
        def endless(_: Received) -> Any:
            first, piece = streamed(bytes(200_000), piece=100_000)[:2]
            yield first
            while True:
                yield piece

        server.script = endless
        assert (await failure(made(server), "Hi.")).message == (
            "The voice's endpoint sent more audio than the text can be."
        )
        await asyncio.wait_for(server.last.closed.wait(), 5)

    @pytest.mark.parametrize("status", [500, 503])
    async def test_a_failure_that_may_pass_is_tried_again(self, server: ChatServer, status: int) -> None:
        server.script = lambda request: speaks(request) if len(server.requests) > 1 else refuses(status)
        engine = made(server)
        assert pcm(await speak(engine, "Hello.")) == hum("Hello.")
        await engine.close()

    async def test_not_for_ever(self, server: ChatServer) -> None:
        server.script = lambda _: refuses(503)
        assert (await failure(made(server, retries=2))).code == "tts_server_error"
        assert len(server.requests) == 3

    async def test_what_breaks_off_in_the_middle_is_not_said_twice(self, server: ChatServer) -> None:
        server.script = _breaks
        assert (await failure(made(server, retries=3))).code == "tts_disconnected"
        assert len(server.requests) == 1

    async def test_nobody_there(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
            found = await failure(speech({"base_url": address, "model": "tts-1", "check": False}))
        assert found.code == "tts_unreachable"


def _breaks(request: Received) -> Any:
    yield from speaks(request)[:4]
    raise ConnectionResetError


class TestStart:
    async def refused(self, server: ChatServer, **options: Any) -> str:
        engine = made(server, check=True, **options)
        with pytest.raises(ConfigurationError) as caught:
            await engine.start()
        await engine.close()
        assert "sk-secret" not in str(caught.value)
        return str(caught.value)

    async def test_one_word_is_asked_for(self, server: ChatServer) -> None:
        engine = made(server, check=True)
        await engine.start()
        assert [request.json["input"] for request in server.requests] == ["Yes."]
        await engine.close()

    async def test_a_model_that_is_not_there(self, server: ChatServer) -> None:
        assert (await self.refused(server, model="tts-9")).endswith("has no model tts-9. It has: tts-1.")

    async def test_a_wrong_key(self, server: ChatServer) -> None:
        server.models = lambda _: refuses(401)
        assert "refuses the key; set VOXWIRE_TTS_API_KEY" in await self.refused(server, api_key=SecretStr("sk-secret"))
        assert "needs a key; set VOXWIRE_TTS_API_KEY" in await self.refused(server)

    async def test_a_wrong_voice(self, server: ChatServer) -> None:
        server.script = lambda request: speaks(request) if request.json["voice"] == "Emma" else refuses(400)
        message = await self.refused(server, voices=["Emma", "emma"])
        assert "the voice emma; set voices to those that it has" in message

    async def test_an_address_without_speech(self, server: ChatServer) -> None:
        server.script = lambda _: refuses(404)
        assert "There is no /audio/speech at" in await self.refused(server)

    async def test_audio_of_another_kind(self, server: ChatServer) -> None:
        server.script = lambda _: streamed(b"ID3\x04" + bytes(100))
        assert "sent MP3 instead of PCM audio" in await self.refused(server)

    async def test_an_endpoint_that_is_down_may_come_later(
        self, server: ChatServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.models = lambda _: refuses(503)
        engine = made(server, check=True)
        with caplog.at_level(logging.WARNING):
            await engine.start()
        assert "cannot be used yet (tts_server_error)" in caplog.text
        assert await speak(engine)
        await engine.close()

    @pytest.mark.parametrize(
        "listed",
        [["Emma", "Noah"], [{"id": "Emma"}, {"voice_id": "Noah"}], [{"name": "Emma"}, {"name": "Noah"}, 7]],
    )
    async def test_the_endpoints_voices_are_found(self, server: ChatServer, listed: Any) -> None:
        server.others["/audio/voices"] = lambda _: [whole(200, json.dumps({"voices": listed}).encode())]
        engine = made(server, check=True)
        await engine.start()
        assert set(engine.capabilities.voices) == {*API_VOICES, "Emma", "Noah"}
        assert set(engine.capabilities.voices.values()) == {"Emma", "Noah"}
        await engine.close()

    async def test_a_voice_of_the_same_name_is_taken(self) -> None:
        engine = speech({"base_url": "http://a/v1", "model": "m", "voices": ["Sage", "Echo"]})
        assert engine.capabilities.voices["echo"] == "Echo"
        assert engine.capabilities.voices["sage"] == "Sage"

    async def test_names_can_be_mapped(self, server: ChatServer) -> None:
        engine = made(server, voices={"alloy": "Emma", "nora": "Noah"})
        await speak(engine, "Hi.", "nora")
        assert server.last.json["voice"] == "Noah"
        assert set(engine.capabilities.voices) == {*API_VOICES, "nora"}
        await engine.close()


GOOD = {"base_url": "http://127.0.0.1:1/v1", "model": "m"}


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"base_url": ""}, "The speech engine needs base_url, such as"),
            ({"model": ""}, "The speech engine needs model, such as"),
            ({"base_url": "127.0.0.1"}, "base_url of the speech engine is an address such as"),
            ({"base_url": "http://sk-secret:x@a/v1"}, "must not carry a key; set VOXWIRE_TTS_API_KEY"),
            ({"base_url": "http://a/v1?k=sk-secret"}, "must not have a query"),
            ({"format": "mp3"}, 'format of the speech engine is "pcm" or "wav"'),
            ({"voices": []}, "voices of the speech engine names at least one"),
            ({"voices": 5}, "voices of the speech engine is a list of names, or a table"),
            ({"rate": 5}, "rate of the speech engine input should be greater"),
            ({"voice": "a"}, "speech engine has no option voice; it knows: base_url, api_key"),
        ],
        ids=str,
    )
    def test_that_cannot_be(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            speech(GOOD | options)
        assert message in str(caught.value)
        assert "sk-secret" not in str(caught.value)

    def test_the_key_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOXWIRE_TTS_API_KEY", "sk-secret")
        engine = speech(GOOD | {"base_url": "http://a/v1/audio/speech/"})
        assert engine._options.secret_headers() == {"Authorization": "Bearer sk-secret"}
        assert engine._options.base_url == "http://a/v1"
        assert "sk-secret" not in repr(engine._options)

    def test_it_can_be_named_in_the_settings(self) -> None:
        assert load("tts", "speech", GOOD).capabilities.info.label == "m, behind an address"


class TestBody:
    @pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
    @pytest.mark.parametrize("body", [hum("abc"), wav(hum("abc"), RATE)], ids=["raw", "WAV"])
    def test_may_be_cut_anywhere(self, body: bytes, piece: int) -> None:
        reader = PcmBody(RATE, RATE)
        found = b"".join(reader.feed(body[at : at + piece]) for at in range(0, len(body), piece)) + reader.end()
        assert found == hum("abc")

    def test_two_bytes_are_one_sample(self) -> None:
        reader = PcmBody(RATE, RATE)
        assert reader.feed(b"\1\2") + reader.end() == b"\1\2"

    def test_half_a_header_is_no_speech(self) -> None:
        reader = PcmBody(RATE, RATE)
        reader.feed(b"RIFF1234WAVE")
        with pytest.raises(NoSpeech, match="half a WAV file"):
            reader.end()
