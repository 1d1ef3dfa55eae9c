"""flite in a worker process."""

from typing import Any, Final

import msgspec

from voxwire.audio.resample import Resampler
from voxwire.engines.tts.flite.library import RATE, Flite, SpokenToken
from voxwire.engines.tts.messages import Speak, VoiceInfo
from voxwire.engines.tts.pauses import LEAD_MS, pause_ms
from voxwire.engines.tts.speakable import Speakable, speakable
from voxwire.engines.tts.timeline import Timeline
from voxwire.engines.worker.child import Outlet

_CHUNK_MS: Final = 100


class FliteService:
    """One flite with the voices of its options (`{"voices": ["slt", …]}`)."""

    requests = msgspec.msgpack.Decoder(Speak)

    def __init__(self, options: dict[str, Any]) -> None:
        self.flite = Flite(tuple(options["voices"]), chunk_samples=RATE * _CHUNK_MS // 1000)
        for voice in options["voices"]:  # the first use of a voice touches megabytes of its tables
            self.flite.speak(voice, "ready", sink=lambda *_: True)

    def describe(self) -> VoiceInfo:
        return VoiceInfo(RATE)

    def open(self, outlet: Outlet) -> "FliteTask":
        return FliteTask(self.flite, outlet)


class FliteTask:
    """Speaks one clause."""

    def __init__(self, flite: Flite, outlet: Outlet) -> None:
        self._flite = flite
        self._outlet = outlet

    def receive(self, request: Speak) -> None:
        readable = speakable(request.text, ascii_only=True)
        if readable.text:
            voice: dict[str, Any] = request.settings
            clause = _Clause(request.text, readable, voice["timbre"], self._outlet)
            # What the timbre speeds up is first slowed down, so that only `stretch` changes the tempo.
            stretch = voice["stretch"] * voice["timbre"] / request.speed
            self._flite.speak(voice["voice"], readable.text, stretch=stretch, pitch=voice["pitch"], sink=clause.take)
        self._outlet.end()

    def close(self) -> None:
        pass


class _Clause:
    """Trims the silence around the words, changes the timbre, and sends pieces.

    Timbre: the samples are taken for a recording at `timbre` times their rate and brought back to the
    common one, which moves formants and pitch together, as a larger or smaller head would.
    """

    def __init__(self, text: str, readable: Speakable, timbre: float, outlet: Outlet) -> None:
        self._readable = readable
        self._outlet = outlet
        self._timeline = Timeline(len(text))
        self._rate = round(RATE * timbre)
        self._resampler = Resampler(self._rate, RATE)
        self._pause_s = pause_ms(text) / 1000
        # In samples of flite: the stretch to keep, and how far we are.
        self._from = self._to = 0
        self._position = 0

    def take(self, tokens: list[SpokenToken], pcm: bytes, last: bool) -> bool:
        """The sink of `Flite.speak`."""
        if self._position == 0:
            if not tokens:
                return False  # nothing to say after all
            self._plan(tokens)
        begin, self._position = self._position, self._position + len(pcm) // 2
        kept = pcm[2 * max(0, self._from - begin) : 2 * max(0, self._to - begin)]
        last = last or self._position >= self._to
        if not kept and not last:
            return True
        end_ms = (min(self._position, self._to) - self._from) * 1000 / self._rate
        return self._outlet.send(self._timeline.piece(self._resampler.push(kept), end_ms, last=last)) and not last

    def _plan(self, tokens: list[SpokenToken]) -> None:
        """Where the audio is cut, and when each token is heard."""
        self._from = max(0, int(tokens[0].start_s * RATE) - RATE * LEAD_MS // 1000)
        self._to = int((tokens[-1].end_s + self._pause_s) * RATE)
        text, at = self._readable.text, 0
        for token in tokens:
            found = text.find(token.text, at)
            if found < 0:  # flite rewrote it; its time goes to the neighbours
                continue
            at = found + len(token.text)
            self._timeline.word(*self._readable.span(found, at), self._heard(token.start_s), self._heard(token.end_s))

    def _heard(self, seconds: float) -> float:
        """Milliseconds in what is sent, for seconds in what flite made."""
        return (seconds * RATE - self._from) * 1000 / self._rate
