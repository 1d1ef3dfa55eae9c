"""Speech as it comes in an HTTP body: PCM16 mono, raw or in a WAV file, cut anywhere."""

import struct
from typing import Final

from voxwire.audio.resample import Resampler

#: A WAV file may have comments and the like before its samples, up to this size.
_MOST_HEADER: Final = 64 * 1024
_PCM, _EXTENSIBLE = 1, 0xFFFE
#: How bodies begin that are audio of another kind, or no audio at all.
_OTHERS: Final = {
    b"ID3": "MP3", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"{\"": "JSON",
    b"<!DO": "a web page", b"<htm": "a web page",
}  # fmt: skip


class NoSpeech(Exception):
    """The body is something else; the text says what."""


class PcmBody:
    """Takes the bytes of one body, gives PCM16 mono at `rate`. Raw samples are taken to have `raw_rate`."""

    def __init__(self, raw_rate: int, rate: int) -> None:
        self._raw_rate = raw_rate
        self._rate = rate
        self._head = b""
        self._rest = b""
        self._resampler: Resampler | None = None

    def feed(self, data: bytes) -> bytes:
        """The samples that `data` completes. Raises NoSpeech."""
        if self._resampler is None:
            self._head += data
            start = self._begin()
            if start is None:
                return b""
            data, self._head = self._head[start:], b""
        assert self._resampler is not None
        data = self._rest + data
        whole = len(data) & ~1
        self._rest = data[whole:]
        return self._resampler.push(data[:whole])

    def end(self) -> bytes:
        """What is left when the body is over. Raises NoSpeech for half a header."""
        if self._resampler is not None or not self._head:
            return b""
        if self._head.startswith(b"RIFF"):
            raise NoSpeech("half a WAV file")
        self._resampler = Resampler(self._raw_rate, self._rate)
        return self._resampler.push(self._head[: len(self._head) & ~1])

    def _begin(self) -> int | None:
        """Where the samples begin; None until that is known."""
        head = self._head
        if len(head) < 4:
            return None
        for start, what in _OTHERS.items():
            if head.startswith(start):
                raise NoSpeech(what)
        if not head.startswith(b"RIFF"):
            self._resampler = Resampler(self._raw_rate, self._rate)
            return 0
        return self._wav()

    def _wav(self) -> int | None:
        """The same for a WAV file. What it says of its length is not asked: servers that stream do not know it."""
        head, at, rate = self._head, 12, 0
        while len(head) >= at + 8:
            name, size = struct.unpack_from("<4sI", head, at)
            if name == b"data":
                if not rate:
                    raise NoSpeech("a WAV file that does not say its format")
                self._resampler = Resampler(rate, self._rate)
                return at + 8
            if name == b"fmt " and len(head) >= at + 8 + 16:
                kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at + 8)
                if kind not in (_PCM, _EXTENSIBLE) or channels != 1 or bits != 16 or not 4_000 <= rate <= 384_000:
                    raise NoSpeech("a WAV file that is not PCM16 mono")
            at += 8 + size + size % 2
            if at > _MOST_HEADER:
                raise NoSpeech("a WAV file without samples")
        return None
