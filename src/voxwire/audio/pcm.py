"""Audio formats of the wire and the arithmetic between bytes, samples and milliseconds.

PCM16 is 16-bit signed little-endian mono; G.711 is 8 000 Hz mono, one byte a sample (protocol: audio, Formats).
Nothing here touches sample values, so importing it costs nothing.
"""

from enum import Enum
from typing import Final

PCM_RATE: Final = 24_000
G711_RATE: Final = 8_000
#: What the detector and most recognisers hear.
SPEECH_RATE: Final = 16_000
#: One detection window: 512 samples at 16 kHz, the step of the Silero network (ADR 5).
WINDOW_MS: Final = 32


class AudioFormat(Enum):
    """An audio format of the wire; the value is the GA name."""

    PCM16 = "audio/pcm"
    ULAW = "audio/pcmu"
    ALAW = "audio/pcma"

    # Plain attributes: every append asks for several of them.
    rate: int
    """Samples a second."""
    sample_bytes: int
    """Bytes of one sample."""
    bytes_per_ms: int
    """48 for PCM16, 8 for G.711."""
    window_bytes: int
    """Bytes of one detection window of 32 ms: exactly 768 or 256 samples."""

    def __init__(self, name: str) -> None:
        self.rate, self.sample_bytes = (PCM_RATE, 2) if name == "audio/pcm" else (G711_RATE, 1)
        self.bytes_per_ms = self.rate * self.sample_bytes // 1000
        self.window_bytes = WINDOW_MS * self.bytes_per_ms

    def duration_ms(self, size: int) -> float:
        """Milliseconds that `size` bytes of this format last."""
        return size / self.bytes_per_ms

    def size_of(self, ms: float) -> int:
        """Bytes of `ms` milliseconds, rounded down to whole samples."""
        size = int(ms * self.bytes_per_ms)
        return size - size % self.sample_bytes
