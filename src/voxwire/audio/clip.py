"""Whole pieces of sound, with what it takes to understand their bytes."""

import msgspec

from voxwire.audio.pcm import AudioFormat


class AudioClip(msgspec.Struct, frozen=True, kw_only=True):
    """Encoded audio: `data` in `format`, mono. Nobody changes it, whatever its type allows."""

    data: bytes | bytearray
    format: AudioFormat

    @property
    def duration_ms(self) -> float:
        return self.format.duration_ms(len(self.data))


class PcmClip(msgspec.Struct, frozen=True, kw_only=True):
    """What an assistant said: PCM16 mono at `rate` samples a second."""

    data: bytes
    rate: int

    @property
    def duration_ms(self) -> float:
        return len(self.data) * 500 / self.rate
