"""Speech from Kokoro: 82 million weights, 54 voices in nine languages; slower than Piper, and more pleasant.

The sounds of a text come from espeak-ng, which is GPL-3; it runs in the worker processes and is never loaded into this
one (ADR 28).
"""

import os
from collections.abc import Mapping
from typing import Any, Final

from voxwire.engines.declared_options import require
from voxwire.engines.options import check_names, count, pool_size, text
from voxwire.engines.tts.clauses import ClauseSizes
from voxwire.engines.tts.modelled import ModelledTts, Voices, processes_for_models
from voxwire.engines.tts.onnx.clause_audio import SENT_RATE
from voxwire.engines.tts.pooled import SEND_WINDOW
from voxwire.engines.tts.voice_names import spread_over
from voxwire.engines.worker.process import WorkerSpec
from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.tts import TtsCapabilities

_NAME: Final = "kokoro"
_DEFAULT_MODEL: Final = "kokoro-82m"
#: On one thread it speaks twice as fast as a listener hears: it begins with a few words, and what follows is ready
#: when they have been heard. 96 characters also bound its memory.
CLAUSES: Final = ClauseSizes(soft=(8, 16, 40), most=(24, 48, 96))
#: The voices that suit the names of the API.
_LIKELY: Final = {
    "alloy": ("af_alloy",), "ash": ("am_adam",), "ballad": ("bm_george",), "coral": ("af_bella",),
    "echo": ("am_echo",), "sage": ("af_sarah",), "shimmer": ("af_sky",), "verse": ("am_michael",),
    "marin": ("af_heart",), "cedar": ("am_fenrir",), "fable": ("bm_fable",), "nova": ("af_nova",),
    "onyx": ("am_onyx",),
}  # fmt: skip
#: The first letter of a voice's name is its language; here are espeak-ng's names for them.
_LANGUAGES: Final = {
    "a": "en-us", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br", "z": "cmn",
}  # fmt: skip
_OF_A_VOICE: Final = ("voice", "language", "pace")


def engine(options: Mapping[str, Any]) -> ModelledTts:
    """The engine. Options: `model`, a name of the catalogue or a path; `language` of what is spoken, by espeak-ng's
    name, else each voice's own; `voices`, further ones by the names that clients use, each one of the model's or a
    table of `voice`, `language` and `pace`; `size`, the number of worker processes; `threads`, those of each.

    Raises ConfigurationError, and ImportError when onnxruntime or espeakng-loader is not installed.
    """
    check_names(_NAME, options, ("model", "language", "voices", "size", "threads"))
    model = text(_NAME, options, "model", _DEFAULT_MODEL)
    language = text(_NAME, options, "language", "")
    named = _named(options.get("voices", {}), language)
    threads = count(_NAME, options, "threads", min(4, os.cpu_count() or 1))
    capabilities = TtsCapabilities(
        info=EngineInfo(
            name=_NAME,
            label="Kokoro",
            licence="Apache-2.0 (weights); its sounds by espeak-ng, GPL-3.0-or-later, in a process of its own",
        ),
        rate=SENT_RATE,
        voices={name: "Kokoro" for name in (*_LIKELY, *named)},
    )
    spec = WorkerSpec(
        stage="tts",
        name=_NAME,
        service="voxwire.engines.tts.kokoro.worker:KokoroService",
        options={"threads": threads},
        window=SEND_WINDOW,
        stall_s=60.0,
    )

    def voices_of(description: Mapping[str, Any]) -> Voices:
        return _voices(description["voices"], named, language)

    size = pool_size(_NAME, options) or processes_for_models()
    require("onnxruntime", "espeakng_loader")
    return ModelledTts(capabilities, (model,), voices_of, spec, size=size, clauses=CLAUSES)


def _named(given: Any, language: str) -> dict[str, dict[str, Any]]:
    """The option `voices`, checked."""
    if not isinstance(given, dict):
        raise ConfigurationError("The option voices of kokoro is a table of names, each with a voice of the model.")
    voices = {}
    for name, voice in given.items():
        wanted = {"voice": voice} if isinstance(voice, str) else voice
        if not isinstance(wanted, dict):
            raise ConfigurationError(f"The voice {name} of kokoro is a name, or a table of {', '.join(_OF_A_VOICE)}.")
        label = f"The voice {name} of kokoro"
        check_names(label, wanted, _OF_A_VOICE)
        pace = wanted.get("pace", 1.0)
        if isinstance(pace, bool) or not isinstance(pace, int | float) or not 0.5 <= pace <= 2:
            raise ConfigurationError(f"The pace of {name} of kokoro is a number from 0.5 to 2.")
        own = text(label, wanted, "voice", name)
        voices[name] = _settings(own, text(label, wanted, "language", language), float(pace))
    return voices


def _settings(voice: str, language: str, pace: float = 1.0) -> dict[str, Any]:
    return {"voice": voice, "language": language or _LANGUAGES.get(voice[:1], "en-us"), "pace": pace}


def _voices(own: list[str], named: Mapping[str, dict[str, Any]], language: str) -> Voices:
    """The API's names, the model's, and the named ones. Raises ConfigurationError for one that the model lacks."""
    settings = {name: _settings(voice, language) for name, voice in spread_over(own, _LIKELY).items()}
    settings |= {voice: _settings(voice, language) for voice in own}
    for name, voice in named.items():
        if voice["voice"] not in own:
            have = f"{', '.join(own[:20])}{' …' if len(own) > 20 else ''}"
            raise ConfigurationError(
                f"The voice {name} of kokoro wants {voice['voice']}, which the model does not have. It has: {have}."
            )
        settings[name] = voice
    return Voices({name: f"{voice['voice']}, {voice['language']}" for name, voice in settings.items()}, settings)
