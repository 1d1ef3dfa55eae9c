"""espeak-ng in a worker process."""

from typing import Any, Final

import msgspec

from voxwire.engines.tts.espeak.library import Espeak, VoiceParameter, WordEvent
from voxwire.engines.tts.messages import Speak, VoiceInfo
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.tts.speakable import Speakable
from voxwire.engines.tts.timeline import Timeline
from voxwire.engines.worker.child import Outlet

_CHUNK_MS: Final = 100
#: Words a minute at speed 1, espeak's own default.
_NATURAL: Final = 175
#: espeak speaks no slower than this; below, pauses between the words make up the difference.
_SLOWEST: Final = 80
#: Measured on espeak-ng 1.52: an average word lasts this long at speed 1, and one unit of word gap adds
#: this much to each word at the slowest rate.
_WORD_S: Final = 0.24
_GAP_S: Final = 0.034


class EspeakService:
    """One espeak-ng; the voices come with each request."""

    requests = msgspec.msgpack.Decoder(Speak)

    def __init__(self, options: dict[str, Any]) -> None:
        self.espeak = Espeak(chunk_ms=_CHUNK_MS)
        self.espeak.voice(options["language"])  # fails here, at start-up, when there is no such language

    def describe(self) -> VoiceInfo:
        return VoiceInfo(self.espeak.rate)

    def open(self, outlet: Outlet) -> "EspeakTask":
        return EspeakTask(self.espeak, outlet)


class EspeakTask:
    """Speaks one clause."""

    def __init__(self, espeak: Espeak, outlet: Outlet) -> None:
        self._espeak = espeak
        self._outlet = outlet

    def receive(self, request: Speak) -> None:
        readable = read_out(request.text, request.settings["voice"].partition("+")[0])
        if readable.text:
            self._espeak.voice(request.settings["voice"])
            self._espeak.set(VoiceParameter.PITCH, request.settings["pitch"])
            self._espeak.set(VoiceParameter.RANGE, request.settings["range"])
            rate, gap = pace(request.speed * request.settings["pace"])
            self._espeak.set(VoiceParameter.RATE, rate)
            self._espeak.set(VoiceParameter.WORD_GAP, gap)
            clause = _Clause(request.text, readable, self._espeak.rate, self._outlet)
            self._espeak.speak(readable.text, clause.take)
            clause.finish()
        self._outlet.end()

    def close(self) -> None:
        pass


def pace(speed: float) -> tuple[int, int]:
    """Words a minute, and espeak's word gap, for a speed relative to natural."""
    rate = round(_NATURAL * speed)
    if rate >= _SLOWEST:
        return rate, 0
    return _SLOWEST, round(_WORD_S * (1 / speed - _NATURAL / _SLOWEST) / _GAP_S)


class _Clause:
    """Sends pieces, one behind, so that the last one is known to be the last."""

    def __init__(self, text: str, readable: Speakable, rate: int, outlet: Outlet) -> None:
        self._readable = readable
        self._rate = rate
        self._outlet = outlet
        self._timeline = Timeline(len(text))
        self._samples = 0
        self._held = b""

    def take(self, pcm: bytes, words: list[WordEvent]) -> bool:
        """The sink of `Espeak.speak`."""
        wanted = self._send(last=False) if self._held else not self._outlet.cancelled
        text = self._readable.text
        for word in words:
            start, end = max(0, word.start), min(word.start + word.length, len(text))
            if any(map(str.isalnum, text[start:end])):  # espeak also reports spaces and full stops
                self._timeline.word(*self._readable.span(start, end), start_ms=word.at_ms)
        self._held = pcm
        return wanted

    def finish(self) -> None:
        if self._samples or self._held:
            self._send(last=True)

    def _send(self, *, last: bool) -> bool:
        self._samples += len(self._held) // 2
        return self._outlet.send(self._timeline.piece(self._held, self._samples * 1000 / self._rate, last=last))
