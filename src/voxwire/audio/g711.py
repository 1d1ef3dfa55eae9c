"""G.711: mu-law and A-law, one byte a sample at 8 000 Hz (ITU-T G.711; protocol: audio, Formats).

Both laws are tables computed here from the recommendation's formula: sign, a three-bit segment
that doubles the step from one to the next, and four bits of place within the segment. PCM is
16-bit signed little-endian; mu-law uses its upper 14 bits and A-law its upper 13. A table look-up
takes 1.3 us for 20 ms (ADR 9).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_Samples = NDArray[np.int32]

#: A sample's 16 bits read as a table index.
_WORD: Final[np.dtype[np.uint16]] = np.dtype("<u2")

#: What mu-law adds to a 14-bit magnitude so that every segment begins at a power of two.
_ULAW_BIAS: Final = 33
#: Largest 14-bit magnitude that still fits segment 7 after the bias.
_ULAW_PEAK: Final = 8191 - _ULAW_BIAS


def encode_ulaw(pcm: bytes) -> bytes:
    """PCM16 to mu-law, half as many bytes. Raises ValueError on an odd number of bytes."""
    return _ULAW_ENCODE[np.frombuffer(pcm, _WORD)].tobytes()


def decode_ulaw(data: bytes) -> bytes:
    """Mu-law to PCM16, twice as many bytes."""
    return _ULAW_DECODE[np.frombuffer(data, np.uint8)].tobytes()


def encode_alaw(pcm: bytes) -> bytes:
    """PCM16 to A-law, half as many bytes. Raises ValueError on an odd number of bytes."""
    return _ALAW_ENCODE[np.frombuffer(pcm, _WORD)].tobytes()


def decode_alaw(data: bytes) -> bytes:
    """A-law to PCM16, twice as many bytes."""
    return _ALAW_DECODE[np.frombuffer(data, np.uint8)].tobytes()


def _bit_length(values: _Samples) -> _Samples:
    """Position of the highest set bit, counted from 1; 0 for 0. `frexp` is exact on these integers."""
    return np.frexp(values)[1]


def _ulaw_encode_table() -> NDArray[np.uint8]:
    """Mu-law byte of every 16-bit sample, indexed by the sample read as unsigned."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 2
    magnitude = np.minimum(np.abs(samples), _ULAW_PEAK) + _ULAW_BIAS
    segment = _bit_length(magnitude) - 6
    place = (magnitude >> (segment + 1)) & 0x0F
    # The recommendation inverts all bits, so that silence has many ones on the line.
    codes = segment << 4 | place
    table: NDArray[np.uint8] = np.where(samples < 0, codes ^ 0x7F, codes ^ 0xFF).astype(np.uint8)
    return table


def _ulaw_decode_table() -> NDArray[np.int16]:
    """Sample of every mu-law byte: the middle of its step."""
    codes = np.arange(256, dtype=np.int32) ^ 0xFF
    segment, place = codes >> 4 & 0x07, codes & 0x0F
    magnitude = (((place << 1) + _ULAW_BIAS) << segment) - _ULAW_BIAS
    table: NDArray[np.int16] = (np.where(codes & 0x80, -magnitude, magnitude) << 2).astype("<i2")
    return table


def _alaw_encode_table() -> NDArray[np.uint8]:
    """A-law byte of every 16-bit sample, indexed by the sample read as unsigned."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 3
    # A-law has no zero: its two smallest steps meet there, so negative values mirror around -1/2.
    magnitude = np.where(samples < 0, ~samples, samples)
    segment = np.maximum(_bit_length(magnitude) - 5, 0)
    place = (magnitude >> np.maximum(segment, 1)) & 0x0F
    # The recommendation inverts the even bits.
    codes = segment << 4 | place
    table: NDArray[np.uint8] = np.where(samples < 0, codes ^ 0x55, codes ^ 0xD5).astype(np.uint8)
    return table


def _alaw_decode_table() -> NDArray[np.int16]:
    """Sample of every A-law byte: the middle of its step."""
    codes = np.arange(256, dtype=np.int32) ^ 0xD5
    segment, place = codes >> 4 & 0x07, codes & 0x0F
    # Segments 0 and 1 share one step size; from 1 on there is a leading one above the place.
    step = (place << 1) + 1 + np.where(segment > 0, 32, 0)
    magnitude = step << np.maximum(segment - 1, 0)
    table: NDArray[np.int16] = (np.where(codes & 0x80, -magnitude, magnitude) << 3).astype("<i2")
    return table


_ULAW_ENCODE: Final = _ulaw_encode_table()
_ULAW_DECODE: Final = _ulaw_decode_table()
_ALAW_ENCODE: Final = _alaw_encode_table()
_ALAW_DECODE: Final = _alaw_decode_table()
