"""A recogniser whose library runs in worker processes: its part in the server's process."""

import asyncio
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec
from pydantic import Field, PositiveInt, field_validator

from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.catalogue import locate
from voxwire.engines.declared_options import DeclaredOptions
from voxwire.engines.stt.hearing import Hearing, cores
from voxwire.engines.stt.native.messages import Begin, Interim, NativeReply, Partial, Result
from voxwire.engines.stt.native.recogniser import HeardSpeech, Hints
from voxwire.engines.stt.placed_words import place_words, text_logprobs
from voxwire.engines.stt.worker_stream import WorkerSttStream
from voxwire.engines.worker.pool import WorkerPool
from voxwire.engines.worker.process import WorkerSpec
from voxwire.engines.worker.stream import Stream
from voxwire.errors import ConfigurationError, EngineDied, EngineError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttEvent, SttFinal, SttInterim, SttPartial

#: Utterances that one process hears at a time; each costs little beside the model.
_UTTERANCES: Final = 32
#: Seconds of work that a second of speech takes, until it is measured.
_COST: Final = 0.3
#: Whoever speaks first is let in, however slow the machine is.
_ALWAYS_TRIED: Final = 1.0
#: Loading 2 GB from a cold disk.
_START_S: Final = 180.0
#: HeardSpeech half a minute of speech with a large model on a slow machine.
_STALL_S: Final = 30.0
#: Phrases that are handed on as hints.
_MOST_HINTS: Final = 200

_REPLIES: Final[msgspec.msgpack.Decoder[Partial | Interim | Result]] = msgspec.msgpack.Decoder(NativeReply)


class NativeOptions(DeclaredOptions):
    """What every one of them can be told."""

    model: str
    """A name of the catalogue, or a folder."""
    languages: tuple[str, ...] = ()
    """ISO-639-1 codes that the model understands; others are refused. None: not checked."""
    threads: PositiveInt = Field(default_factory=lambda: max(1, min(4, cores())))
    """Of one step of work."""
    size: PositiveInt = 1
    """Processes, each with a model of its own."""

    @property
    def model_name(self) -> str:
        """The model as a person is told of it: of a path the last part."""
        return PurePath(self.model).name

    @field_validator("languages")
    @classmethod
    def _codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(code.isalpha() and code.islower() and len(code) in (2, 3) for code in value):
            raise ValueError('has codes of languages, such as ["en", "nl"]')
        return value


class NativeStt:
    """An `SttEngine`; see the package. One process hears many utterances in turn: those first that somebody waits
    for. When it dies or hangs, its utterances fail, and another one takes its place."""

    def __init__(
        self, info: EngineInfo, service: str, options: NativeOptions, *, library: Mapping[str, Any] | None = None
    ) -> None:
        """`service` is what the worker runs, with the path of the model, `threads`, and `library`."""
        self._capabilities = SttCapabilities(
            info=info,
            languages=options.languages,
            rates=(SPEECH_RATE, *sorted({format.rate for format in AudioFormat})),  # the worker resamples
            interims=True,
        )
        self._service = service
        self._options = options
        self._library = dict(library or {})
        self._pool: WorkerPool[Partial | Interim | Result] | None = None
        self._listening = Hearing(options.size, _COST, _ALWAYS_TRIED)

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    @property
    def models(self) -> tuple[str, ...]:
        return (self._options.model,)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that are warm."""
        return self._pool.pids if self._pool else ()

    async def start(self) -> None:
        """Raises ConfigurationError for a model that is not there or does not fit, or a library that is not."""
        name = self._capabilities.info.name
        path = await asyncio.to_thread(locate, self._options.model, engine=name)
        spec = WorkerSpec(
            stage="stt",
            name=name,
            service=self._service,
            options={**self._library, "model": str(path), "threads": self._options.threads},
            capacity=_UTTERANCES,
            start_s=_START_S,
            stall_s=_STALL_S,
        )
        pool = self._pool = WorkerPool(spec, _REPLIES, size=self._options.size)
        try:
            await pool.start()
        except EngineDied as error:
            raise ConfigurationError(
                f"The model {self._options.model} cannot be loaded by {name}: the process that tried has ended "
                f"({error.message}) What it said is in the log above. A file may be damaged, or of another kind."
            ) from None

    async def close(self) -> None:
        if self._pool:
            await self._pool.close()

    async def prepare(self, config: SttConfig) -> None:
        """There is nothing to prepare: models are loaded at the start, and hints are taken as they come."""

    def open(self, config: SttConfig) -> "NativeSttStream":
        """Begin an utterance. Raises EngineError for a language that the model does not understand."""
        language = _base(config.language)
        if language and self._capabilities.languages and language not in self._capabilities.languages:
            known = ", ".join(self._capabilities.languages)
            raise EngineError("stt", "unsupported_language", f"This recogniser understands: {known}.")
        assert self._pool is not None
        return NativeSttStream(self._pool, self._listening, config)

    def hearing(self) -> tuple[int, float, float]:
        """People speaking now, how many could be followed, and how late who waits longest is, in seconds."""
        return self._listening.describe()


def _base(language: str | None) -> str | None:
    """`en` of `en-US`."""
    return language.partition("-")[0].lower() if language else None


class NativeSttStream(WorkerSttStream[Partial | Interim | Result]):
    """One utterance."""

    async def opening(self) -> Begin:
        config = self._config
        hints = Hints(language=_base(config.language), phrases=list(config.phrases[:_MOST_HINTS]), prompt=config.prompt)
        return Begin(config.rate, hints)

    async def answer(
        self, reply: Partial | Interim | Result, lease: Stream[Partial | Interim | Result]
    ) -> SttEvent | None:
        match reply:
            case Partial(text=text, stable=stable):
                return SttPartial(text=text, stable=stable)
            case Interim(text=text):
                return SttInterim(text=text)
            case Result(reading=reading):
                return final_of(reading)


def final_of(reading: HeardSpeech) -> SttFinal:
    """The words with their places in the text; without those that settled otherwise."""
    logprobs = reading.logprobs
    tokens = None if logprobs is None else [(one.token, one.logprob) for one in logprobs]
    return SttFinal(
        text=reading.text,
        words=tuple(place_words(reading.text, [(word.text, word.start_ms, word.end_ms) for word in reading.words])),
        logprobs=text_logprobs(reading.text, tokens),
    )
