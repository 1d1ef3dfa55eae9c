"""Detection windows: audio of the wire to 512 samples at 16 kHz, for many conversations at once.

A window lasts 32 ms: 768 samples of PCM16 or 256 of G.711 become exactly 512.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.convert import from_pcm, to_pcm
from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.audio.resample import polyphase


class WindowResampler:
    """Resamples windows of one format; holds no audio.

    The filter's memory is the `history_bytes` of audio that came before a window. The caller cuts the
    windows and hands both in together; `silence` is the history at the start of a stream.
    """

    def __init__(self, format: AudioFormat) -> None:
        self._format = format
        self._polyphase = polyphase(format.rate, SPEECH_RATE, np.float32)
        history = self._polyphase.history
        self.history_bytes = history * format.sample_bytes
        self.window_bytes = format.window_bytes
        self.stretch_bytes = self.history_bytes + self.window_bytes
        self.silence = from_pcm(bytes(2 * history), format)
        # A muted microphone sends this over and over; comparing costs a hundredth of computing.
        self._silent_stretch = from_pcm(bytes(2 * self.stretch_bytes // format.sample_bytes), format)
        self._silent_window = self._resample([self._silent_stretch])[0].tobytes()

    def __call__(self, stretches: Sequence[bytes | bytearray]) -> list[bytes]:
        """Stretches of `stretch_bytes` each, history first, to windows of 512 samples PCM16."""
        windows = [self._silent_window] * len(stretches)
        loud = [row for row, stretch in enumerate(stretches) if stretch != self._silent_stretch]
        if loud:
            for row, samples in zip(loud, self._resample([stretches[row] for row in loud]), strict=True):
                windows[row] = samples.tobytes()
        return windows

    def _resample(self, stretches: Sequence[bytes | bytearray]) -> NDArray[np.int16]:
        samples = np.frombuffer(to_pcm(b"".join(stretches), self._format), "<i2")
        return self._polyphase(samples.reshape(len(stretches), -1))
