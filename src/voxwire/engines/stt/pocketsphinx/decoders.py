"""pocketsphinx's two decoders: one for US English at large, one for the sentences that are expected.

Only for worker processes: decoding holds the interpreter lock for seconds at a time.
"""

import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterable
from math import log
from typing import Any, Final

import numpy as np

from voxwire.engines.stt.pocketsphinx.hypothesis import Hypothesis, Segment
from voxwire.engines.stt.pocketsphinx.language_model import trigram_model
from voxwire.engines.stt.pocketsphinx.messages import DECODERS_KEPT
from voxwire.engines.stt.pocketsphinx.narrow_band import Frames
from voxwire.engines.stt.pocketsphinx.pronunciation import LetterToSound, in_passing
from voxwire.engines.stt.pocketsphinx.words import heard
from voxwire.errors import ConfigurationError

_INSTALL: Final = "The embedded recogniser is not installed: `pip install 'voxwire[embedded]'`."
#: One search pass, pruned: three times faster than the default at the same error rate, and 10 ms
#: instead of 270 ms from the last audio to the words (ADR 6).
_FAST: Final = {"fwdflat": False, "bestpath": False, "maxhmmpf": 3000, "loglevel": "FATAL"}
#: pocketsphinx shifts likelihoods by ten bits.
_SCORE_UNIT: Final = 1024
#: Mean cepstrum of speech through a plain microphone channel: the average of three voices. The model's
#: own start value (40, 3, -1, 0 …) suits nobody we heard: 16 of 60 sentences right instead of 30.
_MEAN_CEPSTRUM: Final = (50.0, 4.0, 8.5, 21.5, 1.3, 0.9, 5.4, -4.4, -3.7, -3.9, 6.3, 2.8, 2.1)
#: How many frames of an utterance weigh as much as that average, and how many pocketsphinx lets a
#: start value weigh.
_OWN_WEIGHT, _START_WEIGHT = 100, 500
_FRAME_BYTES: Final = 320
_WARM_UP: Final = 10 * _FRAME_BYTES


class Decoding:
    """One utterance in one decoder."""

    def __init__(self, decoder: Any, mean: str) -> None:
        self._decoder = decoder
        _start(decoder, mean)

    def hear(self, pcm: bytes) -> None:
        """Decode PCM16 at 16 kHz."""
        self._decoder.process_raw(pcm, no_search=False, full_utt=False)

    def hear_frames(self, cepstra: Frames) -> None:
        """Decode what a front end of our own made of the sound; one frame at a time, for of several that come
        together pocketsphinx 5.1 hears none."""
        for frame in cepstra:
            self._decoder.process_cep(frame.tobytes(), no_search=False, full_utt=False)

    def hypothesis(self) -> Hypothesis:
        """The best path so far."""
        if self._decoder.hyp() is None:
            return Hypothesis([])
        return Hypothesis(
            [
                Segment(heard(s.word), s.start_frame, s.end_frame + 1, log(s.ascore) * _SCORE_UNIT)
                for s in self._decoder.seg()
            ]
        )

    def end(self) -> None:
        """No more audio; `hypothesis` then gives the final path."""
        self._decoder.end_utt()


class Decoders:
    """The decoders of one worker. Raises ConfigurationError without pocketsphinx."""

    def __init__(self) -> None:
        try:
            import pocketsphinx
        except ImportError as error:
            raise ConfigurationError(_INSTALL) from error
        self._make = pocketsphinx.Decoder
        self._general = self._decoder(maxwpf=10)
        self._expecting: OrderedDict[str, Any] = OrderedDict()
        try:
            self._letter_to_sound: LetterToSound | None = LetterToSound()
        except OSError:
            self._letter_to_sound = None

    def _decoder(self, **settings: Any) -> Any:
        """A warm decoder: the first utterance pages in megabytes of models, and fills a cache of Gaussians."""
        decoder = self._make(**_FAST, **settings)
        _start(decoder, _listed(_MEAN_CEPSTRUM))
        decoder.process_raw(bytes(_WARM_UP), no_search=False, full_utt=False)
        decoder.end_utt()
        return decoder

    def mean_cepstrum(self, pcm: bytes) -> str:
        """What the decoders subtract from each frame, so that loudness and microphone do not matter.

        `pcm` is the beginning of the utterance, which moves the average of all speakers some way
        towards this one.
        """
        _start(self._general, _listed(_MEAN_CEPSTRUM))
        self._general.process_raw(pcm, no_search=True, full_utt=False)
        self._general.end_utt()
        frames = len(pcm) // _FRAME_BYTES
        share = (_START_WEIGHT + frames) / (_OWN_WEIGHT + frames)
        with_start = map(float, self._general.get_cmn(True).split(","))
        return _listed(mean + (value - mean) * share for mean, value in zip(_MEAN_CEPSTRUM, with_start, strict=True))

    def mean_of(self, cepstra: Frames) -> str:
        """The same for an utterance that begins with these frames of a front end of our own."""
        total = np.asarray(_MEAN_CEPSTRUM) * _OWN_WEIGHT + cepstra.sum(axis=0)
        return _listed(total / (_OWN_WEIGHT + len(cepstra)))

    def general(self, mean: str) -> Decoding:
        """Begin an utterance in US English at large."""
        return Decoding(self._general, mean)

    def knows(self, key: str) -> bool:
        return key in self._expecting

    def expecting(self, key: str, mean: str) -> Decoding | None:
        """Begin an utterance in the sentences learnt under `key`; None when they held no usable word."""
        self._expecting.move_to_end(key)
        decoder = self._expecting[key]
        return Decoding(decoder, mean) if decoder else None

    def learn(self, key: str, sentences: Iterable[str]) -> None:
        """Build the decoder for these sentences of plain words; those with an unpronounceable word are left out."""
        pronunciations: dict[str, list[str]] = {}
        usable = []
        for sentence in sentences:
            words = sentence.split()
            for word in words:
                if word not in pronunciations:
                    pronunciations[word] = self._pronounce(word)
            if words and all(pronunciations[word] for word in words):
                usable.append(words)
        self._expecting[key] = self._build(usable, pronunciations) if usable else None
        if len(self._expecting) > DECODERS_KEPT:
            self._expecting.popitem(last=False)

    def _pronounce(self, word: str) -> list[str]:
        """Those of the dictionary, else the one that the letters suggest, else none; each also in passing."""
        found = []
        variant = word
        while phones := self._general.lookup_word(variant):
            found.append(phones)
            variant = f"{word}({len(found) + 1})"
        if not found and self._letter_to_sound and (guess := self._letter_to_sound.phones(word)):
            found.append(guess)
        weakened = dict.fromkeys(passing for phones in found if (passing := in_passing(phones)))
        return [*found, *(passing for passing in weakened if passing not in found)]

    def _build(self, sentences: list[list[str]], pronunciations: dict[str, list[str]]) -> Any:
        used = dict.fromkeys(word for sentence in sentences for word in sentence)
        entries = [
            f"{word}({index}) {phones}" if index > 1 else f"{word} {phones}"
            for word in used
            for index, phones in enumerate(pronunciations[word], 1)
        ]
        # pocketsphinx reads both from files; once it has, they can go.
        with tempfile.TemporaryDirectory(prefix="voxwire-") as folder:
            model, dictionary = os.path.join(folder, "model.arpa"), os.path.join(folder, "words.dict")
            _write(model, trigram_model(sentences))
            _write(dictionary, "\n".join(entries) + "\n")
            return self._decoder(lm=model, dict=dictionary)


def _start(decoder: Any, mean: str) -> None:
    """Begin an utterance that owes nothing to the last one: its noise estimate and mean would stay."""
    decoder.reinit_feat()
    decoder.set_cmn(mean)
    decoder.start_utt()


def _listed(values: Iterable[float]) -> str:
    return ",".join(f"{value:.4f}" for value in values)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
