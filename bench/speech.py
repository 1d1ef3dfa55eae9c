"""The speech of the load: the fixtures of the tests."""

import wave
from pathlib import Path

_FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
_LOUD = 500


def _read_pcm(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        pcm: bytes = file.readframes(file.getnframes())
    return pcm


def onset_ms(pcm: bytes) -> float:
    """Where the first loud sample lies."""
    samples = memoryview(pcm).cast("h")
    return next(index for index, sample in enumerate(samples) if abs(sample) > _LOUD) / 24


def question() -> bytes:
    """One utterance with a second of silence behind it."""
    return _read_pcm(_FIXTURES / "what_is_twelve_times_seven_24k.wav") + bytes(48_000)


def clips() -> list[bytes]:
    """Each fixture with a second of silence behind it."""
    return [_read_pcm(path) + bytes(48_000) for path in sorted(_FIXTURES.glob("*_24k.wav"))]


def speech_loop() -> bytes:
    """All of them, one after the other: about half is speech."""
    return b"".join(clips())
