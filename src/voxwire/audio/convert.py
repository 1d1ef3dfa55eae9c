"""Between the audio formats of the wire: PCM16 at 24 kHz, mu-law and A-law at 8 kHz (protocol: audio, Formats).

For whole clips. A clip that changes its rate keeps its length (rounded down to a whole sample) and
comes out the filter's 2 ms later; streams keep a `Resampler` of their own.
"""

from collections.abc import Callable
from typing import Final

from voxwire.audio.clip import AudioClip, PcmClip
from voxwire.audio.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler

_DECODE: Final[dict[AudioFormat, Callable[[bytes], bytes]]] = {
    AudioFormat.ULAW: decode_ulaw,
    AudioFormat.ALAW: decode_alaw,
}
_ENCODE: Final[dict[AudioFormat, Callable[[bytes], bytes]]] = {
    AudioFormat.ULAW: encode_ulaw,
    AudioFormat.ALAW: encode_alaw,
}


def to_pcm(data: bytes | bytearray, format: AudioFormat) -> bytes:
    """Audio of the wire to PCM16 at the same rate."""
    return bytes(data) if format is AudioFormat.PCM16 else _DECODE[format](bytes(data))


def from_pcm(pcm: bytes, format: AudioFormat) -> bytes:
    """PCM16 at the format's rate to audio of the wire. G.711 raises ValueError on half a sample."""
    return pcm if format is AudioFormat.PCM16 else _ENCODE[format](pcm)


def convert(clip: AudioClip | PcmClip, to: AudioFormat) -> AudioClip:
    """The same sound in a format of the wire; the clip itself when it already has it."""
    if isinstance(clip, PcmClip):
        pcm, rate = clip.data, clip.rate
    elif clip.format is to:
        return clip
    else:
        pcm, rate = to_pcm(clip.data, clip.format), clip.format.rate
    return AudioClip(data=from_pcm(Resampler(rate, to.rate).push(pcm), to), format=to)
