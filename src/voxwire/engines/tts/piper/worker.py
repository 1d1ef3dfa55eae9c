"""Piper's voices in a worker process. This file alone imports `piper-tts`."""

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from piper.config import PhonemeType, PiperConfig
from piper.voice import PiperVoice

from voxwire.engines.tts.messages import Speak
from voxwire.engines.tts.onnx.clause_audio import SENT_RATE, send_clause
from voxwire.engines.tts.onnx.model_file import Node
from voxwire.engines.tts.onnx.token_times import is_mark, timed_words
from voxwire.engines.tts.onnx.voice_session import VoiceSession
from voxwire.engines.tts.piper.voice_files import voice_files
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError

_BEGIN, _END, _PAD = "^", "$", "_"
#: Latin, Chinese and Japanese, Thai, Hebrew.
_READY: Final = ("ready.", "好。", "ดี", "כן")
#: What `piper-tts` would fetch by itself.
_CHINESE: Final = "g2pW/g2pw.onnx"
#: Up to so many symbols, about 60 characters, the memory of a clause is kept for the next: a short clause is made in 74
#: to 89 ms instead of 92 to 111, and the process holds 280 MB instead of 320, for its memory is not left in pieces.
_KEEPS: Final = 128
#: Words that are read alone are remembered: a conversation uses the same ones again.
_REMEMBERED: Final = 4096


class PiperInfo(msgspec.Struct, frozen=True):
    """What the worker says when it is warm: the names of each model's speakers, none where there is only one."""

    rate: int
    speakers: dict[str, list[str]]


class PiperService:
    """The models of its options (`{"models": {reference: path}, "threads": 1}`), each of which has said a word."""

    requests = msgspec.msgpack.Decoder(Speak)

    def __init__(self, options: dict[str, Any]) -> None:
        logging.getLogger("piper").setLevel(logging.CRITICAL)  # it would log parts of what is said
        self.voices = {
            reference: PiperModel(Path(path), options["threads"]) for reference, path in options["models"].items()
        }

    def describe(self) -> PiperInfo:
        return PiperInfo(SENT_RATE, {reference: voice.speakers for reference, voice in self.voices.items()})

    def open(self, outlet: Outlet) -> "PiperTask":
        return PiperTask(self.voices, outlet)


class PiperTask:
    """Speaks one clause."""

    def __init__(self, voices: "dict[str, PiperModel]", outlet: Outlet) -> None:
        self._voices = voices
        self._outlet = outlet

    def receive(self, request: Speak) -> None:
        voice = self._voices[request.settings["model"]]
        voice.speak(request, self._outlet)
        self._outlet.end()

    def close(self) -> None:
        pass


class PiperModel:
    """One model of Piper. Raises ConfigurationError for files that are none."""

    def __init__(self, path: Path, threads: int) -> None:
        model, description = voice_files(path)
        try:
            self._config = PiperConfig.from_dict(json.loads(description.read_bytes()))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{description} does not describe a voice of Piper.") from error
        self._session = VoiceSession(model, threads=threads, durations=_durations, keeps=_KEEPS)
        if not {"input", "input_lengths", "scales"} <= set(self._session.inputs):
            raise ConfigurationError(f"{model} is no voice of Piper: it takes {', '.join(self._session.inputs)}.")
        #: Only reads text: the model is run here, where it can be stopped.
        self._reader = PiperVoice(session=None, config=self._config, download_dir=model.parent)
        if self._config.phoneme_type == PhonemeType.PINYIN and not (model.parent / _CHINESE).is_file():
            raise ConfigurationError(
                f"The Chinese voice {model} needs {_CHINESE} beside it; piper-tts says where from."
            )
        self._alone = lru_cache(_REMEMBERED)(self._read_alone)
        by_number = sorted(self._config.speaker_id_map.items(), key=lambda speaker: speaker[1])
        many = self._config.num_speakers > 1
        self.speakers = [name for name, _ in by_number] or [str(n) for n in range(self._config.num_speakers)]
        self.speakers = self.speakers if many else []
        self._get_ready(model)

    def _get_ready(self, model: Path) -> None:
        """Say a word, where the voice's language has one of these."""
        try:
            words = next((symbols for word in _READY for symbols in self._symbols(word)), None)
        except ImportError as error:
            raise ConfigurationError(
                f"The voice {model} needs the package {error.name}: its language is not one of espeak-ng's."
            ) from error
        if words:
            self._run(words, None, 1.0, None)

    def speak(self, request: Speak, outlet: Outlet) -> None:
        """Say a clause; stops when nobody listens any more."""
        readable = read_out(request.text, self._config.espeak_voice)
        sentences = self._symbols(readable.text) if readable.text else []
        speed = request.speed * request.settings["pace"]
        made, lengths = [], []
        for symbols in sentences:
            result = self._run(symbols, request.settings["speaker"], speed, outlet)
            if result is None:
                return
            made.append(result[0])
            lengths.append(result[1])
        if made:
            rate = self._config.sample_rate
            symbols = [symbol[0] for sentence in sentences for symbol in (" ", *sentence, " ")]
            samples = list(chain.from_iterable(lengths)) if all(lengths) else []
            words = timed_words(readable, self._alone, symbols, samples, rate)
            send_clause(outlet, request.text, np.concatenate(made), rate, words)

    def _symbols(self, text: str) -> list[list[str]]:
        """The sentences of a text as symbols that the model knows."""
        known = self._config.phoneme_id_map
        sentences = [[symbol for symbol in read if symbol in known] for read in self._reader.phonemize(text)]
        return [symbols for symbols in sentences if symbols]

    def _read_alone(self, word: str) -> str:
        symbols = chain.from_iterable(self._symbols(word))
        return "".join(symbol[0] for symbol in symbols if not is_mark(symbol))

    def _run(
        self, symbols: Sequence[str], speaker: int | None, speed: float, outlet: Outlet | None
    ) -> tuple[NDArray[np.float32], list[int]] | None:
        """Samples, and how many of them each symbol has (none when the model does not say); None when stopped."""
        ids = self._reader.phonemes_to_ids(list(symbols))
        config = self._config
        scales = [config.noise_scale, config.length_scale / speed, config.noise_w_scale]
        feeds: dict[str, NDArray[Any]] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        if "sid" in self._session.inputs:
            feeds["sid"] = np.array([config.default_speaker_id if speaker is None else speaker], np.int64)
        result = self._session.run(feeds, len(ids), outlet)
        if result is None:
            return None
        samples, frames = result
        if frames is None or len(frames) != len(ids):
            return samples, []
        return samples, self._per_symbol(symbols, ids, frames * config.hop_length)

    def _per_symbol(self, symbols: Sequence[str], ids: list[int], samples: NDArray[np.int64]) -> list[int]:
        """Samples of what begins the sentence, of each symbol with the padding behind it, and of what ends it; nothing
        when the ids are not laid out so (Chinese)."""
        of = self._config.phoneme_id_map
        pad = len(of[_PAD])
        sizes = [len(of[_BEGIN]) + pad, *(len(of[symbol]) + pad for symbol in symbols), len(of[_END])]
        if sum(sizes) != len(ids):
            return []
        edges = np.cumsum([0, *sizes])
        return [int(samples[a:b].sum()) for a, b in pairwise(edges)]


def _durations(graph: list[Node]) -> str | None:
    """The tensor with the frames of each symbol: VITS rounds them up, and nothing else."""
    rounded = [node.outputs[0] for node in graph if node.operation == "Ceil"]
    return rounded[0] if len(rounded) == 1 else None
