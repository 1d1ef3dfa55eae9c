"""Whole pieces of sound, with what it takes to understand their bytes."""

from typing import TYPE_CHECKING

import msgspec

from voxwire.audio.pcm import AudioFormat

if TYPE_CHECKING:
    _Data = bytes | bytearray
else:
    _Data = bytes  # msgspec reads one or the other, and writes both


class AudioClip(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """Encoded audio: `data` in `format`, mono. Nobody changes it, whatever its type allows."""

    data: _Data
    format: AudioFormat

    @property
    def duration_ms(self) -> float:
        return self.format.duration_ms(len(self.data))


class PcmClip(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="_", gc=False):
    """What an assistant said: PCM16 mono at `rate` samples a second."""

    data: bytes
    rate: int

    @property
    def duration_ms(self) -> float:
        return len(self.data) * 500 / self.rate
