"""pocketsphinx in a worker process: two decoders side by side on each utterance."""

from typing import Any, Final

import msgspec

from voxwire.audio.pcm import SPEECH_RATE
from voxwire.audio.resample import Resampler
from voxwire.engines.stt.audio_messages import Audio, EndOfAudio, Probe, TimedWord
from voxwire.engines.stt.pocketsphinx.decoders import Decoders, Decoding
from voxwire.engines.stt.pocketsphinx.hypothesis import DECODER_FRAME_MS, Segment, fits_as_well, joined
from voxwire.engines.stt.pocketsphinx.messages import (
    Begin,
    DecoderRequest,
    Interim,
    Learn,
    NeedPhrases,
    Partial,
    Phrases,
    Result,
)
from voxwire.engines.stt.pocketsphinx.narrow_band import Frames, NarrowBandCepstra
from voxwire.engines.stt.pocketsphinx.onset import onset, tail
from voxwire.engines.stt.pocketsphinx.partials import Settled
from voxwire.engines.worker.child import Outlet

_SAMPLE: Final = 2
#: Sound of fewer samples a second lacks what the acoustic model expects above 4 kHz.
_WIDE_BAND_RATE: Final = 12_000
#: On the telephone nonsense often fits the sound better than what was said; measured on the clips of `narrow_band`.
_TELEPHONE_LENIENCY: Final = 1.5
_BYTES_PER_MS: Final = 16 * _SAMPLE
#: Decoded at a time; a cancellation is seen between steps.
_STEP: Final = 100 * _BYTES_PER_MS
#: The beginning of an utterance, by which the decoders adapt to voice and microphone.
_ACQUAINTANCE: Final = 800 * _BYTES_PER_MS
#: Audio between two looks at the hypotheses.
_LOOK: Final = 200 * _BYTES_PER_MS


class PocketsphinxService:
    """The decoders of one process: what is learnt, for its copies; in a copy, those of one utterance."""

    requests: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(DecoderRequest)

    def __init__(self, options: dict[str, Any]) -> None:
        self.decoders = Decoders()

    def describe(self) -> None:
        return None

    def is_shared(self, request: Any) -> bool:
        return isinstance(request, Learn)

    def open(self, outlet: Outlet) -> "UtteranceTask":
        return UtteranceTask(self.decoders, outlet)


class UtteranceTask:
    """One utterance from `Begin` to `Result`."""

    def __init__(self, decoders: Decoders, outlet: Outlet) -> None:
        self._decoders = decoders
        self._outlet = outlet
        self._phrases = ""
        self._missing = self._committed = False
        self._probes = 0
        self._general: Decoding | None = None
        self._expected: Decoding | None = None
        self._resampler = Resampler(SPEECH_RATE, SPEECH_RATE)
        self._narrow: NarrowBandCepstra | None = None  # of telephone speech
        self._audio = bytearray()  # at 16 kHz
        self._skipped = self._heard = self._looked = 0
        self._settled = Settled()
        self._last: Partial | None = None

    def receive(self, request: Begin | Learn | Phrases | Audio | Probe | EndOfAudio) -> None:
        match request:
            case Learn(key=key, sentences=sentences):
                self._decoders.learn(key, sentences)
                self._outlet.end()
                return
            case Begin(phrases=key, rate=rate):
                self._phrases = key
                self._resampler = Resampler(rate, SPEECH_RATE)
                self._narrow = NarrowBandCepstra() if rate < _WIDE_BAND_RATE else None
                self._missing = bool(key) and not self._decoders.knows(key)
                if self._missing:
                    self._outlet.send(NeedPhrases())
            case Phrases(sentences=sentences):
                if self._missing:
                    self._decoders.learn(self._phrases, sentences)
                    self._missing = False
            case Audio(pcm=pcm):
                self._audio += self._resampler.push(pcm)
            case Probe():
                self._probes += 1
            case EndOfAudio():
                self._committed = True
        if not self._missing:
            self._decode()
            self._answer_probes()
            if self._committed:
                self._finish()

    def close(self) -> None:
        """Cancelled or done: leave the decoders ready for the next utterance."""
        for decoding in (self._general, self._expected):
            if decoding:
                decoding.end()
        self._general = self._expected = None

    def _decode(self) -> None:
        """Decode the audio that waits, showing words as they come.

        Always in the same steps, so that the same audio gives the same words however it arrives.
        """
        if self._general is None and not self._begin():
            return
        assert self._general is not None
        enough = _SAMPLE if self._at_an_end else _STEP
        while len(self._audio) >= enough and not self._outlet.cancelled:
            step = bytes(self._audio[: min(_STEP, len(self._audio) // _SAMPLE * _SAMPLE)])
            del self._audio[: len(step)]
            self._hear(step)
            self._heard += len(step)
            if self._heard - self._looked >= _LOOK:
                self._looked = self._heard
                self._look()

    def _hear(self, step: bytes) -> None:
        frames = self._narrow.push(step) if self._narrow else None
        self._give(step if frames is None else frames)

    def _give(self, sound: bytes | Frames) -> None:
        for decoding in (self._general, self._expected):
            if decoding is None:
                continue
            if isinstance(sound, bytes):
                decoding.hear(sound)
            else:
                decoding.hear_frames(sound)

    def _begin(self) -> bool:
        """Start the decoders once there is enough sound to know the speaker by, or no more to come."""
        while len(self._audio) >= (_SAMPLE if self._at_an_end else _ACQUAINTANCE):
            head = bytes(self._audio[: min(_ACQUAINTANCE, len(self._audio) // _SAMPLE * _SAMPLE)])
            silence = onset(head)
            if silence == 0:
                mean = self._mean(head)
                self._general = self._decoders.general(mean)
                self._expected = self._decoders.expecting(self._phrases, mean) if self._phrases else None
                return True
            silence = silence or len(head) - len(tail(head))
            if silence == 0:  # what is left is too short to hold a word
                return False
            del self._audio[:silence]
            self._skipped += silence
        return False

    def _mean(self, head: bytes) -> str:
        if self._narrow is None:
            return self._decoders.mean_cepstrum(head)
        return self._decoders.mean_of(NarrowBandCepstra().push(head))

    def _look(self) -> None:
        assert self._general is not None
        reading = self._general.hypothesis()
        second = self._expected.hypothesis() if self._expected else None
        self._settled.update(self._heard // (_BYTES_PER_MS * DECODER_FRAME_MS), reading, second)
        partial = Partial(joined(self._settled.complete(reading)), len(joined(self._settled.words)))
        if partial != self._last:
            self._last = partial
            self._outlet.send(partial)

    @property
    def _at_an_end(self) -> bool:
        """Whether all audio that is there has to be heard now."""
        return self._committed or self._probes > 0

    def _answer_probes(self) -> None:
        while self._probes:
            self._probes -= 1
            result = self._read(self._general, self._expected) if self._general else Result([], [])
            self._outlet.send(Interim(" ".join(word.text for word in result.words), result.alternatives))

    def _finish(self) -> None:
        if self._general is None:
            self._outlet.send(Result([], []))
        else:
            if self._narrow:
                self._give(self._narrow.flush())
            self._send_final(self._general, self._expected)
        self._outlet.end()

    def _send_final(self, general: Decoding, expected: Decoding | None) -> None:
        self._general = self._expected = None
        for decoding in (general, expected):
            if decoding:
                decoding.end()
        self._outlet.send(self._read(general, expected))

    def _read(self, general: Decoding, expected: Decoding | None) -> Result:
        """What was understood, of all that was heard. That it ends here changes nothing: of 68 utterances the words
        at a probe and those at the end were the same."""
        free = general.hypothesis()
        words = self._settled.complete(free)
        alternatives = []
        if expected:
            other = expected.hypothesis()
            if fits_as_well(other, free, leniency=_TELEPHONE_LENIENCY if self._narrow else 1.0):
                alternatives.append(joined(self._settled.complete(other)))
        return Result([self._timed(word) for word in words], [text for text in alternatives if text != joined(words)])

    def _timed(self, word: Segment) -> TimedWord:
        assert word.word is not None
        before_ms = self._skipped / _BYTES_PER_MS
        return TimedWord(word.word, before_ms + word.start * DECODER_FRAME_MS, before_ms + word.end * DECODER_FRAME_MS)
