"""Where the spoken answer goes: a WAV file, the loudspeaker, both or neither."""

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from voxwire.audio.pcm import PCM_RATE, AudioFormat
from voxwire.talk.devices import Loudspeaker
from voxwire.talk.outcome import TalkError, UsageError


class Recording:
    """A WAV file that grows while audio arrives.

    It is opened at the first sound, so a conversation without an answer leaves an older file alone.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise UsageError(f"Cannot write {path}: it is a folder.")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"Cannot write {path}: there is no folder {path.parent}.")
        self.path = path
        self._file: wave.Wave_write | None = None

    def write(self, pcm: bytes) -> None:
        """Add PCM16, mono, 24 kHz. Raises TalkError when the disk refuses."""
        with self._writing():
            if self._file is None:
                self._file = wave.open(str(self.path), "wb")
                self._file.setnchannels(1)
                self._file.setsampwidth(2)
                self._file.setframerate(PCM_RATE)
            self._file.writeframesraw(pcm)

    def close(self) -> None:
        """Complete the file, if there is one. Raises TalkError when the disk refuses."""
        if self._file is not None:
            with self._writing():
                self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TalkError(f"Cannot write {self.path}: {(error.strerror or str(error)).lower()}.") from error


class AnswerSink:
    """Measures the answer's audio, records it and plays it; the file is complete when the context is left.

    No more than `max_s` seconds are taken: a server may speak for ever, and faster than can be heard.
    """

    def __init__(self, recording: Recording | None, loudspeaker: Loudspeaker | None, *, max_s: int) -> None:
        self._recording = recording
        self._loudspeaker = loudspeaker
        self._max_s = max_s
        self._room = AudioFormat.PCM16.size_of(max_s * 1000)
        self._size = 0

    @property
    def duration_s(self) -> float:
        """Length of all audio received."""
        return AudioFormat.PCM16.duration_ms(self._size) / 1000

    @property
    def audible(self) -> bool:
        """Whether a microphone beside the loudspeaker would hear it now."""
        return self._loudspeaker is not None and self._loudspeaker.audible

    def add(self, item_id: str, pcm: bytes) -> None:
        """More audio of an item: PCM16, mono, 24 kHz. Raises TalkError once it is too much."""
        taken = pcm[: self._room - self._size]
        self._size += len(taken)
        if self._recording is not None:
            self._recording.write(taken)
        if self._loudspeaker is not None:
            self._loudspeaker.play(item_id, taken)
        if len(taken) < len(pcm):
            raise TalkError(f"The server answered more than {self._max_s} s of sound; --max-answer allows more.")

    def interrupt(self) -> tuple[str, int] | None:
        """Fall silent; the item that was being heard and how many milliseconds of it were, if any."""
        return self._loudspeaker.interrupt() if self._loudspeaker is not None else None

    async def drained(self) -> None:
        """Wait until everything has been heard."""
        if self._loudspeaker is not None:
            await self._loudspeaker.drained()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._recording is not None:
            self._recording.close()
