"""sherpa-onnx in a worker process. Its rules for the end of an utterance are off: turns are the session's business."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from voxwire.engines.stt.native.native_service import NativeService
from voxwire.engines.stt.native.recogniser import HeardSpeech, Hints, SpeechSamples, TokenLogProb
from voxwire.engines.stt.native.token_words import words_of
from voxwire.engines.stt.sherpa_onnx.model_folder import find_model
from voxwire.errors import ConfigurationError

_RATE: Final = 16_000
#: Silence after the last word beyond the window of the model.
_TAIL_S: Final = 0.3
#: Most audio that is read again when speech goes on after a probe.
_MOST_AGAIN_S: Final = 30.0
_FACTORIES: Final = {
    "transducer": "from_transducer",
    "paraformer": "from_paraformer",
    "zipformer2_ctc": "from_zipformer2_ctc",
    "nemo_ctc": "from_nemo_ctc",
    "wenet_ctc": "from_wenet_ctc",
    "t_one_ctc": "from_t_one_ctc",
}
_T_ONE_RATE: Final = 8_000


def service(options: dict[str, Any]) -> NativeService:
    """What the worker runs. Raises ConfigurationError for a model that the library cannot open."""
    return NativeService(Sherpa(**options))


class Sherpa:
    """A `Recogniser`. What a greedy search has written stays."""

    def __init__(self, *, model: str, threads: int, precision: str, device: str, decoding: str) -> None:
        import sherpa_onnx

        found = find_model(Path(model), precision)
        more: dict[str, Any] = {}
        if decoding != "greedy_search":
            if found.kind != "transducer":
                raise ConfigurationError(f"The model in {model} has greedy_search only; leave the option decoding out.")
            more = {"decoding_method": decoding, **_spelling(Path(model))}
        if found.kind != "t_one_ctc":  # it has a rate of its own
            more["sample_rate"] = _RATE
        make = getattr(sherpa_onnx.OnlineRecognizer, _FACTORIES[found.kind])
        self.recogniser: Any = make(**found.files, num_threads=threads, provider=device, **more)
        self.rate = _T_ONE_RATE if found.kind == "t_one_ctc" else _RATE
        self.append_only = decoding == "greedy_search"
        self.tail_s = found.window_s + _TAIL_S
        self._hotwords = "modeling_unit" in more

    def open(self, hints: Hints) -> "SherpaUtterance":
        return SherpaUtterance(self, _hotwords(hints) if self._hotwords else "")


def _spelling(folder: Path) -> dict[str, str]:
    """How hotwords are spelled in tokens; nothing where the folder does not say."""
    vocabulary = folder / "bpe.vocab"
    return {"modeling_unit": "bpe", "bpe_vocab": str(vocabulary)} if vocabulary.is_file() else {}


def _hotwords(hints: Hints) -> str:
    """Phrases of letters alone, as the library takes them: between slashes."""
    spoken = [*hints.phrases, *(hints.prompt or "").replace(",", "\n").replace(".", "\n").split("\n")]
    plain = (" ".join("".join(c if c.isalpha() or c == "'" else " " for c in text).split()) for text in spoken)
    return "/".join(dict.fromkeys(text for text in plain if text))


class SherpaUtterance:
    """A `NativeUtterance`: a stream of the library.

    A model reads a window of audio at once, so its last words come only when something follows. To read them a probe
    lets silence follow. If speech goes on after all, the stream begins anew with the audio alone, so that nobody is
    misheard for a pause that was not there.
    """

    def __init__(self, engine: Sherpa, hotwords: str) -> None:
        self._engine = engine
        self._hotwords = hotwords
        self._stream = self._open()
        self._audio: list[SpeechSamples] = []
        self._size = 0
        self._padded = False
        self._said = ""

    def hear(self, samples: SpeechSamples) -> None:
        self._size += len(samples)
        again = self._size <= _MOST_AGAIN_S * self._engine.rate
        if again:
            self._audio.append(samples)
        else:
            self._audio.clear()
        if self._padded and again:
            self._stream = self._open()
            samples = np.concatenate(self._audio)
        self._padded = False
        self._stream.accept_waveform(self._engine.rate, samples)
        self._decode()

    def partial(self) -> str | None:
        text = str(self._engine.recogniser.get_result(self._stream))
        if text == self._said:
            return None
        self._said = text
        return text

    def read(self) -> HeardSpeech:
        if not self._padded:
            self._padded = True
            tail = np.zeros(int(self._engine.tail_s * self._engine.rate), np.float32)
            self._stream.accept_waveform(self._engine.rate, tail)
            self._decode()
        result = self._engine.recogniser.get_result_all(self._stream)
        tokens = list(result.tokens)
        logprobs = None
        if tokens and len(result.ys_probs) == len(tokens):
            pairs = zip(tokens, result.ys_probs, strict=True)
            logprobs = [TokenLogProb(token, min(float(value), 0.0)) for token, value in pairs]
        return HeardSpeech(
            result.text.strip(), words_of(tokens, result.timestamps, self._size / self._engine.rate * 1000), logprobs
        )

    def close(self) -> None:
        self._stream = None
        self._audio.clear()

    def _open(self) -> Any:
        recogniser = self._engine.recogniser
        return recogniser.create_stream(self._hotwords) if self._hotwords else recogniser.create_stream()

    def _decode(self) -> None:
        while self._engine.recogniser.is_ready(self._stream):
            self._engine.recogniser.decode_stream(self._stream)
