"""The user's speech as a part of a message, for models that hear."""

import struct
from typing import Any

import pybase64

from voxwire.audio.clip import AudioClip
from voxwire.audio.convert import to_pcm


def audio_part(clip: AudioClip) -> dict[str, Any]:
    """The clip as a WAV file in base64, at the rate it has: 64 kB a second of 24 kHz."""
    pcm = to_pcm(clip.data, clip.format)
    data = pybase64.b64encode(_wav_head(len(pcm), clip.format.rate) + pcm).decode("ascii")
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def _wav_head(size: int, rate: int) -> bytes:
    """The head of a WAV file of PCM16, mono."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size
    )
