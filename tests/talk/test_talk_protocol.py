"""The dialects as `voxwire talk` speaks them (protocol: connecting; dialects)."""

import pytest

from voxwire.talk import protocol
from voxwire.talk.outcome import TalkError, UsageError
from voxwire.talk.protocol import ClientDialect


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "dialect", "address"),
        [
            ("http://localhost:8000", ClientDialect.GA, "ws://localhost:8000/openai/v1/realtime?model=d"),
            ("localhost:8000", ClientDialect.GA, "ws://localhost:8000/openai/v1/realtime?model=d"),
            ("wss://h/", ClientDialect.GA, "wss://h/openai/v1/realtime?model=d"),
            ("https://h/v1", ClientDialect.GA, "wss://h/v1/realtime?model=d"),
            ("https://h/v1/realtime", ClientDialect.GA, "wss://h/v1/realtime?model=d"),
            ("https://h/v1/realtime?model=mine", ClientDialect.GA, "wss://h/v1/realtime?model=mine"),
            ("https://h/v1", ClientDialect.PREVIEW, "wss://h/v1/realtime?model=d"),
            (
                "https://h",
                ClientDialect.PREVIEW,
                "wss://h/openai/realtime?api-version=2025-04-01-preview&deployment=d",
            ),
            (
                "https://h/openai/realtime?api-version=2024-10-01-preview",
                ClientDialect.PREVIEW,
                "wss://h/openai/realtime?api-version=2024-10-01-preview&deployment=d",
            ),
        ],
    )
    def test_completes_what_the_person_wrote(self, url: str, dialect: ClientDialect, address: str) -> None:
        assert protocol.address(url, dialect, "d") == address

    def test_escapes_the_deployment(self) -> None:
        assert protocol.address("http://h", ClientDialect.GA, "Qwen/Omni 3").endswith("?model=Qwen%2FOmni%203")

    @pytest.mark.parametrize("url", ["ftp://h", "http://", "http://h:port"])
    def test_refuses_what_is_no_address(self, url: str) -> None:
        with pytest.raises(UsageError, match="not the address of a server"):
            protocol.address(url, ClientDialect.GA, "d")


class TestHeaders:
    def test_key_goes_where_each_service_looks_for_it(self) -> None:
        assert protocol.headers(ClientDialect.GA, "k") == {"Authorization": "Bearer k"}
        assert protocol.headers(ClientDialect.PREVIEW, "k") == {"api-key": "k", "OpenAI-Beta": "realtime=v1"}

    def test_no_key_no_header(self) -> None:
        assert protocol.headers(ClientDialect.GA, None) == {}


class TestSessionUpdate:
    def test_leaves_out_what_was_not_asked_for(self) -> None:
        event = protocol.session_update(ClientDialect.GA, instructions=None, voice=None, tools=[], silence_ms=500)
        assert event["session"].keys() == {"type", "audio"}
        assert event["session"]["audio"].keys() == {"input"}
        assert event["session"]["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500

    def test_preview_is_flat(self) -> None:
        tool = {"type": "function", "name": "f"}
        event = protocol.session_update(
            ClientDialect.PREVIEW, instructions="Be brief.", voice="echo", tools=[tool], silence_ms=300
        )
        session = event["session"]
        assert session["turn_detection"]["silence_duration_ms"] == 300
        assert (session["voice"], session["instructions"], session["tools"]) == ("echo", "Be brief.", [tool])
        assert session["input_audio_transcription"] == {"model": "whisper-1"}
        assert "type" not in session


class TestDecode:
    @pytest.mark.parametrize("kind", ["text", "audio", "audio_transcript"])
    def test_gives_preview_events_their_new_names(self, kind: str) -> None:
        event = protocol.decode(f'{{"type":"response.{kind}.delta","delta":"AAAA"}}')
        assert event.type == f"response.output_{kind}.delta"

    def test_refuses_other_things(self) -> None:
        with pytest.raises(TalkError, match="not a Realtime event"):
            protocol.decode("hello")

    def test_refuses_broken_audio(self) -> None:
        with pytest.raises(TalkError, match="broken audio"):
            _ = protocol.decode('{"type":"response.output_audio.delta","delta":"A"}').pcm
