"""Speech by `ptts`, a runtime of Pocket TTS and Phonon: it streams while it speaks, on any processor.

The package has no weights, and would fetch them by itself; here it gets a folder, and fetches nothing.
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
from voxwire.engines.tts.voice_names import API_VOICES, spread_over
from voxwire.engines.worker.process import WorkerSpec
from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.tts import TtsCapabilities

_NAME: Final = "ptts"
_LANGUAGES: Final = ("en", "fr", "de", "es", "pt", "none")
#: It streams, so that even the first clause may be a sentence.
_CLAUSES: Final = ClauseSizes(soft=(24, 80), most=(120, 160))


def engine(options: Mapping[str, Any]) -> ModelledTts:
    """The engine. Options: `model`, the folder of a checkpoint or a name of the catalogue; `language` of what is
    spoken; `voices`, names that clients use for the checkpoint's; `quant`, the form of the weights ("q8_0"); `size`,
    the number of worker processes; `threads`, those of each.

    Raises ConfigurationError, and ImportError when `ptts` is not installed.
    """
    check_names(_NAME, options, ("model", "language", "voices", "quant", "size", "threads"))
    model = text(_NAME, options, "model", "")
    if not model:
        raise ConfigurationError("ptts needs model: the folder of a checkpoint of Pocket TTS or Phonon.")
    language = text(_NAME, options, "language", "en")
    if language not in _LANGUAGES:
        raise ConfigurationError(f"The option language of ptts is one of {', '.join(_LANGUAGES)}.")
    named = options.get("voices", {})
    if not isinstance(named, dict) or not all(isinstance(voice, str) for voice in named.values()):
        raise ConfigurationError("The option voices of ptts is a table of names, each with a voice of the model.")
    capabilities = TtsCapabilities(
        info=EngineInfo(name=_NAME, label="Pocket TTS or Phonon", licence="MIT or Apache-2.0; each model its own"),
        rate=SENT_RATE,
        voices={name: _NAME for name in (*API_VOICES, *named)},
    )
    spec = WorkerSpec(
        stage="tts",
        name=_NAME,
        service="voxwire.engines.tts.ptts.worker:PttsService",
        options={
            "threads": count(_NAME, options, "threads", min(2, os.cpu_count() or 1)),
            "language": language,
            "quant": text(_NAME, options, "quant", ""),
        },
        window=SEND_WINDOW,
        stall_s=60.0,
    )

    def voices_of(description: Mapping[str, Any]) -> Voices:
        return _voices(description["voices"], named)

    size = pool_size(_NAME, options) or processes_for_models()
    require("ptts")
    return ModelledTts(capabilities, (model,), voices_of, spec, size=size, clauses=_CLAUSES)


def _voices(own: list[str], named: Mapping[str, str]) -> Voices:
    """The API's names, the model's and the named ones. Raises ConfigurationError for one that the model lacks."""
    names = spread_over(own, {name: (name,) for name in API_VOICES}) | {voice: voice for voice in own}
    for name, voice in named.items():
        if voice not in own:
            raise ConfigurationError(
                f"The voice {name} of ptts wants {voice}, which the model does not have. It has: {', '.join(own[:20])}."
            )
        names[name] = voice
    return Voices(names, {name: {"voice": voice, "pace": 1.0} for name, voice in names.items()})
