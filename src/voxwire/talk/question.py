"""A recorded question: any WAV, FLAC or OGG file as the wire's PCM16, mono, 24 kHz."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxwire.audio.pcm import PCM_RATE, AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.talk.outcome import UsageError

Samples = NDArray[np.float32]

#: Audio is sent in frames of this length, as browsers and telephones do.
FRAME_MS = 20
FRAME_BYTES = AudioFormat.PCM16.size_of(FRAME_MS)
#: The longest question: as long as a session may last (protocol: limits, Session).
MAX_QUESTION_S = 3600


def load_question(path: Path) -> bytes:
    """The file's audio, its channels mixed, resampled; raises UsageError when it cannot be used."""
    if not path.exists():
        raise UsageError(f"There is no file {path}.")
    if not path.is_file():
        raise UsageError(f"{path} is not a file.")
    samples, rate = _read(path)
    if not len(samples):
        raise UsageError(f"{path} holds no audio.")
    mono = np.clip(np.rint(samples.mean(axis=1) * 32768), -32768, 32767).astype("<i2").tobytes()
    try:
        return Resampler(rate, PCM_RATE).push(mono)
    except ValueError as error:
        raise UsageError(f"{path} cannot be used: {error}.") from error


def frames(pcm: bytes) -> Iterator[bytes]:
    """The audio in frames of `FRAME_MS`, the last one filled up with silence."""
    for start in range(0, len(pcm), FRAME_BYTES):
        yield pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")


def _read(path: Path) -> tuple[Samples, int]:
    """Samples between -1 and 1, one row a moment and one column a channel, and their rate."""
    try:
        import soundfile  # the extra `talk`; without it plain WAV files still work
    except (ImportError, OSError):
        return _read_wave(path)
    try:
        with soundfile.SoundFile(path) as sound:
            _check_length(path, sound.frames, sound.samplerate)
            samples: Samples = sound.read(dtype="float32", always_2d=True)
            return samples, sound.samplerate
    except (soundfile.SoundFileError, OSError) as error:
        raise UsageError(f"Cannot read {path}: it is not a WAV, FLAC or OGG file that works.") from error


def _read_wave(path: Path) -> tuple[Samples, int]:
    try:
        with wave.open(str(path)) as sound:
            _check_length(path, sound.getnframes(), sound.getframerate())
            width, channels, rate = sound.getsampwidth(), sound.getnchannels(), sound.getframerate()
            raw = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise UsageError(
            f"Cannot read {path} as a plain WAV file. For other kinds of files type: pip install 'voxwire[talk]'"
        ) from error
    raw = raw[: len(raw) - len(raw) % (width * channels)]
    samples: Samples
    if width == 1:  # the one width that is unsigned
        samples = (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / np.float32(128)
    else:
        # Widen to 32 bits by zero bytes below: 24-bit samples have no type of their own.
        wide = np.zeros((len(raw) // width, 4), np.uint8)
        wide[:, 4 - width :] = np.frombuffer(raw, np.uint8).reshape(-1, width)
        samples = wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
    return samples.reshape(-1, channels), rate


def _check_length(path: Path, length: int, rate: int) -> None:
    if length > rate * MAX_QUESTION_S:
        raise UsageError(f"{path} is longer than the {MAX_QUESTION_S // 60} minutes that a session may last.")
