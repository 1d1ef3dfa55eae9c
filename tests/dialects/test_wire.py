"""Base64, nesting and the audio template (ADR 9)."""

import base64
import json
from typing import Any

import pytest

from voxwire.audio.g711 import encode_alaw, encode_ulaw
from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import wire
from voxwire.errors import ClientError
from voxwire.events.server import AudioDelta


class TestDecodeAudio:
    @pytest.mark.parametrize(
        ("text", "data"),
        [
            ("", b""),
            ("AQI=", b"\1\2"),
            ("AQID\r\n\tBAUG ", b"\1\2\3\4\5\6"),
            ("\nAQI=\n", b"\1\2"),
        ],
    )
    def test_good(self, text: str, data: bytes) -> None:
        assert wire.decode_audio(text, "audio") == data

    @pytest.mark.parametrize("size", [3 * 2**20, 3 * 2**20 + 1])
    def test_large(self, size: int) -> None:
        data = bytes(range(256)) * (size // 256) + bytes(size % 256)
        assert wire.decode_audio(base64.b64encode(data).decode(), "audio") == data

    def test_large_with_padding_inside(self) -> None:
        """Whatever is decoded in steps, of which one ends just there."""
        text = "A" * (2**20 - 4) + "AQI=" + "A" * 2**20
        with pytest.raises(ClientError):
            wire.decode_audio(text, "audio")

    @pytest.mark.parametrize("text", ["AQI=AQI=", "AQI==", "A-/_", "AQ*I", "é", "A", "=", "AQ\u00a0I=", "AQ\0I="])
    def test_bad(self, text: str) -> None:
        with pytest.raises(ClientError) as caught:
            wire.decode_audio(text, "item.content[0].audio")
        assert (caught.value.code, caught.value.param) == ("invalid_value", "item.content[0].audio")
        assert caught.value.message == "Invalid value for 'item.content[0].audio': expected base64-encoded audio."


def nested(levels: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if kind is list else {"a": value, "b": "text"}
    return value


class TestBounded:
    @pytest.mark.parametrize("kind", [list, dict])
    def test_as_deep_as_allowed(self, kind: type) -> None:
        value = nested(wire.MAX_DEPTH, kind)
        assert wire.bounded(value, "p") is value

    @pytest.mark.parametrize("kind", [list, dict])
    def test_one_too_deep(self, kind: type) -> None:
        with pytest.raises(ClientError) as caught:
            wire.bounded(nested(wire.MAX_DEPTH + 1, kind), "session.prompt")
        assert (caught.value.code, caught.value.param) == ("invalid_value", "session.prompt")

    @pytest.mark.parametrize("value", [None, 5, "text", [], {}])
    def test_flat(self, value: Any) -> None:
        assert wire.bounded(value, "p") is value


class TestEncodeAudio:
    PCM = bytes(range(200))

    @pytest.mark.parametrize(
        ("format", "payload"),
        [
            (AudioFormat.PCM16, PCM),
            (AudioFormat.ULAW, encode_ulaw(PCM)),
            (AudioFormat.ALAW, encode_alaw(PCM)),
        ],
    )
    def test_frame(self, format: AudioFormat, payload: bytes) -> None:
        event = AudioDelta(
            response_id="resp_1", item_id="item_1", output_index=2, content_index=3, pcm=self.PCM, format=format
        )
        frame = wire.encode_audio(wire.audio_template("response.audio.delta"), event, "event_1")
        body = json.loads(frame)
        assert wire.decode_audio(body.pop("delta"), "delta") == payload
        assert body == {
            "type": "response.audio.delta",
            "event_id": "event_1",
            "response_id": "resp_1",
            "item_id": "item_1",
            "output_index": 2,
            "content_index": 3,
        }
