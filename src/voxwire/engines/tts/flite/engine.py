"""Speech from flite: small statistical voices of real English speakers, where libflite is installed."""

from collections.abc import Mapping
from typing import Any, Final

from voxwire.engines.options import check_names, pool_size
from voxwire.engines.tts.flite import library
from voxwire.engines.tts.pooled import SEND_WINDOW, PooledTts
from voxwire.engines.worker.process import WorkerSpec
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.tts import TtsCapabilities


def _voice(voice: str, *, timbre: float = 1.0, pitch: float | None = None, stretch: float = 1.0) -> dict[str, Any]:
    return {"voice": voice, "timbre": timbre, "pitch": pitch, "stretch": stretch}


#: Three speakers (slt: US woman, rms: US man, awb: Scottish man), ten settings (protocol: sessions, Voice): size of
#: the head, mean pitch in Hz (slt has 165, awb 125), tempo.
VOICES: Final[Mapping[str, dict[str, Any]]] = {
    "alloy": _voice("slt"),
    "ash": _voice("rms"),
    "ballad": _voice("awb"),
    "coral": _voice("slt", timbre=1.06),
    "echo": _voice("rms", timbre=0.95),
    "sage": _voice("slt", timbre=0.94, stretch=1.05),
    "shimmer": _voice("slt", pitch=210.0, stretch=0.96),
    "verse": _voice("rms", timbre=1.07, stretch=0.95),
    "marin": _voice("slt", timbre=1.03, stretch=1.1),
    "cedar": _voice("awb", timbre=0.94, stretch=1.04),
}


def installed() -> bool:
    """Whether libflite and its voices can be loaded. Maps them into this process; calls nothing in them."""
    try:
        for name in ("", "usenglish", "cmulex", *(f"cmu_us_{voice}" for voice in _speakers())):
            library.load_flite(name)
    except OSError:
        return False
    return True


def engine(options: Mapping[str, Any]) -> PooledTts:
    """The engine; `size` in the options is the number of worker processes. Raises ConfigurationError."""
    check_names("flite", options, ("size",))
    capabilities = TtsCapabilities(
        info=EngineInfo(
            name="flite",
            label="flite, small English voices",
            licence="BSD-style (Carnegie Mellon)",
            notice="English only: other letters are read without their accents or left out.",
        ),
        rate=library.RATE,
        voices={name: _describe(setting) for name, setting in VOICES.items()},
    )
    spec = WorkerSpec(
        stage="tts",
        name="flite",
        service="voxwire.engines.tts.flite.worker:FliteService",
        options={"voices": _speakers()},
        window=SEND_WINDOW,
    )
    return PooledTts(capabilities, VOICES, spec, size=pool_size("flite", options))


def _describe(setting: Mapping[str, Any]) -> str:
    changed = [f"{key} {value:g}" for key, value in setting.items() if key != "voice" and value not in (None, 1.0)]
    return ", ".join([f"cmu_us_{setting['voice']}", *changed])


def _speakers() -> list[str]:
    return sorted({setting["voice"] for setting in VOICES.values()})
