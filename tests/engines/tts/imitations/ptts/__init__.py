"""An imitation of the runtime `ptts`, as its type stubs describe it: it hums, frame by frame.

It stands before the real one in the path of worker processes, for the weights of Pocket TTS and Phonon are not to be
had without an account.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

_RATE = 24_000


def set_num_threads(num_threads: int) -> None:
    assert num_threads >= 1


class TTS:
    sample_rate = _RATE

    def __init__(self, model: str, *, lang: str | None, quant: str | None = None) -> None:
        self.voices: list[str] = json.loads((Path(model) / "config.json").read_text())["voices"]
        assert lang
        assert quant != "broken"

    def stream(self, text: str, *, voice: str | None = None) -> "AudioStream":
        assert voice is None or voice in self.voices
        return AudioStream(len(text), 150 + 40 * self.voices.index(voice or self.voices[0]))


class AudioStream:
    """Half a second of silence, then 60 ms of tone for each character, in frames of 80 ms."""

    def __init__(self, characters: int, pitch: float) -> None:
        time = np.arange(int(characters * 0.06 * _RATE)) / _RATE
        tone = 0.3 * np.sin(2 * np.pi * pitch * time)
        self._samples = np.concatenate([np.zeros(_RATE // 2), tone, np.zeros(_RATE)]).astype(np.float32)
        self._closed = False

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for at in range(0, len(self._samples), 1_920):
            assert not self._closed
            yield self._samples[at : at + 1_920]

    def __enter__(self) -> "AudioStream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
