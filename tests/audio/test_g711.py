"""G.711 against the standard library's codec, known values of the recommendation, and its error bound."""

import sys
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.audio import g711

WireCodec = Callable[[bytes], bytes]

EVERY_SAMPLE = np.arange(65536, dtype="<u2").tobytes()
EVERY_CODE = bytes(range(256))

LAWS = {
    "ulaw": (g711.encode_ulaw, g711.decode_ulaw),
    "alaw": (g711.encode_alaw, g711.decode_alaw),
}


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the standard library dropped audioop in 3.13")
@pytest.mark.parametrize("law", LAWS)
def test_equals_audioop_on_every_value(law: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop

    encode, decode = LAWS[law]
    assert encode(EVERY_SAMPLE) == getattr(audioop, f"lin2{law}")(EVERY_SAMPLE, 2)
    assert decode(EVERY_CODE) == getattr(audioop, f"{law}2lin")(EVERY_CODE, 2)


@pytest.mark.parametrize(
    ("law", "encoded", "decoded"),
    [("ulaw", 0x0FA298CA, 0x0C847A9F), ("alaw", 0xAADA9009, 0x9D764657)],
)
def test_equals_the_recorded_checksums_of_audioop(law: str, encoded: int, decoded: int) -> None:
    """Recorded with CPython 3.11's audioop, so that Python 3.13 is held to the same values."""
    encode, decode = LAWS[law]
    assert zlib.crc32(encode(EVERY_SAMPLE)) == encoded
    assert zlib.crc32(decode(EVERY_CODE)) == decoded


def test_ulaw_segments_of_the_recommendation() -> None:
    """First and last value of each positive segment, from the tables of G.711, in 16-bit units."""
    samples = np.frombuffer(g711.decode_ulaw(EVERY_CODE), "<i2")
    firsts = [32124, 15996, 7932, 3900, 1884, 876, 372, 120]
    lasts = [16764, 8316, 4092, 1980, 924, 396, 132, 0]
    assert samples[0x80::16].tolist() == firsts
    assert samples[0x8F::16].tolist() == lasts
    assert samples[:0x80].tolist() == (-samples[0x80:]).tolist()


def test_alaw_segments_of_the_recommendation() -> None:
    samples = np.frombuffer(g711.decode_alaw(bytes(code ^ 0xD5 for code in range(128))), "<i2")
    assert samples[0::16].tolist() == [8, 264, 528, 1056, 2112, 4224, 8448, 16896]
    assert samples[15::16].tolist() == [248, 504, 1008, 2016, 4032, 8064, 16128, 32256]


@pytest.mark.parametrize(("law", "silence"), [("ulaw", 0xFF), ("alaw", 0xD5)])
def test_silence(law: str, silence: int) -> None:
    encode, decode = LAWS[law]
    assert encode(bytes(4)) == bytes([silence] * 2)
    assert abs(int(np.frombuffer(decode(bytes([silence])), "<i2")[0])) <= 8


@pytest.mark.parametrize(("law", "bias", "unit"), [("ulaw", 132, 4), ("alaw", 0, 8)])
def test_round_trip_error_is_at_most_half_a_step(law: str, bias: int, unit: int) -> None:
    """A step is 1/16 of the biased segment's start, two units at least; the dropped low bits add up to a unit."""
    encode, decode = LAWS[law]
    pcm = np.frombuffer(EVERY_SAMPLE, "<i2").astype(int)
    back = np.frombuffer(decode(encode(EVERY_SAMPLE)), "<i2").astype(int)
    step = np.maximum(2 * unit, (np.abs(pcm) + bias) / 16)
    assert (np.abs(back - pcm) <= step / 2 + unit).all()


@pytest.mark.parametrize("law", LAWS)
@given(code=st.integers(0, 255))
def test_decoded_values_encode_to_themselves(law: str, code: int) -> None:
    """Except mu-law's negative zero, which has no sample of its own."""
    encode, decode = LAWS[law]
    expected = 0xFF if (law, code) == ("ulaw", 0x7F) else code
    assert encode(decode(bytes([code]))) == bytes([expected])


@pytest.mark.parametrize("encode", [g711.encode_ulaw, g711.encode_alaw])
def test_half_a_sample_is_refused(encode: WireCodec) -> None:
    with pytest.raises(ValueError, match="multiple of element size"):
        encode(b"\x00\x01\x02")


@pytest.mark.parametrize("law", LAWS)
def test_nothing_in_nothing_out(law: str) -> None:
    encode, decode = LAWS[law]
    assert encode(b"") == b""
    assert decode(b"") == b""
