"""Kokoro in a worker process, and espeak-ng with it, which is GPL-3 (`voxwire.engines.tts.espeak.library`)."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from voxwire.engines.tts.espeak.library import Espeak
from voxwire.engines.tts.kokoro.phonemes import MOST, SYMBOLS, KokoroSymbols
from voxwire.engines.tts.kokoro.voice_styles import kokoro_model, kokoro_styles, kokoro_symbols
from voxwire.engines.tts.messages import Speak
from voxwire.engines.tts.onnx.clause_audio import SENT_RATE, send_clause
from voxwire.engines.tts.onnx.model_file import Node
from voxwire.engines.tts.onnx.token_times import timed_words
from voxwire.engines.tts.onnx.voice_session import VoiceSession
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError

_RATE: Final = 24_000
#: Samples of one frame: 25 ms.
_FRAME: Final = 600
_SYMBOLS_INPUTS: Final = ("tokens", "input_ids")
_CHUNK_MS: Final = 100
_READY: Final = "ɹˈɛdi."  # noqa: RUF001 - so it is written


class KokoroInfo(msgspec.Struct, frozen=True):
    """What the worker says when it is warm."""

    rate: int
    voices: list[str]


class KokoroService:
    """The model of its options (`{"models": {reference: path}, "threads": 1}`), which has said a word."""

    requests = msgspec.msgpack.Decoder(Speak)

    def __init__(self, options: dict[str, Any]) -> None:
        (path,) = options["models"].values()
        model = kokoro_model(Path(path))
        self.styles = kokoro_styles(model)
        self._espeak = Espeak(chunk_ms=_CHUNK_MS)
        self.symbols = KokoroSymbols(self._sounds, kokoro_symbols(model) or SYMBOLS)
        self._session = VoiceSession(model, threads=options["threads"], durations=_durations)
        inputs = self._session.inputs
        self._tokens = next((name for name in _SYMBOLS_INPUTS if name in inputs), "")
        if not self._tokens or not {"style", "speed"} <= set(inputs):
            raise ConfigurationError(f"{model} is no model of Kokoro: it takes {', '.join(inputs)}.")
        self.run(_READY, min(self.styles), 1.0, None)

    def describe(self) -> KokoroInfo:
        return KokoroInfo(SENT_RATE, sorted(self.styles))

    def open(self, outlet: Outlet) -> "KokoroTask":
        return KokoroTask(self, outlet)

    def run(
        self, symbols: str, voice: str, speed: float, outlet: Outlet | None
    ) -> tuple[NDArray[np.float32], list[int]] | None:
        """Samples, and how many of them each symbol has, the silent ones at both ends included (none when the model
        does not say); None when stopped."""
        numbers = self.symbols.numbers(symbols)
        styles = self.styles[voice]
        whole = self._session.inputs["speed"] != "tensor(float)"
        result = self._session.run(
            {
                self._tokens: np.array([[0, *numbers, 0]], np.int64),
                "style": styles[min(len(numbers), len(styles)) - 1][np.newaxis],
                "speed": np.array([round(speed)], np.int32) if whole else np.array([speed], np.float32),
            },
            len(numbers) + 2,
            outlet,
        )
        if result is None:
            return None
        samples, frames = result
        known = frames is not None and len(frames) == len(numbers) + 2
        return samples, [int(count) * _FRAME for count in frames] if known and frames is not None else []

    def _sounds(self, text: str, language: str) -> str:
        self._espeak.voice(language)
        return self._espeak.phonemes(text)


class KokoroTask:
    """Speaks one clause."""

    def __init__(self, service: KokoroService, outlet: Outlet) -> None:
        self._service = service
        self._outlet = outlet

    def receive(self, request: Speak) -> None:
        voice = request.settings
        readable = read_out(request.text, voice["language"])
        symbols = self._service.symbols.read(readable.text, voice["language"]) if readable.text else ""
        if any(map(str.isalpha, symbols)) and self._speak(request, readable, symbols) is False:
            return
        self._outlet.end()

    def close(self) -> None:
        pass

    def _speak(self, request: Speak, readable: Any, symbols: str) -> bool:
        voice, speed = request.settings, request.speed * request.settings["pace"]
        made: list[NDArray[np.float32]] = []
        marks, lengths = "", []
        for start in range(0, len(symbols), MOST):
            part = symbols[start : start + MOST]
            result = self._service.run(part, voice["voice"], speed, self._outlet)
            if result is None:
                return False
            made.append(result[0])
            marks += f" {part} "
            lengths += result[1]
        alone = partial(self._service.symbols.alone, language=voice["language"])
        words = timed_words(readable, alone, marks, lengths, _RATE)
        return send_clause(self._outlet, request.text, np.concatenate(made), _RATE, words)


def _durations(graph: list[Node]) -> str | None:
    """The tensor with the frames of each symbol: the one that is rounded, and then at least 1."""
    rounded = {node.outputs[0] for node in graph if node.operation == "Round"}
    clipped = [node.outputs[0] for node in graph if node.operation == "Clip" and node.inputs[0] in rounded]
    return clipped[0] if len(clipped) == 1 else None
