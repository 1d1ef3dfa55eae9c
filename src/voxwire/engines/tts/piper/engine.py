"""Speech from Piper's voices: more than a hundred, in 45 languages, several times faster than speech on one core.

`piper-tts` is GPL-3, because espeak-ng is built into it; it runs in worker processes of its own and is never loaded
into this one (ADR 28).
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

_NAME: Final = "piper"
DEFAULT_MODEL: Final = "piper-en-us-joe-medium"
#: 80 characters take a fifth of a second on two threads; then the voice is five times faster than a listener.
CLAUSES: Final = ClauseSizes(soft=(16, 80), most=(80, 160))
_OF_A_VOICE: Final = ("model", "speaker", "pace")


def engine(options: Mapping[str, Any]) -> ModelledTts:
    """The engine. Options: `model`, a name of the catalogue or a path; `voices`, further ones by the names that
    clients use, each a model or a table of `model`, `speaker` and `pace`; `size`, the number of worker processes;
    `threads`, those of each.

    Raises ConfigurationError, and ImportError when `piper-tts` is not installed.
    """
    check_names(_NAME, options, ("model", "voices", "size", "threads"))
    model = text(_NAME, options, "model", DEFAULT_MODEL)
    named = _named(options.get("voices", {}), model)
    models = tuple(dict.fromkeys([model, *(voice["model"] for voice in named.values())]))
    threads = count(_NAME, options, "threads", min(2, os.cpu_count() or 1))
    capabilities = TtsCapabilities(
        info=EngineInfo(
            name=_NAME,
            label="Piper, " + ", ".join(map(_shown, models)),
            licence="GPL-3.0-or-later (piper-tts), in a process of its own; each voice its own",
        ),
        rate=SENT_RATE,
        voices=_voices(model, named, {}).names,
    )
    spec = WorkerSpec(
        stage="tts",
        name=_NAME,
        service="voxwire.engines.tts.piper.worker:PiperService",
        options={"threads": threads},
        window=SEND_WINDOW,
        stall_s=30.0,
    )

    def voices_of(description: Mapping[str, Any]) -> Voices:
        return _voices(model, named, description["speakers"])

    require("piper")
    return ModelledTts(
        capabilities, models, voices_of, spec, size=pool_size(_NAME, options) or processes_for_models(), clauses=CLAUSES
    )


def _named(given: Any, default: str) -> dict[str, dict[str, Any]]:
    """The option `voices`, checked."""
    if not isinstance(given, dict):
        raise ConfigurationError("The option voices of piper is a table of names, each with its model.")
    voices = {}
    for name, voice in given.items():
        wanted = {"model": voice} if isinstance(voice, str) else voice
        if not isinstance(wanted, dict):
            raise ConfigurationError(f"The voice {name} of piper is a model, or a table of {', '.join(_OF_A_VOICE)}.")
        check_names(f"The voice {name} of piper", wanted, _OF_A_VOICE)
        speaker = wanted.get("speaker")
        if speaker is not None and (isinstance(speaker, bool) or not isinstance(speaker, int | str)):
            raise ConfigurationError(f"The speaker of {name} of piper is a name or a number.")
        pace = wanted.get("pace", 1.0)
        if isinstance(pace, bool) or not isinstance(pace, int | float) or not 0.5 <= pace <= 2:
            raise ConfigurationError(f"The pace of {name} of piper is a number from 0.5 to 2.")
        voices[name] = {
            "model": text(f"the voice {name} of piper", wanted, "model", default),
            "speaker": speaker,
            "pace": float(pace),
        }
    return voices


def _voices(model: str, named: Mapping[str, dict[str, Any]], speakers: Mapping[str, list[str]]) -> Voices:
    """The named voices; and for the API's other names the model, whose speakers take turns.

    Raises ConfigurationError for a speaker that a model does not have.
    """
    many = len(speakers.get(model, ()))
    turns = spread_over([str(index) for index in range(max(1, many))])
    settings = {
        name: {"model": model, "speaker": int(index) if many else None, "pace": 1.0} for name, index in turns.items()
    }
    for name, voice in named.items():
        settings[name] = voice | {"speaker": _speaker(name, voice, speakers)}
    return Voices({name: _described(voice, speakers) for name, voice in settings.items()}, settings)


def _speaker(name: str, voice: Mapping[str, Any], speakers: Mapping[str, list[str]]) -> int | None:
    wanted, has = voice["speaker"], speakers.get(voice["model"])
    if wanted is None or has is None:
        return None
    index = wanted if isinstance(wanted, int) else has.index(wanted) if wanted in has else -1
    if index not in range(len(has)):
        known = f"it has {', '.join(has[:10])}{' …' if len(has) > 10 else ''}" if has else "it has only one"
        raise ConfigurationError(f"The voice {name} of piper wants the speaker {wanted} of {voice['model']}; {known}.")
    return index


def _described(voice: Mapping[str, Any], speakers: Mapping[str, list[str]]) -> str:
    parts = [_shown(voice["model"])]
    if voice["speaker"] is not None:
        has = speakers.get(voice["model"])
        parts.append(f"speaker {has[voice['speaker']] if has else voice['speaker']}")
    if voice["pace"] != 1.0:
        parts.append(f"pace {voice['pace']:g}")
    return ", ".join(parts)


def _shown(model: str) -> str:
    """The name as clients see it: where files lie is nobody's business."""
    return model.replace("\\", "/").rstrip("/").rpartition("/")[2]
