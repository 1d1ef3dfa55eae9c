"""The sound of a stored session as it was heard: the person on the left, the assistant on the right, 24 kHz.

A person's audio lies where it came; where it came faster than it sounds, one piece lies behind the other. An answer is
played from the moment at which its first piece left, one piece behind the other, and ends where the person cut it off.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from voxwire.audio.convert import to_pcm
from voxwire.audio.resample import Resampler
from voxwire.events.client import AppendAudio
from voxwire.events.server import ItemTruncated, SessionCreated, SessionUpdated
from voxwire.recording.journal_format import (
    Appended,
    JournalHeader,
    Made,
    ReadableEvent,
    Scored,
    SilencedEvent,
    SpokenEvent,
    Took,
)
from voxwire.recording.replay import Chunk

STEREO_RATE: Final = 24_000
_SAMPLE_BYTES: Final = 2
#: Sound that is older than this is given away. A longer piece that comes then begins where that ended.
_SETTLED_S: Final = 5.0


class _Track:
    """One side, PCM16 at 24 kHz from the sample `start` on."""

    def __init__(self) -> None:
        self.start = 0
        self._data = bytearray()

    @property
    def end(self) -> int:
        return self.start + len(self._data) // _SAMPLE_BYTES

    def put(self, at: int, pcm: bytes) -> int:
        """Sound from the sample `at` on, or from the end of what is there; where it lies."""
        where = max(at, self.end)
        self._data += bytes(_SAMPLE_BYTES * (where - self.end)) + pcm
        return where

    def cut(self, at: int) -> None:
        """Nothing is heard from the sample `at` on."""
        del self._data[_SAMPLE_BYTES * max(at - self.start, 0) :]

    def take(self, until: int) -> bytes:
        """The sound up to the sample `until`, given away; silence where there is none."""
        size = _SAMPLE_BYTES * (until - self.start)
        given = bytes(self._data[:size])
        del self._data[:size]
        self.start = until
        return given + bytes(size - len(given))


class StereoMix:
    """Takes chunks of a session, in order, and gives its sound piece by piece: little of it is held."""

    def __init__(self, header: JournalHeader) -> None:
        self._began = header.now
        self._format = header.config.input_format
        self._person = _Track()
        self._assistant = _Track()
        self._items: dict[str, int] = {}
        self._resamplers: dict[str, tuple[str, Resampler]] = {}
        self._at = 0

    def take(self, chunk: Chunk) -> bytes:
        """Stereo PCM16 that is complete now."""
        lines, events = chunk
        told = iter(events)
        for line in lines:
            if isinstance(line, Made):
                continue
            if (at := getattr(line, "at", None)) is not None:
                self._at = max(self._at, round((at - self._began) * STEREO_RATE))
            match line:
                case Appended(audio=bytes() as audio) | Took(event=AppendAudio(audio=audio)):
                    self._hear(audio)
                case Scored():
                    continue
                case _:
                    pass
            followed = [next(told).event for _ in range(getattr(line, "told", 0))]
            self._say(followed, line.audio if isinstance(line, Took) else b"")
        return self._given(max(self._at - round(_SETTLED_S * STEREO_RATE), self._person.start))

    def rest(self) -> bytes:
        """What is left at the end."""
        return self._given(max(self._person.end, self._assistant.end, self._at))

    def _hear(self, audio: bytes) -> None:
        pcm = self._at_rate("person", self._format.value, to_pcm(audio, self._format), self._format.rate)
        self._person.put(max(self._at - len(pcm) // _SAMPLE_BYTES, self._person.start), pcm)

    def _say(self, events: Iterable[ReadableEvent], audio: bytes) -> None:
        for event in events:
            match event:
                case SpokenEvent() if audio:
                    pcm, audio = audio[: event.size], audio[event.size :]
                    pcm = self._at_rate("assistant", event.item_id, pcm, event.rate)
                    where = self._assistant.put(max(self._at, self._assistant.start), pcm)
                    self._items.setdefault(event.item_id, where)
                case ItemTruncated() if event.item_id in self._items:
                    self._assistant.cut(self._items[event.item_id] + round(event.audio_end_ms * STEREO_RATE / 1000))
                case SilencedEvent():
                    self._assistant.cut(self._at)
                case SessionCreated() | SessionUpdated():
                    self._format = event.config.input_format
                case _:
                    pass

    def _at_rate(self, side: str, source: str, pcm: bytes, rate: int) -> bytes:
        """The same at 24 kHz; what comes from one source is one stream."""
        if rate == STEREO_RATE:
            return pcm[: len(pcm) // _SAMPLE_BYTES * _SAMPLE_BYTES]
        known = self._resamplers.get(side)
        if known is None or known[0] != source:
            known = self._resamplers[side] = source, Resampler(rate, STEREO_RATE)
        return known[1].push(pcm)

    def _given(self, until: int) -> bytes:
        sides = [np.frombuffer(track.take(until), np.int16) for track in (self._person, self._assistant)]
        return np.stack(sides, axis=1).tobytes()


def wav_header(frames: int) -> bytes:
    """The 44 bytes before so many stereo samples."""
    block = 2 * _SAMPLE_BYTES
    size = min(frames * block, 0xFFFFFFFF - 36)
    fields = [
        (36 + size, 4),
        b"WAVEfmt ",
        (16, 4),
        (1, 2),
        (2, 2),
        (STEREO_RATE, 4),
        (STEREO_RATE * block, 4),
        (block, 2),
        (16, 2),
    ]
    packed = b"".join(one if isinstance(one, bytes) else one[0].to_bytes(one[1], "little") for one in fields)
    return b"RIFF" + packed + b"data" + size.to_bytes(4, "little")


def wav_size(frames: int) -> int:
    """Bytes of a WAV file of so many stereo samples."""
    return len(wav_header(0)) + frames * 2 * _SAMPLE_BYTES
