"""A stream of partials from a library that hears whole utterances only."""

import time
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from voxwire.engines.stt.audio_messages import TimedWord
from voxwire.engines.stt.native.recogniser import HeardSpeech, SpeechSamples

#: Audio between two readings, seconds.
EVERY_S: Final = 0.5
#: A reading that takes long is made less often: this much audio for each second of work.
_PATIENCE: Final = 2.0
#: Most audio that is read at once. What is longer is cut at a pause in its last part.
_LONGEST_S: Final = 28.0
_CUT_FROM_S: Final = 18.0
#: Models expect some audio, and some fail on next to none.
_SHORTEST_S: Final = 0.5
#: A pause is looked for in steps of this size.
_STEP_S: Final = 0.02


class Redecoding:
    """A `NativeUtterance`: keeps the audio, and reads all of it again whenever there is enough that is new."""

    def __init__(self, decode: Callable[[SpeechSamples], HeardSpeech], rate: int, *, every_s: float = EVERY_S) -> None:
        self._decode = decode
        self._rate = rate
        self._every_s = every_s
        self._audio: list[SpeechSamples] = []
        self._size = 0
        self._read_at = 0
        self._cost_s = 0.0
        self._closed = HeardSpeech("")  # of the audio that was cut off
        self._closed_ms = 0.0

    def hear(self, samples: SpeechSamples) -> None:
        self._audio.append(samples)
        self._size += len(samples)
        if self._size > _LONGEST_S * self._rate:
            self._cut()

    def partial(self) -> str | None:
        new_s = (self._size - self._read_at) / self._rate
        if new_s < max(self._every_s, self._cost_s * _PATIENCE):
            return None
        return self.read().text

    def read(self) -> HeardSpeech:
        self._read_at = self._size
        began = time.monotonic()
        reading = self._of(self._whole())
        self._cost_s = time.monotonic() - began
        return reading

    def close(self) -> None:
        self._audio.clear()

    def _whole(self) -> SpeechSamples:
        whole = np.concatenate(self._audio) if self._audio else np.zeros(0, np.float32)
        self._audio = [whole]
        return whole

    def _of(self, samples: SpeechSamples) -> HeardSpeech:
        """The reading of what was cut off, and of these samples behind it."""
        if not len(samples):
            return self._closed
        lacking = int(_SHORTEST_S * self._rate) - len(samples)
        padded = np.pad(samples, (0, lacking)) if lacking > 0 else samples
        end_ms = len(samples) / self._rate * 1000
        return _joined(self._closed, self._decode(padded), self._closed_ms, end_ms)

    def _cut(self) -> None:
        """Read the first part for good, up to the quietest place near its end."""
        whole = self._whole()
        step = int(_STEP_S * self._rate)
        first = int(_CUT_FROM_S * self._rate) // step
        count = len(whole) // step
        loudness = np.abs(whole[: count * step]).reshape(count, step).max(axis=1)
        at = (first + int(np.argmin(loudness[first:]))) * step
        self._closed = self._of(whole[:at])
        self._closed_ms += at / self._rate * 1000
        self._audio = [whole[at:]]
        self._size = len(whole) - at
        self._read_at = 0


def _joined(first: HeardSpeech, second: HeardSpeech, offset_ms: float, length_ms: float) -> HeardSpeech:
    """Two readings as one; the second begins at `offset_ms` and is `length_ms` long."""
    words = [
        TimedWord(
            word.text, offset_ms + min(max(word.start_ms, 0.0), length_ms), offset_ms + min(word.end_ms, length_ms)
        )
        for word in second.words
    ]
    if not first.text:
        return msgspec.structs.replace(second, words=words)
    logprobs = None
    if first.logprobs is not None and second.logprobs is not None:
        logprobs = [*first.logprobs, *second.logprobs]
    return HeardSpeech(f"{first.text} {second.text}".strip(), [*first.words, *words], logprobs)
