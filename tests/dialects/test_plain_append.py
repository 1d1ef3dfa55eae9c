"""Audio that is read on the short way: never another event than by `decode`, and none where that finds a mistake."""

import base64
import json
from typing import Any

import pytest
from dialect_samples import FIRST, GA, PREVIEW, VOICE_LIVE
from hypothesis import example, given
from hypothesis import strategies as st

from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.events.client import AppendAudio

TYPE = "input_audio_buffer.append"
PCM = bytes(range(256)) * 3
AUDIO = base64.b64encode(PCM).decode()
HEAD, TAIL = b'{"type":"input_audio_buffer.append","audio":"', b'"}'
VARIANTS = [GA, PREVIEW, FIRST, VOICE_LIVE, Variant(dialect=Dialect.PREVIEW, late_switch=True)]


def both(codec: WireCodec, frame: bytes) -> AppendAudio | None:
    """By the short way, which is held against the other one."""
    short = codec.append(frame)
    try:
        long = codec.decode(frame)
    except ClientError:
        long = None
    assert short is None or short == long
    return short


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(
    "write",
    [
        lambda event: json.dumps(event),
        lambda event: json.dumps(event, separators=(",", ":")),
        lambda event: json.dumps(event, indent=2),
        lambda event: json.dumps(dict(reversed(event.items()))),
        lambda event: json.dumps({"event_id": None, **event}),
        lambda event: json.dumps({"event_id": "evt_1", **event}),
        lambda event: json.dumps(event).replace("/", "\\/"),
    ],
)
def test_is_what_clients_write(variant: Variant, write: Any) -> None:
    codec = WireCodec(variant)
    for pcm in (PCM, bytes(10), b"", PCM[5:], bytes(4800)):
        event = {"type": TYPE, "audio": base64.b64encode(pcm).decode()}
        found = both(codec, write(event).encode())
        assert found is not None
        assert found.audio == pcm


def test_does_not_run_the_parser_on_what_stands_around_the_audio_again(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = WireCodec(GA)
    assert codec.append(HEAD + AUDIO.encode() + TAIL) is not None
    monkeypatch.setattr("voxwire.dialects.plain_append._parse", lambda frame: pytest.fail("parsed again"))
    other = base64.b64encode(bytes(4800))
    assert codec.append(HEAD + other + TAIL) == AppendAudio(audio=bytes(4800))


MISTAKES = [
    *(HEAD + AUDIO.encode() + tail for tail in (b"", b'"', b"}", b'"}}', b'"}x', b'","audio":1}', b'","event_id":7}')),
    *(HEAD + audio + TAIL for audio in (b"A", b"AQI==", b"A*I=", b"AQI=AQI=", b"\xff", b"\xc3\xa9", b"\\", b'"')),
    *(HEAD + AUDIO.encode() + bad + TAIL for bad in (b"\xff", b"\xed\xa0\x80", b"\0", b"\n", b"\x7f", b"\\ud83d")),
    HEAD[:-1] + b"null}",
    HEAD[:-1] + b"[]}",
    HEAD[:-1] + b"}",
    HEAD + b"}",
    HEAD[:-1] + TAIL,
    HEAD + AUDIO.encode() + b'","sound":"x"}',
    b'{"type":"input_audio_buffer.append"}',
    b'{"type":"input_audio_buffer.append","audio":7}',
    b'{"audio":"AQI="}',
    b'{"type":7,"audio":"AQI="}',
    b'{"type":"input_audio_buffer.appendix","audio":"AQI="}',
    b'\xef\xbb\xbf{"type":"input_audio_buffer.append","audio":"AQI="}',
    b'{"type":"input_audio_buffer.append","audio":"AQI=","event_id":"' + b"x" * 513 + b'"}',
    b'{"type":"input_audio_buffer.append","audio":"AQI=","event_id":"\xff"}',
    b'{"type":"input_audio_buffer.append","audio":"AQI=","\xff":1}',
    b'{"type":"input_audio_buffer.append","audio":"AQI=","a":' + b"[" * 60_000,
    b"",
    b"[]",
    b"null",
    b"\xff",
]


@pytest.mark.parametrize("number", range(len(MISTAKES)))
@pytest.mark.parametrize("before", [b"", HEAD + AUDIO.encode() + TAIL])
def test_leaves_mistakes_to_the_other_way(number: int, before: bytes) -> None:
    codec = WireCodec(GA)
    codec.append(before)
    assert both(codec, MISTAKES[number]) is None
    assert both(codec, HEAD + AUDIO.encode() + TAIL) is not None


@pytest.mark.parametrize("place", range(len(HEAD) + len(AUDIO) + len(TAIL)))
def test_no_byte_of_it_may_be_anything_but_utf_8(place: int) -> None:
    codec, frame = WireCodec(GA), HEAD + AUDIO.encode() + TAIL
    for _ in range(2):  # before the form is known, and after
        for bad in (b"\xff", b"\x80", b"\xc0", b"\xed\xa0\x80"):
            broken = frame[:place] + bad + frame[place + 1 :]
            with pytest.raises(UnicodeDecodeError):
                broken.decode()
            assert codec.append(broken) is None
        assert codec.append(frame) is not None


def test_every_byte_in_the_audio_counts_as_it_does_elsewhere() -> None:
    codec = WireCodec(GA)
    for byte in range(256):
        codec.append(HEAD + AUDIO.encode() + TAIL)
        both(codec, HEAD + AUDIO[:40].encode() + bytes([byte]) + AUDIO[41:].encode() + TAIL)


def test_the_last_of_several_audios_counts() -> None:
    codec = WireCodec(GA)
    short, long = b'"audio":"AQI="', b'"audio":"' + AUDIO.encode() + b'"'
    kind = b'"type":"input_audio_buffer.append"'
    for fields in ([long, kind, short], [short, kind, long], [long, kind, long], [long, long, kind]):
        for _ in range(2):
            found = both(codec, b"{" + b",".join(fields) + b"}")
            assert found is not None


def test_only_the_place_where_the_audio_stands_may_change() -> None:
    """Of several that hold the same, or where its text is that of a name, nothing is remembered."""
    codec, kind = WireCodec(GA), b'"type":"input_audio_buffer.append"'
    long, other = AUDIO[:80].encode(), AUDIO[80:160].encode()
    for first, second in ((b"%b", b"%b"), (b"%b", long), (long, b"%b")):
        pattern = b'{"audio":"' + first + b'",' + kind + b',"audio":"' + second + b'"}'
        both(codec, pattern.replace(b"%b", long))
        both(codec, pattern.replace(b"%b", other))
    assert both(codec, b"{" + kind + b',"audio":"type"}') is not None
    assert both(codec, b'{"AQID":"input_audio_buffer.append","audio":"type"}') is None


def test_an_id_beyond_ascii_is_for_the_other_way() -> None:
    for event_id in ("é", "\U0010f800", "\\udbfe\\udc00"):
        frame = b'{"event_id":"' + event_id.encode() + b'",' + HEAD[1:] + AUDIO.encode() + TAIL
        assert both(WireCodec(GA), frame) is None


_text = st.sampled_from(
    ["AQI=", "", AUDIO, AUDIO[:64], AUDIO[:68], "type", "audio", TYPE, "A" * 400, "-_" * 40, "A\n" * 40]
)
_field = (
    st.tuples(st.just("type"), st.just(TYPE) | st.just("response.cancel"))
    | st.tuples(st.just("audio"), _text)
    | st.tuples(st.just("event_id"), st.none() | _text | st.text(max_size=3))
    | st.tuples(st.sampled_from(["other", "Audio", ""]), _text)
)
_value = st.lists(_field, max_size=3).map(lambda more: [("type", TYPE), ("audio", AUDIO), *more])


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One append as JSON allows it, mostly, then damaged, sometimes."""
    fields = draw(st.permutations(draw(_value)) if draw(st.booleans()) else _value)
    blank = draw(st.sampled_from(["", " ", "\n\t"]))
    escaped = draw(st.booleans())
    pieces = [f"{blank}{json.dumps(name)}:{blank}{json.dumps(value, ensure_ascii=escaped)}" for name, value in fields]
    data = bytearray(("{" + ",".join(pieces) + blank + "}").encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 1))] = draw(
            st.sampled_from([b"", b"\xff", b'"', b"\\", b"}", b"A", b"=", b","])
        )
    return bytes(data)


@given(st.lists(frames(), min_size=1, max_size=5), st.sampled_from(VARIANTS))
@example([HEAD + AUDIO.encode() + TAIL, HEAD + b"}", HEAD[:-1] + TAIL], GA)
def test_whatever_comes_before(stream: list[bytes], variant: Variant) -> None:
    codec = WireCodec(variant)
    for frame in stream:
        both(codec, frame)
