"""A clause that a model made as a whole: silence trimmed, brought to the engine's rate, and sent in pieces."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.resample import Resampler
from voxwire.engines.tts.messages import SpokenWord
from voxwire.engines.tts.pauses import LEAD_MS, pause_ms
from voxwire.engines.tts.timeline import Timeline
from voxwire.engines.worker.child import Outlet

#: Samples a second of what is sent, whatever the model's own: one engine may have voices of several rates, and most
#: clients want this one.
SENT_RATE: Final = 24_000
_PIECE_MS: Final = 100
#: Below this share of the loudest sample there is no speech.
_SILENCE: Final = 0.02
_FULL_SCALE: Final = 32_767
#: A voice's clauses are made equally loud, but a whisper is not blown up to a shout.
_LOUDEST: Final = 0.9
_MOST_GAIN: Final = 4.0


def send_clause(
    outlet: Outlet, text: str, samples: NDArray[np.float32], rate: int, words: Sequence[SpokenWord]
) -> bool:
    """Send the speech of `text`. `words` are timed within `samples`, in order. False: nobody listens.

    A clause without any sound is sent as it is, so that its characters count as spoken.
    """
    begin, end = _speech(samples, rate, text)
    timeline = Timeline(len(text))
    begin_ms = begin * 1000 / rate
    for word in words:
        timeline.word(word.start, word.end, word.start_ms - begin_ms, word.end_ms - begin_ms)
    pcm = Resampler(rate, SENT_RATE).push(_pcm(samples[begin:end]))
    size = 2 * SENT_RATE * _PIECE_MS // 1000
    for at in range(0, len(pcm), size):
        piece = pcm[at : at + size]
        end_ms = (at + len(piece)) / 2 * 1000 / SENT_RATE
        if not outlet.send(timeline.piece(piece, end_ms, last=at + size >= len(pcm))):
            return False
    return True


def _speech(samples: NDArray[np.float32], rate: int, text: str) -> tuple[int, int]:
    """Where the speech lies, with what is left of the silence around it."""
    loud = np.flatnonzero(np.abs(samples) > _SILENCE * np.abs(samples).max(initial=0.0))
    if not len(loud):
        return 0, len(samples)
    lead, pause = (int(ms * rate / 1000) for ms in (LEAD_MS, pause_ms(text)))
    return max(0, int(loud[0]) - lead), min(len(samples), int(loud[-1]) + 1 + pause)


def _pcm(samples: NDArray[np.float32]) -> bytes:
    peak = float(np.abs(samples).max(initial=0.0))
    gain = min(_LOUDEST / peak, _MOST_GAIN) if peak else 1.0
    scaled: NDArray[np.float32] = np.rint(samples * np.float32(gain * _FULL_SCALE))
    return scaled.clip(-_FULL_SCALE, _FULL_SCALE).astype("<i2").tobytes()
