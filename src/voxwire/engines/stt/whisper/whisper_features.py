"""What Whisper hears of an utterance. A window is as long as one wants, not always 30 s: that is where the time of a
decode goes."""

import numpy as np
from numpy.typing import NDArray

from voxwire.engines.log_mel import FRAME, HOP, NOTHING_HEARD, compress, log_energies

FloatArray = NDArray[np.float32]


def whisper_features(pcm: bytes, frames: int, bands: int = 80) -> FloatArray:
    """PCM16 mono at 16 kHz as (bands, frames): what there is, then silence; what is longer is cut off."""
    features = np.empty((bands, frames), np.float32)
    samples = np.frombuffer(pcm, "<i2")[: frames * HOP].astype(np.float32)
    samples /= 32_768
    # Silence after the sound is part of what is heard: the last frames look half beyond the end.
    heard = min(frames, -(-len(samples) // HOP) + 2)
    stretch = np.zeros(heard * HOP + FRAME, np.float32)
    half = FRAME // 2
    stretch[half : half + len(samples)] = samples
    stretch[:half] = stretch[2 * half : half : -1]  # mirrored before the start, as the model's makers did
    features[:, :heard] = log_energies(stretch, heard, bands)
    features[:, heard:] = NOTHING_HEARD
    compress(features)
    return features
