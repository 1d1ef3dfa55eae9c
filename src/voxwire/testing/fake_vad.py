"""A speech detector for tests: loud is speech."""

from collections.abc import Sequence

from voxwire.audio.pcm import AudioFormat
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.vad import VadCapabilities

#: One period of a 375 Hz square wave at 24 kHz; resampling keeps it loud.
_PERIOD = b"\x00\x20" * 32 + b"\x00\xe0" * 32


def loud(ms: float) -> bytes:
    """PCM16 at 24 kHz that `FakeVad` takes for speech."""
    size = AudioFormat.PCM16.size_of(ms)
    return (_PERIOD * (size // len(_PERIOD) + 1))[:size]


def quiet(ms: float) -> bytes:
    """Digital silence, PCM16 at 24 kHz."""
    return bytes(AudioFormat.PCM16.size_of(ms))


class FakeVad:
    """Scores 1 for a window of which most samples are loud, else 0. `failing` is raised instead."""

    def __init__(self) -> None:
        self.capabilities = VadCapabilities(
            info=EngineInfo(name="fake-vad", label="loud is speech", licence="Apache-2.0")
        )
        self.started = 0
        self.closed = 0
        self.windows = 0
        self.failing: Exception | None = None

    async def start(self) -> None:
        self.started += 1

    async def close(self) -> None:
        self.closed += 1

    def new_state(self) -> None:
        return None

    def score(self, states: Sequence[None], windows: Sequence[bytes]) -> list[float]:
        if self.failing is not None:
            raise self.failing
        self.windows += len(windows)
        return [1.0 if _is_loud(window) else 0.0 for window in windows]


def _is_loud(window: bytes) -> bool:
    # The high byte of a little-endian sample tells its loudness: 0 and 255 are below 256 in amplitude.
    high = window[1::2]
    return high.count(0) + high.count(255) < len(high) / 2
