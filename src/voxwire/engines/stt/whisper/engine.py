"""Speech to text with Whisper: the recogniser for whoever has a model and no time to choose.

The weights are those of CTranslate2, which faster-whisper uses; reading with them is ours, because a turn of a
conversation lasts three seconds and not thirty (ADR 29).
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from voxwire.catalogue import locate
from voxwire.engines.declared_options import require
from voxwire.engines.stt.whisper.readers import Readers
from voxwire.engines.stt.whisper.whisper_languages import ALL, plain_code
from voxwire.engines.stt.whisper.whisper_options import NAME, WhisperOptions, whisper_options
from voxwire.engines.stt.whisper.whisper_stream import UtteranceSettings, WhisperStream
from voxwire.engines.worker.process import WorkerSpec
from voxwire.errors import EngineError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig

#: A large model from a cold disk; the longest reading by one, on a slow processor.
_START_S: Final = 180.0
_STALL_S: Final = 30.0
#: A reading takes up to 28 s of audio.
_WINDOW: Final = 2 * 1024 * 1024
#: Phrases are hints while all of them together are no longer than this: some of thousands would be chance.
_PHRASES: Final = 300


def engine(options: Mapping[str, Any]) -> "WhisperStt":
    """The engine; `WhisperOptions` says what the options are.

    Raises ConfigurationError, and ImportError when a library is not installed.
    """
    chosen = whisper_options(options)
    require("ctranslate2", "tokenizers")
    return WhisperStt(chosen)


class WhisperStt:
    """An `SttEngine`. The model lives in worker processes, which read one utterance after the other."""

    def __init__(self, options: WhisperOptions) -> None:
        self._options = options
        self._languages = options.languages
        self.readers: Readers | None = None
        shown = options.model.replace("\\", "/").rstrip("/").rpartition("/")[2]
        self._capabilities = SttCapabilities(
            info=EngineInfo(name=NAME, label=f"Whisper, {shown}", licence="MIT (CTranslate2 and OpenAI's weights)"),
            languages=options.languages,
            interims=True,
        )

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    @property
    def models(self) -> tuple[str, ...]:
        return (self._options.model,)

    async def start(self) -> None:
        """Raises ConfigurationError for a model that is not there, or that does not fit."""
        folder = await asyncio.to_thread(locate, self._options.model, engine=NAME)
        readers = self.readers = Readers(_spec(self._options, folder), self._options.size, self._options.partial_ms)
        info = await readers.start()
        self._languages = tuple(info.languages)

    async def close(self) -> None:
        if self.readers is not None:
            await self.readers.close()

    async def prepare(self, config: SttConfig) -> None:
        """There is nothing to prepare: hints are read with the utterance."""

    def open(self, config: SttConfig) -> WhisperStream:
        """Begin an utterance. Raises EngineError for a language that the model does not have."""
        assert self.readers is not None, "the engine was not started"
        language = plain_code(config.language) if config.language else None
        if language is not None and language not in self._languages:
            raise EngineError("stt", "unsupported_language", f"This recogniser does not understand {config.language}.")
        return WhisperStream(
            self.readers, config, UtteranceSettings(self._options.partial_ms, language, _hints(config))
        )

    def hearing(self) -> tuple[int, float, float]:
        """People speaking now, how many could be followed, and how late who waits longest is, in seconds."""
        return self.readers.hearing() if self.readers else (0, 1.0, 0.0)


def _spec(options: WhisperOptions, folder: Path) -> WorkerSpec:
    return WorkerSpec(
        stage="stt",
        name=NAME,
        service="voxwire.engines.stt.whisper.worker:WhisperService",
        options={
            "folder": str(folder),
            "device": options.device,
            "compute_type": options.compute_type,
            "threads": options.threads,
            "beam": options.beam,
            "languages": [] if len(options.languages) == len(ALL) else list(options.languages),
        },
        window=_WINDOW,
        start_s=_START_S,
        stall_s=_STALL_S,
    )


def _hints(config: SttConfig) -> str:
    """What is said to be likely, as text: the prompt, and the phrases where they are few."""
    phrases = ", ".join(filter(None, config.phrases)) if len(config.phrases) <= _PHRASES else ""
    return "\n".join(filter(None, (config.prompt, phrases if len(phrases) <= _PHRASES else "")))
