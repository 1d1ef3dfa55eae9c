"""sherpa-onnx in a worker process, and espeak-ng where a model needs it, which is GPL-3."""

import os
import sys
import unicodedata
import wave
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from voxwire.engines.tts.espeak.library import TIE, Espeak
from voxwire.engines.tts.espeak.punctuation import with_marks
from voxwire.engines.tts.kokoro.phonemes import KokoroSymbols
from voxwire.engines.tts.messages import Speak
from voxwire.engines.tts.onnx.clause_audio import SENT_RATE, StreamedClause
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.tts.sherpa_onnx.voice_folder import VoiceFolder, voice_folder
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError

_READY = "ready."
_CHUNK_MS = 100


class SherpaVoices(msgspec.Struct, frozen=True):
    """What the worker says when it is warm: how many speakers its model has."""

    rate: int
    speakers: int


class SherpaTtsService:
    """The model of its options (`{"models": {reference: path}, "threads": 1, "language": "en-us", "reference": ""}`),
    which has said a word."""

    requests = msgspec.msgpack.Decoder(Speak)

    def __init__(self, options: dict[str, Any]) -> None:
        (path,) = options["models"].values()
        self._folder = voice_folder(Path(path))
        self._language = options["language"]
        self._reference = _reference(options["reference"]) if self._folder.kind == "pocket" else None
        _quiet()
        self._runtime, self._tts = _loaded(self._folder, options["threads"])
        self._espeak = Espeak(chunk_ms=_CHUNK_MS) if self._folder.sounds else None
        self._symbols = KokoroSymbols(self._sounds) if self._folder.kind == "kokoro" else None
        made = self._tts.generate(self._prompt(_READY), self._config(_READY, 0, 1.0))
        if not len(made.samples):
            raise ConfigurationError(f"The voice in {path} says nothing: a lexicon, or its symbols, may be missing.")

    def describe(self) -> SherpaVoices:
        return SherpaVoices(SENT_RATE, max(1, int(self._tts.num_speakers)))

    def open(self, outlet: Outlet) -> "SherpaTtsTask":
        return SherpaTtsTask(self, outlet)

    def speak(self, request: Speak, outlet: Outlet) -> None:
        """Say a clause, as it is made; stops when nobody listens any more."""
        readable = read_out(request.text, self._language)
        if not readable.text:
            return
        clause = StreamedClause(outlet, request.text, int(self._tts.sample_rate))

        def take(samples: NDArray[np.float32], _: float) -> int:
            return int(clause.feed(np.array(samples, np.float32)))

        speed = request.speed * request.settings["pace"]
        config = self._config(readable.text, request.settings["speaker"], speed)
        self._tts.generate(self._prompt(readable.text), config, take)
        clause.finish()

    def _prompt(self, text: str) -> str:
        return " " if self._espeak else text

    def _config(self, text: str, speaker: int, speed: float) -> Any:
        config = self._runtime.GenerationConfig()
        config.sid, config.speed = speaker, speed
        if self._espeak:
            config.phoneme_codepoints = [[ord(symbol) for symbol in self._read(text)]]
        if self._reference is not None:
            config.reference_audio, config.reference_sample_rate = self._reference
        return config

    def _read(self, text: str) -> str:
        if self._symbols:
            return self._symbols.read(text, self._language)
        sounds = with_marks(text, lambda part: self._sounds(part, self._language).replace(TIE, ""))
        return unicodedata.normalize("NFD", sounds)

    def _sounds(self, text: str, language: str) -> str:
        assert self._espeak is not None
        self._espeak.voice(language)
        return self._espeak.phonemes(text)


class SherpaTtsTask:
    """Speaks one clause."""

    def __init__(self, service: SherpaTtsService, outlet: Outlet) -> None:
        self._service = service
        self._outlet = outlet

    def receive(self, request: Speak) -> None:
        self._service.speak(request, self._outlet)
        self._outlet.end()

    def close(self) -> None:
        pass


def _loaded(folder: VoiceFolder, threads: int) -> tuple[Any, Any]:
    import sherpa_onnx

    settings = getattr(sherpa_onnx, f"OfflineTts{folder.kind.capitalize()}ModelConfig")(**folder.files)
    model = sherpa_onnx.OfflineTtsModelConfig(**{folder.kind: settings}, num_threads=threads)
    try:
        return sherpa_onnx, sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=model))
    except Exception as error:  # its errors have no base of their own
        raise ConfigurationError(f"sherpa-onnx cannot load the {folder.kind} model.") from error


def _reference(path: str) -> tuple[NDArray[np.float32], int]:
    """The voice to speak with, as Pocket TTS takes it. Raises ConfigurationError."""
    if not path:
        raise ConfigurationError("Pocket TTS needs reference: a WAV file with some seconds of the voice to speak with.")
    try:
        with wave.open(path) as clip:
            if clip.getsampwidth() != 2 or clip.getnchannels() != 1:
                raise ConfigurationError(f"The reference {path} is not PCM16 mono.")
            pcm = clip.readframes(clip.getnframes())
            return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768), clip.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise ConfigurationError(f"The reference {path} is no WAV file that can be read.") from error


def _quiet() -> None:
    """The library prints texts that it cannot read, which no log may have; what we print ourselves still goes out."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
