"""A native recogniser in its worker process: from messages to a library and back."""

from typing import Any, Final

import msgspec
import numpy as np

from voxwire.audio.pcm import SPEECH_RATE
from voxwire.audio.resample import Resampler
from voxwire.engines.stt.audio_messages import Audio, EndOfAudio, Probe
from voxwire.engines.stt.native.messages import Begin, Interim, NativeRequest, Partial, Result
from voxwire.engines.stt.native.recogniser import HeardSpeech, Hints, NativeUtterance, Recogniser, SpeechSamples
from voxwire.engines.stt.settled_text import SettledText
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError

#: Audio that never is louder than this holds no words; models invent some.
_FAINTEST: Final = 0.002
_FULL_SCALE: Final = 32_768.0


class NativeService:
    """The model of one process, for several utterances that take turns."""

    requests: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(NativeRequest)

    def __init__(self, recogniser: Recogniser) -> None:
        """Reads a second of sound like a voice: the first utterance would otherwise wait for pages and caches.

        Raises ConfigurationError for a model that was loaded and cannot do that.
        """
        self._recogniser = recogniser
        try:
            utterance = recogniser.open(Hints())
            utterance.hear(_voice(recogniser.rate))
            utterance.read()
            utterance.close()
        except Exception as error:
            raise ConfigurationError(
                f"The model was loaded, but cannot read speech ({type(error).__name__}). "
                "A file, or an option, may be for a model of another kind."
            ) from None

    def describe(self) -> None:
        return None

    def open(self, outlet: Outlet) -> "UtteranceWork":
        return UtteranceWork(self._recogniser, outlet)


class UtteranceWork:
    """One utterance from `Begin` to `Result`."""

    def __init__(self, recogniser: Recogniser, outlet: Outlet) -> None:
        self._recogniser = recogniser
        self._outlet = outlet
        self._utterance: NativeUtterance | None = None
        self._resampler = Resampler(SPEECH_RATE, recogniser.rate)
        self._settled = SettledText(append_only=recogniser.append_only)
        self._loud = False
        self._read: HeardSpeech | None = None  # of all that was heard
        self._last: Partial | None = None

    def receive(self, request: Begin | Audio | Probe | EndOfAudio) -> None:
        match request:
            case Begin(rate=rate, hints=hints):
                self._resampler = Resampler(rate, self._recogniser.rate)
                self._utterance = self._recogniser.open(hints)
            case Audio(pcm=pcm):
                self._hear(pcm)
            case Probe():
                self._outlet.send(Interim(self._reading().text))
            case EndOfAudio():
                self._outlet.send(Result(self._reading()))
                self._outlet.end()

    def close(self) -> None:
        if self._utterance is not None:
            self._utterance.close()
            self._utterance = None

    def _hear(self, pcm: bytes) -> None:
        assert self._utterance is not None
        samples = _floats(self._resampler.push(pcm))
        if not len(samples):
            return
        self._loud = self._loud or float(np.abs(samples).max()) > _FAINTEST
        self._read = None
        self._utterance.hear(samples)
        if not self._loud or self._outlet.cancelled:
            return
        heard = self._utterance.partial()
        if heard is None:
            return
        partial = Partial(self._settled.update(heard), len(self._settled.text))
        if partial.text and partial != self._last:
            self._last = partial
            self._outlet.send(partial)

    def _reading(self) -> HeardSpeech:
        """What was heard; read once where nothing more has come."""
        assert self._utterance is not None
        if self._read is None:
            reading = self._utterance.read() if self._loud else HeardSpeech("")
            self._read = msgspec.structs.replace(reading, text=self._settled.complete(reading.text))
        return self._read


def _voice(rate: int) -> SpeechSamples:
    """A second of 120 Hz with overtones, in syllables: recognisers that listen for speech read it."""
    time = np.arange(rate) / rate
    tone = sum(np.sin(2 * np.pi * 120 * overtone * time) / overtone for overtone in range(1, 20))
    return np.asarray(0.06 * tone * np.abs(np.sin(4 * np.pi * time)), np.float32)


def _floats(pcm: bytes) -> SpeechSamples:
    return (np.frombuffer(pcm, "<i2") / np.float32(_FULL_SCALE)).astype(np.float32)
