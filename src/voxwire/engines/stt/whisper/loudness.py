"""How loud an utterance was, 20 ms at a time: where somebody spoke, where nobody did, and where it may be cut."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.pcm import SPEECH_RATE
from voxwire.engines.stt.whisper.whisper_features import FloatArray

STEP_MS: Final = 20
_SAMPLES: Final = SPEECH_RATE * STEP_MS // 1000
STEP_BYTES: Final = 2 * _SAMPLES
#: Sound in which nothing is louder than this was not made by a person; of 32,768.
_FAINT: Final = 30.0
#: What is quieter than the loudest by more than this factor is not the start or the end of a word.
_OF_A_WORD: Final = 0.1
#: A pause is this much of the way from the quietest to the loudest of what was heard, in decibels; and they have to be
#: so far apart, or speech and noise cannot be told by their loudness.
_PAUSE: Final = 0.4
_APART_DB: Final = 12.0
#: A cut is made in the middle of the quietest so many steps.
_CUT: Final = 15


def levels(pcm: bytes | bytearray) -> FloatArray:
    """Loudness of each whole step, of 32,768."""
    samples = np.frombuffer(pcm, "<i2", len(pcm) // STEP_BYTES * _SAMPLES).astype(np.float32)
    steps: FloatArray = np.sqrt(np.square(samples.reshape(-1, _SAMPLES)).mean(axis=1))
    return steps


def audible(loudness: FloatArray) -> tuple[float, float] | None:
    """From when to when there is sound that may be words, in milliseconds; None for none."""
    loudest = loudness.max(initial=0.0)
    if loudest <= _FAINT:
        return None
    loud = np.flatnonzero(loudness > loudest * _OF_A_WORD)
    return float(loud[0]) * STEP_MS, float(loud[-1] + 1) * STEP_MS


class Loudness:
    """Grows with an utterance. Positions are bytes of PCM16 mono at 16 kHz."""

    def __init__(self) -> None:
        self._rest = b""
        self._steps: FloatArray = np.zeros(0, np.float32)

    def add(self, pcm: bytes) -> None:
        pcm = self._rest + pcm
        whole = len(pcm) // STEP_BYTES * STEP_BYTES
        self._rest = pcm[whole:]
        self._steps = np.concatenate([self._steps, levels(pcm[:whole])])

    def drop(self, size: int) -> None:
        """Forget the first so many bytes, whole steps of them."""
        self._steps = self._steps[size // STEP_BYTES :]

    def only_quiet(self, begin: int, end: int) -> bool:
        """Whether nobody spoke from one position to the other, as what came before tells.

        In doubt, somebody did.
        """
        before, after = self._decibels(0, begin), self._decibels(begin, end)
        if not len(before):
            return False
        quiet, loud = np.percentile(before, (5, 90))
        if loud - quiet < _APART_DB:
            return bool(loud <= self._faint() and after.max(initial=0.0) <= self._faint())
        return bool(after.max(initial=0.0) <= quiet + _PAUSE * (loud - quiet))

    def cut(self, begin: int, end: int) -> int:
        """Where between two positions it is quietest."""
        first, last = begin // STEP_BYTES, end // STEP_BYTES
        energy = np.square(self._steps[first:last])
        sums = np.convolve(energy, np.ones(_CUT), "valid")
        return (first + int(sums.argmin()) + _CUT // 2) * STEP_BYTES

    def _decibels(self, begin: int, end: int) -> NDArray[np.float32]:
        steps = self._steps[begin // STEP_BYTES : end // STEP_BYTES]
        decibels: NDArray[np.float32] = 20 * np.log10(np.maximum(steps, 1.0))
        return decibels

    @staticmethod
    def _faint() -> float:
        return float(20 * np.log10(_FAINT))
