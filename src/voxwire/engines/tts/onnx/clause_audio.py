"""A clause that a model made as a whole: silence trimmed, brought to the engine's rate, and sent in pieces."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.resample import Resampler
from voxwire.engines.tts.messages import Piece, SpokenWord
from voxwire.engines.tts.pauses import LEAD_MS, pause_ms
from voxwire.engines.tts.timeline import Timeline
from voxwire.engines.worker.child import Outlet

#: Samples a second of what is sent, whatever the model's own: one engine may have voices of several rates, and most
#: clients want this one.
SENT_RATE: Final = 24_000
_PIECE_MS: Final = 100
#: Below this share of the loudest sample there is no speech.
_SILENCE: Final = 0.02
#: The same for speech whose loudest sample is not known yet, of a full scale of 1.
_SILENT_LEVEL: Final = 0.01
_HELD_MS: Final = 20
#: Characters that are spoken in a second, more or less.
_CHARACTERS_S: Final = 15.0
_FULL_SCALE: Final = 32_767
#: A voice's clauses are made equally loud, but a whisper is not blown up to a shout.
_LOUDEST: Final = 0.9
_MOST_GAIN: Final = 4.0


def send_clause(
    outlet: Outlet, text: str, samples: NDArray[np.float32], rate: int, words: Sequence[SpokenWord]
) -> bool:
    """Send the speech of `text`. `words` are timed within `samples`, in order; without them the characters are spread
    over the audio. False: nobody listens.

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
        made = timeline.piece(piece, end_ms, last=at + size >= len(pcm))
        if not words:
            made = Piece(piece, len(text) * (at + len(piece)) // len(pcm), [])
        if not outlet.send(made):
            return False
    return True


class StreamedClause:
    """The speech of `text`, sent while it is made. Where a piece is in the text is estimated until the last one."""

    def __init__(self, outlet: Outlet, text: str, rate: int) -> None:
        self._outlet = outlet
        self._text = text
        self._rate = rate
        self._resampler = Resampler(rate, SENT_RATE)
        self._silence = np.zeros(0, np.float32)
        self._begun = False
        self._waiting = b""
        self._sent = 0

    def feed(self, samples: NDArray[np.float32]) -> bool:
        """The next samples, between -1 and 1. Silence is held until it is known to be between words. False: stop."""
        pending = np.concatenate([self._silence, samples])
        loud = np.flatnonzero(np.abs(pending) > _SILENT_LEVEL)
        if not len(loud):
            self._silence = pending if self._begun else pending[-LEAD_MS * self._rate // 1000 :]
            return not self._outlet.cancelled
        begin = 0 if self._begun else max(0, int(loud[0]) - LEAD_MS * self._rate // 1000)
        end = int(loud[-1]) + 1
        self._begun = True
        self._silence = pending[end:]
        return self._send(pending[begin:end])

    def finish(self) -> bool:
        """All was made."""
        if self._begun:
            self._send(self._silence[: pause_ms(self._text) * self._rate // 1000])
        last, self._waiting = self._waiting, b""
        return self._outlet.send(Piece(last, len(self._text), [])) if self._begun else True

    def _send(self, samples: NDArray[np.float32]) -> bool:
        """What is at hand in pieces; the last one is held back, for it may be the last of all."""
        scaled: NDArray[np.float32] = np.rint(samples * np.float32(_FULL_SCALE))
        self._waiting += self._resampler.push(scaled.clip(-_FULL_SCALE, _FULL_SCALE).astype("<i2").tobytes())
        size = 2 * SENT_RATE * _PIECE_MS // 1000
        held = 2 * SENT_RATE * _HELD_MS // 1000
        while len(self._waiting) > held:
            cut = min(size, len(self._waiting) - held)
            piece, self._waiting = self._waiting[:cut], self._waiting[cut:]
            self._sent += len(piece)
            estimated = int(self._sent / 2 / SENT_RATE * _CHARACTERS_S)
            if not self._outlet.send(Piece(piece, min(estimated, len(self._text) - 1), [])):
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
