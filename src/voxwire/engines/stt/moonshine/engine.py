"""The `moonshine` engine and its options."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from voxwire.engines.declared_options import declared, require
from voxwire.engines.stt.native.engine import NativeOptions, NativeStt
from voxwire.interfaces.engine import EngineInfo

Architecture = Literal["tiny", "base", "tiny-streaming", "base-streaming", "small-streaming", "medium-streaming"]


class MoonshineOptions(NativeOptions):
    """See `docs/engines/moonshine.md`."""

    model: str = "moonshine-tiny-en"
    languages: tuple[str, ...] = ("en",)
    architecture: Architecture | None = None
    """None: what the name of the folder says."""
    partial_s: Annotated[float, Field(ge=0.1, le=10)] = 0.5
    """Audio between two readings while somebody speaks."""


def engine(options: Mapping[str, Any]) -> NativeStt:
    """The engine. Raises ConfigurationError, and ModuleNotFoundError when the library is not installed."""
    chosen = declared("moonshine", MoonshineOptions, options)
    require("moonshine_voice")
    return NativeStt(
        EngineInfo(
            name="moonshine",
            label=f"Moonshine with {chosen.model_name}",
            licence="MIT (English models; those of other languages: Moonshine Community License)",
        ),
        "voxwire.engines.stt.moonshine.worker:service",
        chosen,
        library={"architecture": chosen.architecture, "partial_s": chosen.partial_s},
    )
