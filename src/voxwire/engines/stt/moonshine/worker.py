"""Moonshine in a worker process. Its library cuts speech into lines at short pauses; here they are one text again."""

import re
import time
from pathlib import Path
from typing import Any, Final

from voxwire.engines.stt.audio_messages import TimedWord
from voxwire.engines.stt.native.native_service import NativeService
from voxwire.engines.stt.native.recogniser import HeardSpeech, Hints, SpeechSamples
from voxwire.errors import ConfigurationError

_RATE: Final = 16_000
_ARCHITECTURES: Final = re.compile(r"(?:tiny|base|small|medium)(?:-streaming)?(?=$|[-_.])")
#: The library reads on its own after so much audio; here it is told when.
_NEVER_S: Final = 1e9
#: A reading that takes long is made less often: this much audio for each second of work.
_PATIENCE: Final = 2.0


def service(options: dict[str, Any]) -> NativeService:
    """What the worker runs. Raises ConfigurationError for a model that the library cannot open."""
    return NativeService(Moonshine(**options))


class Moonshine:
    """A `Recogniser`. The library has no setting for the number of its threads."""

    rate = _RATE
    append_only = False

    def __init__(self, *, model: str, threads: int, architecture: str | None, partial_s: float) -> None:
        from moonshine_voice import moonshine_api
        from moonshine_voice.errors import MoonshineError
        from moonshine_voice.transcriber import Transcriber

        folder = Path(model)
        kind = moonshine_api.string_to_model_arch(architecture or _architecture(folder))
        if not (folder / "tokenizer.bin").is_file():
            raise ConfigurationError(f"There is no Moonshine model in {folder}: it has no tokenizer.bin.")
        # Lines come without their audio: a copy of all of it for each reading.
        options = {"return_audio_data": "false"}
        if any(folder.glob("*_with_attention.ort")):
            options["word_timestamps"] = "true"
        try:
            self.transcriber = Transcriber(folder, kind, update_interval=_NEVER_S, options=options)
        except MoonshineError:
            raise ConfigurationError(
                f"Moonshine cannot open the model in {folder} as {moonshine_api.model_arch_to_string(kind)}; "
                "the option architecture names another kind."
            ) from None
        self.forced: int = moonshine_api.MOONSHINE_FLAG_FORCE_UPDATE
        self.every_s = partial_s

    def open(self, hints: Hints) -> "MoonshineUtterance":
        return MoonshineUtterance(self)


def _architecture(folder: Path) -> str:
    found = _ARCHITECTURES.search(folder.name)
    if found is None:
        raise ConfigurationError(
            f"The name of {folder} does not say which kind of Moonshine model it is; set the option architecture, "
            "such as tiny or small-streaming."
        )
    return found[0]


class MoonshineUtterance:
    """A `NativeUtterance`: a stream of the library."""

    def __init__(self, recogniser: Moonshine) -> None:
        self._recogniser = recogniser
        self._stream = recogniser.transcriber.create_stream()
        self._stream.start()
        self._new_s = 0.0
        self._cost_s = 0.0

    def hear(self, samples: SpeechSamples) -> None:
        self._stream.add_audio(samples.tolist(), _RATE)
        self._new_s += len(samples) / _RATE

    def partial(self) -> str | None:
        if self._new_s < max(self._recogniser.every_s, self._cost_s * _PATIENCE):
            return None
        return self.read().text

    def read(self) -> HeardSpeech:
        began = time.monotonic()
        lines = self._stream.update_transcription(self._recogniser.forced).lines
        self._new_s, self._cost_s = 0.0, time.monotonic() - began
        words = [
            TimedWord(word.word.strip(), word.start * 1000, word.end * 1000)
            for line in lines
            for word in line.words or ()
        ]
        return HeardSpeech(" ".join(text for line in lines if (text := line.text.strip())), words)

    def close(self) -> None:
        self._stream.close()
