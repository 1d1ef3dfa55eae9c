"""Speech by sherpa-onnx: VITS, Matcha, Kokoro, Kitten and Pocket TTS models in its folders, by one library.

Since version 2 it has no espeak-ng inside. Models that read sounds get them from the one of `espeakng-loader`, which is
GPL-3 and runs in the worker processes alone (ADR 28).
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

_NAME: Final = "sherpa-onnx"
#: A sentence is made as a whole by most of these models, and cannot be stopped in the middle.
_CLAUSES: Final = ClauseSizes(soft=(12, 40, 80), most=(48, 80, 120))


def engine(options: Mapping[str, Any]) -> ModelledTts:
    """The engine. Options: `model`, a folder as sherpa-onnx publishes them, or a name of the catalogue; `language` by
    espeak-ng's name; `voices`, names that clients use for the numbers of speakers; `reference`, a WAV file with the
    voice for Pocket TTS; `size`, the number of worker processes; `threads`, those of each.

    Raises ConfigurationError, and ImportError when sherpa-onnx is not installed.
    """
    check_names(_NAME, options, ("model", "language", "voices", "reference", "size", "threads"))
    model = text(_NAME, options, "model", "")
    if not model:
        raise ConfigurationError("sherpa-onnx needs model: the folder of a voice as sherpa-onnx publishes them.")
    named = options.get("voices", {})
    if not isinstance(named, dict) or not all(type(number) is int and number >= 0 for number in named.values()):
        raise ConfigurationError("The option voices of sherpa-onnx is a table of names, each with a speaker's number.")
    settings = {
        "threads": count(_NAME, options, "threads", min(2, os.cpu_count() or 1)),
        "language": text(_NAME, options, "language", "en-us"),
        "reference": text(_NAME, options, "reference", ""),
    }
    capabilities = TtsCapabilities(
        info=EngineInfo(name=_NAME, label="sherpa-onnx", licence="Apache-2.0; each model its own"),
        rate=SENT_RATE,
        voices={name: "sherpa-onnx" for name in (*API_VOICES, *named)},
    )
    spec = WorkerSpec(
        stage="tts",
        name=_NAME,
        service="voxwire.engines.tts.sherpa_onnx.worker:SherpaTtsService",
        options=settings,
        window=SEND_WINDOW,
        stall_s=60.0,
    )

    def voices_of(description: Mapping[str, Any]) -> Voices:
        return _voices(description["speakers"], named)

    size = pool_size(_NAME, options) or processes_for_models()
    require("sherpa_onnx")
    return ModelledTts(capabilities, (model,), voices_of, spec, size=size, clauses=_CLAUSES)


def _voices(speakers: int, named: Mapping[str, int]) -> Voices:
    """The API's names, whose speakers take turns, and the named ones. Raises ConfigurationError."""
    for name, number in named.items():
        if number >= speakers:
            raise ConfigurationError(
                f"The voice {name} of sherpa-onnx wants speaker {number}; the model has {speakers}, counted from 0."
            )
    numbers = {name: int(number) for name, number in spread_over([str(n) for n in range(speakers)]).items()}
    numbers |= named
    return Voices(
        {name: f"speaker {number}" for name, number in numbers.items()},
        {name: {"speaker": number, "pace": 1.0} for name, number in numbers.items()},
    )
