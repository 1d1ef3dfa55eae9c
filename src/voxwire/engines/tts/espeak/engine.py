"""Speech from espeak-ng: a formant voice, robotic but instant, in more than a hundred languages and accents.

The library is GPL-3; it runs in worker processes of its own and is never loaded into this one.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

from voxwire.engines.options import check_names, pool_size, text
from voxwire.engines.tts.espeak import library
from voxwire.engines.tts.pooled import SEND_WINDOW, PooledTts
from voxwire.engines.worker.process import WorkerSpec
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.tts import TtsCapabilities


def _voice(variant: str, pitch: int = 50, range: int = 50, pace: float = 1.0) -> dict[str, Any]:
    return {"variant": variant, "pitch": pitch, "range": range, "pace": pace}


#: Variants of the one timbre (m: male, f: female), with pitch, liveliness and tempo (protocol: sessions, Voice).
VOICES: Final[Mapping[str, dict[str, Any]]] = {
    "alloy": _voice("f2"),
    "ash": _voice("m3", pitch=45),
    "ballad": _voice("m7", pitch=50, range=60, pace=0.95),
    "coral": _voice("f4", pitch=60),
    "echo": _voice("m1", pitch=35),
    "sage": _voice("f1", pitch=42, range=40, pace=0.95),
    "shimmer": _voice("f3", pitch=68, range=65),
    "verse": _voice("m4", pitch=60, range=60, pace=1.05),
    "marin": _voice("f5", pitch=52),
    "cedar": _voice("m2", pitch=28, pace=0.97),
}


def installed() -> bool:
    """Whether `espeakng-loader` is there; nothing is loaded."""
    return find_spec("espeakng_loader") is not None


def engine(options: Mapping[str, Any]) -> PooledTts:
    """The engine. Options: `size`, the number of worker processes; `language`, a voice of espeak-ng (`en-us`).

    Raises ConfigurationError.
    """
    check_names("espeak", options, ("size", "language"))
    language = text("espeak", options, "language", "en-us")
    settings = {name: setting | {"voice": f"{language}+{setting['variant']}"} for name, setting in VOICES.items()}
    capabilities = TtsCapabilities(
        info=EngineInfo(
            name="espeak",
            label="espeak-ng, a robotic voice",
            licence="GPL-3.0-or-later, in a process of its own",
            notice="Robotic: made to be understood everywhere, not to please.",
        ),
        rate=library.RATE,
        voices={name: "{voice}, pitch {pitch}, range {range}".format(**setting) for name, setting in settings.items()},
    )
    spec = WorkerSpec(
        stage="tts",
        name="espeak",
        service="voxwire.engines.tts.espeak.worker:EspeakService",
        options={"language": language},
        window=SEND_WINDOW,
    )
    return PooledTts(capabilities, settings, spec, size=pool_size("espeak", options))
