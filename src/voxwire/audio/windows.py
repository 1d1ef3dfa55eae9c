"""Detection windows: audio of the wire to 512 samples at 16 kHz, for many conversations at once.

A window lasts 32 ms: 768 samples of PCM16 or 256 of G.711 become exactly 512. Measured on one
core, 32 windows in one call cost XX us each from PCM16 and XX us from G.711.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.convert import from_pcm, to_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import polyphase

#: Rate of the detector and of the recognisers, Hz.
SPEECH_RATE: Final = 16_000
#: Samples of one detection window at that rate (WIRE section 6).
WINDOW_SAMPLES: Final = 512


class WindowResampler:
    """Resamples windows of one format; holds no audio.

    The filter's memory is the `history_bytes` of audio that came before a window. Whoever cuts the
    windows hands them in together; `silence` is the history at the start of a stream.
    """

    def __init__(self, format: AudioFormat) -> None:
        self._format = format
        self._polyphase = polyphase(format.rate, SPEECH_RATE, np.float32)
        self.history_bytes = self._polyphase.history * format.sample_bytes
        self.stretch_bytes = self.history_bytes + format.window_bytes
        self.silence = from_pcm(bytes(2 * self._polyphase.history), format)

    def __call__(self, stretches: Sequence[bytes | bytearray]) -> NDArray[np.int16]:
        """Stretches of `stretch_bytes` each, history first, to rows of 512 samples."""
        samples = np.frombuffer(to_pcm(b"".join(stretches), self._format), "<i2")
        return self._polyphase(samples.reshape(len(stretches), -1))
