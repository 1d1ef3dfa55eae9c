"""When things happened in a turn, measured from the moment the person stopped speaking."""

from collections import deque
from enum import Enum

import numpy as np

#: Length of one loudness measurement; also the precision of the end of speech.
SLICE_MS = 10
#: A slice this far below the loudest one is silence: -46 dB, under the last breath of a word.
QUIET_RATIO = 0.005
#: How much sent audio is remembered; a longer pause before `speech_stopped` is nobody's setting.
MEMORY_MS = 60_000


class Stage(Enum):
    """The stages of a turn in the order in which they come; the value is what a person reads."""

    SPEECH_STOPPED = "end of turn noticed"
    COMMITTED = "turn committed"
    TRANSCRIBED = "question transcribed"
    RESPONSE_CREATED = "response created"
    TOOL_CALLED = "tool called"
    FIRST_TEXT = "first words of the answer"
    FIRST_AUDIO = "first sound of the answer"
    DONE = "answer complete"


class Turn:
    """One question and its answer. `began` is the end of speech, on the clock of the stamps (seconds)."""

    def __init__(self, began: float) -> None:
        self.began = began
        self._stamps: dict[Stage, float] = {}

    def stamp(self, stage: Stage, now: float) -> None:
        """Note that `stage` was reached; only the first time counts, except for the end."""
        if stage is Stage.DONE:
            self._stamps[stage] = now
        else:
            self._stamps.setdefault(stage, now)

    def times(self) -> dict[Stage, int]:
        """The stages reached and their milliseconds since the end of speech."""
        return {stage: round((at - self.began) * 1000) for stage, at in self._stamps.items()}


class SentAudio:
    """What was sent and when it was captured, to find where speech ended: the last slice that is not silence."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=MEMORY_MS // SLICE_MS)
        self._captured: deque[float] = deque(maxlen=MEMORY_MS // SLICE_MS)
        self._slices = 0

    def add(self, pcm: bytes, captured: float) -> None:
        """Note a frame of PCM16 mono 24 kHz of whole slices, whose last sample was captured at `captured`."""
        slices = np.frombuffer(pcm, "<i2").astype(np.float32).reshape(-1, 24 * SLICE_MS)
        levels = np.sqrt(np.mean(slices**2, axis=1))
        for index, level in enumerate(levels):
            self._levels.append(float(level))
            self._captured.append(captured - (len(levels) - 1 - index) * SLICE_MS / 1000)
        self._slices += len(levels)

    def end_of_speech(self, latest_ms: int) -> float | None:
        """When the last loud slice before `latest_ms` of audio was captured; None when all is silence.

        The server heard no speech after `latest_ms`; without that bound, noise would count as speech.
        """
        forgotten = self._slices - len(self._levels)
        loudest = max(self._levels, default=0.0)
        for index in range(min(latest_ms // SLICE_MS - forgotten, len(self._levels)) - 1, -1, -1):
            if self._levels[index] > loudest * QUIET_RATIO:
                return self._captured[index]
        return None
