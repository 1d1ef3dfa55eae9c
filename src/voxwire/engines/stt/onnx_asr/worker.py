"""onnx-asr in a worker process. It hears whole utterances: what comes while somebody speaks is read again and again."""

from typing import Any, Final

from voxwire.engines.stt.native.native_service import NativeService
from voxwire.engines.stt.native.recogniser import HeardSpeech, Hints, SpeechSamples, TokenLogProb
from voxwire.engines.stt.native.redecoding import Redecoding
from voxwire.engines.stt.native.token_words import words_of
from voxwire.errors import ConfigurationError

_PROVIDERS: Final = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
    "coreml": ["CoreMLExecutionProvider", "CPUExecutionProvider"],
}
#: Those of the library's models that are told which language they hear.
_TOLD_A_LANGUAGE: Final = ("NemoConformerAED", "WhisperHf", "WhisperOrt")


def service(options: dict[str, Any]) -> NativeService:
    """What the worker runs. Raises ConfigurationError for a model that the library cannot open."""
    return NativeService(OnnxAsr(**options))


class OnnxAsr:
    """A `Recogniser`."""

    append_only = False

    def __init__(self, *, model: str, threads: int, kind: str | None, device: str, partial_s: float) -> None:
        self._model = _load(model, kind, device, threads).with_timestamps()
        self.rate: int = self._model.asr._get_sample_rate()
        self._every_s = partial_s
        self._takes_language = type(self._model.asr).__name__ in _TOLD_A_LANGUAGE

    def open(self, hints: Hints) -> Redecoding:
        language = hints.language if self._takes_language else None
        return Redecoding(lambda samples: self._decode(samples, language), self.rate, every_s=self._every_s)

    def _decode(self, samples: SpeechSamples, language: str | None) -> HeardSpeech:
        told = {"language": language} if language else {}
        result = self._model.recognize(samples, sample_rate=self.rate, **told)
        tokens = list(result.tokens or ())
        logprobs = None
        if result.logprobs is not None and len(result.logprobs) == len(tokens):
            pairs = zip(tokens, result.logprobs, strict=True)
            logprobs = [TokenLogProb(token, min(float(value), 0.0)) for token, value in pairs]
        length_ms = len(samples) / self.rate * 1000
        return HeardSpeech(result.text, words_of(tokens, result.timestamps or (), length_ms), logprobs)


def _load(model: str, kind: str | None, device: str, threads: int) -> Any:
    import onnx_asr
    import onnxruntime
    from onnx_asr.utils import ModelFileNotFoundError, ModelLoadingError

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.log_severity_level = 3

    def load(quantization: str | None) -> Any:
        return onnx_asr.load_model(
            kind,  # type: ignore[arg-type]  # None reads it from the folder's config.json
            model,
            quantization=quantization,
            sess_options=settings,
            providers=_PROVIDERS[device],
        )

    try:
        try:
            return load(None)
        except ModelFileNotFoundError:
            return load("int8")
    except (ModelLoadingError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ConfigurationError(f"onnx-asr cannot open the model at {model}: {_first_line(error)}") from None
    except Exception as error:  # onnxruntime's own are classes without a common base
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        raise ConfigurationError(f"onnx-asr cannot open the model at {model}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
